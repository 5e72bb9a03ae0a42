"""What a file's words say about the radiation."""

from __future__ import annotations

import math
import re
from typing import Literal

from porescope.diffraction.radiation import Radiation, radiation_from_name, radiation_names
from porescope.units import HC_EV_ANGSTROM

_ANODES = ("Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Mo", "Rh", "Ag", "In", "W")
"""Chemical symbols that are understood as anodes."""

_ANODE_NAMES = {
    "chromium": "Cr", "iron": "Fe", "cobalt": "Co", "nickel": "Ni", "copper": "Cu",
    "molybdenum": "Mo", "silver": "Ag", "rhodium": "Rh", "tungsten": "W", "gallium": "Ga",
}  # fmt: skip

Line = Literal["Ka", "Ka1", "Kb"]
SYNCHROTRON_POLARISATION = 0.99
"""Usual share of the polarisation perpendicular to the scattering plane at a bending magnet."""


def is_wavelength(value: float) -> bool:
    """Whether a number [Å] can be the wavelength of a powder experiment."""
    return 0.05 <= value <= 20.0


def _tabulated(symbol: str) -> tuple[float, float, float] | None:
    """Kα1, Kα2 and Kβ of an anode [Å], or ``None`` where they are not in the table."""
    if f"{symbol}Ka" not in radiation_names():
        return None
    alpha1, alpha2 = radiation_from_name(f"{symbol}Ka").wavelengths
    return alpha1, alpha2, radiation_from_name(f"{symbol}Kb").wavelength


def anode_of(text: str) -> str:
    """Chemical symbol of an anode named by symbol or word; empty where it is neither."""
    word = text.strip().strip("'\"").split()[0] if text.strip().strip("'\"") else ""
    symbol = word[:1].upper() + word[1:].lower()
    return symbol if symbol in _ANODES else _ANODE_NAMES.get(word.lower(), "")


def radiation_from_tube(
    *,
    anode: str = "",
    line: Line = "Ka",
    alpha1: float = 0.0,
    alpha2: float = 0.0,
    beta: float = 0.0,
    ratio: float = 0.0,
    monochromator_two_theta_deg: float | None = None,
) -> Radiation | None:
    """Radiation of an X-ray tube.

    Parameters
    ----------
    anode:
        Symbol of the anode; its tabulated lines stand in for wavelengths that are not given.
    line:
        Kα1 with Kα2, Kα1 alone, or Kβ.
    alpha1, alpha2, beta:
        Wavelengths that the file gives [Å]; 0 where it does not.
    ratio:
        Intensity of Kα2 over Kα1; 0 where the file does not say, which means ½.
    monochromator_two_theta_deg:
        Scattering angle of a crystal monochromator [°].

    Returns
    -------
    :
        The radiation, or ``None`` where neither an anode nor a wavelength is known.
    """
    symbol = anode_of(anode) if anode else ""
    tabulated = _tabulated(symbol)
    if not is_wavelength(alpha1):
        if tabulated is None:
            return None
        alpha1, alpha2 = tabulated[0], tabulated[1]
    if not is_wavelength(beta) and tabulated is not None:
        beta = tabulated[2]
    if line == "Kb":
        if not is_wavelength(beta):
            return None
        return Radiation(
            wavelengths=(beta,),
            name=f"{symbol}Kb" if symbol else "",
            monochromator_two_theta_deg=monochromator_two_theta_deg,
        )
    split = alpha2 / alpha1 - 1.0
    if line == "Ka" and 0.0 < split < 0.03:
        weight = ratio if 0.0 < ratio <= 1.0 else 0.5
        return Radiation(
            wavelengths=(alpha1, alpha2),
            weights=(1.0, weight),
            name=f"{symbol}Ka" if symbol else "",
            monochromator_two_theta_deg=monochromator_two_theta_deg,
        )
    return Radiation(
        wavelengths=(alpha1,),
        name=f"{symbol}Ka1" if symbol else "",
        monochromator_two_theta_deg=monochromator_two_theta_deg,
    )


