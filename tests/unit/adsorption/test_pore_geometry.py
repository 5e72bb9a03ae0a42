from dataclasses import replace

import numpy as np
import pytest

from pore_crystals import crystal, simple_cubic
from porescope.adsorption.pore_geometry import grid_pore_geometry
from porescope.errors import ConfigError


def test_surface_and_volume_of_spheres_that_do_not_touch():
    found = grid_pore_geometry(simple_cubic(6.0), probe_radius=0.5)
    assert found.accessible_area == pytest.approx(4 * np.pi * 1.9**2, rel=1e-6)
    assert found.accessible_volume == pytest.approx(216 - 4 / 3 * np.pi * 1.9**3, rel=2e-3)
    assert (found.non_accessible_area, found.non_accessible_volume) == (0.0, 0.0)
    assert found.channel_dimensions == (3,)
    assert found.n_pockets == 0


def test_a_closed_cage_is_a_pocket():
    found = grid_pore_geometry(simple_cubic(4.0), probe_radius=1.6)
    assert (found.n_channels, found.n_pockets) == (0, 1)
    assert found.accessible_area == 0.0
    assert found.non_accessible_area > 0.0
    assert found.row()["channel_dimension"] == 0


def test_sheets_leave_channels_in_two_directions():
    sheet = crystal(np.diag([2.0, 2.0, 8.0]), [[0.0, 0.0, 0.5]], [2])
    assert grid_pore_geometry(sheet, probe_radius=1.0).channel_dimensions == (2,)


def test_units_follow_from_cell_and_density():
    found = grid_pore_geometry(simple_cubic(6.0), probe_radius=0.5)
    row = found.row()
    density = 4.002602 / 6.02214076e23 / 216e-24
    assert row["density_g_per_cm3"] == pytest.approx(density, rel=1e-4)
    area = found.accessible_area * 1e-20 / (216e-24 * density)
    assert row["accessible_area_m2_per_g"] == pytest.approx(area, rel=1e-4)


def test_occupiable_volume_exceeds_that_of_the_centre_and_not_the_void():
    found = grid_pore_geometry(simple_cubic(5.0), probe_radius=1.2, occupiable=True)
    assert found.occupiable_fraction is not None
    void = 1 - 4 / 3 * np.pi * 1.4**3 / 125
    assert found.accessible_fraction < found.occupiable_fraction < void


def test_partly_occupied_sites_are_told():
    whole = simple_cubic(5.0)
    partial = replace(whole, occupancy=np.array([0.5]))
    assert "partly occupied" in grid_pore_geometry(partial).warnings[0]
    assert grid_pore_geometry(whole).warnings == ()


def test_a_probe_out_of_range_is_refused():
    with pytest.raises(ConfigError, match="probe radius"):
        grid_pore_geometry(simple_cubic(5.0), probe_radius=-1.0)
