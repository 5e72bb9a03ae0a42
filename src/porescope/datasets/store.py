"""One library file: an SQLite database of cards, their pages of reflections, and seen files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from porescope.datasets.card_rows import CARD_QUERY, card_of_row, signed_word
from porescope.datasets.cards import PowderCard, element_mask
from porescope.datasets.codec import Page, decode_page, encode_page
from porescope.datasets.sqlite_file import SqliteFormat, open_sqlite
from porescope.datasets.transactions import whole_transaction
from porescope.errors import ConfigError, ParseError

SCHEMA_VERSION = 1
"""Version of the file format; newer files are refused by name."""
APPLICATION_ID = 0x50534331
"""Marks an SQLite file as a porescope library."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (
    source_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, root TEXT NOT NULL DEFAULT '',
    licence TEXT NOT NULL DEFAULT '', doi TEXT NOT NULL DEFAULT '',
    citation TEXT NOT NULL DEFAULT '', path_rule TEXT NOT NULL DEFAULT '');
CREATE TABLE frameworks (
    framework_id INTEGER PRIMARY KEY, key TEXT NOT NULL, grp TEXT NOT NULL,
    net BLOB NOT NULL, net_alike BLOB NOT NULL);
CREATE TABLE cards (
    card_id INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT, source_id INTEGER NOT NULL,
    framework_id INTEGER NOT NULL, formula TEXT NOT NULL, mask_low INTEGER NOT NULL,
    mask_high INTEGER NOT NULL, density REAL NOT NULL, symbol TEXT NOT NULL,
    n_atoms INTEGER NOT NULL, doi TEXT, path TEXT, content BLOB NOT NULL);
CREATE INDEX cards_by_id ON cards (id COLLATE NOCASE);
CREATE TABLE pages (
    first_card INTEGER PRIMARY KEY, n_cards INTEGER NOT NULL, n_peaks INTEGER NOT NULL,
    body BLOB NOT NULL);
CREATE TABLE removed (card_id INTEGER PRIMARY KEY);
CREATE TABLE files (
    content BLOB PRIMARY KEY, source_id INTEGER NOT NULL, path TEXT NOT NULL,
    status TEXT NOT NULL) WITHOUT ROWID;
