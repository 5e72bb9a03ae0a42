import numpy as np
import pytest

from porescope.adsorption.grid import EnergyGrid
from porescope.adsorption.pockets import accessible, connected_regions
from porescope.errors import ConfigError

SHAPE = (12, 12, 12)


def empty() -> np.ndarray:
    return np.zeros(SHAPE, dtype=bool)


def test_tube_slab_and_cage():
    grid = empty()
    grid[:, 2, 2] = True
    grid[:, :, 6] = True
    grid[4:6, 4:6, 9:11] = True
    regions = connected_regions(grid)
    assert sorted(regions.dimension) == [0, 1, 2]
    assert (regions.n_channels, regions.n_pockets) == (2, 1)


def test_a_cage_on_the_border_is_one_pocket():
    grid = empty()
    for i in (0, 11):
        for j in (0, 11):
            for k in (0, 11):
                grid[i, j, k] = True
    regions = connected_regions(grid)
    np.testing.assert_array_equal(regions.dimension, [0])


def test_a_diagonal_tube_has_one_dimension_and_the_open_cell_three():
    grid = empty()
    for i in range(12):
        grid[i, i, 3] = grid[i, (i + 1) % 12, 3] = True
    np.testing.assert_array_equal(connected_regions(grid).dimension, [1])
    np.testing.assert_array_equal(connected_regions(np.ones(SHAPE, dtype=bool)).dimension, [3])
    assert len(connected_regions(empty()).dimension) == 0


def energies(grid: np.ndarray) -> EnergyGrid:
    return EnergyGrid(
        lattice=np.array([[12.0, 0, 0], [3.0, 11.0, 0], [-2.0, 1.0, 10.0]]),
        energy_k=np.where(grid, -1000.0, 1e6),
        cap_k=1e6,
        gas="probe",
        field="made by hand",
    )


def test_spheres_cover_pockets_and_spare_channels():
    grid = empty()
    grid[:, 5:8, 5:8] = True
    grid[4:8, 10:12, 0] = True
    grid[4:8, 0:2, 0] = True
    grid[0:2, 1:3, 11] = True
    found = accessible(energies(grid), threshold_k=100.0)
    assert (found.n_channels, found.n_pockets) == (1, 2)
    assert found.accessible.sum() == 12 * 9
    lattice = energies(grid).lattice
    index = np.argwhere(np.ones(SHAPE)) / SHAPE
    hit = np.zeros(len(index), dtype=bool)
    for sphere in found.spheres:
        for cell in np.ndindex(3, 3, 3):
            gap = (index - np.array(sphere.centre) + np.array(cell) - 1) @ lattice
            hit |= np.linalg.norm(gap, axis=1) <= sphere.radius
    hit = hit.reshape(SHAPE)
    assert np.all(hit[found.blocked])
    assert not np.any(hit[found.accessible])


def test_a_threshold_above_the_cap_is_refused():
    with pytest.raises(ConfigError, match="threshold"):
        accessible(energies(empty()), threshold_k=2e6)
