import numpy as np
import pytest
from made_frameworks import ARGON, SODALITE, framework_of, gas_of, triclinic

from porescope.adsorption.energy_grid import lennard_jones_grid
from porescope.adsorption.ewald import potential_k
from porescope.adsorption.lennard_jones import bead_energies_k
from porescope.adsorption.molecule_grid import molecule_averages, molecule_grid
from porescope.adsorption.orientations import orientations_of
from porescope.errors import ConfigError

CO2 = gas_of(
    (27.0, 2.8, 0.7, (0.0, 0.0, 0.0)),
    (79.0, 3.05, -0.35, (0.0, 0.0, 1.16)),
    (79.0, 3.05, -0.35, (0.0, 0.0, -1.16)),
)
BENT = gas_of(
    (50.0, 3.0, -0.8, (0.0, 0.0, 0.1)),
    (0.0, 1.0, 0.4, (0.8, 0.0, -0.5)),
    (0.0, 1.0, 0.4, (-0.8, 0.0, -0.5)),
)


@pytest.mark.parametrize("gas", [CO2, BENT], ids=["linear", "bent"])
@pytest.mark.parametrize("crystal", [SODALITE, triclinic(0)], ids=["cubic", "triclinic"])
def test_averages_are_those_of_direct_evaluation(gas, crystal) -> None:
    framework, shape, temperature = framework_of(crystal, Si=0.6, O=-0.3), (6, 5, 7), 300.0
    found = molecule_averages(
        framework, gas, temperature=temperature, shape=shape, n_orientations=12, use_symmetry=False
    )
    index = np.stack(np.unravel_index(np.arange(np.prod(shape)), shape), axis=1)
    cart = index / np.array(shape) @ crystal.lattice
    chosen = orientations_of(gas, n_orientations=12)
    energies = np.zeros((len(chosen.weights), len(cart)))
    for row, positions in zip(energies, chosen.positions, strict=True):
        for bead, place in enumerate(positions):
            row += bead_energies_k(framework, gas, cart + place, bead=bead)
            row += gas.beads[bead].charge * potential_k(framework, cart + place)
    lowest = energies.min(axis=0)
    factors = chosen.weights[:, None] * np.exp(-(energies - lowest) / temperature)
    free = lowest - temperature * np.log(factors.sum(axis=0))
    mean = (factors * energies).sum(axis=0) / factors.sum(axis=0)
    open_points = free < 1e5
    assert open_points.sum() > 5
    # Both sums have the precision 1e-6 of a charge at 1 Å, 0.17 K.
    np.testing.assert_allclose(
        found.free_energy.energy_k.ravel()[open_points], free[open_points], rtol=1e-6, atol=0.3
    )
    np.testing.assert_allclose(
        found.mean_energy_k.ravel()[open_points], mean[open_points], rtol=1e-6, atol=0.3
    )
    assert found.free_energy.temperature == temperature


def test_a_sphere_has_the_plain_energy() -> None:
    framework = framework_of(SODALITE)
    grid = molecule_grid(framework, ARGON, temperature=300.0, shape=(8, 8, 8))
    plain = lennard_jones_grid(framework, ARGON, shape=(8, 8, 8))
    np.testing.assert_allclose(grid.energy_k, plain.energy_k, rtol=1e-9)
    assert grid.temperature is None


def test_symmetry_changes_the_quadrature_only() -> None:
    framework = framework_of(SODALITE, Si=0.6, O=-0.3)
    means = []
    for use_symmetry in (True, False):
        grid = molecule_grid(
            framework,
            CO2,
            temperature=400.0,
            shape=(8, 8, 8),
            n_orientations=50,
            use_symmetry=use_symmetry,
        )
        means.append(np.mean(np.exp(-grid.energy_k / 400.0)))
    assert means[0] == pytest.approx(means[1], rel=0.02)


def test_more_orientations_converge() -> None:
    framework = framework_of(SODALITE, Si=0.6, O=-0.3)
    means = [
        np.mean(
            np.exp(
                -molecule_grid(
                    framework, CO2, temperature=400.0, shape=(8, 8, 8), n_orientations=n
                ).energy_k
                / 400.0
            )
        )
        for n in (4, 18, 50, 98)
    ]
    errors = np.abs(np.array(means[:3]) / means[3] - 1.0)
    assert errors[2] < 0.02
    assert errors[2] < errors[0]


def test_impossible_temperatures_are_refused() -> None:
    with pytest.raises(ConfigError, match="positive temperature"):
        molecule_grid(framework_of(SODALITE), CO2, temperature=0.0, shape=(4, 4, 4))
