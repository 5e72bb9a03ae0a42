"""Cells that other programs and single crystals gave for McMaille's test cases.

The inputs are A. Le Bail's (Powder Diffraction 19, 249 (2004), 10.1154/1.1763152); the cells are
those of McMaille's result files, with the centring of the known structures.
"""

import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters
from porescope.diffraction.indexing.candidate import primitive_cell
from porescope.diffraction.indexing.index import index_two_theta
from porescope.diffraction.indexing.reduce import same_lattice

CASES = {
    "y2o3b": ("I", 10.5983, 10.5983, 10.5983, 90, 90, 90),
    "test1b": ("P", 10.0270, 11.0284, 3.4202, 90, 90, 90),
    "test7b": ("F", 23.9536, 23.9536, 23.9536, 90, 90, 90),
}
SLOW = {
    "Al2O3b": ("R", 4.7592, 4.7592, 12.9946, 90, 90, 120),
    "test3b": ("C", 9.2353, 11.0318, 11.3348, 90, 90, 90),
    "cimb": ("P", 10.6968, 18.8160, 6.8231, 90, 111.285, 90),
    "dicvol1b": ("P", 13.3923, 13.8091, 14.0481, 90, 91.540, 90),
    "nacb": ("I", 10.2532, 10.2532, 10.2532, 90, 90, 90),
    "test2b": ("P", 11.1890, 11.1890, 9.4805, 90, 90, 90),
    "test4b": ("P", 9.1896, 12.4755, 6.2427, 90, 106.927, 90),
    "test5b": ("C", 10.2228, 6.4965, 8.8060, 90, 94.695, 90),
    "test6b": ("P", 5.1166, 8.0095, 7.0357, 120.565, 73.946, 66.830),
    "test8b": ("P", 5.0702, 5.8567, 5.0306, 90, 91.503, 90),
    "test9b": ("P", 8.7901, 7.0834, 18.8632, 71.059, 62.862, 85.905),
}


def positions_of(path):
    """Wavelength and angles of a McMaille "black box" input, which has no search ranges."""
    rows = [r for r in path.read_text(errors="replace").splitlines() if not r.startswith("!")]
    wavelength = float(rows[1].split()[0])
    angles = [float(r.split()[0].replace(",", ".")) for r in rows[2:] if len(r.split()) >= 2]
    return wavelength, np.array(angles)


def check(folder, name, cell):
    wavelength, angles = positions_of(folder / "reference" / "indexing" / f"{name}.dat")
    first = index_two_theta(angles, wavelength=wavelength)[0]
    truth = primitive_cell(lattice_from_parameters(*map(float, cell[1:])), cell[0])
    assert same_lattice(first.primitive_lattice, truth)
    assert first.status == "convincing"


@pytest.mark.shared
@pytest.mark.parametrize("name", CASES)
def test_the_published_cell_comes_first(shared_data, name):
    check(shared_data, name, CASES[name])


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", SLOW)
def test_the_published_cell_comes_first_in_the_other_cases(shared_data, name):
    check(shared_data, name, SLOW[name])


# Two entries of the JCPDS quality tables in the papers that define the figures do not print their
# line lists; a cell of NaCl with its lines rounded to 0.01° does the same service.
def test_figures_of_merit_of_a_textbook_case():
    a, wavelength = 5.6402, 1.5405929
    sums = np.array([3, 4, 8, 11, 12, 16, 19, 20, 24, 27])
    angles = np.round(np.rad2deg(2 * np.arcsin(wavelength * np.sqrt(sums) / (2 * a))), 2)
    first = index_two_theta(angles, wavelength=wavelength)[0]
    assert (first.lattice_system, first.centring) == ("cubic", "F")
    assert first.parameters[0] == pytest.approx(a, abs=0.003)
    assert first.n_calculated == 10
    error = np.abs(first.residual_deg)
    assert first.f_n == pytest.approx(10 / (10 * np.mean(error)), rel=1e-6)
    assert first.m_n > 100.0
