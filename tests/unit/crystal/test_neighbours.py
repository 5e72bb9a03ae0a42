"""Periodic neighbours against a plain sum over images."""

import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.neighbours import coincident_pairs, neighbour_list
from porescope.errors import ConfigError


def _plain(frac, lattice, cutoff, n_cells):
    grid = np.arange(-n_cells, n_cells + 1)
    images = np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), axis=-1).reshape(-1, 3)
    delta = frac[None, :, None, :] + images - frac[:, None, None, :]
    distance = np.linalg.norm(delta @ lattice, axis=-1)
    return np.sort(distance[(distance <= cutoff) & (distance > 1e-9)])


@pytest.mark.parametrize("cutoff", [1.5, 4.0, 11.0])
def test_all_pairs_are_found(cutoff):
    rng = np.random.default_rng(3)
    lattice = lattice_from_parameters(4.0, 5.0, 6.0, 65.0, 110.0, 80.0)
    frac = rng.uniform(-3, 3, (9, 3))
    found = neighbour_list(frac, lattice=lattice, cutoff=cutoff)
    assert np.sort(found.distance) == pytest.approx(_plain(frac, lattice, cutoff, 10))
    vectors = (frac[found.second] + found.image - frac[found.first]) @ lattice
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(found.distance)


def test_an_atom_is_its_own_neighbour_in_the_next_cell():
    found = neighbour_list(np.zeros((1, 3)), lattice=np.eye(3) * 3.0, cutoff=3.1)
    assert found.n_pairs == 6
    assert np.all(found.first == found.second)


def test_coincident_pairs_cross_the_border():
    frac = np.array([[0.0, 0, 0], [0.999, 0, 0], [0.5, 0.5, 0.5]])
    pairs = coincident_pairs(frac, lattice=np.eye(3) * 10.0, tolerance=0.05)
    assert pairs.tolist() == [[0, 1]]
    assert len(coincident_pairs(frac, lattice=np.eye(3) * 0.06, tolerance=0.05)) == 1


@pytest.mark.parametrize("cutoff", [0.0, -1.0, float("nan"), 1e4])
def test_useless_cutoffs_are_refused(cutoff):
    with pytest.raises(ConfigError, match="cutoff"):
        neighbour_list(np.zeros((1, 3)), lattice=np.eye(3) * 3.0, cutoff=cutoff)
