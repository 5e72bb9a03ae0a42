"""Tables of results as CSV and Parquet."""

from __future__ import annotations

from pathlib import Path

import pytest

from porescope.errors import ParseError
from porescope.io.result_tables import Column, read_parquet, write_csv, write_parquet

COLUMNS = (
    Column(name="file", title="File", kind="text"),
    Column(name="lcd_angstrom", title="LCD", unit="Å"),
    Column(name="n", title="Count", kind="count"),
    Column(name="sure", title="Sure", kind="flag"),
)
ROWS = [
    {"file": 'a,"b".cif', "lcd_angstrom": 7.25, "n": 3, "sure": True},
    {"file": "c.cif", "lcd_angstrom": None, "n": None, "sure": None},
]


def test_parquet_keeps_kinds_units_and_settings(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    write_parquet(path, ROWS, columns=COLUMNS, settings={"field": "UFF"})
    assert read_parquet(path) == (ROWS, {"field": "UFF"})
    schema = pq.read_schema(path)
    assert schema.types == [pa.string(), pa.float64(), pa.int64(), pa.bool_()]
    assert schema.field("lcd_angstrom").metadata[b"unit"] == "Å".encode()
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


def test_the_schema_does_not_depend_on_the_values(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    for name, rows in (("full", ROWS), ("bare", ROWS[1:]), ("none", [])):
        write_parquet(tmp_path / name, rows, columns=COLUMNS, settings={})
    schemas = [pq.read_schema(tmp_path / name) for name in ("full", "bare", "none")]
    assert schemas[0] == schemas[1] == schemas[2]


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_csv(path, ROWS, columns=COLUMNS)
    assert path.read_text("utf-8").splitlines() == [
        "file,lcd_angstrom,n,sure",
        '"a,""b"".cif",7.25,3,True',
        "c.cif,,,",
    ]


def test_what_is_no_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "t.parquet"
    path.write_text("not a table")
    with pytest.raises(ParseError, match="expected a Parquet table"):
        read_parquet(path)
