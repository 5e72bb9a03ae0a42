"""Tables of results as CSV and as Parquet, with the unit of each column."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from porescope.errors import MissingExtraError, ParseError

ColumnKind = Literal["text", "number", "count", "flag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table of results."""

    name: str
    """Its name in the files, with the unit."""
    title: str
    """Its name for people."""
    kind: ColumnKind = "number"
    """What its values are; any of them may be missing."""
    unit: str = ""
    """Unit; empty for pure numbers."""
    group: str = ""
    """What made it, such as ``geometry``."""


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], *, columns: Sequence[Column]) -> None:
    """Write a table as CSV, whole or not at all; a missing value is an empty field.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    staged = path.with_name(f".{path.name}.partial")
    names = [column.name for column in columns]
    with staged.open("w", encoding="utf-8", errors="replace", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=names, extrasaction="raise")
        writer.writeheader()
        for row in rows:
            writer.writerow({n: "" if row.get(n) is None else row[n] for n in names})
    os.replace(staged, path)


def write_parquet(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    *,
    columns: Sequence[Column],
    settings: Mapping[str, Any],
) -> None:
    """Write a table as Parquet, whole or not at all, with units and settings in its schema.

    Parameters
    ----------
    path:
        The file.
    rows:
        Values by column; ``None`` for a missing one.
    columns:
        Names and kinds: the schema does not depend on the values.
    settings:
        Plain values that are kept in the schema under ``porescope``.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("pyarrow", extra="screen") from error
    kinds = {"text": pa.string(), "number": pa.float64(), "count": pa.int64(), "flag": pa.bool_()}
    fields = [
        pa.field(c.name, kinds[c.kind], metadata={"unit": c.unit, "title": c.title})
        for c in columns
    ]
    kept = {"porescope": json.dumps(settings, ensure_ascii=False)}
    schema = pa.schema(fields, metadata=kept)
    arrays = [pa.array([row.get(field.name) for row in rows], type=field.type) for field in schema]
    staged = path.with_name(f".{path.name}.partial")
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), staged, compression="zstd")
    os.replace(staged, path)


def read_parquet(path: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows and settings of a table that :func:`write_parquet` wrote.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    ParseError
        The file is no Parquet.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("pyarrow", extra="screen") from error
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise ParseError("expected a Parquet table", path=path) from error
    metadata = table.schema.metadata or {}
    return table.to_pylist(), json.loads(metadata.get(b"porescope", b"{}"))
