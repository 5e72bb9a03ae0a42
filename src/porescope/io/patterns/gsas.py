"""GSAS powder data: a BANK line and counts in fixed columns.

Layout: A. C. Larson and R. B. Von Dreele, General Structure Analysis System, LAUR 86-748 (2004),
"standard powder data file".
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.errors import ParseError
from porescope.io.patterns.emission import radiation_from_text
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.ranges import stepped_angles
from porescope.io.patterns.scan import MAX_POINTS, Scan
from porescope.io.patterns.source import number, text_from_bytes

_BANK = re.compile(r"^\s*BANK\s+\d+", re.IGNORECASE)
_FLIGHT = ("RALF", "SLOG", "TIME_MAP", "TIMEMAP", "LOG6", "LPSD", "EDS", "COND")
_TYPES = ("STD", "ESD", "FXYE", "FXY", "ALT")


def read_gsas(data: bytes, path: Path) -> Scan:
    """The first bank of a constant-wavelength GSAS file.

    Raises
    ------
    ParseError
        Cut off, broken columns, or time-of-flight data.
    """
    lines = text_from_bytes(data, path=path).splitlines()
    banks = [index for index, line in enumerate(lines) if _BANK.match(line)]
    if not banks:
        raise ParseError("expected a BANK line of a GSAS file, came none", path=path)
    first = banks[0]
    header, bank = lines[:first], lines[first].split()
    end = banks[1] if len(banks) > 1 else len(lines)
    rows = [line.rstrip("\r\n") for line in lines[first + 1 : end]]
    while rows and not rows[-1].strip("\x1a \t"):
        rows.pop()
    n_points, start, step, kind = _bank_of(bank, first + 1, path)
    notes: list[str] = []
    if len(banks) > 1:
        notes.append(f"the file has {len(banks)} banks: the first was taken")
    rows = [row for row in rows if row.strip() and not row.lstrip().startswith("#")]
    sigma: Float[np.ndarray, "points"] | None
    if kind in ("FXYE", "FXY", "ALT"):
        angle, intensity, sigma = _with_positions(rows, kind, n_points, first + 2, path)
    else:
        angle = stepped_angles(start / 100.0, step / 100.0, n_points, path=path)
        intensity, sigma = _without_positions(rows, kind, n_points, first + 2, path)
    radiation, note = radiation_from_text("\n".join(header))
    return Scan(
        axis=angle,
        intensity=intensity,
        sigma=sigma,
        unit="counts" if kind == "STD" else "unknown",
        format="gsas",
        radiation=radiation,
        metadata={"title": header[0].strip(), "bank": lines[first].strip()} if header else {},
        notes=(*notes, *note),
    )


def _bank_of(bank: list[str], line: int, path: Path) -> tuple[int, float, float, str]:
    """Number of points, start and step [centidegrees], type of the rows."""
    if len(bank) < 5:
        raise ParseError(
            "expected BANK, its number, points, records and binning", path=path, line=line
        )
    binning = bank[4].upper()
    if binning in _FLIGHT:
        raise ParseError(
            f"this is a time-of-flight or energy-dispersive pattern (binning {binning}); only "
            "patterns at a constant wavelength are read: convert it to d or 2θ",
            path=path,
            line=line,
        )
    if not binning.startswith("CON"):
        raise ParseError(f"the binning {binning!r} is not known", path=path, line=line)
    kind = bank[-1].upper() if bank[-1].upper() in _TYPES else "STD"
    coefficients = [part for part in bank[5:] if part.upper() not in _TYPES]
    n_points = number(bank[2], what="number of points", path=path, line=line)
    if not 0 < n_points <= MAX_POINTS or n_points != int(n_points):
        raise ParseError(f"{bank[2]} is no number of points", path=path, line=line)
    if kind in ("FXYE", "FXY", "ALT"):
        return int(n_points), 0.0, 0.0, kind
    if len(coefficients) < 2:
        raise ParseError("expected start and step in the BANK line", path=path, line=line)
    start = number(coefficients[0], what="start", path=path, line=line)
    step = number(coefficients[1], what="step", path=path, line=line)
    return int(n_points), start, step, kind


def _fields(row: str, widths: tuple[int, ...], line: int, path: Path) -> list[tuple[float, ...]]:
    """Groups of numbers in fixed columns; an empty field is zero."""
    size = sum(widths)
    groups: list[tuple[float, ...]] = []
    for begin in range(0, len(row.rstrip()), size):
        values: list[float] = []
        at = begin
        for width in widths:
            text = row[at : at + width].strip()
            values.append(number(text, what="counts", path=path, line=line) if text else 0.0)
            at += width
        groups.append(tuple(values))
    return groups


def _without_positions(
    rows: list[str], kind: str, n_points: int, line: int, path: Path
) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"] | None]:
    """Counts and uncertainties of STD and ESD rows, one point after the other."""
    widths = (2, 6) if kind == "STD" else (8, 8)
    pairs: list[tuple[float, ...]] = []
    for offset, row in enumerate(rows):
        loose = row.split()
        if kind == "ESD" and len(loose) == 10:
            found = [number(text, what="counts", path=path, line=line + offset) for text in loose]
            pairs += list(zip(found[0::2], found[1::2], strict=True))
        else:
            pairs += _fields(row, widths, line + offset, path)
        if len(pairs) >= n_points:
            break
    _require_rows(len(pairs), n_points, path)
    values = np.array(pairs[:n_points], dtype=float)
    if kind == "ESD":
        return values[:, 0], values[:, 1]
    counters = np.where(values[:, 0] > 0, values[:, 0], 1.0)
    if np.all(counters == 1.0):
        return values[:, 1], None
    return values[:, 1], np.sqrt(np.maximum(values[:, 1], 1.0) / counters)


def _with_positions(
    rows: list[str], kind: str, n_points: int, line: int, path: Path
) -> tuple[
    Float[np.ndarray, "points"], Float[np.ndarray, "points"], Float[np.ndarray, "points"] | None
]:
    """Angle [°], counts and uncertainties of FXYE, FXY and ALT rows."""
    if kind == "ALT":
        triples = [
            group
            for offset, row in enumerate(rows)
            for group in _fields(row, (8, 7, 5), line + offset, path)
        ]
        _require_rows(len(triples), n_points, path)
        values = np.array(triples[:n_points], dtype=float)
        return values[:, 0] / 3200.0, values[:, 1], values[:, 2]
    n_columns = 3 if kind == "FXYE" else 2
    _require_rows(len(rows), n_points, path)
    found: list[list[float]] = []
    for offset, row in enumerate(rows[:n_points]):
        parts = row.split()
        if len(parts) < n_columns:
            raise ParseError(
                f"expected {n_columns} numbers, came {row.strip()[:40]!r}",
                path=path,
                line=line + offset,
            )
        try:
            found.append([float(part) for part in parts[:n_columns]])
        except ValueError:
            raise ParseError(
                f"expected {n_columns} numbers, came {row.strip()[:40]!r}",
                path=path,
                line=line + offset,
            ) from None
    values = np.array(found, dtype=float)
    sigma = values[:, 2] if kind == "FXYE" else None
    return values[:, 0] / 100.0, values[:, 1], sigma


def _require_rows(came: int, expected: int, path: Path) -> None:
    if came < expected:
        raise ParseError(
            f"expected {expected} points as the BANK line says, came {came}: the file is cut off; "
            "copy it again",
            path=path,
        )


GSAS = PatternFormat(
    name="gsas",
    title="GSAS (gda, fxye, fxy, esd, gsas, raw, xra)",
    extensions=(".gda", ".gsas", ".gsa", ".fxye", ".fxy", ".esd", ".raw", ".xra", ".dat"),
    matches=lambda data: re.search(rb"(?:^|\n)\s*BANK\s+\d+\s+\d+", data[:65536]) is not None,
    read=read_gsas,
)
