import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters, parameters_from_lattice
from porescope.diffraction.indexing import forms
from porescope.diffraction.indexing.candidate import primitive_cell
from porescope.diffraction.indexing.reduce import (
    conventional_forms,
    derivative_index,
    same_lattice,
    tidy_monoclinic,
)

TRICLINIC = lattice_from_parameters(7.0, 8.0, 9.0, 81.0, 97.0, 106.0)
ROTATION = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]


@pytest.mark.parametrize(
    "change", [[[1, 1, 0], [0, 1, 0], [0, 0, 1]], [[2, 1, 0], [1, 1, 0], [3, -1, 1]]]
)
def test_the_choice_of_cell_and_orientation_does_not_matter(change):
    assert same_lattice(np.array(change) @ TRICLINIC @ ROTATION, TRICLINIC)


def test_other_lattices_are_told_apart():
    assert not same_lattice(TRICLINIC * 1.02, TRICLINIC)
    assert not same_lattice(TRICLINIC @ np.diag([1.0, 1.0, 1.03]), TRICLINIC)
    assert same_lattice(TRICLINIC * 1.004, TRICLINIC)


@pytest.mark.parametrize("index", [2, 3, 4])
def test_superlattices_are_recognised(index):
    larger = np.diag([1, index, 1]) @ np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]]) @ TRICLINIC
    assert derivative_index(larger @ ROTATION, TRICLINIC) == index
    assert derivative_index(TRICLINIC, larger) == index


def test_no_superlattice_where_there_is_none():
    assert derivative_index(TRICLINIC @ np.diag([1.0, 1.1, 1.8]), TRICLINIC) == 0


@pytest.mark.parametrize(
    ("centring", "cell", "system"),
    [
        ("F", (25.8, 25.8, 25.8, 90, 90, 90), forms.CUBIC),
        ("I", (17.0, 17.0, 17.0, 90, 90, 90), forms.CUBIC),
        ("R", (25.9, 25.9, 6.8, 90, 90, 120), forms.HEXAGONAL),
        ("I", (9.0, 9.0, 14.0, 90, 90, 90), forms.TETRAGONAL),
        ("C", (9.2, 11.0, 14.3, 90, 90, 90), forms.ORTHORHOMBIC),
        ("F", (9.2, 11.0, 14.3, 90, 90, 90), forms.ORTHORHOMBIC),
        ("C", (12.2, 6.5, 8.8, 90, 101.7, 90), forms.MONOCLINIC),
        ("P", (7.0, 8.0, 9.0, 81, 97, 106), forms.TRICLINIC),
    ],
)
def test_the_bravais_lattice_comes_back_from_a_primitive_cell(centring, cell, system):
    lattice = lattice_from_parameters(*map(float, cell))
    primitive = np.array([[1, 1, 0], [0, 1, 0], [0, 2, 1]]) @ primitive_cell(lattice, centring)
    found_system, found_centring, form = conventional_forms(primitive @ ROTATION)[0]
    assert found_system == system
    assert forms.CENTRINGS[found_centring] in ("C", "I", "A") or (
        forms.CENTRINGS[found_centring] == centring
    )
    back = forms.lattice_from_form(form)
    assert np.isclose(abs(np.linalg.det(back)), abs(np.linalg.det(lattice)), rtol=1e-6)
    assert same_lattice(primitive_cell(back, forms.CENTRINGS[found_centring]), primitive)


@pytest.mark.parametrize("centring", [forms.PRIMITIVE, forms.A_FACE, forms.C_FACE, forms.BODY])
def test_tidy_monoclinic_keeps_the_lattice(centring):
    lattice = lattice_from_parameters(9.0, 7.0, 23.0, 90.0, 131.0, 90.0)
    cell, kind = tidy_monoclinic(lattice, centring)
    old = primitive_cell(lattice, forms.CENTRINGS[centring])
    assert same_lattice(primitive_cell(cell, forms.CENTRINGS[kind]), old)
    parameters = parameters_from_lattice(cell)
    assert 90.0 <= parameters[4] <= 120.0
    np.testing.assert_allclose(parameters[[3, 5]], 90.0)
    assert kind != forms.A_FACE
