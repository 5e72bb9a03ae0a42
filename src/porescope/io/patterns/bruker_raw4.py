"""Bruker RAW version 4 (``RAW4.00``).

After 61 bytes the file is a chain of segments (kind, length); kind 0 or 160 begins a range: 160
bytes, further segments of a given total size, then one record a point. The layout was inferred
from files of DIFFRAC.EVA and of the vendor's converter; a file whose parts do not fit together is
refused.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.binary import Binary
from porescope.io.patterns.bruker_raw import DETECTOR_SCAN, refuse_drive
from porescope.io.patterns.emission import radiation_from_tube
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.ranges import ScanRange, scan_from_ranges, stepped_angles
from porescope.io.patterns.scan import Scan

_EMPTY = np.zeros(0)
_FIRST_SEGMENT = 61
_RANGE_KINDS = (0, 160)
_MAX_RANGES = 2000


def read_raw4(data: bytes, path: Path) -> Scan:
    """The coupled scan of a RAW4.00 file.

    Raises
    ------
    ParseError
        Cut off, parts that contradict each other, or a scan of another kind.
    """
    file = Binary(data, path=path)
    said: dict[str, str] = {}
    notes: list[str] = []
    radiation: Radiation | None = None
    ranges: list[ScanRange] = []
    position = _FIRST_SEGMENT
    while position + 8 <= len(file) and len(ranges) < _MAX_RANGES:
        kind, length = file.u32(position), file.u32(position + 4)
        if kind in _RANGE_KINDS:
            if ranges and not any(data[position:]):
                break
            one, position = _range_at(file, position, said, notes, len(ranges))
            ranges.append(one)
            continue
        if length < 8 or position + length > len(file):
            raise file.cut_off(position + max(length, 8))
        if kind == 10:
            _remember(file, position, length, said)
        elif kind == 30 and length >= 120:
            radiation = _radiation_at(file, position, notes)
        position += length
    announced = file.u32(40)
    if 0 < announced <= _MAX_RANGES and len(ranges) < announced:
        notes.append(f"the header announces {announced} ranges, {len(ranges)} are in the file")
    base = Scan(
        axis=_EMPTY,
        intensity=_EMPTY,
        format="raw4",
        radiation=radiation,
        name=said.pop("sampleid", ""),
        metadata={"measured": f"{file.text(12, 12)} {file.text(24, 10)}".strip(), **said},
        notes=tuple(notes),
    )
    return scan_from_ranges(ranges, base, path=path)


def _remember(file: Binary, position: int, length: int, said: dict[str, str]) -> None:
    key = file.text(position + 12, 24).lower()
    value = file.text(position + 36, length - 36)
    if value and key in ("sampleid", "user", "site", "comment", "creator"):
        said[key] = value[:200]


def _radiation_at(file: Binary, position: int, notes: list[str]) -> Radiation | None:
    anode = file.text(position + 116, 4)
    alpha1, alpha2 = file.f64(position + 80), file.f64(position + 88)
    if alpha2 == 0.0 and alpha1 > 0.0:
        notes.append("the file gives no Kα2: Kα1 alone was taken")
    return radiation_from_tube(
        anode=anode,
        alpha1=alpha1,
        alpha2=alpha2,
        beta=file.f64(position + 96),
        ratio=file.f64(position + 104),
    )


def _range_at(
    file: Binary, position: int, said: dict[str, str], notes: list[str], index: int
) -> tuple[ScanRange, int]:
    """One range, and where the next segment begins."""
    path = file.path
    if position + 160 > len(file):
        raise file.cut_off(position + 160)
    kind = file.text(position + 32, 24)
    start, step = file.f64(position + 72), file.f64(position + 80)
    n_points = file.u32(position + 88)
    record, extra = file.u32(position + 136), file.u32(position + 140)
    compact = kind.lower().replace(" ", "")
    if "coupled" not in compact:
        if "detector" in compact or compact in ("2theta", "twotheta"):
            if DETECTOR_SCAN not in notes:
                notes.append(DETECTOR_SCAN)
        else:
            raise refuse_drive(repr(kind) if kind else "scan without a name", index + 1, path=path)
    angle = stepped_angles(start, step, n_points, path=path)
    body = position + 160 + extra
    if record % 4:
        raise ParseError(f"records of {record} bytes are not plausible: damaged", path=path)
    drives = _drives_at(file, position + 160, body)
    told = drives.get("2theta")
    if told is not None and abs(told - start) > max(1e-3, abs(step)):
        other = " (it is the θ drive that starts there)" if drives.get("theta") == start else ""
        raise ParseError(
            f"the file contradicts itself: the scan starts at {start:g}°{other}, its 2θ drive at "
            f"{told:g}°; this is no θ–2θ powder scan or an unknown version, export it as XY",
            path=path,
        )
    time = file.f32(position + 92)
    said.setdefault("scan", kind)
    said.setdefault("counting_time_s", f"{time:g}")
    return ScanRange(
        two_theta_deg=angle,
        intensity=file.column(body, n_points, record=record),
        counting_time=time if 0.0 < time < 1e7 else None,
    ), body + n_points * record


def _drives_at(file: Binary, position: int, end: int) -> dict[str, float]:
    """Start positions of the drives [°], by name in lower case."""
    if end > len(file):
        raise file.cut_off(end)
    drives: dict[str, float] = {}
    while position + 8 <= end:
        kind, length = file.u32(position), file.u32(position + 4)
        if length < 8 or position + length > end:
            break
        if kind == 50 and length >= 64:
            drives[file.text(position + 12, 24).lower()] = file.f64(position + 56)
        position += length
    return drives


RAW4 = PatternFormat(
    name="raw4",
    title="Bruker RAW version 4 (RAW4.00)",
    extensions=(".raw",),
    matches=lambda data: data[:8] == b"RAW4.00\x00",
    read=read_raw4,
)
