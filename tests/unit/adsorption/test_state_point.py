"""Temperatures and pressures as people write them."""

from __future__ import annotations

import pytest

from porescope.adsorption.state_point import (
    pressure_from_text,
    state_from_text,
    temperature_from_text,
)
from porescope.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "pascal"),
    [
        ("0.15bar", 15_000.0),
        ("1 atm", 101_325.0),
        ("101325 Pa", 101_325.0),
        ("10kPa", 10_000.0),
        ("1 Torr", 101_325.0 / 760.0),
        ("1 MPa", 1e6),
        ("1e-3 bar", 100.0),
        ("2.5 ATM", 253_312.5),
        (".5mbar", 50.0),
    ],
)
def test_pressures(text: str, pascal: float) -> None:
    assert pressure_from_text(text) == pytest.approx(pascal)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.15", "has no unit; write one, such as 0.15bar"),
        ("1 mPa", "'mPa' in '1 mPa' is no unit of pressure"),
        ("1 stone", "is no unit of pressure that is known; write one of Pa"),
        ("-1 bar", "above zero"),
        ("0 bar", "above zero"),
        ("bar", "expected a pressure as a number with its unit"),
        ("1e999 bar", "finite"),
        ("", "expected a pressure"),
    ],
)
def test_bad_pressures_say_what_to_write(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pressure_from_text(text)


def test_temperatures() -> None:
    assert temperature_from_text("298K") == 298.0
    assert temperature_from_text("25C") == 298.15
    assert temperature_from_text("25 °C") == 298.15
    for bad in ("298", "298F", "-300C", "warm"):
        with pytest.raises(ConfigError):
            temperature_from_text(bad)


def test_states() -> None:
    state = state_from_text("298K,0.15bar")
    assert (state.temperature, state.pressure_pa) == (298.0, 15_000.0)
    assert state.label == "298K_0.15bar"
    assert state_from_text("1 atm; 25C") == state_from_text("298.15K, 101325Pa")
    for bad in ("298K", "298K,1bar,2bar", "0.15,298", ""):
        with pytest.raises(ConfigError):
            state_from_text(bad)
