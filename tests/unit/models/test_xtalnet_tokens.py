"""Peaks of a profile as tokens."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import find_peaks

pytest.importorskip("torch")

from porescope.errors import ConfigError
from porescope.models.retrieval_xtalnet.tokens import tokens_of_profile


def _profiles(n: int, *, decimals: int | None = None) -> np.ndarray:
    rng = np.random.default_rng(4)
    x = np.arange(1351)
    made = np.zeros((n, 1351))
    for row in made:
        for _ in range(rng.integers(1, 60)):
            row += rng.random() ** 3 * np.exp(-(((x - rng.uniform(-5, 1355)) / 5.0) ** 2))
    # Rounded profiles have plateaus, and points that are as high as one another.
    return made if decimals is None else np.round(made, decimals)


@pytest.mark.parametrize("decimals", [None, 3, 1])
def test_the_same_peaks_as_scipy(decimals: int | None) -> None:
    profiles = 70.0 * _profiles(30, decimals=decimals) + 3.0
    tokens = tokens_of_profile(profiles)
    assert tokens.mask.sum() > 100
    for row, profile in enumerate(profiles):
        y = (profile - profile.min()) / profile.max()
        expected, facts = find_peaks(y, height=0.01, prominence=0.02)
        mask = tokens.mask[row]
        assert tokens.index[row, mask].tolist() == expected.tolist()
        np.testing.assert_allclose(tokens.height[row, mask], facts["peak_heights"], rtol=1e-6)


def test_thresholds_are_settings() -> None:
    profiles = _profiles(5)
    few = tokens_of_profile(profiles, least_prominence=0.3)
    many = tokens_of_profile(profiles, least_prominence=0.001, least_height=0.0)
    assert few.mask.sum() < tokens_of_profile(profiles).mask.sum() < many.mask.sum()


def test_flat_and_empty_profiles_have_no_tokens() -> None:
    flat = np.stack([np.zeros(1351), np.ones(1351), -_profiles(1)[0] - 1.0])
    assert tokens_of_profile(flat).mask.shape == (3, 0)
    assert tokens_of_profile(np.zeros((0, 1351))).mask.shape == (0, 0)


def test_what_is_not_finite_is_refused_by_row() -> None:
    profiles = _profiles(3)
    profiles[1, 7] = np.nan
    with pytest.raises(ConfigError, match="profile 1"):
        tokens_of_profile(profiles)
