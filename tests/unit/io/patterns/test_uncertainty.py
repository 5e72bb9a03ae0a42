"""Uncertainties from the file, from counting, from the scatter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from porescope.io.patterns.uncertainty import scatter_ratio, sigma_of


def noisy(seed: int, scale: float = 1.0) -> np.ndarray:
    x = np.arange(3000)
    mean = 200.0 + 3000.0 * np.exp(-(((x - 1000) / 30.0) ** 2)) + 0.02 * x
    return scale * np.random.default_rng(seed).poisson(mean).astype(float)


@given(seed=st.integers(0, 50))
def test_counts_scatter_as_counts(seed: int) -> None:
    assert scatter_ratio(noisy(seed)) == pytest.approx(1.0, abs=0.1)


@given(seed=st.integers(0, 20), scale=st.floats(0.001, 1000.0))
def test_scaled_counts_get_their_scaled_uncertainty(seed: int, scale: float) -> None:
    # Background points, where the floor of the estimate does not act.
    counts = noisy(seed)
    expected = scale * np.sqrt(counts)
    sigma, _ = sigma_of(scale * counts + 1e-9)
    assert np.median(sigma / expected) == pytest.approx(1.0, abs=0.15)


def test_whole_numbers_that_are_no_counts_get_the_scatter() -> None:
    normalised = np.round(noisy(3, scale=0.01))
    _, notes = sigma_of(normalised * 100.0)
    assert "scatter" in notes[0]
    _, notes = sigma_of(noisy(3))
    assert "taken as counts" in notes[0]


def test_rates_with_a_time() -> None:
    sigma, _ = sigma_of(np.array([4.0, 9.0, 100.0]), unit="cps", counting_time=4.0)
    np.testing.assert_allclose(sigma, np.sqrt([16.0, 36.0, 400.0]) / 4.0)


def test_zero_counts_are_uncertain_by_one() -> None:
    sigma, _ = sigma_of(np.zeros(30), unit="counts")
    np.testing.assert_allclose(sigma, 1.0)


def test_missing_uncertainties_are_filled_from_the_others() -> None:
    counts = noisy(1)
    given_sigma = 2.0 * np.sqrt(counts)
    given_sigma[5] = 0.0
    given_sigma[7] = np.nan
    sigma, notes = sigma_of(counts, given=given_sigma)
    np.testing.assert_allclose(sigma, 2.0 * np.sqrt(counts), rtol=1e-6)
    assert "filled in from the others: 2" in notes[0]


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_always_positive_and_finite(values: list[float]) -> None:
    sigma, _ = sigma_of(np.array(values))
    assert np.all(sigma > 0)
    assert np.all(np.isfinite(sigma))
