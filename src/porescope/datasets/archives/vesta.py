"""The part of a VESTA file that describes one structure in P1.

Format: K. Momma and F. Izumi, J. Appl. Cryst. 44 (2011) 1272,
https://doi.org/10.1107/S0021889811038970.
"""

from __future__ import annotations

import gemmi
import numpy as np

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.structure import Crystal
from porescope.errors import ParseError


def crystal_from_vesta_text(text: str, *, name: str = "") -> Crystal:
    """Structure in the text of a VESTA file that lists all atoms.

    Parameters
    ----------
    text:
        The text.
    name:
        Name of the crystal.

    Raises
    ------
    ParseError
        Where it holds no cell or atoms, or symmetry that would have to be applied.
    """
    lines = [line.split() for line in text.splitlines()]
    group = _section(lines, "GROUP")
    if group and group[0][:1] not in ([], ["1"]):
        raise ParseError(f"expected a VESTA file in P1, got group {group[0][0]}; export it as CIF")
    cell = _section(lines, "CELLP")
    # Each atom takes two lines: number, element, label, occupancy, x, y, z, ...; then errors.
    atoms = [row for row in _section(lines, "STRUC") if len(row) >= 7 and row[1][:1].isalpha()]
    if not cell or len(cell[0]) < 6 or not atoms:
        raise ParseError("expected a VESTA file with CELLP and STRUC; export the structure as CIF")
    try:
        lattice = lattice_from_parameters(*(float(v) for v in cell[0][:6]))
        frac = np.array([[float(v) for v in row[4:7]] for row in atoms])
        occupancy = np.array([float(row[3]) for row in atoms])
    except ValueError as error:
        raise ParseError(f"expected numbers in the VESTA file ({error})") from error
    return Crystal(
        lattice=lattice,
        frac=frac,
        numbers=np.array([gemmi.Element(row[1]).atomic_number for row in atoms], dtype=np.int64),
        occupancy=occupancy,
        u_iso=np.full(len(atoms), np.nan),
        labels=tuple(row[2] for row in atoms),
        name=name,
    )


def _section(lines: list[list[str]], key: str) -> list[list[str]]:
    """Rows between a keyword and the next one."""
    rows: list[list[str]] = []
    inside = False
    for words in lines:
        if words and words[0].isupper() and words[0].isalpha() and len(words[0]) > 3:
            if inside:
                break
            inside = words[0] == key
        elif inside and words:
            rows.append(words)
    return rows
