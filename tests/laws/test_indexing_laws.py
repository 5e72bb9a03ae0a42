"""What must hold for figures of merit and for any list of lines."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from porescope.diffraction.indexing import forms
from porescope.diffraction.indexing.candidate import IndexingConfig
from porescope.diffraction.indexing.index import index_two_theta
from porescope.diffraction.indexing.lines import lines_from_d, lines_from_two_theta, shifted
from porescope.diffraction.indexing.merit import figures_of_merit
from porescope.diffraction.indexing.settle import settle

CONFIG = IndexingConfig()


def case(seed):
    """Observed and calculated lines of a random orthorhombic cell."""
    rng = np.random.default_rng(seed)
    form = np.array([*rng.uniform(0.004, 0.02, 3), 0.0, 0.0, 0.0])
    calculated, _ = forms.lines_of_form(form, system=forms.ORTHORHOMBIC, centring=0, s_max=0.4)
    n = min(20, len(calculated))
    miss = rng.normal(0.0, 2e-5, n)
    return calculated[:n] + miss, miss, calculated


@given(seed=st.integers(0, 10_000), scale=st.floats(0.2, 5.0))
def test_the_unit_of_length_does_not_matter(seed, scale):
    s, miss, calculated = case(seed)
    all_in = np.ones(len(s), dtype=bool)
    nan = np.full(len(s), np.nan)
    one, _, n = figures_of_merit(s, miss, all_in, nan, calculated)
    other, _, _ = figures_of_merit(s * scale, miss * scale, all_in, nan, calculated * scale)
    assert n == min(20, len(s))
    assert np.isclose(one, other, rtol=1e-6)


@given(seed=st.integers(0, 10_000), factor=st.floats(1.1, 10.0), lost=st.integers(1, 5))
def test_larger_misfits_more_lines_and_foreign_lines_lower_the_figures(seed, factor, lost):
    s, miss, calculated = case(seed)
    all_in = np.ones(len(s), dtype=bool)
    angle = miss * 1e3
    m_1, f_1, _ = figures_of_merit(s, miss, all_in, angle, calculated)
    m_2, f_2, _ = figures_of_merit(s, factor * miss, all_in, factor * angle, calculated)
    assert m_2 < m_1
    assert f_2 < f_1
    denser = np.concatenate([calculated, 0.5 * (calculated[1:] + calculated[:-1])])
    assert figures_of_merit(s, miss, all_in, angle, denser)[0] < m_1
    # Foreign lines, at equal misfits of the others, cost their share.
    equal = np.full(len(s), 1e-5)
    some = all_in.copy()
    some[:lost] = False
    whole, _, _ = figures_of_merit(s, equal, all_in, angle, calculated)
    part, _, _ = figures_of_merit(s, equal, some, angle, calculated)
    assert np.isclose(part / whole, 1.0 - lost / len(s))


@given(
    two_theta=st.lists(st.floats(3.0, 80.0), min_size=5, max_size=20, unique=True),
    zero=st.floats(-0.1, 0.1),
)
def test_a_zero_shift_moves_every_angle_by_itself(two_theta, zero):
    angles = np.sort(np.array(two_theta))
    there = lines_from_two_theta(angles, wavelength=1.2, config=CONFIG)
    moved = lines_from_two_theta(angles - zero, wavelength=1.2, config=CONFIG)
    np.testing.assert_allclose(shifted(there, zero).s, moved.s, rtol=1e-9)


@given(seed=st.integers(0, 10_000), scale=st.floats(0.5, 3.0))
def test_the_evidence_does_not_depend_on_the_unit_of_length(seed, scale):
    s, _, _ = case(seed)
    d = 1.0 / np.sqrt(s)
    values = []
    for unit in (1.0, scale):
        lines = lines_from_d(d * unit, sigma_d=np.full(len(d), 1e-3) * unit, config=CONFIG)
        form = np.random.default_rng(seed).uniform(0.004, 0.02, 3) / unit**2
        cell = settle(
            lines, form, system=forms.ORTHORHOMBIC, centring=0, zero_deg=0.0, method="trials",
            config=CONFIG,
        )  # fmt: skip
        values.append(cell.evidence)
    assert np.isclose(*values, atol=1e-3)


@settings(max_examples=3)
@given(seed=st.integers(0, 10_000))
def test_random_lines_convince_nobody(seed):
    rng = np.random.default_rng(seed)
    s = 0.12 * np.sort(rng.random(25)) ** (2.0 / 3.0) + 0.002
    angles = np.rad2deg(2.0 * np.arcsin(np.sqrt(s) * 1.5406 / 2.0))
    config = IndexingConfig(
        systems=("cubic", "hexagonal", "rhombohedral", "tetragonal"),
        methods=("trials",),
        max_zero_deg=0.0,
    )
    found = index_two_theta(angles, wavelength=1.5406, config=config)
    assert all(cell.evidence < config.convincing for cell in found)
    assert all(cell.status != "convincing" for cell in found)
