"""What must hold of energies and potentials in frameworks, whatever the framework."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from porescope.adsorption.energy_grid import lennard_jones_grid
from porescope.adsorption.ewald import (
    lattice_energy_k,
    potential_k,
    potential_of_sum_k,
    prepare_ewald,
)
from porescope.adsorption.fields import field_named
from porescope.adsorption.framework import Framework
from porescope.adsorption.gases import gas_named
from porescope.adsorption.lennard_jones import bead_energies_k, bead_gradients_k
from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.structure import Crystal
from porescope.crystal.transform import change_of_basis
from porescope.units import COULOMB_K_A

FIELD = field_named("argon in zeolites").with_options(cutoff=8.0)
ARGON = gas_named("Ar")
ROWS = {t.number: row for row, t in enumerate(FIELD.types)}


def crystal_from_seed(seed: int, n_units: int) -> Crystal:
    """Neutral sets of silicon and oxygen in a skewed cell."""
    rng = np.random.default_rng(seed)
    lattice = lattice_from_parameters(*rng.uniform(5.0, 9.0, 3), *rng.uniform(70.0, 110.0, 3))
    numbers = np.repeat([14, 8, 8], n_units)
    return Crystal(
        lattice=lattice,
        frac=rng.random((len(numbers), 3)),
        numbers=numbers,
        occupancy=np.ones(len(numbers)),
        u_iso=np.full(len(numbers), np.nan),
        charges=np.where(numbers == 14, 2.0, -1.0),
    )


CRYSTALS = st.tuples(st.integers(0, 2**31), st.integers(1, 3))


def made_ready(crystal: Crystal) -> Framework:
    assert crystal.charges is not None
    return Framework(
        crystal=crystal,
        field=FIELD,
        type_index=np.array([ROWS[int(z)] for z in crystal.numbers]),
        charges=crystal.charges,
        charge_source="made",
    )


def both_energies(crystal: Crystal, cart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    framework = made_ready(crystal)
    return bead_energies_k(framework, ARGON, cart), potential_k(framework, cart, precision=1e-9)


@settings(max_examples=15)
@given(CRYSTALS, st.sampled_from(["origin", "cell", "supercell", "order", "rotation", "basis"]))
def test_description_of_the_crystal_changes_nothing(made: tuple[int, int], change: str) -> None:
    crystal = crystal_from_seed(*made)
    rng = np.random.default_rng(len(crystal.numbers))
    cart = rng.random((30, 3)) @ crystal.lattice
    moved = cart
    if change == "origin":
        shift = np.array([0.31, -0.22, 1.7])
        other = replace(crystal, frac=crystal.frac + shift)
        moved = cart + shift @ crystal.lattice
    elif change == "cell":
        other = replace(crystal, frac=crystal.frac + rng.integers(-3, 4, crystal.frac.shape))
        moved = cart + rng.integers(-3, 4, cart.shape) @ crystal.lattice
    elif change == "supercell":
        other = crystal.supercell((2, 1, 3))
    elif change == "order":
        order = rng.permutation(crystal.n_atoms)
        assert crystal.charges is not None
        other = replace(
            crystal,
            frac=crystal.frac[order],
            numbers=crystal.numbers[order],
            charges=crystal.charges[order],
        )
    elif change == "rotation":
        turn = Rotation.random(rng=np.random.default_rng(7)).as_matrix()
        other = crystal.with_lattice(crystal.lattice @ turn)
        moved = cart @ turn
    else:
        transform = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, -1.0], [0.0, 0.0, 1.0]])
        other = change_of_basis(crystal, transform=transform)
    energy, potential = both_energies(crystal, cart)
    same_energy, same_potential = both_energies(other, moved)
    np.testing.assert_allclose(same_energy, energy, rtol=1e-7, atol=1e-6)
    np.testing.assert_allclose(same_potential, potential, rtol=1e-8, atol=1e-7 * COULOMB_K_A)


@settings(max_examples=10)
@given(CRYSTALS, st.floats(0.25, 0.7), st.floats(0.25, 0.7))
def test_potential_does_not_depend_on_the_split(
    made: tuple[int, int], one: float, two: float
) -> None:
    crystal = crystal_from_seed(*made)
    cart = np.random.default_rng(1).random((20, 3)) @ crystal.lattice
    assert crystal.charges is not None
    # A charged cell too: the background belongs to it.
    for charges in (crystal.charges, crystal.charges + 0.3):
        potentials = [
            potential_of_sum_k(
                prepare_ewald(
                    crystal.lattice,
                    frac=crystal.frac,
                    charges=charges,
                    precision=1e-10,
                    alpha=alpha,
                ),
                cart,
            )
            for alpha in (one, two)
        ]
        np.testing.assert_allclose(*potentials, rtol=1e-8, atol=1e-8 * COULOMB_K_A)


@settings(max_examples=10)
@given(CRYSTALS)
def test_lattice_energy_grows_with_the_cell(made: tuple[int, int]) -> None:
    crystal = crystal_from_seed(*made)
    large = crystal.supercell((2, 2, 1))
    assert crystal.charges is not None
    assert large.charges is not None
    one = lattice_energy_k(crystal.lattice, frac=crystal.frac, charges=crystal.charges)
    four = lattice_energy_k(large.lattice, frac=large.frac, charges=large.charges)
    assert four == pytest.approx(4.0 * one, rel=1e-8)


@settings(max_examples=10)
@given(CRYSTALS)
def test_energy_changes_along_a_path_by_the_integral_of_its_gradient(made: tuple[int, int]) -> None:
    crystal = crystal_from_seed(*made)
    framework = made_ready(replace(crystal, frac=crystal.frac))
    shifted = replace(framework, field=replace(FIELD, truncation="shifted"))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    start = np.random.default_rng(2).random(3) @ crystal.lattice
    step = np.array([0.02, -0.01, 0.015])
    path = start + 0.5 * (nodes[:, None] + 1.0) * step
    _, slope = bead_gradients_k(shifted, ARGON, path)
    ends = bead_energies_k(shifted, ARGON, np.stack([start, start + step]))
    work = 0.5 * weights @ (slope @ step)
    assert ends[1] - ends[0] == pytest.approx(work, rel=1e-5, abs=1e-3)


def open_crystal() -> Crystal:
    """Eight atoms in a wide cell: an argon atom passes everywhere between them."""
    corners = np.stack(np.meshgrid([0.1, 0.2], [0.1, 0.2], [0.1, 0.2]), axis=-1).reshape(-1, 3)
    return Crystal(
        lattice=lattice_from_parameters(12.0, 13.0, 12.5, 85.0, 95.0, 80.0),
        frac=corners,
        numbers=np.full(8, 8),
        occupancy=np.ones(8),
        u_iso=np.full(8, np.nan),
        charges=np.zeros(8),
    )


def test_error_of_the_quadrature_falls_faster_than_the_square_of_the_spacing() -> None:
    framework = replace(made_ready(open_crystal()), field=replace(FIELD, truncation="shifted"))

    def mean(n: int) -> float:
        grid = lennard_jones_grid(framework, ARGON, shape=(n, n, n))
        return float(np.mean(np.exp(-grid.energy_k / 300.0)))

    exact = mean(96)
    errors = [abs(mean(n) - exact) for n in (10, 20, 40)]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    # Sums over a period converge faster than any power until the kink at the cutoff shows.
    assert np.all(orders > 2.0)
