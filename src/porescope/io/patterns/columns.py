"""Columns of numbers in text: xy, xye, csv, dat, txt with any separator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Float

from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.column_names import Columns, columns_of
from porescope.io.patterns.emission import is_wavelength, radiation_from_text
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.scan import MAX_POINTS, Scan
from porescope.io.patterns.source import WHAT_IS_READ, text_from_bytes
from porescope.io.patterns.uncertainty import scatter_ratio

_COMMENT = ("#", ";", "!", "%", "'", '"', "/", "*", "$", "_", "&", "@", ">", "[")
_SAMPLE_ROWS = 400


@dataclass(frozen=True, slots=True)
class _Style:
    """How the numbers of a row are separated and written."""

    split: Callable[[str], list[str]]
    decimal_comma: bool = False


def _splitter(separator: str) -> Callable[[str], list[str]]:
    def split(line: str) -> list[str]:
        parts = [part.strip().strip('"') for part in line.split(separator)]
        while parts and not parts[-1]:
            parts.pop()
        return parts

    return split


_STYLES = (
    _Style(str.split),
    _Style(_splitter(",")),
    _Style(_splitter(";")),
    _Style(_splitter("\t")),
    _Style(str.split, True),
    _Style(_splitter(";"), True),
    _Style(_splitter("\t"), True),
    _Style(lambda line: line.replace(",", " ").split()),
)


def _row(line: str, style: _Style) -> list[float] | None:
    """Numbers of one row, or ``None`` where it is no row of numbers."""
    parts = style.split(line)
    if not parts:
        return None
    values: list[float] = []
    for part in parts:
        text = part
        if style.decimal_comma:
            if "." in text:
                return None
            text = text.replace(",", ".")
        try:
            values.append(float(text))
        except ValueError:
            if not text and values:
                values.append(np.nan)
                continue
            try:
                values.append(float(text.lower().replace("d", "e")))
            except ValueError:
                return None
        if "_" in text:
            return None
    return values


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows of numbers with what stands around them."""

    values: Float[np.ndarray, "rows columns"]
    header: list[str]
    footer: int
    first_number: float


def read_columns(data: bytes, path: Path) -> Scan:
    """A pattern in columns of text.

    Raises
    ------
    ParseError
        No columns of numbers, one column, broken rows, or an axis that is no angle, d or Q.
    """
    text = text_from_bytes(data, path=path)
    _refuse_foreign(text, path)
    table = _table_of(text, path)
    names = _without_row_numbers(
        columns_of(table.header, table.values.shape[1], path=path), table.values
    )
    axis, intensity = table.values[:, names.axis], table.values[:, names.intensity]
    notes = list(names.notes)
    if table.values.shape[1] > 3 and not names.named:
        notes.append(
            f"the file has {table.values.shape[1]} columns without names: column "
            f"{names.axis + 1} was taken as 2θ, column {names.intensity + 1} as the intensity"
        )
    if table.footer:
        notes.append(f"lines after the data, left out: {table.footer}")
    radiation, note = _radiation_of(table)
    notes += note
    sigma, note = _sigma_of(table, names, intensity)
    notes += note
    return Scan(
        axis=axis,
        axis_kind=names.axis_kind,
        intensity=intensity,
        sigma=sigma,
        unit=names.unit,
        radiation=radiation,
        format={".xye": "xye", ".csv": "csv"}.get(path.suffix.lower(), "xy"),
        metadata={"header": " | ".join(line[:200] for line in table.header[:40])}
        if table.header
        else {},
        notes=tuple(notes),
    )


_FOREIGN = (
    ("<", "XML or HTML of another kind"),
    ("{", "JSON"),
    ("@<TRIPOS>", "a mol2 file: a molecule"),
    ("ATOM  ", "a PDB file: a structure"),
    ("CRYST1", "a PDB file: a structure"),
    ("HEADER ", "a PDB file: a structure"),
    ("TITL ", "a SHELX file: a structure"),
)


def _refuse_foreign(text: str, path: Path) -> None:
    """Refuse text formats that have columns of numbers and hold no pattern."""
    start = text[:4096].lstrip("\ufeff \t\r\n")
    for sign, what in _FOREIGN:
        if start.startswith(sign) or (len(sign) > 6 and f"\n{sign}" in start):
            raise ParseError(f"expected a powder pattern, came {what}; {WHAT_IS_READ}", path=path)


