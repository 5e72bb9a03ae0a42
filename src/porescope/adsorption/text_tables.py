"""Tables of the room: lines ``# key = value``, then comma-separated rows under their names."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import gemmi

from porescope.errors import ParseError

FORMAT = "1"
"""Version of the tables of force fields, gases and charges."""


def packaged_texts(folder: str) -> Iterator[str]:
    """Texts of the tables in a folder of the room's data, by their names."""
    for item in sorted(
        files("porescope.adsorption").joinpath("data", folder).iterdir(), key=lambda each: each.name
    ):
        if item.name.endswith(".csv"):
            yield item.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value and the line on which it stands."""

    text: str
    """The value, without blanks about it."""
    line: int
    """Line number, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A table with its heading, for error messages with the file and the line."""

    heading: dict[str, tuple[Entry, ...]]
    """Values of each key, in the order of the file."""
    rows: tuple[dict[str, str], ...]
    """Rows by name of column."""
    lines: tuple[int, ...]
    """Line number of each row, from 1."""
    path: Path | None = None
    """The file, where there is one."""

    def value(self, key: str, *, default: str | None = None) -> str:
        """The only value of a key; the default where the key is not there."""
        entries = self.heading.get(key, ())
        if len(entries) > 1:
            raise self.error(f"expected {key!r} once, it stands there again", entries[1].line)
        if entries:
            return entries[0].text
        if default is None:
            raise self.error(f"expected a line '# {key} = ...' before the table; add it")
        return default

    def number(self, key: str, *, default: str | None = None) -> float:
        """The only value of a key, as a number."""
        text = self.value(key, default=default)
        entries = self.heading.get(key, ())
        return self.as_number(text, what=key, line=entries[0].line if entries else None)

    def cell_number(self, row: int, column: str) -> float:
        """A number of the table."""
        return self.as_number(self.rows[row][column], what=column, line=self.lines[row])

    def as_number(self, text: str, *, what: str, line: int | None) -> float:
        """A finite number from a text."""
        try:
            number = float(text)
        except ValueError:
            raise self.error(f"expected a number for {what}, got {text!r}", line) from None
        if number != number or number in (float("inf"), float("-inf")):
            raise self.error(f"expected a finite number for {what}, got {text!r}", line)
        return number

    def error(self, message: str, line: int | None = None) -> ParseError:
        """An error that names the file and the line."""
        return ParseError(message, path=self.path, line=line)


def table_from_text(
    text: str,
    *,
    columns: tuple[str, ...],
    keys: tuple[str, ...],
    path: Path | None = None,
) -> TextTable:
    """Heading and rows of a table.

    Parameters
    ----------
    text:
        The table. A heading line without ``=`` is a comment.
    columns:
        Names of the columns, in their order.
    keys:
        Keys that the heading may have; an unknown one is an error, as it may be a slip.
    path:
        For error messages.

    Raises
    ------
    ParseError
        Where the text is not such a table, with the line.
    """
    heading: dict[str, tuple[Entry, ...]] = {}
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    names: list[str] | None = None
    for line, raw in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        if raw.startswith("#"):
            key, equals, value = raw.lstrip("#").partition("=")
            key = key.strip()
            if not equals or " " in key:
                continue
            if key not in keys:
                raise ParseError(
                    f"unknown key {key!r}; expected one of {', '.join(keys)}", path=path, line=line
                )
            heading[key] = (*heading.get(key, ()), Entry(text=value.strip(), line=line))
            continue
        if not raw.strip():
            continue
        cells = [cell.strip() for cell in next(csv.reader([raw]))]
        if names is None:
            if tuple(cells) != columns:
                raise ParseError(
                    f"expected the columns {','.join(columns)}, got {raw.strip()!r}",
                    path=path,
                    line=line,
                )
            names = cells
            continue
        if len(cells) != len(columns):
            raise ParseError(
                f"expected {len(columns)} values ({','.join(columns)}), got {len(cells)}; "
                "put a value that holds a comma in double quotes",
                path=path,
                line=line,
            )
        rows.append(dict(zip(columns, cells, strict=True)))
        lines.append(line)
    if names is None:
        raise ParseError(f"expected a line with the columns {','.join(columns)}", path=path)
    table = TextTable(heading=heading, rows=tuple(rows), lines=tuple(lines), path=path)
    if table.value("format") != FORMAT:
        raise table.error(
            f"expected '# format = {FORMAT}', got {table.value('format')!r}; "
            "the file is of another version of the format"
        )
    return table


def atomic_number(symbol: str) -> int:
    """Atomic number of an element's symbol, 0 where it is none."""
    element = gemmi.Element(symbol)
    return element.atomic_number if element.name == symbol else 0


def plain(name: str) -> str:
    """A name without case, accents, blanks and signs, by which users' spellings are compared."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in letters if char.isalnum())
