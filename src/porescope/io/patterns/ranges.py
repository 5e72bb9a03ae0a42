"""Files with several ranges: one pattern out of them, or a refusal by name."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.errors import ParseError
from porescope.io.patterns.scan import MAX_POINTS, Scan, Unit

MAX_SUMMED = 50
"""Most repetitions of one scan that are added up; more are a time series."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScanRange:
    """One range of a measurement."""

    two_theta_deg: Float[np.ndarray, "points"]
    """Scattering angles [°]."""
    intensity: Float[np.ndarray, "points"]
    """Intensities, attenuators taken into account."""
    counting_time: float | None = None
    """Time per point [s]."""
    attenuation: Float[np.ndarray, "points"] | None = None
    """Factors by which the recorded counts were multiplied."""


def stepped_angles(
    start: float, step: float, n_points: int, *, path: Path
) -> Float[np.ndarray, "points"]:
    """Angles of a scan with constant step, checked for sense.

    Raises
    ------
    ParseError
        Not finite, no points or too many, or no step.
    """
    if not np.isfinite(start) or not np.isfinite(step) or step == 0.0:
        raise ParseError(
            f"expected a start angle and a step, came {start:g}° and {step:g}°; "
            "the header is damaged",
            path=path,
        )
    if not 0 < n_points <= MAX_POINTS:
        raise ParseError(
            f"expected 1 to {MAX_POINTS} points, the header says {n_points}; it is damaged",
            path=path,
        )
    last = start + step * (n_points - 1)
    if not (-180.0 <= start <= 180.0 and -180.0 <= last <= 180.0) or abs(step) > 20.0:
        raise ParseError(
            f"the header is not plausible: {n_points} points from {start:g}° in steps of "
            f"{step:g}° end at {last:g}°; the file is damaged or of an unknown version",
            path=path,
        )
    return start + step * np.arange(n_points)


def scan_from_ranges(
    ranges: Sequence[ScanRange], base: Scan, *, unit: Unit = "counts", path: Path
) -> Scan:
    """One scan from ranges of the same kind.

    Repetitions over the same angles are added up, ranges that follow each other are joined, and
    of ranges that overlap otherwise the longest is taken. Each is noted.

    Parameters
    ----------
    ranges:
        The ranges, all of the θ–2θ kind.
    base:
        Carries name, format, radiation, metadata and notes; its arrays are replaced.
    unit:
        Unit of the intensities.
    path:
        The file, for messages.

    Raises
    ------
    ParseError
        There is no range with data.
    """
    filled = [one for one in ranges if len(one.two_theta_deg)]
    notes = list(base.notes)
    if not filled:
        raise ParseError("expected a measured scan, came none: the file has no data", path=path)
    if len(filled) < len(ranges):
        notes.append(f"{len(ranges) - len(filled)} empty ranges were left out")
    if len(filled) == 1:
        return _with(base, filled[0], unit, notes)
    if _same_grid(filled):
        if len(filled) > MAX_SUMMED:
            raise ParseError(
                f"expected one pattern, came a series of {len(filled)} scans over the same angles; "
                "save the scan that you want in its own file",
                path=path,
            )
        notes.append(
            f"{len(filled)} scans over the same angles were added up; "
            "if they form a series in time or temperature, give one at a time"
        )
        return _with(base, _summed(filled, unit), unit, notes)
    ordered = sorted(filled, key=lambda one: float(one.two_theta_deg.min()))
    gaps = [
        float(after.two_theta_deg.min() - before.two_theta_deg.max())
        for before, after in itertools.pairwise(ordered)
    ]
    if min(gaps) > 0.0:
        notes.append(f"{len(ordered)} ranges were joined")
        return _joined(base, ordered, unit, notes)
    longest = max(filled, key=lambda one: len(one.two_theta_deg))
    notes.append(
        f"the file has {len(filled)} ranges that overlap: the longest was taken "
        f"({len(longest.two_theta_deg)} points)"
    )
    return _with(base, longest, unit, notes)


def _same_grid(ranges: Sequence[ScanRange]) -> bool:
    first = ranges[0].two_theta_deg
    if len(first) < 2:
        return False
    tolerance = 0.2 * abs(float(first[1] - first[0]))
    return all(
        len(one.two_theta_deg) == len(first)
        and bool(np.all(np.abs(one.two_theta_deg - first) <= tolerance))
        for one in ranges[1:]
    )


def _summed(ranges: Sequence[ScanRange], unit: Unit) -> ScanRange:
    total = np.sum([one.intensity for one in ranges], axis=0)
    times = [one.counting_time for one in ranges if one.counting_time]
    if unit == "cps":
        total = total / len(ranges)
    return ScanRange(
        two_theta_deg=ranges[0].two_theta_deg,
        intensity=total,
        counting_time=sum(times) if len(times) == len(ranges) else None,
        attenuation=ranges[0].attenuation,
    )


def _with(base: Scan, one: ScanRange, unit: Unit, notes: list[str]) -> Scan:
    return Scan(
        axis=one.two_theta_deg,
        intensity=one.intensity,
        format=base.format,
        unit=unit,
        counting_time=one.counting_time,
        attenuation=one.attenuation,
        radiation=base.radiation,
        name=base.name,
        metadata=base.metadata,
        notes=tuple(notes),
    )


def _joined(base: Scan, ordered: Sequence[ScanRange], unit: Unit, notes: list[str]) -> Scan:
    """Ranges end to end; on a common scale of counts per second where the times differ."""
    times = [one.counting_time for one in ordered]
    known = all(time is not None and time > 0 for time in times)
    rescale = unit == "counts" and known and len(set(times)) > 1
    if rescale:
        notes.append("the ranges were counted for different times: all are in counts per second")
    pieces = [
        one.intensity / one.counting_time if rescale and one.counting_time else one.intensity
        for one in ordered
    ]
    per_point = np.concatenate(
        [np.full(len(one.intensity), one.counting_time or 0.0) for one in ordered]
    )
    attenuated = all(one.attenuation is not None for one in ordered) and not rescale
    joined = ScanRange(
        two_theta_deg=np.concatenate([one.two_theta_deg for one in ordered]),
        intensity=np.concatenate(pieces),
        attenuation=(
            np.concatenate([one.attenuation for one in ordered if one.attenuation is not None])
            if attenuated
            else None
        ),
    )
    scan = _with(base, joined, "cps" if rescale else unit, notes)
    return Scan(
        axis=scan.axis,
        intensity=scan.intensity,
        format=scan.format,
        unit=scan.unit,
        counting_time=per_point if known else None,
        attenuation=scan.attenuation,
        radiation=scan.radiation,
        name=scan.name,
        metadata=scan.metadata,
        notes=scan.notes,
    )
