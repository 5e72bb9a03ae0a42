"""The library: the cards that the package ships, joined with the user's own.

Reading a whole table of reflections is one pass over a few dozen compressed pages, so that a
search over every card starts after a fraction of a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt

from porescope.datasets.cards import PowderCard, element_mask
from porescope.datasets.codec import Page, decode_page, encode_page
from porescope.datasets.store import CardStore, signed_word
from porescope.errors import ConfigError, ParseError

STORE_STRIDE = 1 << 40
"""Number of a card in the joined library: store × this + row in the store."""
SHIPPED = Path(__file__).parent / "data" / "library.sqlite"
"""The cards that come with the package."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CardTable:
    """Reflections of many cards in contiguous arrays, for the search."""

    ids: Int[np.ndarray, "cards"]
    """Numbers of the cards, for :meth:`Library.cards`."""
    lattices: Float[np.ndarray, "cards 3 3"]
    """Cells, rows a, b, c [Å]."""
    space_groups: Int[np.ndarray, "cards"]
    """Space-group numbers; the cells are in a conventional setting."""
    offsets: Int[np.ndarray, "cards_plus_1"]
    """Reflections of card i are ``offsets[i]`` to ``offsets[i + 1]``."""
    hkl: Int[np.ndarray, "reflections 3"]
    """Miller indices (int16), in no promised order."""
    intensity_xray: Float[np.ndarray, "reflections"]
    """Multiplicity times \\|F\\|² [electrons²] (float32)."""
    intensity_neutron: Float[np.ndarray, "reflections"]
    """Multiplicity times \\|F\\|² [fm²] (float32)."""
    elements: UInt[np.ndarray, "cards 2"]
    """Element masks: element Z is bit (Z - 1) % 64 of word (Z - 1) // 64."""

    @property
    def n_cards(self) -> int:
        """Number of cards."""
        return len(self.ids)


