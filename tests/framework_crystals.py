"""Small frameworks whose bonds and cells are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit


def prussian_blue(a: float = 10.2) -> Crystal:
    """Fe-C-N-Co, cubic, face-centred: the primitive cell holds a quarter of the atoms."""
    return crystal_from_asymmetric_unit(
        lattice=np.eye(3) * a,
        frac=np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.19, 0.0, 0.0], [0.305, 0.0, 0.0]]),
        numbers=np.array([26, 27, 6, 7]),
        space_group=space_group_from_symbol("F m -3 m"),
        name="prussian blue",
    )


def with_atoms(crystal: Crystal, frac: list[list[float]], numbers: list[int]) -> Crystal:
    """The crystal in P1 with more atoms."""
    plain = crystal.without_symmetry()
    n_atoms = plain.n_atoms + len(numbers)
    return replace(
        plain,
        frac=np.concatenate([plain.frac, np.array(frac)]),
        numbers=np.concatenate([plain.numbers, np.array(numbers)]),
        occupancy=np.ones(n_atoms),
        u_iso=np.full(n_atoms, np.nan),
        orbit=np.arange(n_atoms),
    )


def magnesium_pyrazine() -> Crystal:
    """A magnesium atom in the corner, a flat pyrazine along each edge: one cubic net in P1."""
    a = 7.0
    ring = [
        (7, 2.10, 0.0),
        (7, 4.90, 0.0),
        (6, 2.80, 1.16),
        (6, 2.80, -1.16),
        (6, 4.20, 1.16),
        (6, 4.20, -1.16),
        (1, 2.26, 2.10),
        (1, 2.26, -2.10),
        (1, 4.74, 2.10),
        (1, 4.74, -2.10),
    ]
    numbers, places = [12], [np.zeros(3)]
    for axis in range(3):
        for z, along, across in ring:
            place = np.zeros(3)
            place[axis] = along
            # each ring leans by its own angle
            lean = np.deg2rad(20.0 + 15.0 * axis)
            place[(axis + 1) % 3] = across * np.cos(lean)
            place[(axis + 2) % 3] = across * np.sin(lean)
            numbers.append(z)
            places.append(place)
    return Crystal(
        lattice=np.eye(3) * a,
        frac=np.array(places) / a,
        numbers=np.array(numbers, dtype=np.int64),
        occupancy=np.ones(len(numbers)),
        u_iso=np.full(len(numbers), np.nan),
        name="magnesium pyrazine",
    )
