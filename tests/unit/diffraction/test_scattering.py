"""Scattering power of atoms."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.scattering import (
    anomalous_terms,
    check_elements,
    form_factor,
    form_factor_table,
    neutron_length,
    scattering_factors,
)
from porescope.errors import ConfigError


def test_form_factors_begin_at_the_number_of_electrons_and_fall() -> None:
    s_squared = np.linspace(0.0, 2.0, 50)
    for number in range(1, 93):
        values = form_factor(number, s_squared=s_squared)
        assert values[0] == pytest.approx(number, abs=0.09)
        assert np.all(np.diff(values) < 0.0)


def test_coefficients_of_carbon_are_the_published_ones() -> None:
    """International Tables C, table 6.1.1.4."""
    published = [2.31, 1.02, 1.5886, 0.865, 20.8439, 10.2075, 0.5687, 51.6512, 0.2156]
    np.testing.assert_array_equal(form_factor_table()[6], published)


@pytest.mark.parametrize(
    ("number", "isotope", "length"),
    [
        (1, 0, -3.739),
        (1, 2, 6.671),
        (6, 0, 6.646),
        (14, 0, 4.1491),
        (30, 0, 5.68),
        (23, 0, -0.3824),
    ],
)
def test_neutron_lengths_are_those_of_sears(number: int, isotope: int, length: float) -> None:
    """V. F. Sears, Neutron News 3 (1992) 26."""
    assert neutron_length(number, isotope=isotope) == pytest.approx(length, abs=1e-6)


def test_anomalous_terms_of_copper_radiation() -> None:
    """International Tables C, table 4.2.6.8: iron at Cu Kα has f' = −1.13, f'' = 3.20."""
    wavelength = radiation_from_name("CuKa1").wavelength
    first, second = anomalous_terms(26, wavelength=wavelength)
    assert first == pytest.approx(-1.13, abs=0.06)
    assert second == pytest.approx(3.20, abs=0.05)
    assert anomalous_terms(1, wavelength=wavelength) == (0.0, 0.0)


@pytest.mark.parametrize("number", [0, 99, 118, -3])
def test_elements_without_table_are_named(number: int) -> None:
    with pytest.raises(ConfigError, match=str(number)):
        check_elements(np.array([6, number]))
    with pytest.raises(ConfigError):
        form_factor(number, s_squared=np.zeros(1))


def test_unknown_isotopes_are_refused() -> None:
    with pytest.raises(ConfigError, match="isotope 13"):
        neutron_length(6, isotope=13)


def test_factors_of_neutrons_do_not_fall() -> None:
    real, imaginary = scattering_factors(
        np.array([1, 1]),
        isotopes=np.array([0, 2]),
        s_squared=np.linspace(0.0, 1.0, 4),
        radiation=radiation_from_name("1.5", kind="neutron"),
        anomalous=True,
    )
    np.testing.assert_array_equal(real, [[-3.739] * 4, [6.671] * 4])
    np.testing.assert_array_equal(imaginary, 0.0)
