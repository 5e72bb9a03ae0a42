import numpy as np
import pytest

from porescope.adsorption.grid import EnergyGrid
from porescope.adsorption.void_fraction import boltzmann_void_fraction, open_fraction
from porescope.errors import ConfigError


def grid(energy: np.ndarray) -> EnergyGrid:
    return EnergyGrid(lattice=np.eye(3), energy_k=energy, cap_k=1e5, gas="He", field="none")


def test_fractions_of_a_grid_made_by_hand():
    energy = np.full((2, 2, 2), 1e5)
    energy[0, 0, :] = 0.0
    energy[1, 1, 1] = 15.0 * 298.0
    assert boltzmann_void_fraction(grid(energy)) == pytest.approx(0.25 + np.exp(-15) / 8)
    assert open_fraction(grid(energy), temperature=298.0) == pytest.approx(0.375)
    assert open_fraction(grid(energy), temperature=297.0) == pytest.approx(0.25)


def test_options_out_of_range():
    with pytest.raises(ConfigError, match="temperature"):
        boltzmann_void_fraction(grid(np.zeros((2, 2, 2))), temperature=0.0)
    with pytest.raises(ConfigError, match="cap"):
        open_fraction(grid(np.zeros((2, 2, 2))), temperature=4900.0, threshold_kt=50.0)
