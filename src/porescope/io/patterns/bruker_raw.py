"""Siemens and Bruker RAW, versions 1 (``RAW ``), 2 (``RAW2``) and 3 (``RAW1.01``).

Layout of versions 1 and 2: appendix B of the DIFFRAC-AT manual; version 3: appendix A.1 of
"DIFFRAC plus File Exchange and XCH", 2002.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from porescope.errors import ParseError
from porescope.io.patterns.binary import Binary
from porescope.io.patterns.emission import radiation_from_tube
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.ranges import ScanRange, scan_from_ranges, stepped_angles
from porescope.io.patterns.scan import Scan

_SCAN_TYPES = {
    0: "locked coupled", 1: "unlocked coupled", 2: "detector scan", 3: "rocking curve",
    4: "chi scan", 5: "phi scan", 6: "x scan", 7: "y scan", 8: "z scan", 9: "auxiliary 1 scan",
    10: "auxiliary 2 scan", 11: "auxiliary 3 scan", 12: "psi scan", 13: "hkl scan",
    14: "reciprocal space scan", 20: "unlocked coupled hkl scan", 129: "PSD fixed scan",
    130: "PSD fast scan",
}  # fmt: skip
_POWDER_TYPES = {0, 1, 2, 130}
_MAX_RANGES = 2000
_EMPTY = np.zeros(0)
DETECTOR_SCAN = "detector scan: peak positions hold, intensities differ from a θ–2θ scan"


def refuse_drive(what: str, n_ranges: int, *, path: Path) -> ParseError:
    """The error for a scan that is no θ–2θ powder scan."""
    several = f" ({n_ranges} of them: a texture or map measurement)" if n_ranges > 1 else ""
    return ParseError(
        f"this is no θ–2θ powder scan but a {what}{several}; export a coupled 2θ scan", path=path
    )


def read_raw1(data: bytes, path: Path) -> Scan:
    """RAW version 1.

    Raises
    ------
    ParseError
        Cut off, damaged, or not plausible.
    """
    file = Binary(data, path=path)
    ranges: list[ScanRange] = []
    start, name, alpha1, alpha2 = 0, "", 0.0, 0.0
    while True:
        if data[start : start + 4] != b"RAW ":
            start -= 4
        n_points = file.u32(start + 4)
        angle = stepped_angles(file.f32(start + 24), file.f32(start + 12), n_points, path=path)
        if not ranges:
            name = file.text(start + 40, 32)
            alpha1, alpha2 = round(file.f32(start + 72), 6), round(file.f32(start + 76), 6)
        ranges.append(
            ScanRange(
                two_theta_deg=angle,
                intensity=file.column(start + 156, n_points),
                counting_time=_plausible_time(file.f32(start + 8)),
            )
        )
        if file.u32(start + 152) == 0 or len(ranges) >= _MAX_RANGES:
            break
        start += 156 + 4 * n_points
    base = Scan(
        axis=_EMPTY,
        intensity=_EMPTY,
        format="raw1",
        name=name,
        radiation=radiation_from_tube(alpha1=alpha1, alpha2=alpha2),
    )
    return scan_from_ranges(ranges, base, path=path)


def read_raw2(data: bytes, path: Path) -> Scan:
    """RAW version 2.

    Raises
    ------
    ParseError
        Cut off, damaged, or not plausible.
    """
    file = Binary(data, path=path)
    n_ranges = file.u16(4)
    if not 0 < n_ranges <= _MAX_RANGES:
        raise ParseError(f"expected some ranges, the header says {n_ranges}", path=path)
    start = 256
    ranges: list[ScanRange] = []
    for _ in range(n_ranges):
        header, n_points = file.u16(start), file.u16(start + 2)
        if header <= 48:
            raise ParseError(f"a range header of {header} bytes is too short: damaged", path=path)
        angle = stepped_angles(file.f32(start + 16), file.f32(start + 12), n_points, path=path)
        ranges.append(
            ScanRange(
                two_theta_deg=angle,
                intensity=file.column(start + header, n_points),
                counting_time=_plausible_time(file.f32(start + 8)),
            )
        )
        start += header + 4 * n_points
    anode = file.text(188, 2)
    base = Scan(
        axis=_EMPTY,
        intensity=_EMPTY,
        format="raw2",
        radiation=radiation_from_tube(
            anode=anode,
            alpha1=round(file.f32(190), 6),
            alpha2=round(file.f32(194), 6),
            ratio=file.f32(198),
        ),
        metadata={"measured": file.text(168, 20), "anode": anode},
    )
    return scan_from_ranges(ranges, base, path=path)


def read_raw3(data: bytes, path: Path) -> Scan:
    """RAW version 3 (``RAW1.01``).

    Raises
    ------
    ParseError
        Cut off, damaged, or a scan of another kind.
    """
    file = Binary(data, path=path)
    n_ranges = file.u32(12)
    if not 0 < n_ranges <= _MAX_RANGES:
        raise ParseError(
            f"expected 1 to {_MAX_RANGES} ranges, the header says {n_ranges}: damaged", path=path
        )
    start = 712
    ranges: list[ScanRange] = []
    notes: list[str] = []
    for _ in range(n_ranges):
        header, n_points = file.u32(start), file.u32(start + 4)
        kind = file.u32(start + 196)
        if header < 260 or header > 4096:
            raise ParseError(
                f"a range header of {header} bytes is not plausible: damaged", path=path
            )
        if kind not in _POWDER_TYPES:
            raise refuse_drive(_SCAN_TYPES.get(kind, f"scan of type {kind}"), n_ranges, path=path)
        if kind == 2 and DETECTOR_SCAN not in notes:
            notes.append(DETECTOR_SCAN)
        record, extra = file.u32(start + 252), file.u32(start + 256)
        if n_points:
            angle = stepped_angles(file.f64(start + 16), file.f64(start + 176), n_points, path=path)
            intensity = file.column(start + header + extra, n_points, record=record or 4)
            ranges.append(
                ScanRange(
                    two_theta_deg=angle,
                    intensity=intensity,
                    counting_time=_plausible_time(file.f32(start + 192)),
                )
            )
        start += header + extra + n_points * (record or 4)
    return scan_from_ranges(ranges, _header3(file, notes), path=path)


def _header3(file: Binary, notes: list[str]) -> Scan:
    """What the file header of version 3 says; the arrays are empty."""
    anode = file.text(608, 4)
    return Scan(
        axis=_EMPTY,
        intensity=_EMPTY,
        format="raw3",
        name=file.text(326, 60).strip("_"),
        radiation=radiation_from_tube(
            anode=anode,
            alpha1=file.f64(624),
            alpha2=file.f64(632),
            beta=file.f64(640),
            ratio=file.f64(648),
        ),
        metadata={
            "measured": f"{file.text(16, 10)} {file.text(26, 10)}".strip(),
            "anode": anode,
            "radius_mm": f"{file.f32(564):g}",
        },
        notes=tuple(notes),
    )


def _plausible_time(seconds: float) -> float | None:
    return seconds if 0.0 < seconds < 1e7 else None


RAW1 = PatternFormat(
    name="raw1",
    title="Siemens RAW version 1",
    extensions=(".raw",),
    matches=lambda data: data[:4] == b"RAW " and len(data) > 8 and not data[4:8].isalpha(),
    read=read_raw1,
)
RAW2 = PatternFormat(
    name="raw2",
    title="Siemens/Bruker RAW version 2",
    extensions=(".raw",),
    matches=lambda data: data[:4] == b"RAW2",
    read=read_raw2,
)
RAW3 = PatternFormat(
    name="raw3",
    title="Bruker RAW version 3 (RAW1.01)",
    extensions=(".raw",),
    matches=lambda data: data[:7] == b"RAW1.01",
    read=read_raw3,
)