def _style_of(lines: list[str]) -> tuple[_Style, int] | None:
    """Style that makes most rows, and the usual number of columns."""
    best: tuple[int, _Style, int] | None = None
    sample = [line for line in lines if line.strip()]
    if len(sample) > _SAMPLE_ROWS:
        middle = len(sample) // 2
        sample = sample[middle - _SAMPLE_ROWS // 2 : middle + _SAMPLE_ROWS // 2]
    for style in _STYLES:
        counts: dict[int, int] = {}
        for line in sample:
            row = _row(line, style)
            if row is not None:
                counts[len(row)] = counts.get(len(row), 0) + 1
        several = {n: count for n, count in counts.items() if n >= 2}
        if several:
            n_columns = max(several, key=lambda n: several[n])
            if best is None or several[n_columns] > best[0]:
                best = (several[n_columns], style, n_columns)
    return None if best is None else (best[1], best[2])


def _table_of(text: str, path: Path) -> _Table:
    lines = text.splitlines()
    found = _style_of(lines)
    if found is None:
        _refuse_without_columns(lines, path)
    style, n_columns = found
    rows: list[list[float]] = []
    header: list[str] = []
    stray: list[tuple[int, str]] = []
    first_number = 0.0
    for line_number, line in enumerate(lines, start=1):
        stripped = line.strip().strip("\x1a\x00")
        if not stripped:
            continue
        row = _row(stripped, style)
        if row is not None and len(row) == n_columns:
            if stray:
                _refuse_stray(stray[0], n_columns, path)
            rows.append(row)
            if len(rows) > MAX_POINTS:
                raise ParseError(f"expected at most {MAX_POINTS} rows, came more", path=path)
        elif not rows:
            header.append(stripped)
            if row is not None and len(row) == 1 and not first_number:
                first_number = row[0]
        elif not stripped.startswith(_COMMENT):
            stray.append((line_number, stripped))
    if not rows:
        _refuse_without_columns(lines, path)
    return _Table(np.array(rows, dtype=float), header, len(stray), first_number)


def _refuse_stray(stray: tuple[int, str], n_columns: int, path: Path) -> NoReturn:
    raise ParseError(
        f"expected {n_columns} numbers in a row, came {stray[1][:40]!r} amid the data; "
        "remove or repair this line, and give one scan per file",
        path=path,
        line=stray[0],
    )


def _refuse_without_columns(lines: list[str], path: Path) -> NoReturn:
    single = sum(1 for line in lines if (_row(line.strip(), _STYLES[0]) or [0, 0])[1:] == [])
    if single >= 10:
        raise ParseError(
            "expected two columns (2θ and intensity), came one column of numbers; "
            "add the angles to the file",
            path=path,
        )
    raise ParseError(
        f"expected a powder pattern, came text without columns of numbers; {WHAT_IS_READ}",
        path=path,
    )


def _without_row_numbers(names: Columns, values: Float[np.ndarray, "rows columns"]) -> Columns:
    """Skip a first column that counts the rows."""
    if names.named or values.shape[1] < 3 or len(values) < 3:
        return names
    counted = values[:, 0] - values[0, 0]
    if not np.array_equal(counted, np.arange(len(values))) or values[0, 0] not in (0.0, 1.0):
        return names
    steps = np.diff(values[:, 1])
    if not (np.all(steps > 0) or np.all(steps < 0)):
        return names
    return replace(
        names, axis=1, intensity=2, notes=(*names.notes, "the first column counts the rows")
    )


def _radiation_of(table: _Table) -> tuple[Radiation | None, tuple[str, ...]]:
    """From a lone number on the first line (as DASH writes it) or from the header's words."""
    header = "\n".join(table.header)
    radiation, note = radiation_from_text(header)
    if radiation is not None:
        return radiation, note
    first = table.first_number
    if is_wavelength(first) and first != round(first) and len(table.header) <= 2:
        return Radiation(wavelengths=(first,)), (
            f"the number on the first line, {first:g}, was taken as the wavelength in Å (X-rays)",
        )
    return None, ()


def _sigma_of(
    table: _Table, names: Columns, intensity: Float[np.ndarray, "rows"]
) -> tuple[Float[np.ndarray, "rows"] | None, tuple[str, ...]]:
    """The column of uncertainties: by its name, or an unnamed third column that looks like one."""
    if names.sigma is not None:
        return table.values[:, names.sigma], ()
    if names.named or table.values.shape[1] < 3:
        return None, ()
    after = names.intensity + 1
    if table.values.shape[1] <= after:
        return None, ()
    third = table.values[:, after]
    size = np.sqrt(np.maximum(np.abs(intensity), 1e-300))
    used = np.isfinite(third) & (third > 0) & (np.abs(intensity) > 0)
    if used.sum() >= 0.5 * len(third):
        against_counts = float(np.median(third[used] / size[used]))
        against_scatter = against_counts / max(scatter_ratio(intensity), 1e-12)
        if 0.3 < against_counts < 3.0 or 0.2 < against_scatter < 5.0:
            return third, (f"column {after + 1} was taken as the uncertainties",)
    return None, (f"column {after + 1} does not look like uncertainties: left out",)


COLUMNS = PatternFormat(
    name="xy",
    title="columns of text (xy, xye, csv, dat, txt)",
    extensions=(".xy", ".xye", ".csv", ".dat", ".txt", ".asc", ".tsv", ".prn", ".chi", ".dsp"),
    matches=lambda data: True,
    read=read_columns,
)
