import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters, reciprocal_lattice
from porescope.diffraction.indexing import forms

CELLS = {
    forms.CUBIC: (10.0, 10.0, 10.0, 90.0, 90.0, 90.0),
    forms.TETRAGONAL: (8.0, 8.0, 13.0, 90.0, 90.0, 90.0),
    forms.HEXAGONAL: (9.0, 9.0, 14.0, 90.0, 90.0, 120.0),
    forms.ORTHORHOMBIC: (6.0, 9.0, 13.0, 90.0, 90.0, 90.0),
    forms.MONOCLINIC: (7.0, 12.0, 9.0, 90.0, 104.0, 90.0),
    forms.TRICLINIC: (7.0, 8.0, 9.0, 81.0, 97.0, 106.0),
}


def all_lines(lattice, s_max):
    """Every reciprocal lattice vector up to s_max, by brute force."""
    r = np.arange(-12, 13)
    hkl = np.array(np.meshgrid(r, r, r, indexing="ij")).reshape(3, -1).T
    s = np.sum((hkl @ reciprocal_lattice(lattice)) ** 2, axis=1)
    keep = (s > 1e-12) & (s <= s_max)
    return s[keep], hkl[keep]


def distinct(s):
    s = np.sort(s)
    return s[np.concatenate([[True], np.diff(s) > 1e-9])]


@pytest.mark.parametrize(
    ("system", "centring"), [(s, c) for s, all_ in forms.BRAVAIS.items() for c in all_]
)
def test_lines_are_those_of_the_lattice(system, centring):
    lattice = lattice_from_parameters(*CELLS[system])
    s, hkl = all_lines(lattice, 0.3)
    h, k, l = hkl.T
    rule = {
        forms.PRIMITIVE: np.ones(len(s), dtype=bool),
        forms.A_FACE: (k + l) % 2 == 0,
        forms.B_FACE: (h + l) % 2 == 0,
        forms.C_FACE: (h + k) % 2 == 0,
        forms.BODY: (h + k + l) % 2 == 0,
        forms.FACE: (h % 2 == k % 2) & (k % 2 == l % 2),
        forms.RHOMBOHEDRAL: (-h + k + l) % 3 == 0,
    }[centring]
    found, _ = forms.lines_of_form(
        forms.form_from_lattice(lattice), system=system, centring=centring, s_max=0.3
    )
    np.testing.assert_allclose(distinct(found), distinct(s[rule]), rtol=1e-9)


@pytest.mark.parametrize("system", CELLS)
def test_form_and_lattice_undo_each_other(system):
    lattice = lattice_from_parameters(*CELLS[system])
    form = forms.form_from_lattice(lattice)
    parameters = forms.parameters_from_form(form, system=system)
    assert len(parameters) == forms.N_PARAMETERS[system]
    again = forms.form_from_parameters(parameters, system=system)
    np.testing.assert_allclose(again, form, atol=1e-12)
    back = forms.lattice_from_form(again)
    np.testing.assert_allclose(back @ back.T, lattice @ lattice.T, rtol=1e-9, atol=1e-9)


def test_a_form_that_is_no_lattice_is_refused():
    with pytest.raises(ValueError, match="not that of a lattice"):
        forms.lattice_from_form(np.array([0.01, 0.01, 0.01, 0.0, 0.0, 0.05]))
