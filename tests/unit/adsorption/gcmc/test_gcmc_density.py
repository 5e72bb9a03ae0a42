"""Counts of positions on the unit cell."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.adsorption.gcmc.density import counted, density_per_a3, grid_shape
from porescope.crystal.lattice import lattice_from_parameters
from porescope.errors import ConfigError

BOX = lattice_from_parameters(20.0, 10.0, 10.0, 90.0, 70.0, 90.0)


def test_images_in_all_cells_fall_onto_one_point():
    frac = np.array([[0.125, 0.5, 0.25], [0.625, 0.5, 0.25], [0.1251, -0.4999, 1.2499]])
    sample = ((frac @ BOX).reshape(3, 1, 3),)
    (counts,) = counted([sample, sample], box=BOX, repeats=(2, 1, 1), shape=(4, 4, 4))
    assert counts[1, 2, 1] == 6
    assert counts.sum() == 6


def test_density_integrates_to_the_beads_in_a_cell():
    rng = np.random.default_rng(1)
    samples = [((rng.random((30, 1, 3)) @ BOX),) for _ in range(7)]
    (counts,) = counted(samples, box=BOX, repeats=(2, 1, 1), shape=(5, 6, 7))
    volume = abs(np.linalg.det(BOX)) / 2
    density = density_per_a3(counts, n_samples=7, n_cells=2, volume=volume)
    assert density.sum() * volume / counts.size == pytest.approx(15.0)


def test_shape_follows_the_edges():
    assert grid_shape(np.diag([10.0, 5.1, 2.0]), spacing=0.5) == (20, 11, 4)


def test_no_samples_and_no_spacing_are_refused():
    with pytest.raises(ConfigError, match="sample_every"):
        density_per_a3(np.zeros((2, 2, 2), dtype=int), n_samples=0, n_cells=1, volume=1.0)
    with pytest.raises(ConfigError, match="spacing"):
        grid_shape(np.eye(3), spacing=0.0)
