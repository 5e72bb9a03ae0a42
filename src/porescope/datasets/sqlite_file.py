"""Opening an SQLite file of one of our formats, or refusing it in one sentence."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from porescope.errors import ConfigError, ParseError


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteFormat:
    """What files of one kind have in common."""

    noun: str
    """What messages call such a file."""
    full_name: str
    """The same where it must be told from other files."""
    missing: str
    """What is said where there is no file, with ``{path}``."""
    application_id: int
    """Marks the files."""
    version: int
    """Version of the format; newer files are refused."""
    schema: str
    """Tables of a new file."""
    prelude: tuple[str, ...] = ()
    """What is set in a new file before it has tables."""
    indexes: str = ""
    """What is made where it is missing, whenever a file is opened for writing."""
    shared: bool = False
    """Whether a file is read, by several threads too, while somebody writes it."""
    mmap_bytes: int
    """Largest part of the file that is mapped into memory."""


def open_sqlite(path: Path, *, format: SqliteFormat, writable: bool) -> sqlite3.Connection:
    """The file in autocommit mode; a new one where it is to be written and does not exist.

    Parameters
    ----------
    path:
        The file.
    format:
        Its kind.
    writable:
        Whether it will be changed.

    Raises
    ------
    ConfigError
        Where it does not exist or cannot be opened.
    ParseError
        Where it is of another kind, damaged, or of a newer version.
    """
    if not writable and not path.is_file():
        raise ConfigError(format.missing.format(path=path))
    try:
        db = _connected(path, format=format, writable=writable)
        _check(db, path, format=format, writable=writable)
    except (OSError, sqlite3.OperationalError) as error:
        raise ConfigError(f"the {format.noun} {path} cannot be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ParseError(f"this is no {format.full_name} ({error})", path=path) from error
    return db


def _connected(path: Path, *, format: SqliteFormat, writable: bool) -> sqlite3.Connection:
    if writable:
        path.parent.mkdir(parents=True, exist_ok=True)
        return sqlite3.connect(path, isolation_level=None, timeout=60.0)
    uri = f"{path.resolve().as_uri()}?mode=ro"
    if format.shared:
        return sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=60.0, check_same_thread=False
        )
    # A file without a write-ahead log beside it cannot change under our hands.
    log = path.with_name(path.name + "-wal")
    fixed = "" if log.exists() else "&immutable=1"
    return sqlite3.connect(f"{uri}{fixed}", uri=True, isolation_level=None)


def _check(db: sqlite3.Connection, path: Path, *, format: SqliteFormat, writable: bool) -> None:
    """Create the tables of a new file; refuse other databases and newer versions."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    app = db.execute("PRAGMA application_id").fetchone()[0]
    empty = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if empty and writable:
        for statement in format.prelude:
            db.execute(statement)
        db.executescript(
            f"BEGIN; {format.schema} PRAGMA application_id = {format.application_id};"
            f"PRAGMA user_version = {format.version}; COMMIT;"
        )
    elif app != format.application_id:
        raise ParseError(f"this is no {format.full_name}", path=path)
    elif version > format.version:
        raise ParseError(
            f"this {format.noun} has format version {version}, this porescope reads up to "
            f"{format.version}; install a newer porescope",
            path=path,
        )
    if writable:
        db.execute("PRAGMA journal_mode = WAL")
        if format.indexes:
            db.executescript(format.indexes)
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(f"PRAGMA mmap_size = {format.mmap_bytes}")
