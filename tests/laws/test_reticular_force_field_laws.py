"""What must hold for any energy: derivatives, invariances, smoothness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from force_field_crystals import crystal, zinc_imidazolate, zinc_imidazolate_bonds
from porescope.crystal.bonds import bonds_of
from porescope.crystal.structure import Crystal
from porescope.reticular.force_field.angles import polynomial
from porescope.reticular.force_field.bond_graph import bond_rows
from porescope.reticular.force_field.energy import CUTOFF, energies_of
from porescope.reticular.force_field.terms import ForceField, force_field_of
from porescope.reticular.relax import RelaxSettings, energy_per_atom, relax

CHARGES = np.array([0.3, -0.4, 0.1, 0.1, -0.4, 0.05, 0.1, 0.1, 0.05])


def shaken(seed: int, *, charged: bool = True) -> tuple[Crystal, np.ndarray, ForceField]:
    """The chain, its atoms moved at random, so that no term is at rest."""
    rng = np.random.default_rng(seed)
    start = replace(zinc_imidazolate(), charges=CHARGES)
    bonds = zinc_imidazolate_bonds()
    field = force_field_of(start, bonds, charged=charged)
    moved = start.cart + rng.normal(0.0, 0.12, start.cart.shape)
    return replace(start, frac=moved @ np.linalg.inv(start.lattice)), bonds, field


def total(field: ForceField, cart: np.ndarray, lattice: np.ndarray) -> float:
    return energies_of(field, cart=cart, lattice=lattice).total


@pytest.mark.parametrize("seed", range(4))
def test_forces_are_the_numerical_gradient(seed: int) -> None:
    structure, _, field = shaken(seed)
    found = energies_of(field, cart=structure.cart, lattice=structure.lattice)
    step = 1e-5
    for atom in range(structure.n_atoms):
        for axis in range(3):
            move = np.zeros((structure.n_atoms, 3))
            move[atom, axis] = step
            up = total(field, structure.cart + move, structure.lattice)
            down = total(field, structure.cart - move, structure.lattice)
            assert found.gradient[atom, axis] == pytest.approx((up - down) / (2.0 * step), abs=2e-6)


@pytest.mark.parametrize("seed", range(4))
def test_virial_is_the_numerical_gradient_by_strain(seed: int) -> None:
    structure, _, field = shaken(seed)
    found = energies_of(field, cart=structure.cart, lattice=structure.lattice)
    for i in range(3):
        for j in range(3):
            strain = np.zeros((3, 3))
            strain[i, j] = 1e-5
            up, down = np.eye(3) + strain, np.eye(3) - strain
            slope = total(field, structure.cart @ up, structure.lattice @ up)
            slope -= total(field, structure.cart @ down, structure.lattice @ down)
            assert found.virial[i, j] == pytest.approx(slope / 2e-5, abs=2e-5)


def test_the_virial_is_symmetric_because_turning_costs_nothing() -> None:
    structure, _, field = shaken(5)
    virial = energies_of(field, cart=structure.cart, lattice=structure.lattice).virial
    assert np.abs(virial - virial.T).max() < 1e-9
    assert np.abs(virial).max() > 0.1


def test_each_kind_of_term_is_in_play() -> None:
    structure, _, field = shaken(6)
    found = energies_of(field, cart=structure.cart, lattice=structure.lattice)
    for kind in ("bonds", "angles", "torsions", "inversions", "van_der_waals", "charges"):
        assert abs(getattr(found, kind)) > 1e-4, kind


@pytest.mark.parametrize("repeats", [(2, 1, 1), (1, 2, 3)])
def test_energy_per_cell_is_that_of_the_supercell(repeats: tuple[int, int, int]) -> None:
    structure, bonds, field = shaken(7)
    shifts = np.array(list(np.ndindex(*repeats)))
    n, size = structure.n_atoms, np.array(repeats)
    frac = np.concatenate([(structure.frac + s) / size for s in shifts])
    place = {tuple(s): k for k, s in enumerate(shifts.tolist())}
    rows = []
    for k, shift in enumerate(shifts):
        for a, b, *cell in bonds.tolist():
            there = shift + np.array(cell)
            home = there % size
            rows.append([k * n + a, place[tuple(home)] * n + b, *((there - home) // size)])
    large = Crystal(
        lattice=structure.lattice * size[:, None],
        frac=frac,
        numbers=np.tile(structure.numbers, len(shifts)),
        occupancy=np.ones(n * len(shifts)),
        u_iso=np.zeros(n * len(shifts)),
        charges=np.tile(CHARGES, len(shifts)),
    )
    big = force_field_of(large, np.array(rows, dtype=np.int64), charged=True)
    one = total(field, structure.cart, structure.lattice)
    many = total(big, large.cart, large.lattice)
    assert many == pytest.approx(one * len(shifts), rel=1e-9)


def test_energy_does_not_change_under_rotation_origin_and_order() -> None:
    structure, bonds, field = shaken(8)
    rng = np.random.default_rng(3)
    one = energies_of(field, cart=structure.cart, lattice=structure.lattice)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    moved = energies_of(field, cart=structure.cart @ turn + 4.7, lattice=structure.lattice @ turn)
    assert moved.total == pytest.approx(one.total, rel=1e-10)
    assert np.abs(moved.gradient - one.gradient @ turn).max() < 1e-8
    order = rng.permutation(structure.n_atoms)
    place = np.argsort(order)
    renamed = bonds.copy()
    renamed[:, :2] = place[bonds[:, :2]]
    mixed = replace(
        structure,
        frac=structure.frac[order],
        numbers=structure.numbers[order],
        charges=CHARGES[order],
    )
    again = force_field_of(mixed, renamed, charged=True)
    assert total(again, mixed.cart, mixed.lattice) == pytest.approx(one.total, rel=1e-9)


def test_bonds_may_be_written_from_either_end_and_to_any_image() -> None:
    structure, bonds, field = shaken(9)
    one = total(field, structure.cart, structure.lattice)
    turned = bonds[:, [1, 0, 2, 3, 4]].copy()
    turned[:, 2:] *= -1
    # Atom 8 three cells away, its bonds along with it.
    frac = structure.frac.copy()
    frac[8] += [3, -1, 2]
    turned[turned[:, 0] == 8, 2:] += [3, -1, 2]
    away = replace(structure, frac=frac)
    again = force_field_of(away, turned, charged=True)
    assert total(again, away.cart, away.lattice) == pytest.approx(one, rel=1e-9)


def test_energy_is_smooth_where_pairs_pass_the_cutoff() -> None:
    lattice = 60.0 * np.eye(3)
    pair = crystal([54, 54], [[0.0, 0.0, 0.0], [CUTOFF, 0.0, 0.0]], lattice)
    field = force_field_of(pair, np.zeros((0, 5), dtype=np.int64))
    distances = np.linspace(CUTOFF - 2.0, CUTOFF + 0.5, 400)
    values, slopes = [], []
    for r in distances:
        found = energies_of(field, cart=np.array([[0.0] * 3, [r, 0.0, 0.0]]), lattice=lattice)
        values.append(found.total)
        slopes.append(found.gradient[1, 0])
    assert values[-1] == 0.0
    assert values[0] < -1e-5
    assert np.abs(np.diff(slopes)).max() < 2e-2 * np.abs(slopes).max()
    trapezia = np.cumsum(0.5 * np.diff(distances) * (np.array(slopes)[1:] + np.array(slopes)[:-1]))
    assert trapezia[-1] == pytest.approx(-values[0], rel=1e-3)


@pytest.mark.parametrize("shape", ["linear", "trigonal", "general", "right", "crowded"])
def test_angles_are_at_rest_where_they_should_be(shape: str) -> None:
    natural = {"linear": 180.0, "trigonal": 120.0, "general": 104.5, "right": 90.0}.get(shape, 70.0)
    poly = polynomial(shape, angle=np.deg2rad(natural), strength=2.0)
    degrees = np.linspace(15.0, 180.0, 331)
    x = np.cos(np.deg2rad(degrees))
    energy = np.polyval(poly[4::-1], x) + poly[6] * np.maximum(x - poly[5], 0.0) ** 2
    assert energy.min() == pytest.approx(0.0, abs=1e-6)
    lowest = degrees[energy < energy.min() + 1e-6]
    if shape == "right":
        assert lowest.tolist() == pytest.approx([90.0, 180.0], abs=0.6)
    elif shape == "crowded":
        assert lowest.min() == pytest.approx(70.0, abs=0.6)
        assert lowest.max() == 180.0
    else:
        assert lowest.mean() == pytest.approx(natural, abs=0.6)
    # Ligands that nearly coincide are pushed apart.
    assert energy[0] > energy[20]


def test_relaxing_is_deterministic_and_ends_at_rest() -> None:
    structure, bonds, _ = shaken(10)
    settings = RelaxSettings(max_force=1e-3, max_stress=1e-5, max_steps=2000)
    first = relax(structure, bonds, settings=settings)
    second = relax(structure, bonds, settings=settings)
    assert first.converged
    assert np.array_equal(first.crystal.frac, second.crystal.frac)
    assert first.energy < energy_per_atom(structure, bonds) * structure.n_atoms
    field = force_field_of(first.crystal, bonds)
    there = energies_of(field, cart=first.crystal.cart, lattice=first.crystal.lattice)
    assert np.abs(there.gradient).max() < 2e-3
    assert np.abs(there.virial / first.crystal.volume).max() < 2e-5


def test_relaxing_commutes_with_rotation() -> None:
    structure, bonds, _ = shaken(11)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    other = replace(structure, lattice=structure.lattice @ turn)
    settings = RelaxSettings(max_force=1e-4, max_stress=1e-6, max_steps=3000)
    one, two = (relax(c, bonds, settings=settings) for c in (structure, other))
    assert two.energy == pytest.approx(one.energy, abs=1e-5)


def test_bond_rows_has_each_bond_once() -> None:
    structure = zinc_imidazolate()
    pairs = bonds_of(structure)
    rows = bond_rows(pairs)
    assert 2 * len(rows) == pairs.n_pairs
    assert len(np.unique(rows, axis=0)) == len(rows)
