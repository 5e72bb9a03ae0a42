import numpy as np
import pytest

from pore_crystals import body_centred, simple_cubic
from porescope.adsorption.pore_channels import included_along_path, pore_system
from porescope.adsorption.pore_geometry import crystal_distance_grid
from porescope.adsorption.pore_network import largest_free, largest_included, pore_network


@pytest.mark.parametrize("a", [4.0, 5.0, 6.3])
def test_simple_cubic_array(a):
    network = pore_network(crystal_distance_grid(simple_cubic(a)))
    assert 2 * largest_included(network) == pytest.approx(np.sqrt(3) * a - 2.8, abs=1e-3)
    assert 2 * largest_free(network) == pytest.approx(np.sqrt(2) * a - 2.8, abs=0.01)


def test_body_centred_array():
    a = 6.0
    network = pore_network(crystal_distance_grid(body_centred(a)))
    free = 3.0 * np.sqrt(2.0) / 4.0 * a - 2.8
    assert 2 * largest_included(network) == pytest.approx(np.sqrt(5) / 2 * a - 2.8, abs=1e-3)
    assert 2 * largest_free(network) == pytest.approx(free, abs=0.01)


def test_no_way_through_where_spheres_close_every_window():
    network = pore_network(crystal_distance_grid(simple_cubic(1.9)))
    assert largest_free(network) == 0.0
    assert 2 * largest_included(network) == pytest.approx(np.sqrt(3) * 1.9 - 2.8, abs=1e-3)
    assert included_along_path(network, free_radius=0.0) == 0.0


def test_probe_passes_windows_wider_than_itself_only():
    network = pore_network(crystal_distance_grid(simple_cubic(4.0)))
    window = 0.5 * (np.sqrt(2) * 4.0 - 2.8)
    np.testing.assert_array_equal(pore_system(network, probe_radius=window - 0.01).dimension, [3])
    np.testing.assert_array_equal(pore_system(network, probe_radius=window + 0.01).dimension, [0])
    assert len(pore_system(network, probe_radius=3.0).dimension) == 0
