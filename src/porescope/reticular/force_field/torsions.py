"""Torsion and inversion terms of UFF, as polynomials in a cosine."""

from __future__ import annotations

import math

import numpy as np

from porescope.reticular.force_field.bond_graph import BondGraph
from porescope.reticular.force_field.parameters import KCAL_EV, AtomType
from porescope.reticular.force_field.typing import Typed

_CHALCOGENS = (8, 16, 34, 52, 84)
_COSINES = {
    1: (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    2: (-1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0),
    3: (0.0, -3.0, 0.0, 4.0, 0.0, 0.0, 0.0),
    6: (-1.0, 0.0, 18.0, 0.0, -48.0, 0.0, 32.0),
}
"""cos(n phi) as a polynomial in cos(phi)."""
_PYRAMIDS_DEG = {15: 84.4339, 33: 86.9735, 51: 87.7047, 83: 90.0}


def torsion_terms(graph: BondGraph, found: Typed) -> dict[str, np.ndarray]:
    """All torsions about bonds of main-group atoms.

    Parameters
    ----------
    graph:
        The bond graph.
    found:
        Types of the atoms.
    """
    atoms, cells, values = [], [], []
    known: dict[tuple, tuple[float, ...]] = {}
    for row, (j, k, *cell) in enumerate(graph.bonds.tolist()):
        before, after = graph.neighbours[j], graph.neighbours[k]
        if len(before) < 2 or len(after) < 2:
            continue
        one, other = found.types[j], found.types[k]
        hybrids = (_hybrid(graph, j, one), _hybrid(graph, k, other))
        if 0 in hybrids:
            continue
        back = tuple(-c for c in cell)
        rows = []
        for a in before:
            if a.atom == k and list(a.cell) == cell:
                continue
            for b in after:
                if b.atom == j and b.cell == back:
                    continue
                end = (cell[0] + b.cell[0], cell[1] + b.cell[1], cell[2] + b.cell[2])
                if not (a.atom == b.atom and a.cell == end):
                    rows.append((a, b, end))
        order = found.perception.order[row]
        for a, b, end in rows:
            flat = _flat(graph, found, a.atom), _flat(graph, found, b.atom)
            key = (one.name, other.name, hybrids, order, flat, len(rows))
            if key not in known:
                known[key] = _barrier(one, other, hybrids, order, flat, len(rows))
            if any(known[key]):
                atoms.append((a.atom, j, k, b.atom))
                cells.append((*a.cell, *cell, *end))
                values.append(known[key])
    return {
        "torsion_atoms": np.array(atoms, dtype=np.int64).reshape(-1, 4),
        "torsion_cells": np.array(cells, dtype=np.int64).reshape(-1, 9),
        "torsion_values": np.array(values, dtype=np.float64).reshape(-1, 7),
    }


def _hybrid(graph: BondGraph, atom: int, kind: AtomType) -> int:
    """3 for sp3, 2 for sp2, 0 where there is no torsion."""
    if graph.metal[atom] or len(graph.neighbours[atom]) > 4:
        return 0
    return {"3": 3, "2": 2, "R": 2}.get(kind.shape, 0)


def _flat(graph: BondGraph, found: Typed, atom: int) -> bool:
    return not graph.metal[atom] and found.types[atom].shape in ("2", "R")


def _barrier(
    one: AtomType,
    other: AtomType,
    hybrids: tuple[int, int],
    order: float,
    flat: tuple[bool, bool],
    count: int,
) -> tuple[float, ...]:
    """Polynomial of a torsion [eV]: barrier, periodicity and phase by section D of the paper."""
    conjugated = 5.0 * math.sqrt(one.sp2 * other.sp2) * (1.0 + 4.18 * math.log(max(order, 1.0)))
    chalcogens = one.number in _CHALCOGENS, other.number in _CHALCOGENS
    if hybrids == (3, 3):
        barrier, n, sign = math.sqrt(one.sp3 * other.sp3), 3, -1.0
        if all(chalcogens):
            barriers = [2.0 if kind.number == 8 else 6.8 for kind in (one, other)]
            barrier, n, sign = math.sqrt(barriers[0] * barriers[1]), 2, -1.0
    elif hybrids == (2, 2):
        barrier, n, sign = conjugated, 2, 1.0
    else:
        sp3, sp2 = (0, 1) if hybrids[0] == 3 else (1, 0)
        if chalcogens[sp3] and not chalcogens[sp2]:
            barrier, n, sign = conjugated, 2, -1.0
        elif flat[sp2]:
            barrier, n, sign = 2.0, 3, -1.0
        else:
            barrier, n, sign = 1.0, 6, 1.0
    half = 0.5 * barrier * KCAL_EV / count
    poly = [-half * sign * c for c in _COSINES[n]]
    poly[0] += half
    return tuple(poly)


def inversion_terms(graph: BondGraph, found: Typed) -> dict[str, np.ndarray]:
    """Terms that keep sp2 atoms flat and pyramids of group 15 pyramidal.

    Parameters
    ----------
    graph:
        The bond graph.
    found:
        Types of the atoms.
    """
    atoms, cells, values = [], [], []
    for centre, bonds in enumerate(graph.neighbours):
        if len(bonds) != 3 or graph.metal[centre]:
            continue
        kind = found.types[centre]
        number = kind.number
        if number in (6, 7, 8) and kind.shape in ("2", "R"):
            carbonyl = number == 6 and any(
                found.types[b.atom].name == "O_2" and len(graph.neighbours[b.atom]) == 1
                for b in bonds
            )
            strength = (50.0 if carbonyl else 6.0) * KCAL_EV / 3.0
            value = (strength, -strength, 0.0)
        elif number in _PYRAMIDS_DEG:
            tilt = math.radians(_PYRAMIDS_DEG[number])
            c1, c2 = -4.0 * math.cos(tilt), 1.0
            c0 = -(c1 * math.cos(tilt) + c2 * math.cos(2.0 * tilt))
            # 22 kcal/mol is the barrier at the flat centre.
            strength = 22.0 * KCAL_EV / 3.0 / (c0 + c1 + c2)
            value = (strength * c0, strength * c1, strength * c2)
        else:
            continue
        for out in range(3):
            a, b, d = bonds[(out + 1) % 3], bonds[(out + 2) % 3], bonds[out]
            atoms.append((centre, a.atom, b.atom, d.atom))
            cells.append((*a.cell, *b.cell, *d.cell))
            values.append(value)
    return {
        "inversion_atoms": np.array(atoms, dtype=np.int64).reshape(-1, 4),
        "inversion_cells": np.array(cells, dtype=np.int64).reshape(-1, 9),
        "inversion_values": np.array(values, dtype=np.float64).reshape(-1, 3),
    }
