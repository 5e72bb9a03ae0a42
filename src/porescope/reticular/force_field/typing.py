"""Types of atoms from a bond graph: which row of the parameter table, and which angles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from porescope.errors import ConfigError
from porescope.reticular.force_field.bond_graph import BondGraph
from porescope.reticular.force_field.parameters import AtomType, atom_types, types_of_element
from porescope.reticular.force_field.perception import (
    H,
    N,
    O,
    P,
    Perception,
    S,
    perceive,
)

Shape = Literal["free", "linear", "trigonal", "general", "right", "crowded"]
"""Which angles an atom wants between its bonds. ``general``: the natural angle of its type;
``right``: 90° and 180°, as in squares and octahedra; ``crowded``: none below the natural angle of
such a coordination, as with seven and more ligands; ``free``: any."""

_TETRAHEDRAL = (13, 14, 15, 31, 32)
_PLAIN = {1: "H_", 9: "F_", 17: "Cl", 35: "Br", 53: "I_"}
_CROWDED_DEG = {5: 80.0, 7: 74.0, 8: 70.0, 9: 66.0, 10: 62.0, 11: 60.0, 12: 58.0}
"""Smallest comfortable angle between ligands, by their number: near those of the trigonal
bipyramid and square pyramid, the pentagonal bipyramid (72°), the square antiprism (72°), the
tricapped prism (70°) and so on; D. L. Kepert, Inorganic Stereochemistry, 1982."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Typed:
    """Types of all atoms, with what was not clear."""

    types: tuple[AtomType, ...]
    """Row of the parameter table of each atom."""
    shapes: tuple[Shape, ...]
    """Which angles each atom wants."""
    angles: tuple[float, ...]
    """Natural angle of each atom, or its smallest comfortable one where crowded [rad]."""
    perception: Perception
    """Bond orders."""
    notes: tuple[str, ...]
    """What has no type of its own, each a sentence."""


def typed(graph: BondGraph) -> Typed:
    """Types of all atoms.

    Parameters
    ----------
    graph:
        The bond graph; its vectors tell square from tetrahedral metals with four ligands.

    Raises
    ------
    ConfigError
        Where the force field has no parameters for an element at all.
    """
    seen = perceive(graph)
    notes: dict[str, None] = {}
    if seen.bare:
        notes[f"{seen.bare} carbon atoms have two neighbours at an angle: hydrogen is missing"] = (
            None
        )
    kinds, shapes, angles = [], [], []
    for atom, number in enumerate(graph.numbers):
        if number not in types_of_element():
            raise ConfigError(
                f"UFF has no parameters for atomic number {number}; "
                "leave that atom out or replace it by a like element"
            )
        if graph.metal[atom]:
            kind, shape, angle = _metal(graph, atom, notes)
        else:
            kind = atom_types()[_name(graph, seen, atom)]
            shape, angle = _shape(graph, atom, kind, notes)
        kinds.append(kind)
        shapes.append(shape)
        angles.append(angle)
    return Typed(
        types=tuple(kinds),
        shapes=tuple(shapes),
        angles=tuple(angles),
        perception=seen,
        notes=tuple(notes),
    )


def _name(graph: BondGraph, seen: Perception, atom: int) -> str:
    """Type of a non-metal atom."""
    number = graph.numbers[atom]
    inner = graph.others(atom, metals=False)
    if number == H:
        borons = sum(graph.numbers[b.atom] == 5 for b in graph.neighbours[atom])
        return "H_b" if borons > 1 else "H_"
    if number in _PLAIN:
        return _PLAIN[number]
    if number == O:
        return _oxygen(graph, seen, atom)
    if number in (6, N):
        return _carbon_or_nitrogen(graph, seen, atom)
    if number == 5:
        return "B_2" if seen.planar[atom] else "B_3"
    if number == P:
        return "P_3+3" if len(graph.neighbours[atom]) <= 3 else "P_3+5"
    if number == S:
        if seen.aromatic[atom]:
            return "S_R"
        by_count = {1: "S_3+2" if len(graph.neighbours[atom]) > 1 else "S_2", 2: "S_3+2"}
        return by_count.get(len(inner), "S_3+4" if len(inner) == 3 else "S_3+6")
    return types_of_element()[number][0].name


