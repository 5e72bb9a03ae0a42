"""Lorentz–polarisation factor."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.radiation import Radiation

ANGLES = np.linspace(2.0, 160.0, 80)


def test_tube_without_monochromator() -> None:
    theta = np.deg2rad(ANGLES / 2)
    expected = (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
    found = lorentz_polarisation(ANGLES, Radiation(wavelengths=(1.54,)))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_monochromator_takes_from_the_parallel_part() -> None:
    plain = Radiation(wavelengths=(1.54,))
    graphite = Radiation(wavelengths=(1.54,), monochromator_two_theta_deg=26.6)
    ratio = lorentz_polarisation(ANGLES, graphite) / lorentz_polarisation(ANGLES, plain)
    transmitted = np.cos(np.deg2rad(26.6)) ** 2
    cos2 = np.cos(np.deg2rad(ANGLES)) ** 2
    np.testing.assert_allclose(ratio, (1 + transmitted * cos2) / (1 + cos2), rtol=1e-12)


@pytest.mark.parametrize(
    "radiation",
    [
        Radiation(wavelengths=(0.41,), polarisation=1.0),
        Radiation(wavelengths=(2.08,), kind="neutron"),
    ],
)
def test_no_polarisation_factor(radiation: Radiation) -> None:
    theta = np.deg2rad(ANGLES / 2)
    found = lorentz_polarisation(ANGLES, radiation) * np.sin(theta) ** 2 * np.cos(theta)
    np.testing.assert_allclose(found, found[0], rtol=1e-12)
