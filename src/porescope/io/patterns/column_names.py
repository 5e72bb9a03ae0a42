"""What the header of a table says about its columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from porescope.errors import ParseError
from porescope.io.patterns.scan import AxisKind, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where axis, intensity and uncertainty stand."""

    axis: int = 0
    """Index of the axis."""
    axis_kind: AxisKind = "two_theta_deg"
    """What the axis is."""
    intensity: int = 1
    """Index of the intensities."""
    sigma: int | None = None
    """Index of the uncertainties, where a column is named so."""
    unit: Unit = "unknown"
    """Unit of the intensities, where the name says it."""
    named: bool = False
    """Whether the columns have names."""
    notes: tuple[str, ...] = ()
    """What was assumed."""


_TWO_THETA = re.compile(
    r"(2|two|tw)[\s_\-*×·.]*(theta|θ|th\b|ϑ|Θ|tht)|tth\b|ttheta|2th|angle|scattering|winkel|pos\.?\b",
    re.IGNORECASE,
)
_HALF = re.compile(r"bragg[\s_]*angle|half[\s_]*(angle|of)|θ\s*=\s*2θ/2|not\s+2", re.IGNORECASE)
_THETA = re.compile(r"^\W*(theta|θ|ϑ|th|thet)\b", re.IGNORECASE)
_Q = re.compile(
    r"^\W*(q|\|q\||q_?vec|momentum[\s_]*transfer|scattering[\s_]*vector)(\b|_)", re.IGNORECASE
)
_D = re.compile(r"^\W*(d|d[\s_-]*spacing|d[\s_-]*value|dspac\w*)(\b|_)", re.IGNORECASE)
_INTENSITY = re.compile(
    r"^\W*(int(ens\w*)?|i|y|y?obs\w*|iobs|counts?|cts|cps|signal|det\w*|psd|y_?obs|imp\w*)(\b|_|\d)",
    re.IGNORECASE,
)
_SIGMA = re.compile(
    r"^\W*(sig(ma)?|esd|e\.s\.d|err\w*|std\w*|unc\w*|su|dy|di|sqrt\w*)(\b|_)", re.IGNORECASE
)
_FOREIGN = (
    (r"raman|wavenumber|cm\s*\^?-?\s*1|cm⁻¹", "an optical spectrum (wavenumbers)"),
    (r"binding[\s_]*energy", "a photoelectron spectrum"),
    (r"\benergy\b|\bk?ev\b", "an energy-dispersive pattern; convert its axis to d or 2θ"),
    (
        r"time[\s_-]*of[\s_-]*flight|\btof\b|µs|microsec",
        "a time-of-flight pattern; convert its axis to d",
    ),
    (r"\bg\(r\)|\bpdf\b", "a pair distribution function"),
    (r"^\W*(chi|phi|psi|khi)\b", "a texture scan along χ, φ or ψ; export a 2θ scan"),
    (r"^\W*omega\b", "a rocking curve along ω; export a 2θ scan"),
    (r"p\s*/\s*p0|relative[\s_]*pressure|pressure", "an adsorption isotherm"),
    (r"temperature|\btemp\b", "a curve against temperature"),
    (r"wavelength[\s_]*\(?nm", "an optical spectrum"),
)


