"""The background follows what is smooth and leaves peaks alone."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.diffraction.background import estimate_background, refine_background
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError

X = np.arange(3.0, 60.0, 0.02)


def _smooth(*, hump: float) -> np.ndarray:
    air = 900.0 * np.exp(-(X - 3.0) / 2.0)
    return 200.0 + air + hump * np.exp(-0.5 * ((X - 22.0) / 5.0) ** 2)


def _peaks(*, fwhm: float) -> np.ndarray:
    total = np.zeros_like(X)
    for centre, height in ((5.1, 30_000.0), (8.3, 4_000.0), (14.6, 9_000.0), (25.0, 800.0)):
        total += height / (1.0 + ((X - centre) / (0.5 * fwhm)) ** 2) ** 2
    return total


def _pattern(true: np.ndarray, *, seed: int) -> Pattern:
    counts = np.random.default_rng(seed).poisson(true).astype(float)
    return Pattern(
        two_theta_deg=X,
        intensity=counts,
        sigma=np.sqrt(np.maximum(counts, 1.0)),
        radiation=Radiation(wavelengths=(1.5406,)),
    )


@pytest.mark.parametrize("fwhm", [0.08, 0.4])
@pytest.mark.parametrize("hump", [0.0, 200.0])
def test_arpls_stays_under_strong_low_angle_peaks(fwhm: float, hump: float) -> None:
    base = _smooth(hump=hump)
    found = estimate_background(_pattern(base + _peaks(fwhm=fwhm), seed=1))
    # away from the steep start, where a first estimate without known peaks may cut a corner
    inside = X > 7.0
    # 8 %: the tails of a peak of 30 000 counts still hold tens of counts degrees away
    assert np.max(np.abs(found - base)[inside] / base[inside]) < 0.08


@pytest.mark.parametrize("method", ["arpls", "snip"])
def test_pure_background_is_found(method: str) -> None:
    base = _smooth(hump=100.0)
    found = estimate_background(_pattern(base, seed=2), method=method)  # type: ignore[arg-type]
    assert np.median(np.abs(found - base) / base) < 0.03


def test_none_is_zero_and_bad_flexibility_is_refused() -> None:
    pattern = _pattern(_smooth(hump=0.0), seed=3)
    assert not estimate_background(pattern, method="none").any()
    with pytest.raises(ConfigError, match="positive"):
        estimate_background(pattern, flexibility=0.0)


def test_scale_goes_through() -> None:
    pattern = _pattern(_smooth(hump=100.0) + _peaks(fwhm=0.1), seed=4)
    scaled = Pattern(
        two_theta_deg=X, intensity=pattern.intensity * 1e-3, sigma=pattern.sigma * 1e-3
    )
    once = estimate_background(
        Pattern(two_theta_deg=X, intensity=pattern.intensity, sigma=pattern.sigma)
    )
    assert estimate_background(scaled) == pytest.approx(once * 1e-3, rel=1e-6)


def test_non_uniform_steps_give_the_same_curve() -> None:
    base = _smooth(hump=100.0)
    rng = np.random.default_rng(5)
    keep = np.sort(rng.choice(len(X), size=len(X) // 2, replace=False))
    full = estimate_background(_pattern(base, seed=6))
    pattern = _pattern(base, seed=6)
    part = Pattern(
        two_theta_deg=X[keep],
        intensity=pattern.intensity[keep],
        sigma=pattern.sigma[keep],
        radiation=pattern.radiation,
    )
    assert np.median(np.abs(estimate_background(part) - full[keep]) / base[keep]) < 0.02


def test_refined_background_follows_a_broad_hump_once_peaks_are_gone() -> None:
    base, peaks = _smooth(hump=2_000.0), _peaks(fwhm=0.2)
    pattern = _pattern(base + peaks, seed=7)
    found = refine_background(
        X, pattern.intensity - peaks, sigma=pattern.sigma, peak_model=peaks, wavelength=1.5406
    )
    away = (X > 4.0) & (peaks < 1_000.0)
    # the hump is ten times the background and as narrow as the smoother bends: its feet are cut
    assert np.quantile(np.abs(found - base)[away] / base[away], 0.95) < 0.10
    assert np.max(np.abs(found - base)[away] / base[away]) < 0.25
