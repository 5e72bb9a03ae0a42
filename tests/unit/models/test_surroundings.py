"""Atoms around points, against a sum over many cells."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

pytest.importorskip("torch")

from porescope.crystal.structure import Crystal
from porescope.models.surroundings import atoms_around


def skewed_crystal(n_atoms: int, *, seed: int) -> Crystal:
    rng = np.random.default_rng(seed)
    return Crystal(
        lattice=np.array([[5.0, 0.0, 0.0], [1.5, 4.0, 0.0], [-1.0, 0.8, 6.0]]),
        frac=rng.uniform(-1.0, 2.0, size=(n_atoms, 3)),
        numbers=rng.integers(1, 9, size=n_atoms),
        occupancy=np.ones(n_atoms),
        u_iso=np.full(n_atoms, np.nan),
    )


@pytest.mark.parametrize("radius", [1.0, 4.0, 9.0])
def test_all_images_within_the_radius(radius: float) -> None:
    crystal = skewed_crystal(5, seed=0)
    place = np.random.default_rng(1).uniform(size=(7, 3)) @ crystal.lattice
    point, atom, vector = atoms_around(crystal, place, radius=radius)
    cells = np.array(list(product(range(-7, 8), repeat=3)))
    images = (crystal.frac[None] + cells[:, None]) @ crystal.lattice
    for i in range(len(place)):
        apart = images - place[i]
        near = np.linalg.norm(apart, axis=2) <= radius
        expected = sorted(
            zip(np.nonzero(near)[1].tolist(), apart[near].round(6).tolist(), strict=True)
        )
        rows = point == i
        found = sorted(zip(atom[rows].tolist(), vector[rows].round(6).tolist(), strict=True))
        assert len(found) == len(expected)
        for (a, u), (b, v) in zip(found, expected, strict=True):
            assert a == b
            np.testing.assert_allclose(u, v, atol=2e-6)
    assert np.all(np.diff(point) >= 0)
