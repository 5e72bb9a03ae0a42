import numpy as np
import pytest

from pore_crystals import crystal, simple_cubic
from porescope.adsorption.pore_geometry import crystal_distance_grid
from porescope.adsorption.pore_sizes import covering_radii, pore_size_distribution
from porescope.errors import ConfigError


def test_no_pore_is_wider_than_the_largest_cavity():
    grid = crystal_distance_grid(simple_cubic(5.0), spacing=0.25)
    sizes = pore_size_distribution(grid, bin_width=0.05)
    widest = sizes.diameter[np.flatnonzero(sizes.share)[-1]]
    assert widest == pytest.approx(np.sqrt(3) * 5.0 - 2.8, abs=0.1)
    assert sizes.share.sum() == pytest.approx(1.0)
    assert sizes.void_fraction == pytest.approx(1 - 4 / 3 * np.pi * 1.4**3 / 125, abs=0.01)
    assert sizes.cumulative[0] == pytest.approx(1.0)


def test_a_slit_has_one_width():
    sheet = crystal(np.diag([1.0, 1.0, 8.0]), [[0.0, 0.0, 0.5]], [2])
    sizes = pore_size_distribution(crystal_distance_grid(sheet, spacing=0.2), bin_width=0.1)
    assert sizes.share[np.abs(sizes.diameter - 5.2) < 0.25].sum() > 0.9


def test_covering_is_at_least_the_own_sphere():
    grid = crystal_distance_grid(simple_cubic(5.0), spacing=0.3)
    own = grid.distance.reshape(-1)
    covered = covering_radii(grid, allowed=own > 0.0)
    assert np.all(covered[own > 0.0] >= own[own > 0.0] - 0.05)
    assert np.all(covering_radii(grid, allowed=own > 99.0) == 0.0)


def test_bins_need_a_width():
    with pytest.raises(ConfigError, match="bin width"):
        pore_size_distribution(crystal_distance_grid(simple_cubic(5.0)), bin_width=0.0)
