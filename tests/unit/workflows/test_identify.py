"""Groups keep their probability; evidence behaves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from porescope.diffraction.peaks import PeakList
from porescope.workflows.evidence import (
    CANDIDATE_FEATURES,
    NONE_FEATURES,
    Evidence,
    candidate_features,
    explained_shares,
    none_features,
    profile_cosine,
)
from porescope.workflows.identify import tempered
from porescope.workflows.shortlist import _rank_within


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=12), st.integers(1, 4))
def test_tempering_keeps_group_totals_and_order(values: list[float], n_groups: int) -> None:
    p = np.array(values) / sum(values)
    groups = np.arange(len(p)) % n_groups
    even = tempered(p, groups=groups)
    assert even.sum() == pytest.approx(1.0)
    for group in range(n_groups):
        inside = groups == group
        assert even[inside].sum() == pytest.approx(p[inside].sum())
        np.testing.assert_array_equal(np.argsort(even[inside]), np.argsort(p[inside]))
        if inside.any():
            assert even[inside].max() <= p[inside].max() + 1e-12


def _peaks(positions: list[float], areas: list[float]) -> PeakList:
    ones = np.ones(len(positions))
    return PeakList(
        two_theta_deg=np.array(positions),
        sigma_two_theta_deg=0.01 * ones,
        area=np.array(areas),
        sigma_area=ones,
        height=np.array(areas),
        fwhm_deg=0.1 * ones,
        wavelength=1.5406,
    )


def test_explained_shares_of_a_perfect_match_and_of_a_stranger() -> None:
    peaks = _peaks([10.0, 20.0, 30.0], [100.0, 50.0, 25.0])
    same = explained_shares(
        peaks,
        two_theta_deg=np.array([10.01, 19.99, 30.0]),
        intensity=np.array([4.0, 2.0, 1.0]),
        two_theta_range_deg=(5.0, 40.0),
    )
    assert same[:3] == pytest.approx((1.0, 1.0, 1.0))
    other = explained_shares(
        peaks,
        two_theta_deg=np.array([13.0, 23.0]),
        intensity=np.array([1.0, 1.0]),
        two_theta_range_deg=(5.0, 40.0),
    )
    assert other[:3] == (0.0, 0.0, 0.0)
    half = explained_shares(
        peaks,
        two_theta_deg=np.array([10.0, 35.0]),
        intensity=np.array([1.0, 1.0]),
        two_theta_range_deg=(5.0, 40.0),
    )
    assert half[0] == pytest.approx(100.0 / 175.0)
    assert half[1] == pytest.approx(1.0 / 3.0)
    assert half[2] == pytest.approx(0.5)


def test_profile_cosine_is_one_for_proportional_profiles() -> None:
    profile = np.array([0.0, 1.0, 4.0, 1.0])
    assert profile_cosine(profile, 3.0 * profile) == pytest.approx(1.0)
    assert profile_cosine(profile, profile[::-1].copy()) < 1.0


def test_features_have_one_column_for_each_name() -> None:
    evidence = Evidence(
        cosine=0.9,
        rwp_fixed=0.3,
        rwp_le_bail=0.1,
        explained=0.9,
        explained_count=0.8,
        predicted=0.7,
        strain=(0.0, 0.001, -0.001),
        profile_cosine=0.95,
        lines_per_peak=3.0,
        zero_deg=0.05,
        rexp=0.05,
    )
    features = candidate_features([evidence, evidence], n_peaks=20, chance_score=0.7)
    assert features.shape == (2, len(CANDIDATE_FEATURES))
    assert np.isfinite(features).all()
    assert none_features(n_peaks=20, chance_score=0.7).shape == (len(NONE_FEATURES),)


def test_rank_within_counts_earlier_equals() -> None:
    np.testing.assert_array_equal(_rank_within(np.array([5, 3, 5, 5, 3])), [0, 0, 1, 2, 1])
