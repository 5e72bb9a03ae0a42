"""Kα2 goes, Kα1 stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.peak_shapes import peak_profile
from porescope.diffraction.peaks import radiation_lines
from porescope.diffraction.radiation import Radiation
from porescope.diffraction.stripping import strip_second_line
from porescope.errors import ConfigError

CU_KA = Radiation(wavelengths=(1.5405929, 1.5444274), weights=(1.0, 0.5), name="CuKa")
X = np.arange(6.0, 100.0, 0.02)
ROWS = np.array([[c, 1_000.0, np.log(0.12), 0.5, 0.0] for c in (10.0, 25.0, 40.0, 60.0, 95.0)])


def _profile(ratios: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return peak_profile(X, parameters=ROWS, line_ratios=ratios, line_weights=weights)


def _pattern() -> Pattern:
    intensity = 50.0 + _profile(*radiation_lines(CU_KA))
    return Pattern(two_theta_deg=X, intensity=intensity, sigma=np.sqrt(intensity), radiation=CU_KA)


def test_first_line_remains() -> None:
    background = np.full_like(X, 50.0)
    stripped = strip_second_line(_pattern(), background=background)
    wanted = 50.0 + _profile(np.ones(1), np.ones(1))
    # linear interpolation between steps of a sixth of a width costs about two per cent
    assert np.max(np.abs(stripped.intensity - wanted)) < 0.03 * 1_000.0
    assert np.sum(stripped.intensity - 50.0) == pytest.approx(np.sum(wanted - 50.0), rel=0.01)
    assert stripped.radiation is not None
    assert stripped.radiation.wavelengths == (1.5405929,)
    assert stripped.radiation.name == "CuKa1"
    assert np.all(stripped.sigma >= _pattern().sigma * 0.999)
    assert "Rachinger" in stripped.notes[-1]


def test_only_doublets_are_stripped() -> None:
    one = replace(_pattern(), radiation=Radiation(wavelengths=(1.54,)))
    with pytest.raises(ConfigError, match="two lines"):
        strip_second_line(one)
    with pytest.raises(ConfigError, match="two lines"):
        strip_second_line(replace(one, radiation=None))
