import numpy as np
import pytest
from made_frameworks import ARGON, SODALITE, framework_of, triclinic

from porescope.adsorption.energy_grid import gradient_norm_grid, lennard_jones_grid
from porescope.adsorption.histograms import (
    atom_density,
    channel_grid,
    energy_histogram,
    energy_slope_histogram,
    histogram_row,
)
from porescope.errors import ConfigError
from porescope.units import GAS_CONSTANT

KELVIN = 1000.0 / GAS_CONSTANT  # of one kJ/mol


def test_bins_hold_the_energies_that_they_name() -> None:
    energy = np.array([-31.0, -30.0, -28.5, -1.0, 0.0, 5.0, 1e6, -2.0]) * KELVIN
    # Half a bin away from the edges, rounding of the conversion changes nothing; on them it may.
    row = energy_histogram(energy + 1e-6)
    assert len(row) == 17
    assert row["energy_below_-30_kj_per_mol"] == 1 / 8
    assert row["energy_-30_to_-28_kj_per_mol"] == 2 / 8
    assert row["energy_-2_to_0_kj_per_mol"] == 2 / 8
    assert row["energy_above_0_kj_per_mol"] == 3 / 8
    assert sum(row.values()) == 1.0


def test_bins_of_energy_and_slope() -> None:
    energy = np.array([[-29.0, -29.0], [-1.0, 3.0]]) * KELVIN
    slope = np.array([[10.0, 151.0], [149.0, 26.0]]) * KELVIN
    row = energy_slope_histogram(energy, slope_k_per_a=slope)
    assert len(row) == 17 * 7
    filled = {name for name, share in row.items() if share == 0.25}
    assert filled == {
        "energy_-30_to_-28_kj_per_mol_slope_0_to_25_kj_per_mol_a",
        "energy_-30_to_-28_kj_per_mol_slope_above_150_kj_per_mol_a",
        "energy_-2_to_0_kj_per_mol_slope_125_to_150_kj_per_mol_a",
        "energy_above_0_kj_per_mol_slope_25_to_50_kj_per_mol_a",
    }


def test_row_of_a_framework_sums_the_second_dimension_to_the_first() -> None:
    framework = framework_of(SODALITE)
    row = histogram_row(framework, ARGON, shape=(16, 16, 16), with_slope=True)
    assert histogram_row(framework, ARGON, shape=(16, 16, 16)).items() <= row.items()
    for name in list(row)[:17]:
        parts = [share for other, share in row.items() if other.startswith(f"{name}_slope")]
        assert len(parts) == 7
        assert sum(parts) == pytest.approx(row[name])
    grid, slope = gradient_norm_grid(framework, ARGON, shape=(16, 16, 16))
    open_ = (grid.energy_k < -10.0 * KELVIN) & (grid.energy_k >= -12.0 * KELVIN)
    assert row["energy_-12_to_-10_kj_per_mol"] == pytest.approx(open_.mean())
    steep = open_ & (slope < 25.0 * KELVIN)
    name = "energy_-12_to_-10_kj_per_mol_slope_0_to_25_kj_per_mol_a"
    assert row[name] == pytest.approx(steep.mean())


@pytest.mark.parametrize("crystal", [SODALITE, triclinic(0)], ids=["cubic", "triclinic"])
def test_density_integrates_to_the_number_of_atoms(crystal) -> None:
    framework = framework_of(crystal)
    density = atom_density(framework, number=8, shape=(24, 25, 26), width=0.5)
    n_atoms = density.mean() * crystal.volume
    assert n_atoms == pytest.approx(np.sum(crystal.numbers == 8), rel=1e-4)


def test_density_at_an_atom_is_that_of_a_gaussian() -> None:
    framework = framework_of(SODALITE)
    density = atom_density(framework, number=14, shape=(16, 16, 16), width=0.4)
    assert density[4, 8, 0] == pytest.approx((2.0 * np.pi) ** -1.5 / 0.4**3, rel=1e-6)
    assert density.max() == density[4, 8, 0]


def test_channels_are_energy_densities_and_boltzmann_factor() -> None:
    framework = framework_of(SODALITE)
    found = channel_grid(framework, ARGON, boltzmann_temperature=300.0)
    assert found.names == ("energy_k", "density_Si", "density_O", "boltzmann")
    assert found.values.shape == (4, 32, 32, 32)
    grid = lennard_jones_grid(framework, ARGON, shape=(32, 32, 32), cap_k=5000.0)
    np.testing.assert_array_equal(found.values[0], grid.energy_k)
    np.testing.assert_allclose(found.values[3], np.exp(-grid.energy_k / 300.0))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"width": 0.0}, "positive width"),
        ({"boltzmann_temperature": -1.0}, "positive temperature"),
        ({"elements": ("Qq",)}, "symbol of an element"),
    ],
)
def test_impossible_channels_are_refused(choice, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        channel_grid(framework_of(SODALITE), ARGON, shape=(4, 4, 4), **choice)
