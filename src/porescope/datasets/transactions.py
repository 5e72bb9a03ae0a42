"""Changes of an SQLite file that become visible together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from porescope.errors import ConfigError


@contextmanager
def whole_transaction(
    db: sqlite3.Connection, *, what: str, path: Path, writable: bool
) -> Iterator[sqlite3.Connection]:
    """All changes inside become visible together, or not at all.

    Parameters
    ----------
    db:
        The connection, in autocommit mode.
    what, path:
        What the file is called in messages, and where it is.
    writable:
        Whether it was opened for writing.

    Raises
    ------
    ConfigError
        Where it was not, or somebody else writes.
    """
    if not writable:
        raise ConfigError(f"the {what} {path} was opened for reading only")
    try:
        db.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise ConfigError(f"the {what} {path} cannot be written: {error}") from error
    try:
        yield db
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