def _carbon_or_nitrogen(graph: BondGraph, seen: Perception, atom: int) -> str:
    symbol = "C" if graph.numbers[atom] == 6 else "N"
    if seen.linear[atom]:
        return f"{symbol}_1"
    if seen.aromatic[atom]:
        return f"{symbol}_R"
    if not seen.planar[atom]:
        return f"{symbol}_3"
    for bond in graph.others(atom, metals=False):
        order = seen.order[bond.row]
        conjugated = order == 1.0 and (seen.planar[bond.atom] or seen.aromatic[bond.atom])
        if order not in (1.0, 2.0, 3.0) or conjugated:
            return f"{symbol}_R" if symbol == "C" or order != 2.0 else "N_2"
    return f"{symbol}_2" if symbol == "C" or len(graph.neighbours[atom]) == 2 else "N_R"


def _oxygen(graph: BondGraph, seen: Perception, atom: int) -> str:
    inner = graph.others(atom, metals=False)
    metals = [b.atom for b in graph.others(atom, metals=True)]
    numbers = [graph.numbers[b.atom] for b in inner]
    n_metals = len(metals)
    if seen.aromatic[atom]:
        return "O_R"
    around = (*numbers, *(graph.numbers[m] for m in metals))
    if len(around) == 2 and all(z in _TETRAHEDRAL for z in around):
        return "O_3_z"
    if len(inner) == 0:
        if n_metals <= 2:
            return "O_2"
        return "O_2_z" if n_metals == 3 and not _shares_oxygen(graph, atom) else "O_3_f"
    if len(inner) == 1:
        if numbers[0] == H:
            return {0: "O_3", 1: "O_3", 2: "O_2"}.get(n_metals, "O_3_f")
        flat = seen.planar[inner[0].atom] or seen.aromatic[inner[0].atom]
        if seen.linear[inner[0].atom]:
            return "O_1"
        if numbers[0] == 6 and not flat:
            return "O_3"
        return "O_2"
    if H in numbers and n_metals:
        return "O_3"
    if any(z == 5 for z in numbers):
        return "O_R"
    flat = any(graph.numbers[b.atom] in (6, N) and seen.planar[b.atom] for b in inner)
    return "O_R" if flat else "O_3"


def _shares_oxygen(graph: BondGraph, atom: int) -> bool:
    """Whether two of the metals around an oxygen share another bare or protonated oxygen.

    They do in the cubes and octahedra of Zr6 clusters, not in the flat trimers of MIL-100.
    """
    around = {}
    for bond in graph.others(atom, metals=True):
        for step in graph.neighbours[bond.atom]:
            cell = tuple(p + q for p, q in zip(bond.cell, step.cell, strict=True))
            inner = graph.others(step.atom, metals=False)
            bare = graph.numbers[step.atom] == O and all(graph.numbers[b.atom] == H for b in inner)
            if bare and (step.atom, cell) != (atom, (0, 0, 0)):
                around[step.atom, cell] = around.get((step.atom, cell), 0) + 1
    return any(count > 1 for count in around.values())


def _shape(
    graph: BondGraph, atom: int, kind: AtomType, notes: dict[str, None]
) -> tuple[Shape, float]:
    """Angles that a non-metal atom wants."""
    count = len(graph.neighbours[atom])
    number = graph.numbers[atom]
    if number in _PLAIN or (number == O and count > 4):
        if count > 1 and number != H:
            notes[f"{kind.name} with {count} neighbours has no type: no angle terms there"] = None
        return "free", kind.angle
    if kind.shape == "1":
        return "linear", np.pi
    if kind.name == "S_R":
        return "general", kind.angle
    if kind.shape in ("2", "R"):
        return ("trigonal", kind.angle) if count <= 3 else ("free", kind.angle)
    if count > 4:
        return "crowded", float(np.deg2rad(_CROWDED_DEG.get(count, 58.0)))
    return "general", kind.angle


