"""What electrostatics says must hold of the energies of groups of charges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porescope.reticular.ewald_groups import COULOMB, group_energies

_ROCK_SALT = np.array(
    [
        [0.0, 0.0, 0.0],
        [0.0, 0.5, 0.5],
        [0.5, 0.0, 0.5],
        [0.5, 0.5, 0.0],
        [0.5, 0.0, 0.0],
        [0.0, 0.5, 0.0],
        [0.0, 0.0, 0.5],
        [0.5, 0.5, 0.5],
    ]
)
_CHARGES = np.array([1.0] * 4 + [-1.0] * 4)


def _energy(frac: np.ndarray, charges: np.ndarray, lattice: np.ndarray) -> float:
    groups = np.zeros(len(charges), dtype=np.int64)
    table = group_energies(frac @ lattice, charges, groups, lattice=lattice, n_groups=1)
    return 0.5 * float(table[0, 0])


def test_rock_salt_has_its_madelung_constant() -> None:
    # 1.7475645946; O. Emersleben, Phys. Z. 24 (1923) 73.
    energy = _energy(_ROCK_SALT, _CHARGES, 5.64 * np.eye(3))
    assert -energy / 4.0 * 2.82 / COULOMB == pytest.approx(1.7475645946, abs=1e-6)


def test_caesium_chloride_has_its_madelung_constant() -> None:
    # 1.762674773 for the distance of nearest neighbours.
    frac = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
    energy = _energy(frac, np.array([1.0, -1.0]), 4.12 * np.eye(3))
    assert -energy * 4.12 * np.sqrt(3.0) / 2.0 / COULOMB == pytest.approx(1.762674773, abs=1e-6)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**16), shift=st.floats(-3.0, 3.0))
def test_energies_do_not_know_the_origin_and_add_up(seed: int, shift: float) -> None:
    generator = np.random.default_rng(seed)
    lattice = 7.0 * np.eye(3) + generator.normal(scale=0.6, size=(3, 3))
    frac = _ROCK_SALT + generator.normal(scale=0.03, size=(8, 3))
    charges = generator.normal(size=8)
    groups = generator.integers(0, 3, size=8)
    table = group_energies(frac @ lattice, charges, groups, lattice=lattice, n_groups=3)
    np.testing.assert_allclose(table, table.T, atol=1e-9)
    whole = _energy(frac, charges, lattice)
    assert 0.5 * table.sum() == pytest.approx(whole, abs=1e-6)
    assert _energy(frac + shift, charges, lattice) == pytest.approx(whole, abs=1e-5)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**16))
def test_a_supercell_has_as_much_energy_per_cell(seed: int) -> None:
    generator = np.random.default_rng(seed)
    lattice = 6.0 * np.eye(3)
    frac = generator.random((4, 3))
    frac[1:] = frac[0] + np.array([[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]])
    charges = generator.normal(size=4)
    double = np.concatenate([frac, frac + np.array([1.0, 0.0, 0.0])]) / np.array([2.0, 1.0, 1.0])
    longer = np.diag([2.0, 1.0, 1.0]) @ lattice
    one = _energy(frac, charges, lattice)
    assert 0.5 * _energy(double, np.tile(charges, 2), longer) == pytest.approx(one, abs=1e-5)