_NUMBER = r"(\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE]-\d+)"
_UNIT = r"[ \t]*(nm|pm|m|Å|A|ang\w*)?(?![A-Za-z\d])"
_WAVELENGTH = re.compile(
    r"(?:wave[\s_-]*len(?:gth)?s?|lambda|\blam\b|λ|_WL1?\b|k[\s_-]*alpha[\s_-]*1?)"
    r"([^\d\n;.]{0,24}?)" + _NUMBER + rf"(?:[ \t]*[/,][ \t]*{_NUMBER})?" + _UNIT,
    re.IGNORECASE,
)
_ALPHA2 = re.compile(
    r"(?:k[\s_-]*alpha|lambda|wavelength|_WL)[\s_-]*2[^\d\n]{0,24}?" + _NUMBER, re.IGNORECASE
)
_ENERGY = re.compile(r"\benergy\b[\s:=(\[keV)\]]{0,12}(\d+(?:\.\d+)?)[ \t]*keV", re.IGNORECASE)
_TUBE = re.compile(
    r"(?<![A-Za-z])(Cr|Mn|Fe|Co|Ni|Cu|Zn|Ga|Mo|Rh|Ag)[ \t]*[-_,]?[ \t]*K[ \t]*[-_\\~]*[ \t]*"
    r"(alpha|beta|a|b|α|β)(?![b-z])[ \t_~\\-]*([12])?",
    re.IGNORECASE,
)
_ANODE = re.compile(
    r"(?:anode(?:[\s_]*material)?|target(?:[\s_]*name)?|tube[\s_]*material)"
    r"[\s\"':=,;]+([A-Za-z]{2,10})\b",
    re.IGNORECASE,
)


def radiation_from_text(text: str) -> tuple[Radiation | None, tuple[str, ...]]:
    """Radiation from the words of a header.

    Parameters
    ----------
    text:
        Header lines.

    Returns
    -------
    :
        The radiation or ``None`` where the text does not say, and notes on what was assumed.
    """
    tube = _TUBE.search(text)
    neutron = tube is None and re.search(r"\bneutrons?\b", text, re.IGNORECASE) is not None
    named = _ANODE.search(text)
    anode = anode_of(tube.group(1)) if tube else (anode_of(named.group(1)) if named else "")
    line: Line = "Ka"
    if tube:
        if tube.group(2).lower() in ("b", "beta", "β"):
            line = "Kb"
        elif tube.group(3) == "1" and not re.search(r"K\S{0,3}(?:a|alpha|α)\S{0,3}2", text):
            line = "Ka1"
    first, second = _wavelengths_of(text)
    if neutron:
        return (Radiation(kind="neutron", wavelengths=(first,)) if first else None), ()
    energy = _ENERGY.search(text)
    if not first and not anode and energy:
        kev = float(energy.group(1))
        if 5.0 <= kev <= 200.0:
            return Radiation(
                wavelengths=(1e-3 * HC_EV_ANGSTROM / kev,), polarisation=SYNCHROTRON_POLARISATION
            ), (f"the file gives an energy of {kev:g} keV: taken as that of the beam",)
    return tube_or_line(anode=anode, line=line, wavelength=first, second=second, text=text)


def _wavelengths_of(text: str) -> tuple[float, float]:
    """One or two wavelengths [Å] out of a header, whatever their unit; 0 where there is none."""
    for match in _WAVELENGTH.finditer(text):
        scale = _angstrom_per_unit(match)
        first = scale * float(match.group(2))
        if not is_wavelength(first):
            continue
        second = scale * float(match.group(3)) if match.group(3) else 0.0
        other = _ALPHA2.search(text)
        if not second and other:
            second = scale * float(other.group(1))
        return first, second if 0.0 < second / first - 1.0 < 0.03 else 0.0
    return 0.0, 0.0


