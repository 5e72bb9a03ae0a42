import numpy as np
import pytest

from porescope.adsorption.pore_radii import radii_of_atoms, zeo_radii
from porescope.errors import ConfigError


def test_table_holds_the_radii_of_zeo():
    table = zeo_radii()
    assert (table[6], table[8], table[14], table[30]) == (1.7, 1.52, 2.1, 1.39)
    assert len(table) == 99


def test_own_radii_replace_the_table():
    np.testing.assert_array_equal(
        radii_of_atoms(np.array([14, 8]), radii={"Si": 1.0, "O": 1.35}), [1.0, 1.35]
    )


def test_an_element_without_a_radius_is_named():
    with pytest.raises(ConfigError, match="radius for O"):
        radii_of_atoms(np.array([14, 8]), radii={"Si": 1.0})
    with pytest.raises(ConfigError, match="radius for Og"):
        radii_of_atoms(np.array([118]))