def _metal(graph: BondGraph, atom: int, notes: dict[str, None]) -> tuple[AtomType, Shape, float]:
    """Type and angles of a metal from the number of its ligands."""
    ligands = graph.others(atom, metals=False)
    count = len(ligands)
    partners = len(graph.neighbours[atom]) - count
    right = np.pi / 2.0
    wanted = "8"
    shape: Shape = "crowded"
    angle = float(np.deg2rad(_CROWDED_DEG.get(count, 58.0)))
    if count <= 2:
        wanted, shape, angle = "1", "linear", np.pi
    elif count == 3:
        wanted, shape, angle = "2", "trigonal", 2.0 * np.pi / 3.0
    elif count == 4 and not partners:
        square = _is_square(graph, atom)
        wanted, shape = ("4", "right") if square else ("3", "general")
        angle = right if square else float(np.arccos(-1.0 / 3.0))
    elif count == 4 or (count == 5 and partners):
        wanted, shape, angle = "4", "right", right
    elif count == 5:
        wanted = "4"
        if _is_pyramid(graph, atom):
            shape, angle = "right", right
    elif count == 6:
        wanted = "6"
        if _n_opposite(graph, atom) >= 2:
            shape, angle = "right", right
    kinds = types_of_element()[graph.numbers[atom]]
    found = [k for k in kinds if k.shape == wanted]
    found.sort(key=lambda k: "f" not in k.name[3:])
    if not found:
        nearest = sorted(kinds, key=lambda k: (k.shape == "", abs(_rank(k) - int(wanted))))
        found = nearest[:1]
        notes[
            f"no type for {kinds[0].name[:2].rstrip('_')} with {count} ligands: "
            f"{found[0].name} lends its parameters"
        ] = None
    return found[0], shape, angle


def _rank(kind: AtomType) -> int:
    return int(kind.shape) if kind.shape.isdigit() else 0


def _is_square(graph: BondGraph, atom: int) -> bool:
    """Whether four ligands lie in a plane with the metal, by the index of their angles.

    L. Yang, D. R. Powell, R. P. Houser, https://doi.org/10.1039/b617136b: 0 for a square, 1 for a
    tetrahedron.
    """
    return bool((360.0 - sum(_widest(graph, atom))) / 141.0 < 0.5)


def _is_pyramid(graph: BondGraph, atom: int) -> bool:
    """Whether five ligands form a square pyramid rather than a trigonal bipyramid.

    A. W. Addison et al., https://doi.org/10.1039/DT9840001349.
    """
    second, first = _widest(graph, atom)
    return (first - second) / 60.0 < 0.5


def _n_opposite(graph: BondGraph, atom: int) -> int:
    """Pairs of ligands with more than 145° between them: three in an octahedron, none in a prism,
    and one or none where a cluster has lost the ligands on its outside."""
    return int(np.sum(_angles(graph, atom) > 145.0))


def _widest(graph: BondGraph, atom: int) -> tuple[float, float]:
    """The second largest and the largest angle between ligands [°]."""
    widest = np.sort(_angles(graph, atom))
    return float(widest[-2]), float(widest[-1])


def _angles(graph: BondGraph, atom: int) -> Float[np.ndarray, "pairs"]:
    """All angles between the ligands of a metal [°]."""
    vectors = [graph.vector(atom, b) for b in graph.others(atom, metals=False)]
    units = np.array([v / max(float(np.linalg.norm(v)), 1e-9) for v in vectors])
    cosines = (units @ units.T)[np.triu_indices(len(units), 1)]
    return np.rad2deg(np.arccos(np.clip(cosines, -1.0, 1.0)))
