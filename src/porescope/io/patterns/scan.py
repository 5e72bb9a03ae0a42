"""One scan as a file gives it, and the checks that make a pattern of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.uncertainty import sigma_of

logger = logging.getLogger(__name__)

MIN_POINTS = 20
"""Fewest points that are called a pattern."""
MAX_POINTS = 2_000_000
"""Most points that are read."""

LARGEST_VALUE = 1e30
"""Largest position or intensity that is believed."""

AxisKind = Literal["two_theta_deg", "theta_deg", "two_theta_rad", "q_per_angstrom", "q_per_nm", "d"]
Unit = Literal["counts", "cps", "unknown"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scan:
    """What one reader took from a file, not yet checked."""

    axis: Float[np.ndarray, "points"]
    """Positions, in the unit that ``axis_kind`` names."""
    intensity: Float[np.ndarray, "points"]
    """Intensities as the file gives them, attenuators taken into account."""
    format: str
    """Name of the format."""
    axis_kind: AxisKind = "two_theta_deg"
    """Quantity and unit of the axis."""
    sigma: Float[np.ndarray, "points"] | None = None
    """Standard uncertainties, where the file gives them."""
    unit: Unit = "unknown"
    """Unit of the intensities."""
    counting_time: Float[np.ndarray, "points"] | float | None = None
    """Time per point [s], where the file says."""
    attenuation: Float[np.ndarray, "points"] | None = None
    """Factors by which the recorded counts were multiplied."""
    radiation: Radiation | None = None
    """What the file says about the radiation."""
    name: str = ""
    """Sample name; the file stem where it is empty."""
    metadata: dict[str, str] = field(default_factory=dict)
    """What else the file says."""
    notes: tuple[str, ...] = ()
    """What the reader did or assumed."""


def pattern_from_scan(scan: Scan, *, path: Path, radiation: Radiation | None = None) -> Pattern:
    """Check a scan and make a pattern of it.

    Parameters
    ----------
    scan:
        What a reader took from the file.
    path:
        The file, for messages and for the name.
    radiation:
        Overrides what the file says.

    Returns
    -------
    :
        The pattern: at least 20 points, finite, 0 < 2θ < 180°, strictly increasing, positive
        uncertainties.

    Raises
    ------
    ParseError
        The scan is no powder pattern; the message says why.
    """
    notes = [*scan.notes, *_replaced(scan.radiation, radiation)]
    used = radiation if radiation is not None else scan.radiation
    _require_points(len(scan.axis), path)
    if len(scan.axis) != len(scan.intensity):
        raise ParseError(
            f"expected one intensity per angle, came {len(scan.axis)} angles and "
            f"{len(scan.intensity)} intensities; the file is cut or damaged, export it again",
            path=path,
        )
    _require_finite(scan.axis, "position", path)
    _require_finite(scan.intensity, "intensity", path)
    scan = replace(scan, axis=scan.axis.astype(float), intensity=scan.intensity.astype(float))
    angle, note = _angle_of(scan, used, path)
    notes += note
    sigma, note = sigma_of(
        scan.intensity,
        given=scan.sigma,
        unit=scan.unit,
        counting_time=scan.counting_time,
        attenuation=scan.attenuation,
    )
    notes += note
    angle, intensity, sigma, note = _sorted_points(angle, scan.intensity, sigma, path)
    notes += note
    angle, intensity, sigma, note = _inside_range(angle, intensity, sigma, path)
    notes += note
    _refuse_peak_list(angle, path)
    notes += _check_intensities(intensity, path)
    for note_text in notes:
        logger.info("%s: %s", path.name, note_text)
    return Pattern(
        two_theta_deg=angle,
        intensity=intensity,
        sigma=sigma,
        radiation=used,
        name=scan.name or path.stem,
        source_format=scan.format,
        metadata=dict(scan.metadata),
        notes=tuple(notes),
    )


def _replaced(told: Radiation | None, given: Radiation | None) -> list[str]:
    if told is None or given is None:
        return []
    old, new = told.wavelength, given.wavelength
    if abs(old - new) <= 1e-3 * old:
        return []
    return [f"the wavelength given ({new:g} Å) replaces the file's ({old:g} Å)"]


def _require_points(n_points: int, path: Path) -> None:
    if n_points == 0:
        raise ParseError("expected a powder pattern, came no data points at all", path=path)
    if n_points < MIN_POINTS:
        raise ParseError(
            f"expected at least {MIN_POINTS} points, came {n_points}; "
            "give the whole scan, not a list of peaks",
            path=path,
        )
    if n_points > MAX_POINTS:
        raise ParseError(
            f"expected at most {MAX_POINTS} points, came {n_points}; bin the data first", path=path
        )


def _require_finite(values: Float[np.ndarray, "points"], what: str, path: Path) -> None:
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise ParseError(
            f"expected numbers, came {values[bad[0]]} as the {what} of point {bad[0] + 1} "
            f"({len(bad)} such points in all); remove or repair these rows",
            path=path,
        )
    largest = float(np.abs(values).max())
    if largest > LARGEST_VALUE:
        raise ParseError(
            f"expected values below {LARGEST_VALUE:g}, came {largest:g} as the {what}; "
            "the file is damaged",
            path=path,
        )


def _angle_of(
    scan: Scan, radiation: Radiation | None, path: Path
) -> tuple[Float[np.ndarray, "points"], list[str]]:
    """Scattering angles [°] from whatever axis the file has."""
    if scan.axis_kind == "two_theta_deg":
        return scan.axis, []
    if scan.axis_kind == "theta_deg":
        return 2.0 * scan.axis, ["the axis is θ: doubled to 2θ"]
    if scan.axis_kind == "two_theta_rad":
        return np.degrees(scan.axis), ["the axis is in radians: converted to degrees"]
    label = "d" if scan.axis_kind == "d" else "Q"
    if radiation is None:
        raise ParseError(
            f"the axis is {label}, and the file does not say the wavelength that places it on 2θ; "
            "give it with --wavelength (a name such as CuKa1, or ångström)",
            path=path,
        )
    if np.any(scan.axis <= 0):
        raise ParseError(
            f"expected positive values of {label}, came {scan.axis.min():g}", path=path
        )
    with np.errstate(over="ignore", divide="ignore"):
        if scan.axis_kind == "d":
            sine = radiation.wavelength / (2.0 * scan.axis)
        else:
            per_angstrom = 0.1 if scan.axis_kind == "q_per_nm" else 1.0
            sine = scan.axis * per_angstrom * radiation.wavelength / (4.0 * np.pi)
    if np.any(sine >= 1.0):
        raise ParseError(
            f"the wavelength {radiation.wavelength:g} Å cannot reach all {label} values "
            f"({scan.axis.min():g} to {scan.axis.max():g}); check the unit of the axis and "
            "--wavelength",
            path=path,
        )
    return np.degrees(2.0 * np.arcsin(sine)), [
        f"the axis is {label}: converted to 2θ with {radiation.wavelength:g} Å"
    ]


Points = tuple[
    Float[np.ndarray, "kept"], Float[np.ndarray, "kept"], Float[np.ndarray, "kept"], list[str]
]


def _sorted_points(
    angle: Float[np.ndarray, "points"],
    intensity: Float[np.ndarray, "points"],
    sigma: Float[np.ndarray, "points"],
    path: Path,
) -> Points:
    """Strictly increasing angles: a descending scan is turned, equal angles are averaged."""
    notes: list[str] = []
    steps = np.diff(angle)
    if np.all(steps <= 0) and np.any(steps < 0):
        angle, intensity, sigma = angle[::-1], intensity[::-1], sigma[::-1]
        steps = np.diff(angle)
        notes.append("the angles descend: the order was turned")
    back = np.flatnonzero(steps < 0)
    if len(back):
        first = int(back[0])
        raise ParseError(
            f"expected rising angles, came {angle[first + 1]:g}° after {angle[first]:g}° at point "
            f"{first + 2}; if the file holds several scans, save each one in its own file",
            path=path,
        )
    equal = steps == 0
    if equal.any():
        if equal.sum() > len(angle) // 2:
            raise ParseError(
                f"expected a new angle at each point, came {int(equal.sum())} repeated angles of "
                f"{len(angle)}; the angle column is wrong or too coarsely rounded",
                path=path,
            )
        angle, intensity, sigma = _merged(angle, intensity, sigma, equal)
        notes.append(f"repeated angles, their intensities averaged: {int(equal.sum())}")
    return np.ascontiguousarray(angle), np.ascontiguousarray(intensity), sigma.copy(), notes


def _merged(
    angle: Float[np.ndarray, "points"],
    intensity: Float[np.ndarray, "points"],
    sigma: Float[np.ndarray, "points"],
    equal: Bool[np.ndarray, "steps"],
) -> tuple[Float[np.ndarray, "kept"], Float[np.ndarray, "kept"], Float[np.ndarray, "kept"]]:
    group = np.concatenate([[0], np.cumsum(~equal)])
    count = np.bincount(group)
    mean = np.bincount(group, weights=intensity) / count
    error = np.sqrt(np.bincount(group, weights=sigma**2)) / count
    return angle[np.concatenate([[True], ~equal])], mean, error


def _inside_range(
    angle: Float[np.ndarray, "points"],
    intensity: Float[np.ndarray, "points"],
    sigma: Float[np.ndarray, "points"],
    path: Path,
) -> Points:
    """Only 0 < 2θ < 180°, and a range that a powder pattern can have."""
    if angle[-1] >= 180.0 + 1e-6:
        raise ParseError(
            f"expected scattering angles below 180°, came {angle[0]:g} to {angle[-1]:g}; the axis "
            "may be in centidegrees, a channel number, an energy or a time of flight: "
            "convert it to 2θ in degrees",
            path=path,
        )
    notes: list[str] = []
    keep = (angle > 0.0) & (angle < 180.0)
    dropped = int(len(angle) - keep.sum())
    if dropped:
        if angle[0] < -180.0:
            raise ParseError(
                f"expected scattering angles in degrees, came {angle[0]:g} to {angle[-1]:g}",
                path=path,
            )
        notes.append(f"points outside 0° < 2θ < 180° were left out: {dropped}")
        angle, intensity, sigma = angle[keep], intensity[keep], sigma[keep]
        _require_points(len(angle), path)
    width = float(angle[-1] - angle[0])
    if width < 0.05:
        raise ParseError(
            f"expected a scan over some degrees, came {angle[0]:g} to {angle[-1]:g}°; "
            "is the first column really 2θ in degrees?",
            path=path,
        )
    return angle, intensity, sigma, notes


def _refuse_peak_list(angle: Float[np.ndarray, "points"], path: Path) -> None:
    """Few points at irregular angles are peaks or sticks, not a scan."""
    if len(angle) >= 300:
        return
    log_step = np.log(np.diff(angle))
    if np.median(np.abs(np.diff(log_step))) > 0.3:
        raise ParseError(
            f"expected a scan, came {len(angle)} points at irregular angles: this is a list of "
            "peaks or a calculated stick pattern; give the measured scan",
            path=path,
        )


def _check_intensities(intensity: Float[np.ndarray, "points"], path: Path) -> list[str]:
    """Refuse what carries no pattern; say what looks unusual."""
    low, high = float(intensity.min()), float(intensity.max())
    if low == high:
        raise ParseError(
            f"expected a pattern, came the same intensity ({low:g}) at every point; "
            "is the second column really the intensity?",
            path=path,
        )
    if high <= 0.0:
        raise ParseError(
            f"expected positive intensities, came {low:g} to {high:g}; "
            "the column may be a difference curve: choose the measured intensities",
            path=path,
        )
    if -low > high:
        raise ParseError(
            f"expected mostly positive intensities, came {low:g} to {high:g}; "
            "the column may be a difference or a derivative: choose the measured intensities",
            path=path,
        )
    if _is_scrambled(intensity):
        raise ParseError(
            "expected a pattern, came intensities that have nothing to do with their neighbours "
            "(no peak is wider than one point): the points are scrambled or this is no scan; "
            "export the measurement again",
            path=path,
        )
    negative = int((intensity < 0).sum())
    if negative:
        return [f"negative intensities (down to {low:g}), kept as they are: {negative}"]
    return []


def _is_scrambled(intensity: Float[np.ndarray, "points"]) -> bool:
    """Whether strong intensities occur without any correlation to their neighbours.

    A weak pattern is noise and has no correlation either, but then it has no strong points.
    """
    if len(intensity) < 200:
        return False
    scaled = (intensity - np.median(intensity)) / max(np.ptp(intensity), 1e-300)
    spread = 1.4826 * float(np.median(np.abs(scaled)))
    strong = int((scaled > 6.0 * spread).sum())
    if strong < max(10, len(scaled) // 100):
        return False
    centred = scaled - scaled.mean()
    total = float(centred @ centred)
    lags = [float(centred[k:] @ centred[:-k]) / total for k in (1, 2, 3)]
    return max(lags) < 0.15
