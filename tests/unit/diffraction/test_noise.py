"""Noise, saturation, spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.diffraction.noise import estimate_noise, find_saturation, find_spikes
from porescope.diffraction.pattern import Pattern

X = np.arange(5.0, 65.0, 0.02)


def _counts(*, seed: int, level: float = 200.0) -> Pattern:
    true = level + 0.0 * X
    for centre in np.arange(7.0, 64.0, 4.1):
        true = true + 20.0 * level * np.exp(-0.5 * ((X - centre) / 0.05) ** 2)
    counts = np.random.default_rng(seed).poisson(true).astype(float)
    return Pattern(two_theta_deg=X, intensity=counts, sigma=np.sqrt(np.maximum(counts, 1.0)))


@pytest.mark.parametrize("level", [10.0, 200.0, 100_000.0])
def test_counts_agree_with_their_uncertainties(level: float) -> None:
    noise = estimate_noise(_counts(seed=1, level=level))
    assert noise.scale == pytest.approx(1.0, abs=0.15)
    assert noise.correlation_points == 1.0
    assert noise.sentences == ()


@pytest.mark.parametrize("factor", [0.01, 30.0])
def test_scaled_intensities_get_their_real_uncertainty(factor: float) -> None:
    pattern = _counts(seed=2)
    real = pattern.sigma * factor
    scaled = replace(
        pattern,
        intensity=pattern.intensity * factor,
        sigma=np.sqrt(np.maximum(pattern.intensity * factor, 1e-9)),
    )
    noise = estimate_noise(scaled)
    assert np.median(noise.sigma / real) == pytest.approx(1.0, abs=0.2)
    assert any("scatter" in sentence for sentence in noise.sentences)


def test_smoothing_is_noticed() -> None:
    pattern = _counts(seed=3)
    kernel = np.ones(5) / 5.0
    smooth = replace(pattern, intensity=np.convolve(pattern.intensity, kernel, mode="same"))
    noise = estimate_noise(smooth)
    assert noise.correlation_points > 2.0
    assert any("smoothed" in sentence for sentence in noise.sentences)


def test_spikes_are_found_and_peaks_are_not() -> None:
    pattern = _counts(seed=4)
    at = [400, 1_111, 2_500]
    intensity = pattern.intensity.copy()
    intensity[at] += 3_000.0
    spiked = replace(pattern, intensity=intensity, sigma=np.sqrt(np.maximum(intensity, 1.0)))
    assert np.flatnonzero(find_spikes(spiked)).tolist() == at
    assert not find_spikes(pattern).any()


def test_coarse_steps_do_not_turn_peaks_into_spikes() -> None:
    x = np.arange(5.0, 65.0, 0.1)
    true = 100.0 + sum(
        5_000.0 * np.exp(-0.5 * ((x - centre) / 0.03) ** 2) for centre in np.arange(6.0, 64.0, 2.3)
    )
    counts = np.random.default_rng(5).poisson(true).astype(float)
    pattern = Pattern(two_theta_deg=x, intensity=counts, sigma=np.sqrt(np.maximum(counts, 1.0)))
    assert find_spikes(pattern).sum() <= 3


def test_flat_tops_are_saturation() -> None:
    pattern = _counts(seed=6)
    clipped = replace(pattern, intensity=np.minimum(pattern.intensity, 3_000.0))
    mask = find_saturation(clipped)
    assert mask.any()
    assert np.all(clipped.intensity[mask] == 3_000.0)
    assert any("saturated" in sentence for sentence in estimate_noise(clipped).sentences)
    assert not find_saturation(pattern).any()


def test_noiseless_data_do_not_divide_by_zero() -> None:
    curve = 100.0 + X
    pattern = Pattern(two_theta_deg=X, intensity=curve, sigma=np.sqrt(curve))
    noise = estimate_noise(pattern)
    assert np.all(noise.sigma > 0.0)
    assert np.all(np.isfinite(noise.sigma))
