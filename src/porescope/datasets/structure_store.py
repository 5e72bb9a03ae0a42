"""One file of structures with their bonds, patterns, labels and whatever arrays belong to them.

An SQLite database: one row for each structure, one record for each array, one row for each label.
Every batch is one transaction, so that a process that is killed leaves whole batches; many
processes may read while one writes. What a run has dealt with, failures included, stands beside
the structures, so that the run goes on where it stopped.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from porescope.crystal.structure import Crystal
from porescope.datasets.sqlite_file import SqliteFormat, open_sqlite
from porescope.datasets.structure_codec import (
    arrays_from_bytes,
    bytes_from_arrays,
    bytes_from_crystal,
    crystal_from_bytes,
)
from porescope.datasets.transactions import whole_transaction
from porescope.errors import ConfigError, ParseError

SCHEMA_VERSION = 1
"""Version of the file format; newer files are refused by name."""
APPLICATION_ID = 0x50535331
"""Marks an SQLite file as a store of structures."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE structures (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL,
    formula TEXT NOT NULL, n_atoms INTEGER NOT NULL, net BLOB NOT NULL, body BLOB NOT NULL);
CREATE INDEX structures_by_net ON structures (net);
CREATE TABLE array_names (name_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE arrays (
    array_id INTEGER PRIMARY KEY, name_id INTEGER NOT NULL, number INTEGER NOT NULL,
    body BLOB NOT NULL);
CREATE UNIQUE INDEX arrays_by_name ON arrays (name_id, number);
CREATE TABLE label_names (name_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE labels (
    name_id INTEGER NOT NULL, number INTEGER NOT NULL, value NOT NULL,
    PRIMARY KEY (name_id, number)) WITHOUT ROWID;
CREATE TABLE done (key TEXT PRIMARY KEY, status TEXT NOT NULL) WITHOUT ROWID;
"""

_FORMAT = SqliteFormat(
    noun="store",
    full_name="store of structures",
    missing="there is no store of structures at {path}",
    application_id=APPLICATION_ID,
    version=SCHEMA_VERSION,
    schema=_SCHEMA,
    prelude=("PRAGMA page_size = 4096", "PRAGMA journal_mode = WAL"),
    shared=True,
    mmap_bytes=2**32,
)

Label = float | int | str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StoredStructure:
    """One structure and what is known of it."""

    id: str
    """Identifier, unique in the store."""
    crystal: Crystal
    """The structure."""
    source: str = ""
    """Collection that it is from."""
    net_hash: str = ""
    """Hash of the bond graph (:func:`porescope.crystal.graph.net_hash`), or empty."""
    labels: Mapping[str, Label] = field(default_factory=dict)
    """Numbers and words by name; the unit stands in the name: ``band_gap_ev``."""
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Further arrays by name: ``bonds`` (bonds, 5: atom, other atom, cell of the other atom),
    ``pattern``, ``charges_cm5`` …"""


class StructureStore:
    """A store of structures.

    It may be handed to other processes: each opens the file anew, for reading.

    Parameters
    ----------
    path:
        The file.
    writable:
        Whether it will be changed; it is then created if it does not exist.

    Raises
    ------
    ConfigError
        Where it does not exist or cannot be opened.
    ParseError
        Where it is no store of structures, is damaged, or is of a newer version.
    """

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        self.path = Path(path)
        self.writable = writable
        self._db = open_sqlite(self.path, format=_FORMAT, writable=writable)

    def __getstate__(self) -> Path:
        return self.path

    def __setstate__(self, path: Path) -> None:
        self.__init__(path)

    def __enter__(self) -> StructureStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __len__(self) -> int:
        return int(self._query("SELECT count(*) FROM structures")[0][0])

    def __contains__(self, id: object) -> bool:
        return bool(self._query("SELECT 1 FROM structures WHERE id = ?", (id,)))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with whole_transaction(
            self._db, what="store", path=self.path, writable=self.writable
        ) as db:
            yield db

    def _query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple]:
        try:
            return self._db.execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise ParseError(
                f"the store is damaged ({error}); write it again", path=self.path
            ) from (error)

    def set_meta(self, values: Mapping[str, Any]) -> None:
        """Remember how the store was made: plain values that JSON can hold."""
        rows = [(k, json.dumps(v, ensure_ascii=False)) for k, v in values.items()]
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    def meta(self) -> dict[str, Any]:
        """What :meth:`set_meta` kept."""
        return {key: json.loads(value) for key, value in self._query("SELECT * FROM meta")}

    def add(
        self, structures: Sequence[StoredStructure], *, done: Mapping[str, str] | None = None
    ) -> int:
        """Add structures, and remember what was dealt with, in one transaction.

        Structures whose identifier is here already are left out.

        Parameters
        ----------
        structures:
            What to add.
        done:
            Status by key of each piece of work that this batch finishes, failures included.

        Returns
        -------
        :
            Number of structures added.
        """
        bodies = [bytes_from_crystal(s.crystal) for s in structures]
        n_added = 0
        with self._transaction() as db:
            for one, body in zip(structures, bodies, strict=True):
                cursor = db.execute(
                    "INSERT OR IGNORE INTO structures (id, source, formula, n_atoms, net, body) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        one.id,
                        one.source,
                        one.crystal.formula,
                        one.crystal.n_atoms,
                        bytes.fromhex(one.net_hash),
                        body,
                    ),
                )
                if cursor.rowcount:
                    n_added += 1
                    self._put(db, int(cursor.lastrowid or 0), one.labels, one.arrays)
            db.executemany("INSERT OR REPLACE INTO done VALUES (?, ?)", list((done or {}).items()))
        return n_added

    def annotate(
        self,
        id: str,
        *,
        labels: Mapping[str, Label] | None = None,
        arrays: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Add or replace labels and arrays of a structure that is here.

        Raises
        ------
        ConfigError
            Where there is no such structure.
        """
        number = self._number(id)
        with self._transaction() as db:
            self._put(db, number, labels or {}, arrays or {})

    @staticmethod
    def _put(
        db: sqlite3.Connection,
        number: int,
        labels: Mapping[str, Label],
        arrays: Mapping[str, np.ndarray],
    ) -> None:
        """Labels that are NaN are left out."""
        for name, value in labels.items():
            db.execute("INSERT OR IGNORE INTO label_names (name) VALUES (?)", (name,))
            plain = value if isinstance(value, str | int) else float(value)
            if plain != plain:
                continue
            db.execute(
                "INSERT OR REPLACE INTO labels SELECT name_id, ?, ? FROM label_names "
                "WHERE name = ?",
                (number, plain, name),
            )
        for name, array in arrays.items():
            db.execute("INSERT OR IGNORE INTO array_names (name) VALUES (?)", (name,))
            db.execute(
                "INSERT OR REPLACE INTO arrays (name_id, number, body) "
                "SELECT name_id, ?, ? FROM array_names WHERE name = ?",
                (number, bytes_from_arrays({name: array}), name),
            )

    def done(self) -> dict[str, str]:
        """Status of each piece of work that was dealt with, by its key."""
        return dict(self._query("SELECT key, status FROM done"))

    def ids(self, *, source: str | None = None) -> list[str]:
        """Identifiers in the order they were added.

        Parameters
        ----------
        source:
            Only those of this collection.
        """
        if source is None:
            return [row[0] for row in self._query("SELECT id FROM structures ORDER BY number")]
        sql = "SELECT id FROM structures WHERE source = ? ORDER BY number"
        return [row[0] for row in self._query(sql, (source,))]

    def net_hashes(self) -> dict[str, str]:
        """Hash of the bond graph by identifier, of those that have one."""
        rows = self._query("SELECT id, net FROM structures WHERE net != x'' ORDER BY number")
        return {row[0]: row[1].hex() for row in rows}

    def _number(self, id: str) -> int:
        rows = self._query("SELECT number FROM structures WHERE id = ?", (id,))
        if not rows:
            raise ConfigError(f"the store {self.path} has no structure {id!r}")
        return int(rows[0][0])

    def crystal(self, id: str) -> Crystal:
        """One structure.

        Raises
        ------
        ConfigError
            Where there is no such structure.
        """
        rows = self._query("SELECT body FROM structures WHERE id = ?", (id,))
        if not rows:
            raise ConfigError(f"the store {self.path} has no structure {id!r}")
        return crystal_from_bytes(rows[0][0], name=id)

    def crystals(self, ids: Iterable[str]) -> Iterator[Crystal]:
        """Structures in the order asked for, one after another."""
        return (self.crystal(id) for id in ids)

    def array(self, id: str, name: str) -> np.ndarray:
        """One array of a structure.

        Raises
        ------
        ConfigError
            Where the structure has no such array.
        """
        rows = self._query(
            "SELECT a.body FROM arrays AS a JOIN array_names AS n USING (name_id) "
            "WHERE n.name = ? AND a.number = (SELECT number FROM structures WHERE id = ?)",
            (name, id),
        )
        if not rows:
            raise ConfigError(f"the store {self.path} has no array {name!r} of {id!r}")
        return arrays_from_bytes(rows[0][0])[name]

    def array_names(self) -> list[str]:
        """Names of all arrays that some structure has."""
        return [row[0] for row in self._query("SELECT name FROM array_names ORDER BY name")]

    def label_names(self) -> list[str]:
        """Names of all labels that some structure has."""
        return [row[0] for row in self._query("SELECT name FROM label_names ORDER BY name")]

    def labels(self, name: str) -> dict[str, Label]:
        """One label of all structures that have it, by identifier."""
        return dict(
            self._query(
                "SELECT s.id, l.value FROM labels AS l JOIN label_names AS n USING (name_id) "
                "JOIN structures AS s USING (number) WHERE n.name = ? ORDER BY s.number",
                (name,),
            )
        )

    def labels_of(self, id: str) -> dict[str, Label]:
        """All labels of one structure, by name."""
        return dict(
            self._query(
                "SELECT n.name, l.value FROM label_names AS n CROSS JOIN labels AS l "
                "ON l.name_id = n.name_id AND l.number = ?",
                (self._number(id),),
            )
        )

    def structure(self, id: str, *, arrays: Iterable[str] | None = None) -> StoredStructure:
        """A structure with its labels and arrays.

        Parameters
        ----------
        id:
            Its identifier.
        arrays:
            Names of the arrays that are wanted; by default all.

        Raises
        ------
        ConfigError
            Where there is no such structure.
        """
        rows = self._query("SELECT number, source, net, body FROM structures WHERE id = ?", (id,))
        if not rows:
            raise ConfigError(f"the store {self.path} has no structure {id!r}")
        number, source, net, body = rows[0]
        found = self._query(
            "SELECT n.name, a.body FROM array_names AS n CROSS JOIN arrays AS a "
            "ON a.name_id = n.name_id AND a.number = ?",
            (number,),
        )
        wanted = None if arrays is None else set(arrays)
        return StoredStructure(
            id=id,
            crystal=crystal_from_bytes(body, name=id),
            source=source,
            net_hash=net.hex(),
            labels=self.labels_of(id),
            arrays={
                name: arrays_from_bytes(packed)[name]
                for name, packed in found
                if wanted is None or name in wanted
            },
        )

    def finish(self) -> None:
        """Put everything into the one file, without a log beside it, and make it small."""
        if not self.writable:
            raise ConfigError(f"the store {self.path} was opened for reading only")
        self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.execute("VACUUM")
