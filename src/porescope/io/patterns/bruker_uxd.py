"""Bruker UXD: keywords and counts in text."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.errors import ParseError
from porescope.io.patterns.bruker_raw import DETECTOR_SCAN, refuse_drive
from porescope.io.patterns.emission import radiation_from_tube
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.ranges import ScanRange, scan_from_ranges, stepped_angles
from porescope.io.patterns.scan import MAX_POINTS, Scan, Unit
from porescope.io.patterns.source import number, text_from_bytes

_EMPTY = np.zeros(0)
_DATA = re.compile(r"^_(2THETA|)(COUNTS|CPS)\b", re.IGNORECASE)
_POWDER = ("COUPLED", "LOCKED COUPLED", "UNLOCKED COUPLED", "2THETA", "DETECTOR", "")


def read_uxd(data: bytes, path: Path) -> Scan:
    """The coupled or detector scan of a UXD file; several ranges are joined.

    Raises
    ------
    ParseError
        Cut off, broken rows, or a scan of another kind.
    """
    said: dict[str, str] = {}
    ranges: list[ScanRange] = []
    notes: list[str] = []
    units: set[str] = set()
    values: list[float] | None = None
    rounding: list[float] = []
    with_angles = False
    text = text_from_bytes(data, path=path)
    n_ranges = len(re.findall(r"^_DRIVE\b", text, re.MULTILINE))
    for line_number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip().strip("\x1a")
        if not line or line.startswith(";"):
            continue
        if line.startswith("_"):
            if values is not None:
                ranges.append(_range_of(values, rounding if with_angles else None, said, path))
                values = None
            found = _DATA.match(line)
            if found:
                _check_drive(said, n_ranges, notes, path)
                with_angles = bool(found.group(1))
                units.add(found.group(2).upper())
                values, rounding = [], []
            else:
                key, _, value = line[1:].partition("=")
                said[key.strip().upper()] = value.strip().strip("'")
            continue
        if values is None:
            raise ParseError(
                f"expected a keyword, came {line[:40]!r}; the file is damaged",
                path=path,
                line=line_number,
            )
        row = [number(part, what="counts", path=path, line=line_number) for part in line.split()]
        if with_angles and len(row) < 2:
            raise ParseError("expected angle and counts", path=path, line=line_number)
        values += row[:2] if with_angles else row
        if with_angles:
            rounding.append(0.51 * 10.0 ** -len(line.split()[0].partition(".")[2]))
        if len(values) > 2 * MAX_POINTS:
            raise ParseError(f"expected at most {MAX_POINTS} points, came more", path=path)
    if values is not None:
        ranges.append(_range_of(values, rounding if with_angles else None, said, path))
    if len(units) > 1:
        raise ParseError("the ranges are in counts and in counts per second: split them", path=path)
    unit: Unit = "cps" if units == {"CPS"} else "counts"
    return _scan_of(ranges, said, unit, notes, path)


def _check_drive(said: dict[str, str], n_ranges: int, notes: list[str], path: Path) -> None:
    drive = said.get("DRIVE", "")
    if drive.upper() not in _POWDER:
        raise refuse_drive(f"scan along {drive}", n_ranges, path=path)
    if drive.upper() in ("2THETA", "DETECTOR") and DETECTOR_SCAN not in notes:
        notes.append(DETECTOR_SCAN)


def _range_of(
    values: list[float], rounding: list[float] | None, said: dict[str, str], path: Path
) -> ScanRange:
    numbers = np.array(values, dtype=float)
    time = number(said.get("STEPTIME") or "0", what="_STEPTIME", path=path)
    counted = time if 0.0 < time < 1e7 else None
    if rounding is not None:
        angle, intensity = numbers[0::2], numbers[1::2]
        angle = _finer(angle, np.array(rounding), said, path)
        return ScanRange(two_theta_deg=angle, intensity=intensity, counting_time=counted)
    if not len(numbers):
        return ScanRange(two_theta_deg=_EMPTY, intensity=_EMPTY)
    start = number(said.get("START") or "nan", what="_START", path=path)
    step = number(said.get("STEPSIZE") or "nan", what="_STEPSIZE", path=path)
    return ScanRange(
        two_theta_deg=stepped_angles(start, step, len(numbers), path=path),
        intensity=numbers,
        counting_time=counted,
    )


def _finer(
    angle: Float[np.ndarray, "points"],
    rounding: Float[np.ndarray, "points"],
    said: dict[str, str],
    path: Path,
) -> Float[np.ndarray, "points"]:
    """Angles from start and step where the rows are nothing but these, rounded.

    The format rounds angles to four digits; steps of 0.0156° come out as 0.01 and 0.02.
    """
    if "START" not in said or "STEPSIZE" not in said or not len(angle):
        return angle
    start = number(said["START"], what="_START", path=path)
    step = number(said["STEPSIZE"], what="_STEPSIZE", path=path)
    finer = start + step * np.arange(len(angle))
    return (
        finer if np.all(np.abs(finer - angle) <= rounding + 1e-6 * np.arange(len(angle))) else angle
    )


def _scan_of(
    ranges: list[ScanRange], said: dict[str, str], unit: Unit, notes: list[str], path: Path
) -> Scan:
    def value(key: str) -> float:
        return number(said[key], what=f"_{key}", path=path) if said.get(key) else 0.0

    scale = 10.0 if said.get("WL_UNIT", "A").lower() == "nm" else 1.0
    radiation = radiation_from_tube(
        anode=said.get("ANODE", ""),
        alpha1=scale * value("WL1"),
        alpha2=scale * value("WL2"),
        beta=scale * value("WL3"),
        ratio=value("WLRATIO"),
    )
    keys = {"DATEMEASURED": "measured", "ANODE": "anode", "STEPTIME": "counting_time_s"}
    base = Scan(
        axis=_EMPTY,
        intensity=_EMPTY,
        format="uxd",
        radiation=radiation,
        name=said.get("SAMPLE", ""),
        metadata={name: said[key] for key, name in keys.items() if said.get(key)},
        notes=tuple(notes),
    )
    return scan_from_ranges(ranges, base, unit=unit, path=path)


UXD = PatternFormat(
    name="uxd",
    title="Bruker UXD",
    extensions=(".uxd",),
    matches=lambda data: b"_FILEVERSION" in data[:4096] or b"\n_DRIVE=" in data[:16384],
    read=read_uxd,
)
