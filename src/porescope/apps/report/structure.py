"""A structure as the page draws it: kinds of atoms, places, bonds."""

from __future__ import annotations

import numpy as np

from porescope.apps.report.packing import Packer
from porescope.crystal.structure import Crystal

MAX_ATOMS = 2500
"""Structures with more atoms are drawn as their cell only."""

_COLOURS = {
    "H": "#e8ebee",
    "B": "#f0a58f",
    "C": "#565d66",
    "N": "#3b62d6",
    "O": "#dd3127",
    "F": "#6fc04b",
    "Na": "#9a5fd1",
    "Mg": "#5fae2e",
    "Al": "#a99aa8",
    "Si": "#dcb06a",
    "P": "#ef8a1d",
    "S": "#e3c52c",
    "Cl": "#2fb344",
    "K": "#7d45b8",
    "Ca": "#4aa83a",
    "Ti": "#9ba4ad",
    "V": "#8f939c",
    "Cr": "#7389b4",
    "Mn": "#8d6bb3",
    "Fe": "#cf6a33",
    "Co": "#d06a86",
    "Ni": "#48b04f",
    "Cu": "#c17a3c",
    "Zn": "#7a80a8",
    "Ge": "#6d8f8f",
    "Br": "#9c3226",
    "Zr": "#5fb3b5",
    "Mo": "#55a3a5",
    "Ag": "#a9b1bb",
    "Cd": "#d8bd72",
    "In": "#a67573",
    "I": "#7d1f8a",
    "Hf": "#4aa9d8",
    "Pb": "#575d61",
}
"""Colours in the tradition of Corey, Pauling and Koltun, chosen to be seen on light and dark."""


def element_colour(number: int) -> str:
    """A colour for an element; the same one each time.

    Parameters
    ----------
    number:
        Atomic number.

    Returns
    -------
    :
        ``#rrggbb``.
    """
    import colorsys

    import gemmi

    known = _COLOURS.get(gemmi.Element(number).name)
    if known:
        return known
    red, green, blue = colorsys.hls_to_rgb(0.381966 * number % 1.0, 0.55, 0.4)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def _elements(numbers: np.ndarray) -> list[dict[str, object]]:
    import gemmi

    records: list[dict[str, object]] = []
    for number in numbers:
        element = gemmi.Element(int(number))
        radius = 0.16 + 0.2 * float(element.covalent_r or 1.2)
        records.append(
            {
                "symbol": element.name,
                "colour": element_colour(int(number)),
                "radius": round(0.18 if element.name == "H" else radius, 3),
            }
        )
    return records


def _lattice(cell: tuple[float, ...]) -> list[list[float]]:
    from porescope.crystal.lattice import lattice_from_parameters

    rows = lattice_from_parameters(*cell)
    return [[round(float(x), 5) for x in row] for row in rows]


def structure_record(
    crystal: Crystal | None, *, cell: tuple[float, ...], packer: Packer
) -> dict[str, object]:
    """What the page needs to draw a structure.

    Parameters
    ----------
    crystal:
        The structure; ``None`` where coordinates are not known.
    cell:
        The cell to draw then: a, b, c [Å], alpha, beta, gamma [°].
    packer:
        Takes the arrays.

    Returns
    -------
    :
        Plain values: the lattice; with coordinates also elements, atoms and bonds.
    """
    if crystal is None:
        return {"lattice": _lattice(cell), "elements": []}
    rows = [[round(float(x), 5) for x in row] for row in crystal.lattice]
    numbers, kinds = np.unique(crystal.numbers, return_inverse=True)
    order = np.argsort(-numbers)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    record: dict[str, object] = {"lattice": rows, "elements": _elements(numbers[order])}
    if crystal.n_atoms > MAX_ATOMS:
        return record
    record["kind"] = packer.integers(rank[kinds])
    record["frac"] = packer.linear(np.asarray(crystal.frac, dtype=np.float64), step=1e-5)
    record["bonds"] = _bonds(crystal, packer=packer)
    return record


def _bonds(crystal: Crystal, *, packer: Packer) -> dict[str, object]:
    from porescope.crystal.bonds import bonds_of

    bonds = bonds_of(crystal)
    return {
        "i": packer.integers(bonds.first),
        "j": packer.integers(bonds.second),
        "shift": packer.integers(bonds.image),
    }
