"""Start, step and end on one line, then counts row by row.

FullProf's free format, FOX, ILL D1A and D2B, PSI DMC and HRPT. Where twice as many numbers follow
as there are points, the second half are the uncertainties.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.emission import is_wavelength, radiation_from_text
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.ranges import stepped_angles
from porescope.io.patterns.scan import MAX_POINTS, Scan
from porescope.io.patterns.source import text_from_bytes

_HEADER_LINES = 10
_NEUTRON_INSTRUMENTS = re.compile(
    r"\b(D1A\d?|D1B|D2B|D20|DMC|HRPT|BT-?1|SPODI|HB-?2A|3T2|G4\.?1|G4\.?2|ECHIDNA|WOMBAT|HRFD)\b",
    re.IGNORECASE,
)
_TITLE_WAVELENGTH = re.compile(r"\b(\d\.\d{2,6})\s*(?:A|Å|Ang\w*)\b")


def read_grid(data: bytes, path: Path) -> Scan:
    """Counts on a grid of angles that one line gives.

    Raises
    ------
    ParseError
        Fewer numbers than the grid has points, or rows that are no numbers.
    """
    lines = text_from_bytes(data, path=path).splitlines()
    found = _grid_line(lines)
    if found is None:
        raise ParseError("expected a line with start, step and end, came none", path=path)
    index, start, step, stop = found
    n_points = round((stop - start) / step) + 1
    if n_points > MAX_POINTS:
        raise ParseError(f"expected at most {MAX_POINTS} points, came {n_points}", path=path)
    values, notes = _values_of(lines, index + 1, n_points, path)
    header = lines[: index + 1]
    radiation, note = _radiation_of("\n".join(header))
    sigma = np.array(values[n_points : 2 * n_points]) if len(values) >= 2 * n_points else None
    return Scan(
        axis=stepped_angles(start, step, n_points, path=path),
        intensity=np.array(values[:n_points]),
        sigma=sigma,
        format="grid",
        radiation=radiation,
        metadata={"header": " | ".join(line.strip()[:200] for line in header)},
        notes=(*notes, *note),
    )


def _grid_line(lines: list[str]) -> tuple[int, float, float, float] | None:
    """Index of the line with start, step and end, and these numbers."""
    for index, line in enumerate(lines[:_HEADER_LINES]):
        parts = line.split()
        if len(parts) < 3:
            continue
        try:
            start, step, stop = (float(part) for part in parts[:3])
        except ValueError:
            continue
        if not (-180.0 < start < stop <= 180.0 and 1e-4 <= step <= 2.0):
            continue
        steps = (stop - start) / step
        if steps < 10 or abs(steps - round(steps)) > 0.1 or index + 2 >= len(lines):
            continue
        following = [len(row.split()) for row in lines[index + 1 : index + 4] if row.strip()]
        if following and (min(following) >= 5 or max(following) == 1):
            return index, start, step, stop
    return None


def _values_of(
    lines: list[str], begin: int, n_points: int, path: Path
) -> tuple[list[float], list[str]]:
    """All numbers after the grid line, up to a line that is none."""
    values: list[float] = []
    for line_number, line in enumerate(lines[begin:], start=begin + 1):
        row = line.split()
        if not row:
            continue
        try:
            numbers = [float(part) for part in row]
        except ValueError:
            try:
                numbers = [float(line[at : at + 8]) for at in range(0, len(line.rstrip()), 8)]
            except ValueError:
                if len(values) >= n_points:
                    break
                raise ParseError(
                    f"expected counts, came {line.strip()[:40]!r}", path=path, line=line_number
                ) from None
        if numbers[0] <= -1000.0 and len(values) >= n_points:
            break
        values += numbers
        if len(values) > 2 * n_points + 20:
            break
    if len(values) < n_points:
        raise ParseError(
            f"expected {n_points} intensities for the grid on line {begin}, came {len(values)}: "
            "the file is cut off; copy it again",
            path=path,
        )
    spare = len(values) - (2 * n_points if len(values) >= 2 * n_points else n_points)
    if spare >= 10:
        return values[:n_points], [f"{spare} numbers after the intensities were left out"]
    return values, []


def _radiation_of(header: str) -> tuple[Radiation | None, tuple[str, ...]]:
    radiation, notes = radiation_from_text(header)
    instrument = _NEUTRON_INSTRUMENTS.search(header)
    if radiation is None and instrument:
        title = _TITLE_WAVELENGTH.search(header)
        if title and is_wavelength(float(title.group(1))):
            radiation = Radiation(wavelengths=(float(title.group(1)),))
            notes = (f"the title says {title.group(0)!r}: taken as the wavelength",)
    if radiation is not None and instrument and radiation.kind == "xray":
        name = instrument.group(1)
        return replace(radiation, kind="neutron"), (
            *notes,
            f"the header names {name}, a neutron diffractometer: taken as neutrons",
        )
    return radiation, notes


def _matches(data: bytes) -> bool:
    head = data[:16384]
    if b"\x00" in head:
        return False
    return _grid_line(head.decode("latin-1").splitlines()) is not None


GRID = PatternFormat(
    name="grid",
    title="start, step, end and counts (FullProf, FOX, ILL, PSI)",
    extensions=(".dat", ".xra", ".psi", ".dmc", ".rtn"),
    matches=_matches,
    read=read_grid,
)