def columns_of(header: list[str], n_columns: int, *, path: Path) -> Columns:
    """Columns from the names in the last header line that fits.

    Parameters
    ----------
    header:
        Lines before the data.
    n_columns:
        Number of columns.
    path:
        The file, for messages.

    Raises
    ------
    ParseError
        The first column is named, and is no angle, d or Q.
    """
    names = _names_of(header, n_columns)
    everything = " ".join(header)
    if not names:
        if re.search(r"\b(2|two)[\s_-]*(theta|θ)", everything, re.IGNORECASE):
            return Columns(axis_kind=_two_theta_kind(everything))
        return Columns()
    if [name.lower() for name in names[:3]] == ["h", "k", "l"]:
        raise ParseError(
            "expected a measured scan, came a list of reflections (columns h, k, l); "
            "give the file with intensities against 2θ",
            path=path,
        )
    index, kind, notes = _axis_of(names, path)
    intensity = next(
        (i for i, name in enumerate(names) if i != index and _INTENSITY.search(name)),
        index + 1 if index + 1 < n_columns else 0,
    )
    sigma = next((i for i, name in enumerate(names) if _SIGMA.search(name)), None)
    others = [
        name
        for i, name in enumerate(names)
        if i not in (index, intensity, sigma) and re.search(r"int|obs|count|sample|^y", name, re.I)
    ]
    if others:
        notes = (
            *notes,
            f"the column {names[intensity]!r} was taken as the intensity, "
            f"{', '.join(map(repr, others[:4]))} left out",
        )
    label = names[intensity].lower()
    unit: Unit = "unknown"
    if re.search(r"cps|counts?\s*/\s*s|counts per sec", label):
        unit = "cps"
    return Columns(
        axis=index,
        axis_kind=kind,
        intensity=intensity,
        sigma=sigma if sigma not in (index, intensity) else None,
        unit=unit,
        named=True,
        notes=notes,
    )


def _names_of(header: list[str], n_columns: int) -> list[str]:
    """Names of the columns, from the last header line that has as many as there are columns."""
    for line in reversed(header[-3:]):
        bare = line.strip().lstrip("#;!%'/*$ ").strip()
        if not re.search(r"[A-Za-zθϑΘ]", bare):
            continue
        for separator in (",", ";", "\t", r"\s{2,}", r"\s+"):
            parts = [part.strip().strip('"') for part in re.split(separator, bare)]
            parts = [part for part in parts if part]
            if len(parts) == n_columns and all(re.search(r"[A-Za-zθϑΘ]", part) for part in parts):
                return parts if _looks_like_names(parts) else []
    return []


def _looks_like_names(parts: list[str]) -> bool:
    """Whether at least one word is a name that is known here."""
    known = (_TWO_THETA, _THETA, _Q, _D, _INTENSITY, _SIGMA)
    if any(len(part) > 40 for part in parts):
        return False
    return any(pattern.search(part) for part in parts for pattern in known) or any(
        re.search(pattern, part, re.IGNORECASE) for part in parts[:1] for pattern, _ in _FOREIGN
    )


def _axis_of(names: list[str], path: Path) -> tuple[int, AxisKind, tuple[str, ...]]:
    for index, name in enumerate(names):
        if _TWO_THETA.search(name) and not _HALF.search(name):
            return index, _two_theta_kind(name), ()
    for index, name in enumerate(names):
        if _HALF.search(name):
            return index, "theta_deg", ()
        if _THETA.search(name):
            return (
                index,
                "two_theta_deg",
                (
                    f"the header calls the axis {name!r}: taken as 2θ, which is what files with "
                    "this name hold; if it is really θ, double it",
                ),
            )
        if _Q.search(name):
            nm = re.search(r"nm", name, re.IGNORECASE) is not None
            return index, "q_per_nm" if nm else "q_per_angstrom", ()
        if _D.search(name):
            return index, "d", ()
        if _INTENSITY.search(name):
            break
    for pattern, what in _FOREIGN:
        if re.search(pattern, names[0], re.IGNORECASE):
            raise ParseError(
                f"expected 2θ, d or Q as the axis, came {names[0]!r}: this is {what}", path=path
            )
    return 0, "two_theta_deg", (f"the axis is called {names[0]!r}: taken as 2θ in degrees",)


def _two_theta_kind(text: str) -> AxisKind:
    in_radians = re.search(r"(?<![A-Za-z])rad(ians?)?(?![A-Za-z])", text, re.IGNORECASE)
    return "two_theta_rad" if in_radians else "two_theta_deg"
