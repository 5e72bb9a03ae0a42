"""What every comparison of patterns must obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from porescope.diffraction.compare import MEASURES, compare_peaks, compare_profiles, match_peaks

X = np.linspace(5.0, 45.0, 1_001)
PROFILES = [name for name, measure in MEASURES.items() if measure.kind == "profile"]
PEAKS = [name for name, measure in MEASURES.items() if measure.kind == "peaks"]
SEEDS = st.integers(0, 2**31)


def _peaks(seed: int, n_peaks: int = 15) -> np.ndarray:
    rng = np.random.default_rng(seed)
    position = np.sort(rng.uniform(7.0, 43.0, n_peaks))
    return np.column_stack([position, 10.0 ** rng.uniform(0.0, 2.0, n_peaks)])


def _profile(peaks: np.ndarray, *, shift: float = 0.0) -> np.ndarray:
    return np.sum([h * np.exp(-0.5 * ((X - c - shift) / 0.08) ** 2) for c, h in peaks], axis=0)


def _likeness(name: str, value: float) -> float:
    """The value, turned so that more is more alike."""
    return value if MEASURES[name].better == "higher" else -value


@pytest.mark.parametrize("name", PROFILES)
@given(seed=SEEDS, scale=st.floats(1e-3, 1e3))
def test_profile_is_identical_to_itself_at_any_scale(name: str, seed: int, scale: float) -> None:
    profile = _profile(_peaks(seed))
    value = compare_profiles(name, profile, scale * profile, two_theta_deg=X)
    assert value == pytest.approx(MEASURES[name].identical, abs=1e-6)


@pytest.mark.parametrize("name", PROFILES)
@given(one=SEEDS, other=SEEDS)
def test_profile_bounds_and_symmetry(name: str, one: int, other: int) -> None:
    first, second = _profile(_peaks(one)), _profile(_peaks(other))
    value = compare_profiles(name, first, second, two_theta_deg=X)
    low = -1.0 if name == "pearson" else 0.0
    high = {"transport": 40.0, "rp": 2.0}.get(name, 1.0)
    assert low <= value <= high + 1e-12
    assert _likeness(name, value) <= _likeness(name, MEASURES[name].identical) + 1e-9
    if MEASURES[name].symmetric:
        back = compare_profiles(name, second, first, two_theta_deg=X)
        assert back == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("name", PROFILES)
@given(seed=SEEDS)
def test_profile_feels_a_shift(name: str, seed: int) -> None:
    peaks = _peaks(seed, n_peaks=4)
    profile = _profile(peaks)
    values = [
        _likeness(name, compare_profiles(name, profile, _profile(peaks, shift=s), two_theta_deg=X))
        for s in (0.0, 0.04, 0.12)
    ]
    assert values[0] > values[1] > values[2]


@pytest.mark.parametrize("name", PROFILES)
def test_random_profile_is_worse_than_a_disturbed_one(name: str) -> None:
    for seed in range(10):
        peaks = _peaks(seed)
        changed = peaks.copy()
        changed[:, 1] *= np.random.default_rng(seed).uniform(0.6, 1.4, len(peaks))
        profile = _profile(peaks)
        like = compare_profiles(name, profile, _profile(changed, shift=0.02), two_theta_deg=X)
        other = compare_profiles(name, profile, _profile(_peaks(seed + 999)), two_theta_deg=X)
        assert _likeness(name, like) > _likeness(name, other)


@pytest.mark.parametrize("name", PEAKS)
@given(seed=SEEDS, scale=st.floats(1e-3, 1e3))
def test_peaks_are_identical_to_themselves(name: str, seed: int, scale: float) -> None:
    peaks = _peaks(seed)
    order = np.random.default_rng(seed).permutation(len(peaks))
    other = peaks[order] * np.array([1.0, scale])
    assert compare_peaks(name, peaks, other) == pytest.approx(MEASURES[name].identical)


@pytest.mark.parametrize("name", PEAKS)
@given(one=SEEDS, other=SEEDS, tolerance=st.floats(0.0, 2.0))
def test_peaks_bounds_symmetry_and_tolerance(
    name: str, one: int, other: int, tolerance: float
) -> None:
    first, second = _peaks(one), _peaks(other, n_peaks=11)
    value = compare_peaks(name, first, second, tolerance=tolerance)
    assert 0.0 <= value <= 1.0
    assert compare_peaks(name, second, first, tolerance=tolerance) == pytest.approx(value)
    if name != "matched_intensity":  # more pairs need not be the stronger ones
        assert compare_peaks(name, first, second, tolerance=2.0 * tolerance) >= value - 1e-12


@given(seed=SEEDS)
def test_random_lists_fail_the_main_peak_rule(seed: int) -> None:
    assert compare_peaks("main_peaks", _peaks(seed), _peaks(seed + 1)) < 0.8


@given(seed=SEEDS, tolerance=st.floats(0.0, 1.0))
def test_pairs_are_one_to_one_and_within_tolerance(seed: int, tolerance: float) -> None:
    first, second = _peaks(seed)[:, 0], _peaks(seed + 1, n_peaks=20)[:, 0]
    pairs = match_peaks(first, second, tolerance=tolerance)
    assert len(set(pairs.first.tolist())) == pairs.n_pairs
    assert len(set(pairs.second.tolist())) == pairs.n_pairs
    assert np.all(np.abs(pairs.distance) <= tolerance * (1.0 + 1e-9))
