"""Small structures for tests of the force field."""

from __future__ import annotations

import numpy as np

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.structure import Crystal


def crystal(numbers, cart, lattice, **more) -> Crystal:
    """Atoms at Cartesian places in P1."""
    lattice = np.asarray(lattice, dtype=np.float64)
    numbers = np.asarray(numbers, dtype=np.int64)
    frac = np.asarray(cart, dtype=np.float64).reshape(-1, 3) @ np.linalg.inv(lattice)
    return Crystal(
        lattice=lattice,
        frac=frac,
        numbers=numbers,
        occupancy=np.ones(len(numbers)),
        u_iso=np.full(len(numbers), np.nan),
        **more,
    )


def zinc_imidazolate() -> Crystal:
    """A made-up chain: zinc between two imidazolate rings, oblique cell, no symmetry."""
    lattice = lattice_from_parameters(9.1, 10.3, 6.1, 95.0, 101.0, 88.0)
    ring = np.array(
        [
            [0.0, 0.0, 0.0],
            [1.10, 0.75, 0.0],
            [0.68, 2.06, 0.10],
            [-0.70, 2.06, 0.0],
            [-1.10, 0.75, 0.0],
        ]
    )
    numbers = [6, 7, 6, 6, 7, 1, 1, 1, 30]
    hydrogen = np.array([[0.0, -1.08, 0.05], [1.35, 2.92, 0.0], [-1.35, 2.92, 0.0]])
    zinc = np.array([[2.95, 0.15, 0.2]])
    return crystal(numbers, np.vstack([ring, hydrogen, zinc]) + 3.0, lattice)


def zinc_imidazolate_bonds() -> np.ndarray:
    """Bonds of that chain: the last one leaves the cell."""
    return np.array(
        [
            [0, 1, 0, 0, 0],
            [1, 2, 0, 0, 0],
            [2, 3, 0, 0, 0],
            [3, 4, 0, 0, 0],
            [0, 4, 0, 0, 0],
            [0, 5, 0, 0, 0],
            [2, 6, 0, 0, 0],
            [3, 7, 0, 0, 0],
            [1, 8, 0, 0, 0],
            [4, 8, -1, 0, 0],
        ],
        dtype=np.int64,
    )