def _angstrom_per_unit(match: re.Match[str]) -> float:
    """Factor to ångström; a bare number below 1e-8 is in metres (as pyFAI writes it)."""
    unit = (match.group(4) or "").lower()
    before = re.search(r"[(\[,\s](nm|pm|m)[)\]]", match.group(1), re.IGNORECASE)
    if not unit and before:
        unit = before.group(1).lower()
    if unit == "m" or float(match.group(2)) < 1e-8:
        return 1e10
    return {"nm": 10.0, "pm": 0.01}.get(unit, 1.0)


def tube_or_line(
    *, anode: str, line: Line, wavelength: float, second: float = 0.0, text: str = ""
) -> tuple[Radiation | None, tuple[str, ...]]:
    """Radiation from an anode, a line and a wavelength, each of which may be missing.

    Parameters
    ----------
    anode:
        Symbol or empty.
    line:
        Line that the text names.
    wavelength, second:
        Wavelengths that the text gives [Å]; 0 where it does not.
    text:
        The text itself, searched for a synchrotron.

    Returns
    -------
    :
        The radiation or ``None``, and notes.
    """
    if anode and line == "Kb":
        return radiation_from_tube(anode=anode, line="Kb", beta=wavelength), ()
    tabulated = _tabulated(anode) if anode else None
    if tabulated is not None:
        alpha1, alpha2, _ = tabulated
        if not wavelength:
            note = f"the file names {anode} {line} but no wavelength: tabulated lines were taken"
            return radiation_from_tube(anode=anode, line=line), (note,)
        if second:
            return radiation_from_tube(anode=anode, alpha1=wavelength, alpha2=second), ()
        mean = (2.0 * alpha1 + alpha2) / 3.0
        if abs(wavelength / mean - 1.0) < 2e-4 and line == "Ka":
            note = f"{wavelength:g} Å is the mean of {anode} Kα1 and Kα2: both lines were taken"
            return radiation_from_tube(anode=anode), (note,)
        if abs(wavelength / alpha1 - 1.0) < 3e-4:
            if line == "Ka1":
                return radiation_from_tube(anode=anode, line="Ka1", alpha1=wavelength), ()
            note = f"the file names {anode} Kα: Kα2 was added to {wavelength:g} Å at half weight"
            return radiation_from_tube(
                anode=anode, alpha1=wavelength, alpha2=wavelength * alpha2 / alpha1
            ), (note,)
        note = f"{wavelength:g} Å is no Kα line of {anode}: taken as one line"
        return Radiation(wavelengths=(wavelength,)), (note,)
    if not wavelength:
        return None, ()
    if second:
        return Radiation(wavelengths=(wavelength, second), weights=(1.0, 0.5)), ()
    if re.search(r"synchrotron|\b11-?bm", text, re.IGNORECASE):
        return Radiation(wavelengths=(wavelength,), polarisation=SYNCHROTRON_POLARISATION), ()
    return Radiation(wavelengths=(wavelength,)), ()


_CRYSTALS = (
    (r"graphite|pyrolytic|\bPG\b|HOPG", 3.354),
    (r"Ge\s*\(?\s*111", 3.2664),
    (r"Ge\s*\(?\s*220", 2.0003),
    (r"Si\s*\(?\s*111", 3.1356),
    (r"Si\s*\(?\s*311", 1.6375),
    (r"quartz", 3.3435),
)
"""Spacings of the reflecting planes of usual monochromators [Å]."""


def monochromator_angle(text: str, *, wavelength: float) -> float | None:
    """Scattering angle of a monochromator named in words.

    Parameters
    ----------
    text:
        Such as ``curved graphite`` or ``Ge(111)``.
    wavelength:
        Wavelength [Å].

    Returns
    -------
    :
        Scattering angle [°], or ``None`` where the crystal is not known.
    """
    for pattern, spacing in _CRYSTALS:
        if re.search(pattern, text, re.IGNORECASE) and wavelength < 2.0 * spacing:
            return math.degrees(2.0 * math.asin(wavelength / (2.0 * spacing)))
    return None
