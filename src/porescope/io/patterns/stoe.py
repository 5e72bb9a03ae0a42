"""STOE WinXPOW raw data, version 1.06.

Records of 512 bytes: a file header, scan information, a header per range, counts. Layout: the
declarations of the raw data header in DASH, https://github.com/ccdc-opensource/dash.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.binary import Binary
from porescope.io.patterns.emission import is_wavelength, radiation_from_tube
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.ranges import ScanRange, scan_from_ranges, stepped_angles
from porescope.io.patterns.scan import Scan

_RECORD = 512
_MAX_RANGES = 8
_EMPTY = np.zeros(0)


def read_stoe(data: bytes, path: Path) -> Scan:
    """The 2θ scan of a STOE raw file.

    Raises
    ------
    ParseError
        Cut off, counts that contradict the header, or 2θ standing still.
    """
    file = Binary(data, path=path)
    done = file.u16(0x17A)
    if not 0 < done <= _MAX_RANGES:
        raise ParseError(
            f"expected 1 to {_MAX_RANGES} measured ranges, the header says {done}; "
            "the measurement was not finished or the file is damaged",
            path=path,
        )
    notes: list[str] = []
    ranges = [
        _range_at(file, _RECORD * (file.u16(0x1E0 + 2 * index) - 1), notes) for index in range(done)
    ]
    if file.u16(0x168) and file.f32(0x142) <= 0:
        notes.append("the file gives no wavelength")
    base = Scan(
        axis=_EMPTY,
        intensity=_EMPTY,
        format="stoe",
        radiation=_radiation_of(file),
        name=_title_of(file),
        metadata={"measured": file.text(16, 16), "program": file.text(8, 8)},
        notes=tuple(notes),
    )
    return scan_from_ranges(ranges, base, path=path)


def _title_of(file: Binary) -> str:
    title = file.text(32, 80)
    return "" if title == "This file has no Title" else title


def _radiation_of(file: Binary) -> Radiation | None:
    """Kα1 alone where a monochromator stands in the beam, else what the file gives."""
    alpha1, alpha2 = round(file.f32(0x142), 6), round(file.f32(0x146), 6)
    if not is_wavelength(alpha1):
        return None
    d_star = file.f32(0x14A)
    if d_star > 0.0:
        sine = 0.5 * alpha1 * d_star
        angle = float(np.degrees(2.0 * np.arcsin(sine))) if sine < 1.0 else None
        return radiation_from_tube(alpha1=alpha1, line="Ka1", monochromator_two_theta_deg=angle)
    return radiation_from_tube(alpha1=alpha1, alpha2=alpha2)


def _range_at(file: Binary, start: int, notes: list[str]) -> ScanRange:
    path = file.path
    if start < _RECORD:
        raise ParseError("the header points to no range: the file is damaged", path=path)
    n_points = file.u16(start + 34)
    factor = file.f32(start + 40)
    begin, end, step = file.f32(start + 44), file.f32(start + 52), file.f32(start + 60)
    if step == 0.0:
        raise ParseError(
            "this is no θ–2θ powder scan: 2θ stands still (an ω scan or a time series); "
            "export a 2θ scan",
            path=path,
        )
    angle = stepped_angles(begin, step, n_points, path=path)
    if abs(angle[-1] - end) > 1.5 * abs(step):
        raise ParseError(
            f"the header contradicts itself: {n_points} steps of {step:g}° from {begin:g}° end at "
            f"{angle[-1]:g}°, not at {end:g}°; the file is damaged",
            path=path,
        )
    counts = _counts_at(
        file, start + _RECORD, n_points, file.u32(start + 120), file.u32(start + 124)
    )
    if np.isfinite(factor) and factor > 1.0:
        counts = counts / factor
        notes.append(f"counts were divided by the file's factor {factor:g}")
    seconds = file.f32(start + 68)
    return ScanRange(
        two_theta_deg=angle,
        intensity=counts,
        counting_time=seconds if 0.0 < seconds < 1e7 else None,
    )


def _counts_at(
    file: Binary, start: int, n_points: int, low: int, high: int
) -> Float[np.ndarray, "points"]:
    """Counts in 32 or 16 bits, whichever agrees with the least and largest in the header."""
    for size, kind in ((4, "<i4"), (2, "<u2")):
        if start + size * n_points <= len(file):
            counts = file.column(start, n_points, record=size, kind=kind)
            if counts.min() == low and counts.max() == high:
                return counts
    if start + 2 * n_points > len(file):
        raise file.cut_off(start + 2 * n_points)
    raise ParseError(
        f"the counts do not lie between {low} and {high} as the header says: the file is damaged "
        "or of an unknown version; export it as XY",
        path=file.path,
    )


STOE = PatternFormat(
    name="stoe",
    title="STOE WinXPOW raw",
    extensions=(".raw",),
    matches=lambda data: data[:5] == b"RAW_1",
    read=read_stoe,
)
