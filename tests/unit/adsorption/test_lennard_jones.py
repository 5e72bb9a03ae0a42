from dataclasses import replace

import numba
import numpy as np
import pytest
from made_frameworks import (
    ARGON,
    FIELD,
    SODALITE,
    framework_of,
    gas_of,
    shifted,
    slow_energies_k,
    triclinic,
)

from porescope.adsorption.lennard_jones import bead_energies_k, bead_gradients_k


@pytest.mark.parametrize("field", [FIELD, shifted(), replace(FIELD, cutoff=14.0)])
@pytest.mark.parametrize("seed", [0, 1])
def test_energies_are_the_plain_sum_over_pairs(field, seed: int) -> None:
    framework = framework_of(triclinic(seed), field)
    cart = np.random.default_rng(seed).uniform(-15.0, 15.0, (150, 3))
    expected = slow_energies_k(framework, ARGON, cart)
    np.testing.assert_allclose(bead_energies_k(framework, ARGON, cart), expected, rtol=1e-9)


def test_few_and_many_points_give_the_same() -> None:
    framework = framework_of(SODALITE)
    cart = np.random.default_rng(0).random((3000, 3)) * 8.965
    many = bead_energies_k(framework, ARGON, cart)
    each = [bead_energies_k(framework, ARGON, cart[i : i + 1])[0] for i in range(0, 3000, 300)]
    np.testing.assert_allclose(many[::300], each, rtol=1e-10)


def test_threads_change_nothing() -> None:
    framework = framework_of(SODALITE)
    cart = np.random.default_rng(1).random((3000, 3)) * 8.965
    before = numba.get_num_threads()
    results = []
    for n_threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
        numba.set_num_threads(n_threads)
        results.append(bead_energies_k(framework, ARGON, cart))
    numba.set_num_threads(before)
    np.testing.assert_array_equal(*results)


def test_a_point_on_an_atom_is_finite_and_huge() -> None:
    framework = framework_of(SODALITE)
    energy, slope = bead_gradients_k(framework, ARGON, SODALITE.cart[:3])
    assert np.all(np.isfinite(energy))
    assert np.all(energy > 1e20)
    assert np.all(np.isfinite(slope))


def test_each_bead_has_its_own_parameters() -> None:
    framework = framework_of(SODALITE)
    gas = gas_of((50.0, 3.0, 0.1, (0.0, 0.0, 0.0)), (80.0, 3.3, -0.1, (0.0, 0.0, 1.1)))
    cart = np.random.default_rng(2).random((40, 3)) * 8.965
    for bead in range(2):
        expected = slow_energies_k(framework, gas, cart, bead)
        np.testing.assert_allclose(
            bead_energies_k(framework, gas, cart, bead=bead), expected, rtol=1e-9
        )


def test_beads_and_atoms_without_energy_have_none() -> None:
    gas = gas_of((0.0, 1.0, 0.4, (0.0, 0.0, 0.0)))
    cart = np.random.default_rng(3).random((40, 3))
    assert np.all(bead_energies_k(framework_of(SODALITE), gas, cart) == 0.0)


def test_no_points_have_no_energies() -> None:
    framework = framework_of(SODALITE)
    assert len(bead_energies_k(framework, ARGON, np.zeros((0, 3)))) == 0


@pytest.mark.parametrize("field", [FIELD, shifted()])
def test_gradients_are_those_of_the_energies(field) -> None:
    framework = framework_of(triclinic(5, n_atoms=3), field)
    cart = np.random.default_rng(5).uniform(-5.0, 5.0, (80, 3))
    energy, slope = bead_gradients_k(framework, ARGON, cart)
    np.testing.assert_allclose(energy, bead_energies_k(framework, ARGON, cart), rtol=1e-10)
    step = 1e-5
    for axis in range(3):
        move = step * np.eye(3)[axis]
        up = bead_energies_k(framework, ARGON, cart + move)
        down = bead_energies_k(framework, ARGON, cart - move)
        # A pair that crosses the cutoff of a truncated field between the two points jumps.
        smooth = np.abs(energy) < 1e5
        np.testing.assert_allclose(
            slope[smooth, axis], (up - down)[smooth] / (2.0 * step), rtol=1e-5, atol=1e-2
        )
