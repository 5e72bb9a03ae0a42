"""Opening files of our formats, and refusing others."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from porescope.datasets.sqlite_file import SqliteFormat, open_sqlite
from porescope.errors import ConfigError, ParseError

BOX = SqliteFormat(
    noun="box",
    full_name="box of numbers",
    missing="there is no box at {path}",
    application_id=7,
    version=2,
    schema="CREATE TABLE numbers (value INTEGER);",
    indexes="CREATE INDEX IF NOT EXISTS by_value ON numbers (value);",
    mmap_bytes=2**20,
)


def test_a_new_file_has_its_tables_and_marks(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "box.sqlite"
    with closing(open_sqlite(path, format=BOX, writable=True)) as db:
        db.execute("INSERT INTO numbers VALUES (3)")
        assert db.execute("PRAGMA application_id").fetchone() == (7,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with closing(open_sqlite(path, format=BOX, writable=False)) as db:
        assert db.execute("SELECT value FROM numbers").fetchall() == [(3,)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("INSERT INTO numbers VALUES (4)")
    with closing(open_sqlite(path, format=BOX, writable=True)) as db:
        db.execute("DROP INDEX by_value")
    with closing(open_sqlite(path, format=BOX, writable=True)) as db:
        assert db.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()


def test_what_is_no_such_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite"
    with pytest.raises(ConfigError, match=r"there is no box at .*box\.sqlite"):
        open_sqlite(path, format=BOX, writable=False)
    assert not path.exists()
    open_sqlite(path, format=BOX, writable=True).close()
    other = replace(BOX, full_name="bag of words", application_id=8)
    with pytest.raises(ParseError, match="no bag of words"):
        open_sqlite(path, format=other, writable=False)
    with pytest.raises(ParseError, match=r"this box has format version 2.*reads up to 1"):
        open_sqlite(path, format=replace(BOX, version=1), writable=False)
    text = tmp_path / "text.sqlite"
    text.write_text("no database, but long enough to be read as the head of one" * 20)
    with pytest.raises(ParseError, match="no box of numbers"):
        open_sqlite(text, format=BOX, writable=True)
    with pytest.raises(ConfigError, match="cannot be opened"):
        open_sqlite(text / "below.sqlite", format=BOX, writable=True)


def test_a_shared_file_is_read_while_it_is_written(tmp_path: Path) -> None:
    path, shared = tmp_path / "box.sqlite", replace(BOX, shared=True)
    seen: list[int] = []
    with (
        closing(open_sqlite(path, format=shared, writable=True)) as writer,
        closing(open_sqlite(path, format=shared, writable=False)) as reader,
    ):
        writer.execute("INSERT INTO numbers VALUES (1)")

        def look() -> None:
            seen.extend(row[0] for row in reader.execute("SELECT value FROM numbers"))

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [1]
