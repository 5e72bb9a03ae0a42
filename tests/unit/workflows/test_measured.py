"""Measured patterns as workflows take them."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import radiation_from_name
from porescope.errors import ConfigError
from porescope.workflows.measured import measured_pattern

ANGLES = np.linspace(5.0, 45.0, 401)


def pattern(radiation=None) -> Pattern:
    return Pattern(
        two_theta_deg=ANGLES,
        intensity=np.ones(401),
        sigma=np.ones(401),
        radiation=radiation,
        name="own",
    )


def test_the_radiation_of_the_user_comes_first() -> None:
    mo, cu = radiation_from_name("MoKa"), radiation_from_name("CuKa")
    assert measured_pattern(pattern(mo)).radiation == mo
    assert measured_pattern(pattern(mo), radiation=cu).radiation == cu
    with pytest.raises(ConfigError, match="own does not say its wavelength"):
        measured_pattern(pattern())


def test_a_range_is_cut_and_noted() -> None:
    cu = radiation_from_name("CuKa")
    cut = measured_pattern(pattern(cu), two_theta_range_deg=(10.0, 20.0))
    assert cut.two_theta_deg[0] == pytest.approx(10.0)
    assert cut.two_theta_deg[-1] == pytest.approx(20.0)
    assert len(cut.intensity) == len(cut.sigma) == cut.n_points
    assert "10–20°" in cut.notes[-1]
    with pytest.raises(ConfigError, match="at least 20 are needed"):
        measured_pattern(pattern(cu), two_theta_range_deg=(10.0, 10.5))
