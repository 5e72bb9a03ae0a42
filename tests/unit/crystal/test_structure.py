"""Crystals: expansion, formula, density, asymmetric unit."""

from dataclasses import replace

import numpy as np
import pytest
from crystals import quartz, rock_salt

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import crystal_from_asymmetric_unit


def test_rock_salt():
    crystal = rock_salt()
    assert crystal.n_atoms == 8
    assert crystal.formula == "ClNa"
    assert crystal.elements == ("Cl", "Na")
    assert crystal.density == pytest.approx(2.163, abs=0.002)
    unit = crystal.asymmetric_unit()
    assert unit.multiplicity.tolist() == [4, 4]
    assert unit.numbers.tolist() == [11, 17]


def test_quartz_density():
    assert quartz().formula == "O2Si"
    assert quartz().n_atoms == 9
    assert quartz().density == pytest.approx(2.648, abs=0.003)


def test_hill_order_puts_carbon_and_hydrogen_first():
    crystal = crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 9.0,
        frac=np.linspace(0, 0.8, 9).reshape(-1, 1) * np.ones(3),
        numbers=np.array([30, 30, 8, 8, 6, 6, 1, 1, 35]),
    )
    assert crystal.formula == "C2H2BrO2Zn2"


def test_partial_occupancies_in_the_formula():
    crystal = replace(rock_salt(), occupancy=np.array([0.5] * 4 + [1.0] * 4))
    assert crystal.formula == "Cl2Na"


def test_a_site_a_little_off_its_special_position_has_the_right_multiplicity():
    crystal = crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(18.0, 18.0, 7.0, 90.0, 90.0, 120.0),
        frac=np.array([[0.333, 0.667, 0.251]]),
        numbers=np.array([14]),
        space_group=space_group_from_symbol("P 63/m m c"),
    )
    assert crystal.n_atoms == 2
    assert crystal.frac[0] == pytest.approx([1 / 3, 2 / 3, 0.25])


def test_displacement_tensors_turn_with_the_atoms():
    tensor = np.diag([0.01, 0.02, 0.03])
    crystal = crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 10.0,
        frac=np.array([[0.1, 0.2, 0.3]]),
        numbers=np.array([8]),
        space_group=space_group_from_symbol("P 2 3"),
        u_aniso=tensor[None],
    )
    assert crystal.u_aniso is not None
    place = crystal.frac.tolist().index([0.3, 0.1, 0.2])
    assert np.diag(crystal.u_aniso[place]) == pytest.approx([0.03, 0.01, 0.02])


def test_with_lattice_keeps_the_rest():
    crystal = quartz().with_lattice(quartz().lattice * 1.1)
    assert crystal.volume == pytest.approx(quartz().volume * 1.331)
    assert crystal.labels == quartz().labels


def test_supercell():
    crystal = quartz().supercell((2, 1, 3))
    assert crystal.n_atoms == 54
    assert crystal.density == pytest.approx(quartz().density)