def user_library_path() -> Path:
    """File of the user's own cards: ``PORESCOPE_LIBRARY``, or in the user's data folder."""
    named = os.environ.get("PORESCOPE_LIBRARY")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("porescope") / "library.sqlite"


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
        rule = _ElementRule.of(contains=contains, only=only, without=without)
        return self._table([page for pages in self._page_groups() for page in pages], rule, threads)

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
        rule = _ElementRule.of(contains=contains, only=only, without=without)
        for pages in self._page_groups(max_reflections):
            yield self._table(pages, rule, threads)

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

    def _table(self, pages: list[tuple[int, bytes]], rule: _ElementRule, threads: int) -> CardTable:
        """One table of the cards on these pages that the rule lets through."""
        removed = np.array(
            [i * STORE_STRIDE + row for i, s in enumerate(self.stores) for row in s.removed()],
            dtype=np.int64,
        )
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(lambda job: _selected(job, rule, removed), pages))
        if not parts:
            parts = [(np.zeros(0, dtype=np.int64), _EMPTY)]
        decoded = [page for _, page in parts]
        counts = np.concatenate([page.counts for page in decoded])
        return CardTable(
            ids=np.concatenate([ids for ids, _ in parts]),
            lattices=lattices_from_cells(np.concatenate([page.cells for page in decoded])),
            space_groups=np.concatenate([page.space_groups for page in decoded]),
            offsets=np.concatenate([[0], np.cumsum(counts)]),
            hkl=np.concatenate([page.hkl for page in decoded]),
            intensity_xray=np.concatenate([page.intensity_xray for page in decoded]),
            intensity_neutron=np.concatenate([page.intensity_neutron for page in decoded]),
            elements=np.concatenate([page.masks for page in decoded]),
        )

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
        rule = _ElementRule.of(contains=contains, only=only, without=without)
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
        tables = ({}, {})
        codes = np.zeros((2, len(ids)), dtype=np.int64)
        for i, store in enumerate(self.stores):
            here = np.flatnonzero(ids // STORE_STRIDE == i)
            if not len(here):
                continue
            keys = {
                row: (key or f"#{i}.{row}", group or key or f"#{i}.{row}")
                for row, key, group in store.query("SELECT framework_id, key, grp FROM frameworks")
            }
            alone = {row for row, (key, _) in keys.items() if key.startswith("#")}
            of_card = dict(store.query("SELECT card_id, framework_id FROM cards"))
            for place in here:
                card = int(ids[place]) % STORE_STRIDE
                row = of_card[card]
                pair = (f"#{i}:{card}",) * 2 if row in alone else keys[row]
                for k in (0, 1):
                    codes[k, place] = tables[k].setdefault(pair[k], len(tables[k]))
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


@dataclass(frozen=True, slots=True)
class _ElementRule:
    """Element masks that a card must satisfy."""

    required: tuple[int, int]
    forbidden: tuple[int, int]

    @classmethod
    def of(
        cls, *, contains: Sequence[str], only: Sequence[str] | None, without: Sequence[str]
    ) -> _ElementRule:
        """The rule of three lists of symbols."""
        low, high = element_mask(without)
        if only is not None:
            allowed = element_mask(only)
            low |= ~allowed[0] & _WORD
            high |= ~allowed[1] & _WORD
        return cls(element_mask(contains), (low, high))

    def passes(self, masks: UInt[np.ndarray, "cards 2"]) -> np.ndarray:
        """Which cards satisfy it."""
        required = np.array(self.required, dtype=np.uint64)
        forbidden = np.array(self.forbidden, dtype=np.uint64)
        return np.all(((masks & required) == required) & ((masks & forbidden) == 0), axis=1)

    def sql(self) -> tuple[list[str], list[object]]:
        """The same as conditions of a query."""
        where: list[str] = []
        values: list[object] = []
        for column, need, ban in zip(
            ("c.mask_low", "c.mask_high"), self.required, self.forbidden, strict=True
        ):
            for word, target in ((need, need), (ban, 0)):
                if word:
                    where.append(f"({column} & ?) = ?")
                    values += [signed_word(word), signed_word(target)]
        return where, values


_WORD = 2**64 - 1
_EMPTY = decode_page(encode_page([]))


def _selected(
    job: tuple[int, bytes], rule: _ElementRule, removed: Int[np.ndarray, "n"]
) -> tuple[np.ndarray, Page]:
    """Numbers and contents of the cards of one page that are wanted."""
    first, body = job
    page = decode_page(body)
    ids = first + np.arange(len(page.counts), dtype=np.int64)
    keep = rule.passes(page.masks)
    if len(removed):
        keep &= ~np.isin(ids, removed)
    if keep.all():
        return ids, page
    peaks = np.repeat(keep, page.counts)
    return ids[keep], Page(
        cells=page.cells[keep],
        masks=page.masks[keep],
        space_groups=page.space_groups[keep],
        counts=page.counts[keep],
        hkl=page.hkl[peaks],
        intensity_xray=page.intensity_xray[peaks],
        intensity_neutron=page.intensity_neutron[peaks],
    )


def lattices_from_cells(cells: Float[np.ndarray, "cards 6"]) -> Float[np.ndarray, "cards 3 3"]:
    """Cell vectors of many cells, a along x and b in the xy plane.

    Parameters
    ----------
    cells:
        a, b, c [Å], alpha, beta, gamma [°].
    """
    cosines = np.cos(np.deg2rad(cells[:, 3:]))
    for angle, cosine in ((90.0, 0.0), (120.0, -0.5), (60.0, 0.5)):
        cosines[cells[:, 3:] == angle] = cosine
    ca, cb, cg = cosines.T
    sg = np.sqrt(1.0 - cg**2)
    cy = (ca - cb * cg) / sg
    lattices = np.zeros((len(cells), 3, 3))
    lattices[:, 0, 0] = cells[:, 0]
    lattices[:, 1, 0] = cells[:, 1] * cg
    lattices[:, 1, 1] = cells[:, 1] * sg
    lattices[:, 2, 0] = cells[:, 2] * cb
    lattices[:, 2, 1] = cells[:, 2] * cy
    lattices[:, 2, 2] = cells[:, 2] * np.sqrt(1.0 - cb**2 - cy**2)
    return lattices
