"""Radiation from anodes, lines and words."""

from __future__ import annotations

import pytest

from porescope.diffraction.radiation import radiation_from_name
from porescope.io.patterns.emission import (
    anode_of,
    monochromator_angle,
    radiation_from_text,
    radiation_from_tube,
    tube_or_line,
)


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("Cu", "Cu"), ("CU", "Cu"), ("'Mo'", "Mo"), ("Copper", "Cu"), ("unknown", ""), ("", "")],
)
def test_anodes_by_symbol_or_word(text: str, symbol: str) -> None:
    assert anode_of(text) == symbol


def test_an_anode_stands_in_for_missing_wavelengths() -> None:
    radiation = radiation_from_tube(anode="Co")
    assert radiation is not None
    assert radiation.wavelengths == radiation_from_name("CoKa").wavelengths
    assert radiation.weights == (1.0, 0.5)


def test_the_files_wavelengths_win() -> None:
    radiation = radiation_from_tube(anode="Cu", alpha1=1.5406, alpha2=1.5444, ratio=0.48)
    assert radiation is not None
    assert radiation.wavelengths == (1.5406, 1.5444)
    assert radiation.weights == (1.0, 0.48)
    assert radiation.name == "CuKa"


def test_nothing_known_gives_nothing() -> None:
    assert radiation_from_tube() is None
    assert radiation_from_tube(anode="Xx") is None
    assert radiation_from_text("a sample of copper oxide, measured on Monday") == (None, ())


@pytest.mark.parametrize("alpha2", [0.0, 1.39, 3.0, float("nan")])
def test_a_second_line_that_is_no_doublet_is_left_out(alpha2: float) -> None:
    radiation = radiation_from_tube(anode="Cu", alpha1=1.5406, alpha2=alpha2)
    assert radiation is not None
    assert radiation.wavelengths == (1.5406,)


def test_mean_wavelength_is_resolved_only_for_its_own_anode() -> None:
    radiation, notes = tube_or_line(anode="Cu", line="Ka", wavelength=1.5418)
    assert radiation is not None
    assert len(radiation.wavelengths) == 2
    assert "mean" in notes[0]
    radiation, notes = tube_or_line(anode="Mo", line="Ka", wavelength=1.5418)
    assert radiation is not None
    assert radiation.wavelengths == (1.5418,)
    assert "no Kα line of Mo" in notes[0]


@pytest.mark.parametrize(
    ("text", "wavelength", "angle"),
    [
        # Usual settings for Cu Kα: graphite 002 at 26.6°, Ge 111 at 27.3°, Ge 220 at 45.3°.
        ("curved graphite", 1.5418, 26.6),
        ("primary Ge(111) monochromator", 1.5406, 27.3),
        ("Ge(220)x2", 1.5406, 45.3),
        ("a mirror", 1.5406, None),
        ("Si(111)", 7.0, None),
    ],
)
def test_monochromators(text: str, wavelength: float, angle: float | None) -> None:
    found = monochromator_angle(text, wavelength=wavelength)
    if angle is None:
        assert found is None
    else:
        assert found == pytest.approx(angle, abs=0.06)
