import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters
from porescope.diffraction.indexing import forms
from porescope.diffraction.indexing.candidate import IndexingConfig, primitive_cell, rank_by_fit
from porescope.diffraction.indexing.index import index_d, index_peaks, index_two_theta
from porescope.diffraction.indexing.reduce import same_lattice
from porescope.diffraction.peaks import PeakList
from porescope.errors import ConfigError

WAVELENGTH = 1.5405929


def made_lines(
    system, centring, cell, *, n=24, seed=0, error_deg=0.01, zero_deg=0.0, missing=0.1, foreign=0
):
    """Angles of a cell with errors, a zero shift, missing and foreign lines."""
    rng = np.random.default_rng(seed)
    lattice = lattice_from_parameters(*map(float, cell))
    s, _ = forms.lines_of_form(
        forms.form_from_lattice(lattice),
        system=system,
        centring=forms.CENTRINGS.index(centring),
        s_max=0.6,
    )
    two_theta = np.rad2deg(2.0 * np.arcsin(np.sqrt(s) * WAVELENGTH / 2.0))
    two_theta = two_theta[np.concatenate([[True], np.diff(two_theta) > 0.05])]
    two_theta = two_theta[rng.random(len(two_theta)) >= missing][:n]
    two_theta = two_theta + rng.normal(0.0, error_deg, len(two_theta)) + zero_deg
    extra = rng.uniform(two_theta[0] + 1.0, two_theta[-1], foreign)
    return np.sort(np.concatenate([two_theta, extra])), primitive_cell(lattice, centring)


