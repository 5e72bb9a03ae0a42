"""Preparation: what comes out, and the story of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.peak_shapes import peak_profile
from porescope.diffraction.peaks import radiation_lines
from porescope.diffraction.prepare import PrepareConfig, prepare_pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError

CU_KA = Radiation(wavelengths=(1.5405929, 1.5444274), weights=(1.0, 0.5), name="CuKa")
CENTRES = np.array([7.3, 10.4, 12.7, 14.7, 16.5, 18.0, 24.5, 26.7, 34.9])


def _pattern() -> Pattern:
    x = np.arange(3.0, 50.0, 0.02)
    rows = np.array([[c, 3_000.0, np.log(0.12), 0.5, 0.0] for c in CENTRES])
    ratios, weights = radiation_lines(CU_KA)
    true = 100.0 + 500.0 * np.exp(-x / 3.0)
    true += peak_profile(x, parameters=rows, line_ratios=ratios, line_weights=weights)
    counts = np.random.default_rng(21).poisson(true).astype(float)
    return Pattern(
        two_theta_deg=x,
        intensity=counts,
        sigma=np.sqrt(np.maximum(counts, 1.0)),
        radiation=CU_KA,
        notes=("Read from a test.",),
    )


def test_peaks_net_and_sentences() -> None:
    prepared = prepare_pattern(_pattern())
    assert prepared.peaks.two_theta_deg == pytest.approx(CENTRES, abs=0.01)
    assert prepared.net == pytest.approx(prepared.pattern.intensity - prepared.background)
    assert prepared.steps[0] == "Read from a test."
    assert any("whole range" in step for step in prepared.steps)
    assert any("Kα2 was part" in step for step in prepared.steps)
    assert prepared.warnings == ()
    assert not prepared.spikes.any()
    assert len(prepared.two_theta_deg) == len(prepared.sigma)


def test_range_spikes_and_saturation_are_told() -> None:
    pattern = _pattern()
    intensity = np.minimum(pattern.intensity, 2_000.0)
    intensity[1_500] = 1_900.0
    prepared = prepare_pattern(
        replace(pattern, intensity=intensity),
        config=PrepareConfig(min_two_theta_deg=5.0, max_two_theta_deg=40.0),
    )
    assert prepared.two_theta_deg[0] >= 5.0
    assert prepared.two_theta_deg[-1] <= 40.0
    assert np.count_nonzero(prepared.spikes) == 1
    assert prepared.pattern.intensity[prepared.spikes][0] < 300.0
    told = " ".join(prepared.steps)
    assert "the range 5.00–39.98° was used" in told
    assert "spike" in told
    assert any("saturated" in warning for warning in prepared.warnings)


def test_stripping_gives_the_same_positions() -> None:
    plain = prepare_pattern(_pattern())
    stripped = prepare_pattern(_pattern(), config=PrepareConfig(strip_second_line=True))
    assert stripped.pattern.radiation is not None
    assert len(stripped.pattern.radiation.wavelengths) == 1
    strong = stripped.peaks.strongest(len(CENTRES))
    assert strong.two_theta_deg == pytest.approx(plain.peaks.two_theta_deg, abs=0.01)
    assert any("Rachinger" in step for step in stripped.steps)


def test_no_background_taken_away() -> None:
    prepared = prepare_pattern(_pattern(), config=PrepareConfig(background="none"))
    assert not prepared.background.any()
    assert "No background was taken away." in prepared.steps


def test_amorphous_sample_is_told() -> None:
    pattern = _pattern()
    x = pattern.two_theta_deg
    true = 200.0 + 800.0 * np.exp(-0.5 * ((x - 22.0) / 5.0) ** 2)
    counts = np.random.default_rng(22).poisson(true).astype(float)
    prepared = prepare_pattern(replace(pattern, intensity=counts, sigma=np.sqrt(counts)))
    assert prepared.peaks.n_peaks == 0
    assert any("no peaks" in warning for warning in prepared.warnings)


@pytest.mark.parametrize(
    "config",
    [
        PrepareConfig(min_two_theta_deg=60.0),
        PrepareConfig(min_two_theta_deg=9.0, max_two_theta_deg=8.0),
    ],
)
def test_empty_range_is_an_error(config: PrepareConfig) -> None:
    with pytest.raises(ConfigError, match="range"):
        prepare_pattern(_pattern(), config=config)


def test_unknown_wavelength_is_an_error() -> None:
    with pytest.raises(ConfigError, match="wavelength"):
        prepare_pattern(replace(_pattern(), radiation=None))
