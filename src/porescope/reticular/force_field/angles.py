"""Angle terms: each a polynomial in the cosine, so that straight angles are no special case."""

from __future__ import annotations

import math

import numpy as np

from porescope.reticular.force_field.bond_graph import BondGraph, Neighbour
from porescope.reticular.force_field.typing import Typed

_NEVER = 2.0
"""A cosine that no angle has."""
_GUARDS = {"trigonal": (0.5, 2.0), "right": (math.cos(math.radians(50.0)), 4.0)}
"""Cosine from which ligands are pushed apart, and how strongly in units of the angle's stiffness:
the periodic terms alone have one more minimum at 0°."""


def angle_terms(
    graph: BondGraph, found: Typed, *, lengths: list[float], stiffness: float
) -> dict[str, np.ndarray]:
    """All angles with their polynomials.

    Parameters
    ----------
    graph:
        The bond graph.
    found:
        Types of the atoms.
    lengths:
        Natural length of each bond [Å].
    stiffness:
        Constant of the angle terms [eV Å].
    """
    atoms, cells, values = [], [], []
    known: dict[tuple, list[float]] = {}
    for centre, bonds in enumerate(graph.neighbours):
        shape = found.shapes[centre]
        if shape == "free" or len(bonds) < 2:
            continue
        chelated = _chelated(graph, centre) if len(bonds) > 1 else set()
        for p in range(len(bonds)):
            for q in range(p + 1, len(bonds)):
                one, other = bonds[p], bonds[q]
                n_metals = graph.metal[one.atom] + graph.metal[other.atom]
                if (p, q) in chelated or (graph.metal[centre] and n_metals):
                    continue
                key = (
                    found.types[centre].name,
                    shape,
                    found.angles[centre],
                    found.types[one.atom].name,
                    found.types[other.atom].name,
                    lengths[one.row],
                    lengths[other.row],
                )
                if key not in known:
                    charge = found.types[one.atom].charge * found.types[other.atom].charge
                    strength = _strength(
                        lengths[one.row],
                        lengths[other.row],
                        charge * stiffness,
                        found.angles[centre] if shape != "linear" else math.pi,
                    )
                    known[key] = polynomial(shape, angle=found.angles[centre], strength=strength)
                atoms.append((one.atom, centre, other.atom))
                cells.append((*one.cell, *other.cell))
                values.append(known[key])
    return {
        "angle_atoms": np.array(atoms, dtype=np.int64).reshape(-1, 3),
        "angle_cells": np.array(cells, dtype=np.int64).reshape(-1, 6),
        "angle_values": np.array(values, dtype=np.float64).reshape(-1, 7),
    }


def _strength(a: float, b: float, charges: float, angle: float) -> float:
    """Force constant of an angle [eV], equation 13 of the paper on UFF."""
    cosine = math.cos(angle)
    far = math.sqrt(a * a + b * b - 2.0 * a * b * cosine)
    return charges / far**5 * (3.0 * a * b * (1.0 - cosine**2) - far**2 * cosine)


def polynomial(shape: str, *, angle: float, strength: float) -> list[float]:
    """Coefficients of an angle's energy in its cosine, and of the push at small angles.

    Parameters
    ----------
    shape:
        Kind of angle, as in :class:`porescope.reticular.force_field.typing.Typed`.
    angle:
        Natural angle [rad]; the smallest comfortable one of crowded atoms.
    strength:
        Force constant [eV].
    """
    guard, push = _GUARDS.get(shape, (_NEVER, 0.0))
    if shape == "linear":
        return [strength, strength, 0.0, 0.0, 0.0, _NEVER, 0.0]
    if shape == "trigonal":
        k = strength / 9.0
        return [k, 3.0 * k, 0.0, -4.0 * k, 0.0, guard, push * strength]
    if shape == "right":
        k = strength / 16.0
        return [0.0, 0.0, 8.0 * k, 0.0, -8.0 * k, guard, push * strength]
    if shape == "crowded":
        return [0.0, 0.0, 0.0, 0.0, 0.0, math.cos(angle), strength / (2.0 * math.sin(angle) ** 2)]
    cosine, sine = math.cos(angle), math.sin(angle)
    c2 = 0.25 / sine**2
    c1 = -4.0 * c2 * cosine
    c0 = c2 * (2.0 * cosine**2 + 1.0)
    # cos 2t = 2 c^2 - 1
    return [
        strength * (c0 - c2),
        strength * c1,
        strength * 2.0 * c2,
        0.0,
        0.0,
        _NEVER,
        0.0,
    ]


def _chelated(graph: BondGraph, centre: int) -> set[tuple[int, int]]:
    """Pairs of bonds that lie in a ring of four with a metal and an atom between its donors.

    A carboxylate that holds one metal with both oxygen atoms forces angles near 60° and 90°.
    """
    found = set()
    bonds = graph.neighbours[centre]
    for p in range(len(bonds)):
        for q in range(p + 1, len(bonds)):
            one, other = bonds[p], bonds[q]
            n_metals = graph.metal[centre] + graph.metal[one.atom] + graph.metal[other.atom]
            if n_metals == 1 and _share(graph, centre, one, other):
                found.add((p, q))
    return found


def _share(graph: BondGraph, centre: int, one: Neighbour, other: Neighbour) -> bool:
    """Whether the ends of an angle share a second neighbour that is no metal."""

    def around(bond: Neighbour) -> set[tuple[int, ...]]:
        x, y, z = bond.cell
        return {
            (b.atom, b.cell[0] + x, b.cell[1] + y, b.cell[2] + z)
            for b in graph.neighbours[bond.atom]
            if not graph.metal[b.atom]
        }

    common = around(one) & around(other)
    common.discard((centre, 0, 0, 0))
    return bool(common)