CASES = {
    "cubic": (forms.CUBIC, "F", (25.83, 25.83, 25.83, 90, 90, 90)),
    "tetragonal": (forms.TETRAGONAL, "I", (13.2, 13.2, 9.4, 90, 90, 90)),
    "hexagonal": (forms.HEXAGONAL, "P", (31.06, 31.06, 7.56, 90, 90, 120)),
    "rhombohedral": (forms.HEXAGONAL, "R", (25.93, 25.93, 6.79, 90, 90, 120)),
    "orthorhombic": (forms.ORTHORHOMBIC, "C", (13.6, 12.6, 18.4, 90, 90, 90)),
    "monoclinic": (forms.MONOCLINIC, "C", (14.67, 9.21, 7.35, 90, 107.4, 90)),
    "triclinic": (forms.TRICLINIC, "P", (6.91, 8.75, 9.0, 98.9, 102.4, 98.7)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_cell_comes_back_in_every_lattice_system(name):
    two_theta, truth = made_lines(*CASES[name])
    config = IndexingConfig(systems=(name,))
    first = index_two_theta(two_theta, wavelength=WAVELENGTH, config=config)[0]
    assert same_lattice(first.primitive_lattice, truth, length_tolerance=0.003)
    assert first.lattice_system == name
    assert first.status == "convincing"
    assert first.m_n > 10.0
    assert np.all(first.esds[:3] > 0.0)


def test_all_systems_searched_together_and_symmetry_recognised():
    two_theta, truth = made_lines(*CASES["cubic"], foreign=3)
    found = index_two_theta(two_theta, wavelength=WAVELENGTH)
    assert same_lattice(found[0].primitive_lattice, truth, length_tolerance=0.003)
    assert (found[0].lattice_system, found[0].centring) == ("cubic", "F")
    assert found[0].n_unindexed >= 2
    assert [c.evidence for c in found] == sorted((c.evidence for c in found), reverse=True)
    lattices = [c.primitive_lattice for c in found]
    assert not any(
        same_lattice(lattices[0], other, length_tolerance=0.003) for other in lattices[1:]
    )


def test_a_zero_shift_is_found_and_taken_off():
    two_theta, truth = made_lines(*CASES["tetragonal"], zero_deg=0.09, seed=4)
    config = IndexingConfig(systems=("tetragonal",))
    first = index_two_theta(two_theta, wavelength=WAVELENGTH, config=config)[0]
    assert same_lattice(first.primitive_lattice, truth, length_tolerance=0.003)
    assert first.zero_shift_deg == pytest.approx(0.09, abs=0.02)


def test_indexed_lines_reproduce_their_positions():
    two_theta, _ = made_lines(*CASES["monoclinic"], foreign=2, seed=2)
    config = IndexingConfig(systems=("monoclinic",))
    cell = index_two_theta(two_theta, wavelength=WAVELENGTH, config=config)[0]
    reciprocal = np.linalg.inv(cell.lattice).T
    sine = np.linalg.norm(cell.hkl @ reciprocal, axis=1) * WAVELENGTH / 2.0
    calculated = np.rad2deg(2.0 * np.arcsin(sine)) + cell.zero_shift_deg
    used = cell.indexed
    np.testing.assert_allclose(
        two_theta[used] - calculated[used], cell.residual_deg[used], atol=2e-3
    )
    assert np.all(np.isnan(cell.residual_deg[~used]))
    assert np.count_nonzero(used) == cell.n_indexed


def test_order_of_lines_and_repetition_change_nothing():
    two_theta, _ = made_lines(*CASES["tetragonal"])
    config = IndexingConfig(systems=("tetragonal",))
    first = index_two_theta(two_theta, wavelength=WAVELENGTH, config=config)
    second = index_two_theta(two_theta[::-1].copy(), wavelength=WAVELENGTH, config=config)
    assert [c.evidence for c in first] == [c.evidence for c in second]
    np.testing.assert_array_equal(first[0].parameters, second[0].parameters)


def test_spacings_do_as_well_as_angles():
    two_theta, truth = made_lines(*CASES["hexagonal"])
    d = WAVELENGTH / (2.0 * np.sin(np.deg2rad(two_theta) / 2.0))
    first = index_d(d, config=IndexingConfig(systems=("hexagonal",)))[0]
    assert same_lattice(first.primitive_lattice, truth, length_tolerance=0.005)
    assert first.zero_shift_deg == 0.0
    assert first.f_n == 0.0


@pytest.mark.parametrize(
    ("method", "name"), [("dichotomy", "tetragonal"), ("random", "monoclinic")]
)
def test_each_method_finds_cells_on_its_own(method, name):
    two_theta, truth = made_lines(*CASES[name], missing=0.2)
    config = IndexingConfig(systems=(name,), methods=(method,))
    rng = np.random.default_rng(11)
    first = index_two_theta(two_theta, wavelength=WAVELENGTH, config=config, rng=rng)[0]
    assert same_lattice(first.primitive_lattice, truth, length_tolerance=0.003)
    assert first.method == method


def test_weak_lines_are_the_first_suspects():
    two_theta, truth = made_lines(*CASES["rhombohedral"], n=14, missing=0.0)
    rng = np.random.default_rng(8)
    weak = rng.uniform(5.0, two_theta[-1], 14)
    peaks = PeakList(
        two_theta_deg=np.concatenate([two_theta, weak]),
        sigma_two_theta_deg=np.full(28, 0.005),
        area=np.concatenate([np.full(14, 100.0), np.full(14, 0.4)]),
        sigma_area=np.full(28, 0.1),
        height=np.full(28, 1.0),
        fwhm_deg=np.full(28, 0.1),
        wavelength=WAVELENGTH,
    )
    config = IndexingConfig(systems=("rhombohedral", "cubic"))
    first = index_peaks(peaks, config=config)[0]
    assert same_lattice(first.primitive_lattice, truth, length_tolerance=0.003)


def test_progress_is_told():
    two_theta, _ = made_lines(*CASES["cubic"])
    seen = []
    config = IndexingConfig(systems=("cubic",), methods=("trials",))
    index_two_theta(
        two_theta,
        wavelength=WAVELENGTH,
        config=config,
        progress=lambda share, text: seen.append((share, text)),
    )
    assert seen
    assert all(0.0 <= share <= 1.0 and text for share, text in seen)


@pytest.mark.parametrize(
    ("angles", "message"),
    [
        ([10.0, 12.0, 14.0], "at least"),
        ([10.0, np.nan, 14.0, 16.0, 18.0, 20.0], "positive"),
        ([10.0, 12.0, 14.0, 16.0, 18.0, 190.0], "180"),
    ],
)
def test_lists_that_say_nothing_are_refused(angles, message):
    with pytest.raises(ConfigError, match=message):
        index_two_theta(np.array(angles), wavelength=WAVELENGTH)


@pytest.mark.parametrize(
    "options", [{"systems": ()}, {"n_search": 3}, {"max_unindexed": 0.9}, {"sigma_deg": 0.0}]
)
def test_bad_options_fail(options):
    with pytest.raises(ConfigError):
        IndexingConfig(**options)


def test_a_fit_changes_the_order_but_not_for_a_trifle():
    two_theta, _ = made_lines(*CASES["tetragonal"])
    config = IndexingConfig(systems=("tetragonal",))
    found = index_two_theta(two_theta, wavelength=WAVELENGTH, config=config)[:3]
    same = rank_by_fit(found, np.array([0.050, 0.049, np.nan]))
    assert same[0].parameters is found[0].parameters
    assert same[0].rwp == pytest.approx(0.05)
    assert same[-1].rwp is None
    gap = found[0].evidence - found[1].evidence
    worse = 0.05 * 2.0 ** (gap / 10.0 + 1.0)
    other = rank_by_fit(found, np.array([worse, 0.05, np.nan]))
    assert other[0].parameters is found[1].parameters