"""


_BUILD_INDEXES = """
CREATE INDEX IF NOT EXISTS frameworks_by_net ON frameworks (net, key);
CREATE UNIQUE INDEX IF NOT EXISTS cards_by_content ON cards (content, id);
"""

_FORMAT = SqliteFormat(
    noun="library",
    full_name="porescope library",
    missing="there is no library at {path}; build one with: library add",
    application_id=APPLICATION_ID,
    version=SCHEMA_VERSION,
    schema=_SCHEMA,
    indexes=_BUILD_INDEXES,
    mmap_bytes=2**30,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A collection of structures."""

    name: str
    """Short name, such as ``qmof`` or ``user:FOLDER``."""
    root: str = ""
    """Folder of the CIFs on this machine; empty if they are not here."""
    licence: str = ""
    """Licence as the collection states it."""
    doi: str = ""
    """DOI of the collection."""
    citation: str = ""
    """How the collection wants to be cited."""
    path_rule: str = ""
    """Usual path of a card's CIF below the root, with ``{id}`` for its identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFile:
    """A file that was read, and what came of it."""

    content_hash: bytes
    """Digest of its bytes."""
    path: str
    """Path below the root of its source."""
    status: str
    """``ok``, or why there is no card of it."""


class CardStore:
    """One library file.

    Every change is one transaction: a process that dies leaves the file as it was before.

    Parameters
    ----------
    path:
        The file.
    writable:
        Whether it will be changed; it is then created if it does not exist.

    Raises
    ------
    ParseError
        Where the file is no library, is damaged, or is of a newer version.
    ConfigError
        Where it does not exist or cannot be written.
    """

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        self.path = Path(path)
        self.writable = writable
        self._db = open_sqlite(self.path, format=_FORMAT, writable=writable)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> CardStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All changes inside become visible together, or not at all."""
        with whole_transaction(
            self._db, what="library", path=self.path, writable=self.writable
        ) as db:
            yield db

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple]:
        """Rows of a query.

        Raises
        ------
        ParseError
            Where the file is damaged.
        """
        try:
            return self._db.execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise ParseError(
                f"the library is damaged ({error}); build it again", path=self.path
            ) from error

    @property
    def n_cards(self) -> int:
        """Number of cards."""
        return int(self.query("SELECT count(*) FROM cards")[0][0])

    def add_source(self, source: Source) -> int:
        """Row of the source; what is known of it is brought up to date."""
        with self.transaction() as db:
            db.execute(
                "INSERT INTO sources (name, root, licence, doi, citation, path_rule) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET root = excluded.root, "
                "licence = excluded.licence, doi = excluded.doi, citation = excluded.citation, "
                "path_rule = excluded.path_rule",
                (
                    source.name,
                    source.root,
                    source.licence,
                    source.doi,
                    source.citation,
                    source.path_rule,
                ),
            )
        return int(self.query("SELECT source_id FROM sources WHERE name = ?", [source.name])[0][0])

    def set_meta(self, values: Mapping[str, str]) -> None:
        """Remember how the file was made."""
        with self.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(values.items()))

    def finish(self) -> None:
        """Make the file small, without a write-ahead log beside it, for shipping.

        What only building needs is dropped; opening it for writing makes it again.
        """
        with self.transaction() as db:
            db.execute("DELETE FROM files WHERE status = 'ok'")
            db.execute("DROP INDEX IF EXISTS frameworks_by_net")
            db.execute("DROP INDEX IF EXISTS cards_by_content")
        self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.execute("VACUUM")

    def sources(self) -> dict[str, Source]:
        """All sources by name."""
        rows = self.query("SELECT name, root, licence, doi, citation, path_rule FROM sources")
        fields = ("name", "root", "licence", "doi", "citation", "path_rule")
        return {row[0]: Source(**dict(zip(fields, row, strict=True))) for row in rows}

    def seen(self) -> dict[bytes, str]:
        """Digests of all files that were read, with their status."""
        cards = dict.fromkeys(self.contents(), "ok")
        return cards | dict(self.query("SELECT content, status FROM files"))

    def add(
        self, cards: Sequence[PowderCard], *, files: Iterable[SeenFile] = (), source: str
    ) -> int:
        """Add cards and remember files, all in one transaction.

        Cards whose identifier and content are already here are left out.

        Returns
        -------
        :
            Number of cards added.
        """
        rows = self.query("SELECT source_id, doi, path_rule FROM sources WHERE name = ?", [source])
        if not rows:
            raise ConfigError(f"the library knows no source {source!r}; add the source first")
        source_id, source_doi, rule = rows[0]
        with self.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                [(f.content_hash, source_id, f.path, f.status) for f in files],
            )
            new: list[PowderCard] = []
            keys: set[tuple[bytes, str]] = set()
            for card in cards:
                key = (card.content_hash, card.id)
                known = db.execute("SELECT 1 FROM cards WHERE content = ? AND id = ?", key)
                if key not in keys and known.fetchone() is None:
                    keys.add(key)
                    new.append(card)
            if not new:
                return 0
            first = db.execute("SELECT coalesce(max(first_card + n_cards), 1) FROM pages")
            first_card = int(first.fetchone()[0])
            db.execute(
                "INSERT INTO pages VALUES (?, ?, ?, ?)",
                (first_card, len(new), sum(c.n_peaks for c in new), encode_page(new)),
            )
            for card_id, card in enumerate(new, start=first_card):
                self._insert(db, card_id, card, source_id, source_doi, rule)
        return len(new)

    def _insert(
        self,
        db: sqlite3.Connection,
        card_id: int,
        card: PowderCard,
        source_id: int,
        doi: str,
        rule: str,
    ) -> None:
        """One row of the cards' table."""
        low, high = element_mask(card.elements)
        db.execute(
            "INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                card_id,
                card.id,
                card.name or None,
                source_id,
                self.framework_row(db, card),
                card.formula,
                signed_word(low),
                signed_word(high),
                round(card.density, 4),
                card.space_group_symbol,
                card.n_atoms,
                None if card.doi in ("", doi) else card.doi,
                None if card.cif_path == rule.format(id=card.id) else card.cif_path,
                card.content_hash,
            ),
        )

    @staticmethod
    def framework_row(db: sqlite3.Connection, card: PowderCard) -> int:
        """Row of the card's framework, made if it is new."""
        values = (
            card.framework,
            card.group,
            bytes.fromhex(card.net_hash),
            bytes.fromhex(card.net_hash_metals_alike),
        )
        row = db.execute(
            "SELECT framework_id FROM frameworks "
            "WHERE key = ? AND grp = ? AND net = ? AND net_alike = ?",
            values,
        ).fetchone()
        if row is not None:
            return int(row[0])
        cursor = db.execute(
            "INSERT INTO frameworks (key, grp, net, net_alike) VALUES (?, ?, ?, ?)", values
        )
        return int(cursor.lastrowid or 0)

    def remove(self, card_ids: Sequence[int]) -> int:
        """Remove cards in one transaction; returns how many there were."""
        with self.transaction() as db:
            n = 0
            for card_id in card_ids:
                row = db.execute(
                    "SELECT content FROM cards WHERE card_id = ?", (card_id,)
                ).fetchone()
                if row is None:
                    continue
                db.execute("DELETE FROM cards WHERE card_id = ?", (card_id,))
                db.execute("DELETE FROM files WHERE content = ?", row)
                db.execute("INSERT OR IGNORE INTO removed VALUES (?)", (card_id,))
                n += 1
            dead = db.execute(
                "SELECT first_card, n_cards FROM pages AS p WHERE n_cards = (SELECT count(*) FROM "
                "removed WHERE card_id BETWEEN p.first_card AND p.first_card + p.n_cards - 1)"
            ).fetchall()
            for first, count in dead:
                db.execute("DELETE FROM pages WHERE first_card = ?", (first,))
                db.execute(
                    "DELETE FROM removed WHERE card_id BETWEEN ? AND ?", (first, first + count - 1)
                )
        return n

    def remove_source(self, name: str) -> int:
        """Remove a collection with all its cards and files; returns how many cards there were."""
        rows = self.query(
            "SELECT card_id FROM cards JOIN sources USING (source_id) WHERE sources.name = ?",
            [name],
        )
        n_removed = self.remove([row[0] for row in rows])
        with self.transaction() as db:
            db.execute(
                "DELETE FROM files WHERE source_id = "
                "(SELECT source_id FROM sources WHERE name = ?)",
                (name,),
            )
            db.execute("DELETE FROM sources WHERE name = ?", (name,))
        return n_removed

    def contents(self) -> set[bytes]:
        """Digests of the files of all cards."""
        return {row[0] for row in self.query("SELECT content FROM cards")}

    def removed(self) -> list[int]:
        """Identifiers that still stand on a page but were removed."""
        return [row[0] for row in self.query("SELECT card_id FROM removed")]

    def page_bodies(self) -> Iterator[tuple[int, int, bytes]]:
        """First card, number of reflections and bytes of each page."""
        sql = "SELECT first_card, n_peaks, body FROM pages WHERE first_card > ? ORDER BY first_card"
        last = -1
        while rows := self.query(f"{sql} LIMIT 64", [last]):
            yield from rows
            last = rows[-1][0]

    def cards(self, card_ids: Sequence[int]) -> list[PowderCard]:
        """Whole cards by their rows, in the order asked for.

        Raises
        ------
        ConfigError
            Where there is no such card.
        """
        pages: dict[int, Page] = {}
        found: list[PowderCard] = []
        for card_id in card_ids:
            rows = self.query(CARD_QUERY, [card_id])
            place = self.query(
                "SELECT first_card, body FROM pages WHERE first_card <= ? "
                "ORDER BY first_card DESC LIMIT 1",
                [card_id],
            )
            if not rows or not place:
                raise ConfigError(f"the library {self.path} has no card number {card_id}")
            first = place[0][0]
            if first not in pages:
                pages[first] = decode_page(place[0][1])
            found.append(card_of_row(rows[0], page=pages[first], slot=card_id - first))
        return found
