from dataclasses import replace

import numpy as np
import pytest
from made_frameworks import ARGON, FIELD, SODALITE, framework_of, gas_of, triclinic

from porescope.adsorption.energy_grid import chosen_shape, gradient_norm_grid, lennard_jones_grid
from porescope.adsorption.interactions import tail_energy_k
from porescope.adsorption.lennard_jones import bead_energies_k, bead_gradients_k
from porescope.errors import ConfigError


def places(lattice: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    index = np.stack(np.unravel_index(np.arange(np.prod(shape)), shape), axis=1)
    return index / np.array(shape) @ lattice


@pytest.mark.parametrize("crystal", [SODALITE, triclinic(0)], ids=["cubic", "triclinic"])
def test_grid_holds_the_energies_at_its_points(crystal) -> None:
    framework, shape = framework_of(crystal), (9, 8, 10)
    grid = lennard_jones_grid(framework, ARGON, shape=shape, cap_k=1e5)
    expected = bead_energies_k(framework, ARGON, places(crystal.lattice, shape))
    np.testing.assert_allclose(grid.energy_k.ravel(), np.minimum(expected, 1e5), rtol=1e-9)
    assert grid.shape == shape
    assert grid.temperature is None
    assert "Lorentz-Berthelot" in grid.field


@pytest.mark.parametrize("shape", [(16, 16, 16), (16, 16, 12), (15, 15, 15)])
def test_symmetry_gives_the_same_grid(shape: tuple[int, int, int]) -> None:
    framework = framework_of(SODALITE)
    quick = lennard_jones_grid(framework, ARGON, shape=shape)
    full = lennard_jones_grid(framework, ARGON, shape=shape, use_symmetry=False)
    np.testing.assert_allclose(quick.energy_k, full.energy_k, rtol=1e-9)


def test_tail_energy_is_added() -> None:
    plain = framework_of(SODALITE)
    tailed = framework_of(SODALITE, replace(FIELD, tail_correction=True))
    tail = tail_energy_k(tailed, ARGON)
    assert tail < -1.0
    without = lennard_jones_grid(plain, ARGON, shape=(6, 6, 6)).energy_k
    added = lennard_jones_grid(tailed, ARGON, shape=(6, 6, 6)).energy_k - without
    np.testing.assert_allclose(added[without < 1e5], tail, atol=1e-6)


def test_tail_is_the_energy_that_a_longer_cutoff_adds() -> None:
    short = lennard_jones_grid(
        framework_of(SODALITE, replace(FIELD, tail_correction=True)), ARGON, shape=(8, 8, 8)
    )
    long = lennard_jones_grid(
        framework_of(SODALITE, replace(FIELD, cutoff=30.0)), ARGON, shape=(8, 8, 8)
    )
    inside = long.energy_k < 0.0
    # Atoms are not spread evenly beyond 9 Å, so the tail holds on average only.
    assert np.mean((short.energy_k - long.energy_k)[inside]) == pytest.approx(0.0, abs=5.0)


def test_gradient_grid_is_the_gradient_at_its_points() -> None:
    framework, shape = framework_of(SODALITE), (10, 10, 10)
    grid, slope = gradient_norm_grid(framework, ARGON, shape=shape)
    _, expected = bead_gradients_k(framework, ARGON, places(SODALITE.lattice, shape))
    np.testing.assert_allclose(slope.ravel(), np.linalg.norm(expected, axis=1), 1e-7, 1e-6)
    same = lennard_jones_grid(framework, ARGON, shape=shape)
    np.testing.assert_allclose(grid.energy_k, same.energy_k, rtol=1e-9)


def test_spacing_sets_the_shape() -> None:
    framework = framework_of(triclinic(1))
    grid = lennard_jones_grid(framework, ARGON, spacing=0.7)
    lengths = np.linalg.norm(framework.crystal.lattice, axis=1)
    assert np.all(lengths / grid.shape <= 0.7)
    assert chosen_shape(framework, spacing=None, shape=None) == tuple(np.ceil(lengths / 0.2))


def test_molecules_are_refused() -> None:
    pair = gas_of((50.0, 3.0, 0.0, (0.0, 0.0, -0.6)), (80.0, 3.3, 0.0, (0.0, 0.0, 0.6)))
    with pytest.raises(ConfigError, match="molecule_grid"):
        lennard_jones_grid(framework_of(SODALITE), pair, shape=(4, 4, 4))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"spacing": 0.5, "shape": (4, 4, 4)}, "give one"),
        ({"spacing": 0.001}, "0.01 to 5"),
        ({"shape": (0, 4, 4)}, "choose another"),
        ({"shape": (4000, 4000, 4000)}, "choose another"),
    ],
)
def test_impossible_grids_are_refused(choice, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        lennard_jones_grid(framework_of(SODALITE), ARGON, **choice)
