"""Finding symmetry, making it exact, standard cells."""

from dataclasses import replace

import numpy as np
import pytest
from crystals import quartz, rock_salt

from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import crystal_from_asymmetric_unit
from porescope.crystal.symmetry import find_symmetry, standardise, symmetrised
from porescope.crystal.transform import change_of_basis, orbits_under, primitive_cell, supercell
from porescope.errors import ConfigError


@pytest.mark.parametrize(("make", "number", "n_sites"), [(rock_salt, 225, 2), (quartz, 154, 2)])
def test_symmetry_comes_back(make, number, n_sites):
    found = find_symmetry(make().without_symmetry())
    assert found.space_group.number == number
    assert found.space_group.symbol == make().space_group.symbol
    assert found.asymmetric_unit().n_sites == n_sites
    assert np.array_equal(found.frac, make().frac)


def test_the_primitive_cell_keeps_its_own_operations():
    crystal = primitive_cell(rock_salt())
    assert crystal.n_atoms == 2
    assert crystal.space_group.n_ops == 48
    assert crystal.space_group.number == 225
    again = find_symmetry(crystal.without_symmetry())
    assert (again.space_group.number, again.space_group.n_ops) == (225, 48)


def test_noise_is_removed_on_demand():
    rng = np.random.default_rng(1)
    exact = quartz()
    noisy = exact.with_lattice(exact.lattice + rng.normal(0, 5e-4, (3, 3)))
    noisy = change_of_basis(noisy.without_symmetry(), transform=np.eye(3))
    moved = noisy.frac + rng.normal(0, 3e-4, noisy.frac.shape)
    found = find_symmetry(replace(noisy, frac=moved), symprec=0.05, symmetrise=True)
    assert found.space_group.number == 154
    assert find_symmetry(found, symprec=1e-6).space_group.number == 154
    assert found.frac == pytest.approx(exact.frac, abs=1e-3)
    assert symmetrised(found).frac == pytest.approx(found.frac, abs=1e-9)


def test_no_symmetry_is_p1():
    rng = np.random.default_rng(2)
    crystal = crystal_from_asymmetric_unit(
        lattice=np.diag([7.0, 8.0, 9.0]) + rng.normal(0, 0.3, (3, 3)),
        frac=rng.random((7, 3)),
        numbers=np.array([6, 6, 7, 8, 8, 30, 1]),
    )
    assert find_symmetry(crystal).space_group.n_ops == 1
    assert standardise(crystal).n_atoms == 7


def test_standard_cells():
    awkward = change_of_basis(
        rock_salt(), transform=np.array([[1.0, 1, 0], [0, 1, 1], [0, 1, 2]])
    ).without_symmetry()
    standard = standardise(awkward)
    assert standard.space_group.symbol == "F m -3 m"
    assert standard.lattice == pytest.approx(np.eye(3) * 5.6402, abs=1e-6)
    assert standardise(awkward, primitive=True).n_atoms == 2


def test_occupancies_and_isotopes_break_symmetry():
    crystal = rock_salt().without_symmetry()
    occupancy = np.ones(8)
    occupancy[0] = 0.5
    assert find_symmetry(replace(crystal, occupancy=occupancy)).space_group.number == 221


def test_supercells_of_high_symmetry_keep_what_survives():
    crystal = supercell(rock_salt(), repeats=(2, 1, 1))
    assert crystal.n_atoms == 16
    assert crystal.space_group.n_ops == 128
    # Rock salt keeps all its symmetry, but this cell shows only the tetragonal part of it.
    assert crystal.space_group.number == 139


def test_vectors_that_are_no_translations_are_refused():
    with pytest.raises(ConfigError, match="translations"):
        change_of_basis(quartz(), transform=np.diag([0.5, 1.0, 1.0]))
    with pytest.raises(ConfigError, match="positive"):
        supercell(quartz(), repeats=(0, 1, 1))


def test_operations_that_do_not_fit_the_atoms_are_refused():
    with pytest.raises(ConfigError, match="operations"):
        orbits_under(quartz(), space_group=rock_salt().space_group)


@pytest.mark.parametrize("copies", [(2, 1, 1), (1, 1, 3)])
def test_making_symmetry_exact_leaves_a_supercell_of_high_symmetry_alone(copies):
    # the threefold axes of the cube are lost, and with them atoms cease to be equivalent
    cube = crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 9.0,
        frac=np.array([[0.0, 0.0, 0.0], [0.13, 0.27, 0.41]]),
        numbers=np.array([26, 16]),
        space_group=space_group_from_symbol("P a -3"),
    )
    whole = supercell(cube.without_symmetry(), repeats=copies)
    found = find_symmetry(whole, symmetrise=True)
    assert found.space_group.n_ops > 1
    moved = found.frac - whole.frac
    assert np.abs(moved - np.rint(moved)).max() < 1e-9
    assert np.allclose(found.lattice, whole.lattice)
