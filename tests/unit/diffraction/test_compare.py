"""The registry of comparisons, and numbers worked out by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from porescope.diffraction.compare import (
    MEASURES,
    compare_peaks,
    compare_profiles,
    main_peak_match,
    match_peaks,
    measure_of,
    rp,
    rwp,
    transport_distance,
    triangle_correlation,
)
from porescope.errors import ConfigError

X = np.linspace(5.0, 40.0, 1_751)


def _line(centre: float, width: float = 0.1) -> np.ndarray:
    return np.exp(-0.5 * ((X - centre) / width) ** 2)


def test_matching_takes_as_many_pairs_as_there_are() -> None:
    # the closest pair (1.1, 1.0) would leave 0.9 and 1.3 alone
    pairs = match_peaks(np.array([0.9, 1.1]), np.array([1.0, 1.3]), tolerance=0.2)
    assert pairs.first.tolist() == [0, 1]
    assert pairs.second.tolist() == [0, 1]
    assert pairs.distance == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize("seed", range(8))
def test_matching_is_the_best_of_all_pairings(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.uniform(0.0, 2.0, 5), rng.uniform(0.0, 2.0, 5)
    best = (0, 0.0)
    for order in permutations(range(5)):
        close = [abs(first[i] - second[j]) for i, j in enumerate(order)]
        kept = [d for d in close if d <= 0.3]
        best = max(best, (len(kept), -sum(kept)))
    pairs = match_peaks(first, second, tolerance=0.3)
    assert pairs.n_pairs == best[0]
    assert np.sum(np.abs(pairs.distance)) == pytest.approx(-best[1])


def test_main_peak_rule() -> None:
    position = np.arange(10.0, 34.0, 2.0)
    strength = np.linspace(1.0, 100.0, 12)
    first = np.column_stack([position, strength])
    assert main_peak_match(first, first) == 1.0
    shifted = first + np.array([0.19, 0.0])
    assert main_peak_match(first, shifted) == 1.0
    # eleven of twelve peaks moved out of reach: nine of the ten main ones are lost
    moved = first.copy()
    moved[:-1, 0] += 0.5
    assert main_peak_match(first, moved) == pytest.approx(0.1)
    # one peak of the other list serves only one main peak
    pair = np.array([[10.0, 1.0], [10.1, 1.0]])
    assert main_peak_match(pair, pair[:1]) == pytest.approx(0.5)
    # a tiny peak at the right place is no main peak
    faint = first.copy()
    faint[:, 1] = 1.0
    faint[0, 1] = 1e4
    assert main_peak_match(first, faint) < 0.2
    assert main_peak_match(first, np.empty((0, 2))) == 0.0


def test_residuals_by_hand() -> None:
    observed, calculated = np.array([1.0, 2.0, 1.0]), np.array([1.0, 1.0, 1.0])
    grid = np.array([1.0, 2.0, 3.0])
    # s = 4/3: |1−4/3| + |2−4/3| + |1−4/3| = 4/3 over 4
    assert rp(observed, calculated, two_theta_deg=grid) == pytest.approx(1.0 / 3.0)
    one = np.ones(3)
    expected = np.sqrt((1 / 9 + 4 / 9 + 1 / 9) / 6.0)
    assert rwp(observed, calculated, two_theta_deg=grid, sigma=one) == pytest.approx(expected)


def test_transport_is_the_shift() -> None:
    moved = transport_distance(_line(20.0), _line(21.5), two_theta_deg=X)
    assert moved == pytest.approx(1.5, abs=1e-3)
    assert transport_distance(_line(20.0), np.zeros_like(X), two_theta_deg=X) == pytest.approx(35.0)


def test_triangle_forgives_small_shifts() -> None:
    near = triangle_correlation(_line(20.0), _line(20.2), two_theta_deg=X)
    plain = compare_profiles("cosine", _line(20.0), _line(20.2), two_theta_deg=X)
    far = triangle_correlation(_line(20.0), _line(22.0), two_theta_deg=X)
    assert near > 0.6 > plain
    assert far < 1e-6


def test_registry_names_itself_and_refuses_what_does_not_fit() -> None:
    assert all(name == measure.name for name, measure in MEASURES.items())
    with pytest.raises(ConfigError, match="cosine"):
        measure_of("taste")
    with pytest.raises(ConfigError, match="compare_peaks"):
        compare_profiles("main_peaks", _line(20.0), _line(20.0), two_theta_deg=X)
    with pytest.raises(ConfigError, match="compare_profiles"):
        compare_peaks("cosine", np.ones((1, 2)), np.ones((1, 2)))
    with pytest.raises(ConfigError, match="increasing"):
        compare_profiles("cosine", X, X, two_theta_deg=X[::-1])
    with pytest.raises(ConfigError, match="negative"):
        match_peaks(X, X, tolerance=-1.0)
    with pytest.raises(ConfigError, match="positive"):
        triangle_correlation(X, X, two_theta_deg=X, half_base_deg=0.0)
