"""Temperatures and pressures as people write them: ``298K``, ``25C``, ``0.15bar``, ``1 atm``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from porescope.errors import ConfigError

PASCALS: dict[str, float] = {
    "Pa": 1.0,
    "hPa": 1e2,
    "kPa": 1e3,
    "MPa": 1e6,
    "GPa": 1e9,
    "mbar": 1e2,
    "bar": 1e5,
    "atm": 101_325.0,
    "Torr": 101_325.0 / 760.0,
    "mmHg": 133.322387415,
    "psi": 6894.757293168,
}
"""Pascals in one of each unit of pressure; NIST SP 811, https://doi.org/10.6028/NIST.SP.811e2008."""

_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S.*?)?\s*")
_LOOSE = {"torr": "Torr", "mmhg": "mmHg", "bar": "bar", "atm": "atm", "psi": "psi", "kpa": "kPa"}
_LOOSE |= {"pa": "Pa", "hpa": "hPa"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePoint:
    """Temperature and pressure of the bulk gas."""

    temperature: float
    """Temperature [K]."""
    pressure_pa: float
    """Pressure [Pa]."""

    @property
    def label(self) -> str:
        """Short text such as ``298K_0.15bar``, the same for equal states."""
        return f"{self.temperature:g}K_{self.pressure_pa / 1e5:g}bar"


def pressure_from_text(text: str) -> float:
    """A pressure [Pa] from a number and its unit.

    Parameters
    ----------
    text:
        Such as ``0.15bar``, ``1 atm``, ``101325 Pa``, ``10kPa``, ``1 Torr``, ``1 MPa``.
        Prefixes keep their case where it matters: ``MPa`` is a million pascals, and ``mPa`` is
        refused.

    Returns
    -------
    :
        Pressure [Pa].

    Raises
    ------
    ConfigError
        There is no number or no unit, the unit is unknown, or the pressure is not positive.
    """
    value, unit = _number_and_unit(text, what="a pressure", example="0.15bar")
    if not unit:
        raise ConfigError(
            f"the pressure {text.strip()!r} has no unit; write one, such as {value:g}bar or "
            f"{value:g}Pa"
        )
    known = unit if unit in PASCALS else _LOOSE.get(unit.casefold(), "")
    if not known:
        raise ConfigError(
            f"{unit!r} in {text.strip()!r} is no unit of pressure that is known; write one of "
            f"{', '.join(PASCALS)}, such as 0.15bar"
        )
    if not 0.0 < value * PASCALS[known] < math.inf:
        raise ConfigError(f"expected a pressure above zero, got {text.strip()!r}")
    return value * PASCALS[known]


def temperature_from_text(text: str) -> float:
    """A temperature [K] from a number and its unit, such as ``298K``, ``25C`` or ``25 °C``.

    Raises
    ------
    ConfigError
        There is no number or no unit, or the temperature is not above absolute zero.
    """
    value, unit = _number_and_unit(text, what="a temperature", example="298K")
    match unit.replace("°", "").strip().casefold():
        case "k" | "kelvin":
            kelvin = value
        case "c" | "celsius":
            kelvin = value + 273.15
        case "":
            raise ConfigError(
                f"the temperature {text.strip()!r} has no unit; write {value:g}K or {value:g}C"
            )
        case _:
            raise ConfigError(
                f"{unit!r} in {text.strip()!r} is no unit of temperature that is known; write K or "
                "C, such as 298K or 25C"
            )
    if not 0.0 < kelvin < 1e5:
        raise ConfigError(f"expected a temperature above 0 K, got {text.strip()!r}")
    return round(kelvin, 9)


def state_from_text(text: str) -> StatePoint:
    """A state point from ``TEMPERATURE,PRESSURE``, such as ``298K,0.15bar``, in any order.

    Raises
    ------
    ConfigError
        It is not two parts, or one of them cannot be read.
    """
    parts = [part for part in re.split(r"[,;]", text) if part.strip()]
    if len(parts) != 2:
        raise ConfigError(
            f"expected a temperature and a pressure with a comma, such as 298K,0.15bar; got "
            f"{text.strip()!r}"
        )
    first, second = parts
    if _is_pressure(first) and not _is_pressure(second):
        first, second = second, first
    return StatePoint(
        temperature=temperature_from_text(first), pressure_pa=pressure_from_text(second)
    )


def _is_pressure(text: str) -> bool:
    found = _NUMBER.fullmatch(text)
    unit = (found.group(2) or "") if found else ""
    return unit in PASCALS or unit.casefold() in _LOOSE


def _number_and_unit(text: str, *, what: str, example: str) -> tuple[float, str]:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ConfigError(
            f"expected {what} as a number with its unit, such as {example}; got {text.strip()!r}"
        )
    value = float(found.group(1))
    if not math.isfinite(value):
        raise ConfigError(f"expected {what} that is finite, got {text.strip()!r}")
    return value, found.group(2) or ""
