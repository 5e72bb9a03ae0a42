"""What must hold of Henry coefficients and isosteric heats, whatever the framework."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from porescope.adsorption.atom_typing import framework_from_crystal
from porescope.adsorption.fields import field_named
from porescope.adsorption.framework import Framework
from porescope.adsorption.gases import gas_named
from porescope.adsorption.insertion import henry_by_insertion, rotations_from_unit
from porescope.adsorption.quadrature import henry_by_quadrature
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.crystal.transform import change_of_basis
from porescope.units import GAS_CONSTANT

# Sodalite, idealised: SiO2, Im-3m, one silicon and one oxygen site.
SODALITE = crystal_from_asymmetric_unit(
    lattice=np.eye(3) * 8.965,
    frac=np.array([[0.25, 0.5, 0.0], [0.3539, 0.3539, 0.0]]),
    numbers=np.array([14, 8]),
    space_group=space_group_from_symbol("I m -3 m"),
    name="SOD",
)


def made_ready(crystal: Crystal) -> Framework:
    return framework_from_crystal(crystal, field=field_named("UFF"), charges="none")


@pytest.mark.parametrize("temperature", [200.0, 300.0, 500.0])
def test_heat_is_the_slope_of_the_logarithm_of_the_henry_coefficient(temperature: float) -> None:
    framework, gas = made_ready(SODALITE), gas_named("CH4")
    step = 0.5
    low, middle, high = (
        henry_by_quadrature(framework, gas=gas, temperature=t, wanted_error=1e-3, seed=1)
        for t in (temperature - step, temperature, temperature + step)
    )
    slope = math.log(high.coefficient_mol_per_kg_pa / low.coefficient_mol_per_kg_pa) / (
        1.0 / high.temperature - 1.0 / low.temperature
    )
    clausius_clapeyron = GAS_CONSTANT * 1e-3 * slope
    assert middle.heat_kj_per_mol == pytest.approx(clausius_clapeyron, rel=2e-3)


def test_insertion_and_quadrature_find_the_same() -> None:
    framework, gas = made_ready(SODALITE), gas_named("Ar")
    grid = henry_by_quadrature(framework, gas=gas, temperature=300.0, wanted_error=1e-3, seed=1)
    widom = henry_by_insertion(framework, gas=gas, temperature=300.0, seed=3, wanted_error=0.01)
    assert widom.converged
    assert abs(widom.boltzmann_mean - grid.boltzmann_mean) < 4.0 * widom.boltzmann_error
    assert abs(widom.heat_kj_per_mol - grid.heat_kj_per_mol) < 4.0 * widom.heat_error


@pytest.mark.parametrize("change", ["supercell", "origin", "order", "cell", "rotation"])
def test_the_description_of_the_crystal_does_not_matter(change: str) -> None:
    gas = gas_named("CH4")
    rng = np.random.default_rng(5)
    other = SODALITE.without_symmetry()
    match change:
        case "supercell":
            other = other.supercell((1, 2, 1))
        case "origin":
            other = replace(other, frac=other.frac + np.array([0.13, 0.27, -0.4]))
        case "order":
            order = rng.permutation(other.n_atoms)
            other = replace(
                other,
                frac=other.frac[order],
                numbers=other.numbers[order],
                occupancy=other.occupancy[order],
                u_iso=other.u_iso[order],
            )
        case "cell":
            transform = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
            other = change_of_basis(other, transform=transform)
        case "rotation":
            turn = rotations_from_unit(rng.random((1, 3)))[0]
            other = other.with_lattice(other.lattice @ turn.T)
    first = henry_by_quadrature(
        made_ready(SODALITE), gas=gas, temperature=300.0, wanted_error=1e-3, seed=1
    )
    second = henry_by_quadrature(
        made_ready(other), gas=gas, temperature=300.0, wanted_error=1e-3, seed=1
    )
    assert second.coefficient_mol_per_kg_pa == pytest.approx(
        first.coefficient_mol_per_kg_pa, rel=4e-3
    )
    assert second.heat_kj_per_mol == pytest.approx(first.heat_kj_per_mol, rel=4e-3)


def test_an_empty_cell_holds_an_ideal_gas() -> None:
    # One helium-sized atom far from everything in a large cell: the mean factor tends to one.
    cell = crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 60.0, frac=np.zeros((1, 3)), numbers=np.array([10]), name="nearly empty"
    )
    result = henry_by_quadrature(
        made_ready(cell), gas=gas_named("He"), temperature=300.0, wanted_error=1e-3, seed=1
    )
    assert result.boltzmann_mean == pytest.approx(1.0, abs=2e-3)
    assert result.heat_kj_per_mol == pytest.approx(GAS_CONSTANT * 0.3, rel=0.02)


def test_rotations_are_uniform_and_proper() -> None:
    turns = rotations_from_unit(np.random.default_rng(0).random((20_000, 3)))
    np.testing.assert_allclose(np.linalg.det(turns), 1.0, atol=1e-12)
    product = turns @ np.swapaxes(turns, 1, 2)
    np.testing.assert_allclose(product - np.eye(3), 0.0, atol=1e-12)
    # The image of an axis is uniform on the sphere: zero mean, second moments of a third.
    for axis in range(3):
        image = turns[:, :, axis]
        np.testing.assert_allclose(image.mean(axis=0), 0.0, atol=0.02)
        np.testing.assert_allclose(image.T @ image / len(image), np.eye(3) / 3.0, atol=0.01)


def test_claimed_errors_cover_the_truth() -> None:
    framework, gas = made_ready(SODALITE), gas_named("CH4")
    truth = henry_by_quadrature(framework, gas=gas, temperature=300.0, wanted_error=2e-4, seed=1)
    inside = 0
    for seed in range(12):
        found = henry_by_insertion(
            framework, gas=gas, temperature=300.0, seed=seed, wanted_error=0.05
        )
        inside += abs(found.boltzmann_mean - truth.boltzmann_mean) < 2.0 * found.boltzmann_error
    assert inside >= 9
