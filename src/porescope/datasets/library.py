"""The library: the cards that the package ships, joined with the user's own.

Reading a whole table of reflections is one pass over a few dozen compressed pages, so that a
search over every card starts after a fraction of a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from porescope.datasets.cards import PowderCard
from porescope.datasets.store import CardStore
from porescope.datasets.table import CardTable, ElementRule, table_of_pages
from porescope.errors import ConfigError, ParseError

STORE_STRIDE = 1 << 40
"""Number of a card in the joined library: store × this + row in the store."""
SHIPPED = Path(__file__).parent / "data" / "library.sqlite"
"""The cards that come with the package."""


def user_library_path() -> Path:
    """File of the user's own cards: ``PORESCOPE_LIBRARY``, or in the user's data folder."""
    named = os.environ.get("PORESCOPE_LIBRARY")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("porescope") / "library.sqlite"


@dataclass(frozen=True, slots=True)
class CardEntry:
    """One line of a listing."""

    row: int
    """Row in its file."""
    id: str
    """Identifier."""
    name: str
    """Name for people, or empty."""
    source: str
    """Collection."""
    formula: str
    """Reduced formula in Hill order."""
    space_group: str
    """Hermann-Mauguin symbol."""
    n_atoms: int
    """Atoms in the cell."""
    density: float
    """Density [g/cm³]."""
    doi: str
    """DOI of the structure or of its collection."""
    framework: str
    """Key shared by entries that are the same framework."""
    store: int = 0
    """Index of the file in the library."""

    @property
    def number(self) -> int:
        """Number of the card, for :meth:`Library.cards`."""
        return self.store * STORE_STRIDE + self.row


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInfo:
    """Size and contents of one library file."""

    path: Path
    """The file."""
    size_bytes: int
    """Its size."""
    n_cards: int
    """Number of cards."""
    n_peaks: int
    """Number of reflections."""
    n_frameworks: int
    """Number of distinct frameworks."""
    n_groups: int
    """Number of distinct frameworks with all metals alike."""
    sources: dict[str, int]
    """Number of cards of each source."""
    licences: dict[str, str]
    """Licence of each source."""
    unreadable: dict[str, str]
    """Files without a card, with the reason."""
    meta: dict[str, str]
    """How the file was made."""


class Library:
    """Several library files as one.

    Parameters
    ----------
    stores:
        The files, opened.
    """

    def __init__(self, stores: Sequence[CardStore]) -> None:
        self.stores = tuple(stores)

    @classmethod
    def open(cls, paths: Sequence[Path] | None = None) -> Library:
        """Open library files for reading.

        Parameters
        ----------
        paths:
            The files; by default the shipped one and, if there is one, the user's.

        Raises
        ------
        ConfigError
            Where a named file does not exist or cannot be read, or there is no library at all.
        ParseError
            Where a file is damaged, no library, or of a newer version.
        """
        if paths is None:
            paths = [p for p in (SHIPPED, user_library_path()) if p.is_file()]
        if not paths:
            raise ConfigError(
                "there is no library on this machine; make one with: porescope library add FOLDER"
            )
        stores: list[CardStore] = []
        try:
            for path in paths:
                stores.append(CardStore(Path(path)))
        except (ConfigError, ParseError):
            for store in stores:
                store.close()
            raise
        return cls(stores)

    def close(self) -> None:
        """Close all files."""
        for store in self.stores:
            store.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def n_cards(self) -> int:
        """Number of cards in all files."""
        return sum(store.n_cards for store in self.stores)

    def peak_table(
        self,
        *,
        contains: Sequence[str] = (),
        only: Sequence[str] | None = None,
        without: Sequence[str] = (),
        threads: int = 2,
    ) -> CardTable:
        """Cells and reflections of all cards that have the right elements.

        Parameters
        ----------
        contains:
            Elements that a card must have.
        only:
            Elements that a card may have; ``None`` means any.
        without:
            Elements that a card must not have.
        threads:
            Threads that inflate pages.
        """
        rule = ElementRule.of(contains=contains, only=only, without=without)
        pages = [page for pages in self._page_groups() for page in pages]
        return table_of_pages(pages, rule=rule, removed=self._removed(), threads=threads)

    def peak_tables(
        self,
        *,
        max_reflections: int = 8_000_000,
        contains: Sequence[str] = (),
        only: Sequence[str] | None = None,
        without: Sequence[str] = (),
        threads: int = 2,
    ) -> Iterator[CardTable]:
        """The same as :meth:`peak_table` in pieces, for libraries larger than the memory.

        Parameters
        ----------
        max_reflections:
            About how many reflections one piece holds (14 bytes each).
        contains, only, without, threads:
            As in :meth:`peak_table`.
        """
        rule = ElementRule.of(contains=contains, only=only, without=without)
        for pages in self._page_groups(max_reflections):
            yield table_of_pages(pages, rule=rule, removed=self._removed(), threads=threads)

    def _page_groups(self, size: int | None = None) -> Iterator[list[tuple[int, bytes]]]:
        """Pages as (number of the first card, bytes), in groups of about ``size`` reflections."""
        group: list[tuple[int, bytes]] = []
        total = 0
        for i, store in enumerate(self.stores):
            for first, n_peaks, body in store.page_bodies():
                if size is not None and group and total + n_peaks > size:
                    yield group
                    group, total = [], 0
                group.append((i * STORE_STRIDE + first, body))
                total += n_peaks
        yield group

    def _removed(self) -> Int[np.ndarray, "n"]:
        """Numbers of cards that still stand on a page but were removed."""
        rows = [i * STORE_STRIDE + row for i, s in enumerate(self.stores) for row in s.removed()]
        return np.array(rows, dtype=np.int64)

    def cards(self, ids: Sequence[int] | Int[np.ndarray, "n"]) -> list[PowderCard]:
        """Whole cards by their numbers, in the order asked for."""
        found: list[PowderCard] = []
        for number in ids:
            store, row = divmod(int(number), STORE_STRIDE)
            if not 0 <= store < len(self.stores):
                raise ConfigError(f"the library has no card number {int(number)}")
            found += self.stores[store].cards([row])
        return found

    def find(self, text: str) -> list[int]:
        """Numbers of the cards with this identifier, or else with this name, case ignored."""
        for column in ("id", "name"):
            sql = f"SELECT card_id FROM cards WHERE {column} = ? COLLATE NOCASE"
            found = [
                i * STORE_STRIDE + row[0]
                for i, store in enumerate(self.stores)
                for row in store.query(sql, [text])
            ]
            if found:
                return found
        return []

    def entries(
        self,
        *,
        contains: Sequence[str] = (),
        only: Sequence[str] | None = None,
        without: Sequence[str] = (),
        formula: str = "",
        text: str = "",
        source: str = "",
        limit: int | None = None,
    ) -> list[CardEntry]:
        """What stands in the library, without reflections.

        Parameters
        ----------
        contains, only, without:
            Elements that a card must have, may have, must not have.
        formula:
            Reduced formula in Hill order, exactly.
        text:
            A part of the identifier or of the name, case ignored.
        source:
            Collection.
        limit:
            Largest number of entries.
        """
        rule = ElementRule.of(contains=contains, only=only, without=without)
        where, values = rule.sql()
        if formula:
            where.append("c.formula = ?")
            values.append(formula)
        if text:
            where.append("(c.id LIKE ? OR c.name LIKE ?)")
            values += [f"%{text}%"] * 2
        if source:
            where.append("s.name = ?")
            values.append(source)
        sql = (
            "SELECT c.card_id, c.id, coalesce(c.name, ''), s.name, c.formula, c.symbol, c.n_atoms, "
            "c.density, coalesce(c.doi, s.doi), f.key FROM cards AS c JOIN sources AS s USING "
            "(source_id) JOIN frameworks AS f USING (framework_id) "
            f"WHERE {' AND '.join(where) or '1'} ORDER BY c.card_id LIMIT ?"
        )
        found: list[CardEntry] = []
        for i, store in enumerate(self.stores):
            left = -1 if limit is None else max(limit - len(found), 0)
            for row in store.query(sql, [*values, left]):
                found.append(CardEntry(*row, store=i))
        return found

    def framework_codes(
        self, ids: Int[np.ndarray, "cards"]
    ) -> tuple[Int[np.ndarray, "cards"], Int[np.ndarray, "cards"]]:
        """Which cards are the same framework, and which are so but for the metal.

        Parameters
        ----------
        ids:
            Numbers of cards.

        Returns
        -------
        :
            Two arrays of codes: cards with equal codes belong together. A card without a
            framework key is on its own.
        """
        tables: tuple[dict[str, int], dict[str, int]] = ({}, {})
        codes = np.zeros((2, len(ids)), dtype=np.int64)
        for i, store in enumerate(self.stores):
            here = np.flatnonzero(ids // STORE_STRIDE == i)
            keys = _framework_keys(store, ids[here] % STORE_STRIDE)
            for place, pair in zip(here, keys, strict=True):
                for k in (0, 1):
                    text = pair[k] or f"#{ids[place]}"
                    codes[k, place] = tables[k].setdefault(text, len(tables[k]))
        return codes[0], codes[1]

    def cif_file(self, card: PowderCard) -> Path | None:
        """The CIF of a card, where a folder that contains it was added; else ``None``."""
        for store in self.stores:
            rows = store.query(
                "SELECT s.root, f.path FROM files AS f JOIN sources AS s USING (source_id) "
                "WHERE f.content = ? AND s.root != ''",
                [card.content_hash],
            )
            for root, path in rows:
                if (Path(root) / path).is_file():
                    return Path(root) / path
        return None

    def info(self) -> list[StoreInfo]:
        """Size and contents of each library file."""
        return [_info_of(store) for store in self.stores]


def _framework_keys(store: CardStore, rows: Int[np.ndarray, "n"]) -> list[tuple[str, str]]:
    """Keys of framework and group of cards, empty where there are none."""
    sql = "SELECT card_id, key, grp FROM cards JOIN frameworks USING (framework_id)"
    if len(rows) * 4 > store.n_cards:
        found = {row[0]: row[1:] for row in store.query(sql)}
    else:
        found = {}
        for part in np.array_split(rows, len(rows) // 500 + 1):
            marks = ",".join(str(int(row)) for row in part)
            found |= {r[0]: r[1:] for r in store.query(f"{sql} WHERE card_id IN ({marks})")}
    return [found.get(int(row), ("", "")) for row in rows]


def _info_of(store: CardStore) -> StoreInfo:
    """What :meth:`Library.info` says of one file."""
    sources = store.query(
        "SELECT s.name, count(c.card_id), s.licence FROM sources AS s LEFT JOIN cards AS c "
        "USING (source_id) GROUP BY s.source_id ORDER BY s.source_id"
    )
    used = "FROM cards JOIN frameworks USING (framework_id)"
    counts = store.query(
        f"SELECT (SELECT coalesce(sum(n_peaks), 0) FROM pages), "
        f"(SELECT count(DISTINCT iif(key = '', 'c' || card_id, key)) {used}), "
        f"(SELECT count(DISTINCT iif(grp = '', 'c' || card_id, grp)) {used})"
    )[0]
    return StoreInfo(
        path=store.path,
        size_bytes=store.path.stat().st_size,
        n_cards=store.n_cards,
        n_peaks=counts[0],
        n_frameworks=counts[1],
        n_groups=counts[2],
        sources={name: n for name, n, _ in sources},
        licences={name: licence for name, _, licence in sources},
        unreadable=dict(store.query("SELECT path, status FROM files WHERE status != 'ok'")),
        meta=dict(store.query("SELECT key, value FROM meta")),
    )
