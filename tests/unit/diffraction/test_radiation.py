"""Names of radiations."""

from __future__ import annotations

import pytest

from porescope.diffraction.radiation import Radiation, radiation_from_name, radiation_names
from porescope.errors import ConfigError


# Wavelengths of International Tables C, table 4.2.2.4, https://doi.org/10.1107/97809553602060000592
@pytest.mark.parametrize(
    ("name", "wavelength"),
    [
        ("CuKa1", 1.540593),
        ("CuKa2", 1.544427),
        ("CoKa1", 1.788996),
        ("FeKa1", 1.936041),
        ("CrKa1", 2.289726),
        ("MoKa1", 0.709317),
        ("AgKa1", 0.559422),
        ("NiKa1", 1.657930),
        ("CuKb", 1.392234),
    ],
)
def test_lines_have_their_published_wavelengths(name: str, wavelength: float) -> None:
    assert radiation_from_name(name).wavelength == pytest.approx(wavelength, abs=3e-6)


@pytest.mark.parametrize("name", ["CuKa", "cuka", "Cu", "Cu Kα", "Cu K-alpha", "cu_ka", "CuKa12"])
def test_spellings_of_the_doublet(name: str) -> None:
    radiation = radiation_from_name(name)
    assert radiation.name == "CuKa"
    assert radiation.weights == (1.0, 0.5)
    assert radiation.mean_wavelength == pytest.approx(1.54187, abs=2e-5)


def test_every_known_name_is_read_back_as_itself() -> None:
    for name in radiation_names():
        assert radiation_from_name(name).name == name


@pytest.mark.parametrize(
    ("text", "wavelengths", "weights"),
    [
        ("1.5418", (1.5418,), (1.0,)),
        (" 0.4129 Å", (0.4129,), (1.0,)),
        ("1.54 A", (1.54,), (1.0,)),
        ("1.5406,1.5444:0.5", (1.5406, 1.5444), (1.0, 0.5)),
        ("1.5444:1,1.5406:2", (1.5406, 1.5444), (1.0, 0.5)),
    ],
)
def test_wavelengths_are_numbers(text: str, wavelengths: tuple, weights: tuple) -> None:
    radiation = radiation_from_name(text)
    assert radiation.wavelengths == wavelengths
    assert radiation.weights == weights


@pytest.mark.parametrize("text", ["", "Xx", "CuKc", "copper", "-1.54", "0", "nan", "inf", "1.5:0"])
def test_what_is_no_radiation_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        radiation_from_name(text)


def test_neutrons_take_numbers_only() -> None:
    assert radiation_from_name("2.0785", kind="neutron").kind == "neutron"
    with pytest.raises(ConfigError, match="X-ray line"):
        radiation_from_name("CuKa", kind="neutron")


def test_radiation_checks_its_fields() -> None:
    with pytest.raises(ConfigError):
        Radiation(wavelengths=(1.5, 1.6))
    with pytest.raises(ConfigError):
        Radiation(wavelengths=(1.5,), polarisation=1.5)
