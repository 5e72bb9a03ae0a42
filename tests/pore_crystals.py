"""Small crystals whose pores are known."""

from __future__ import annotations

import numpy as np

from porescope.crystal.structure import Crystal


def crystal(lattice, frac, numbers) -> Crystal:
    numbers = np.asarray(numbers, dtype=np.int64)
    return Crystal(
        lattice=np.asarray(lattice, dtype=np.float64),
        frac=np.asarray(frac, dtype=np.float64).reshape(-1, 3),
        numbers=numbers,
        occupancy=np.ones(len(numbers)),
        u_iso=np.full(len(numbers), np.nan),
    )


def simple_cubic(a: float) -> Crystal:
    """Helium, radius 1.4 Å, at the corners of a cube."""
    return crystal(np.eye(3) * a, [[0.13, 0.37, 0.71]], [2])


def body_centred(a: float) -> Crystal:
    """Helium, radius 1.4 Å, at corners and centre of a cube."""
    return crystal(np.eye(3) * a, [[0.1, 0.2, 0.3], [0.6, 0.7, 0.8]], [2, 2])


def triclinic(seed: int = 3, n: int = 8) -> Crystal:
    """Some atoms anywhere in a skewed cell."""
    rng = np.random.default_rng(seed)
    lattice = np.array([[8.1, 0.0, 0.0], [2.2, 7.3, 0.0], [-1.5, 1.9, 9.2]])
    return crystal(lattice, rng.random((n, 3)), rng.choice([6, 8, 14, 1], n))
