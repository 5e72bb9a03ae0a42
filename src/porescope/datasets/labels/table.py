"""A table of labels by structure, and how it is joined to structures."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from porescope.errors import ConfigError, ParseError

Value = float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTable:
    """Labels of many structures. Units stand in the names of the columns."""

    name: str
    """Short name, such as ``core_n2_298k``."""
    collection: str
    """Collection of structures that its identifiers are from."""
    licence: str
    """Licence as the source states it; ``none`` where it states none."""
    source: str
    """Where the numbers are from."""
    rows: Mapping[str, Mapping[str, Value]]
    """Labels by identifier and column; a missing value has no entry."""
    notes: tuple[str, ...] = ()
    """What was found odd in the file, and what was done about it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns in the order of the file."""
        return tuple(dict.fromkeys(name for row in self.rows.values() for name in row))

    def values(self, column: str) -> dict[str, float]:
        """One column of numbers by identifier.

        Raises
        ------
        ConfigError
            Where there is no such column, or it holds words.
        """
        if column not in self.columns:
            raise ConfigError(
                f"the table {self.name} has no column {column!r}; it has {', '.join(self.columns)}"
            )
        found = {id: row[column] for id, row in self.rows.items() if column in row}
        words = next((v for v in found.values() if isinstance(v, str)), None)
        if words is not None:
            raise ConfigError(f"the column {column!r} of {self.name} holds words such as {words!r}")
        return {id: float(value) for id, value in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Which identifiers a table and a collection of structures have in common."""

    ids: tuple[str, ...]
    """Those of both, in the order of the structures."""
    without_labels: tuple[str, ...]
    """Structures that the table does not have."""
    without_structure: tuple[str, ...]
    """Rows of the table of which there is no structure."""

    @property
    def sentence(self) -> str:
        """How many matched, for people."""
        return (
            f"{len(self.ids)} structures with labels, {len(self.without_labels)} structures "
            f"without, {len(self.without_structure)} labels without a structure"
        )


def joined(structures: Iterable[str], table: LabelTable) -> Joined:
    """Identifiers that structures and a table have in common; nothing is dropped silently.

    Parameters
    ----------
    structures:
        Identifiers of structures.
    table:
        Labels.
    """
    order = list(dict.fromkeys(structures))
    known = set(order)
    return Joined(
        ids=tuple(id for id in order if id in table.rows),
        without_labels=tuple(id for id in order if id not in table.rows),
        without_structure=tuple(id for id in table.rows if id not in known),
    )


def csv_rows(path: Path, *, needed: Iterable[str]) -> Iterator[dict[str, str]]:
    """Rows of a CSV file with stripped words.

    Parameters
    ----------
    path:
        The file.
    needed:
        Columns that it must have.

    Raises
    ------
    ConfigError
        Where there is no such file.
    ParseError
        Where a column is missing.
    """
    if not path.is_file():
        raise ConfigError(f"there is no table {path}; give the folder that holds the labels")
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            there = ", ".join(reader.fieldnames or ()) or "none"
            what = "column" if len(missing) == 1 else "columns"
            raise ParseError(
                f"expected the {what} {', '.join(missing)}, found {there}; is it the right table?",
                path=path,
            )
        for row in reader:
            yield {k: (v or "").strip() for k, v in row.items() if k is not None}


def number(text: str) -> float | None:
    """A finite number, or ``None`` where the text is empty, NaN or infinite.

    Raises
    ------
    ParseError
        Where it is a word.
    """
    if not text:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise ParseError(f"expected a number in a table of labels, got {text!r}") from error
    return value if math.isfinite(value) else None


def numbers(row: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Value]:
    """Numbers of a row under new names; missing ones are left out.

    Parameters
    ----------
    row:
        Words by column of the file.
    names:
        New name by column of the file.
    """
    found: dict[str, Value] = {}
    for column, name in names.items():
        value = number(row[column])
        if value is not None:
            found[name] = value
    return found
