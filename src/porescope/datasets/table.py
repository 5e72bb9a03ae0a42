"""Cells and reflections of many cards in contiguous arrays."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt

from porescope.datasets.card_rows import signed_word
from porescope.datasets.cards import element_mask
from porescope.datasets.codec import encode_page, inflate_page, unpack_reflections

_WORD = 2**64 - 1


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


@dataclass(frozen=True, slots=True)
class ElementRule:
    """Element masks that a card must satisfy."""

    required: tuple[int, int]
    forbidden: tuple[int, int]

    @classmethod
    def of(
        cls, *, contains: Sequence[str], only: Sequence[str] | None, without: Sequence[str]
    ) -> ElementRule:
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


def table_of_pages(
    pages: Sequence[tuple[int, bytes]],
    *,
    rule: ElementRule,
    removed: Int[np.ndarray, "n"],
    threads: int = 2,
) -> CardTable:
    """One table of the cards on some pages.

    Parameters
    ----------
    pages:
        Number of the first card and bytes of each page.
    rule:
        Elements that a card must, may, and must not have.
    removed:
        Numbers of cards to leave out.
    threads:
        Threads that inflate pages.
    """
    with ThreadPoolExecutor(threads) as pool:
        packed = list(pool.map(lambda page: inflate_page(page[1]), pages))
        packed = packed or [inflate_page(encode_page([]))]
        starts = [first for first, _ in pages] or [0]
        ids = [s + np.arange(len(p.counts)) for s, p in zip(starts, packed, strict=True)]
        keep = [rule.passes(page.masks) for page in packed]
        if len(removed):
            keep = [k & ~np.isin(i, removed) for k, i in zip(keep, ids, strict=True)]
        counts = np.concatenate([p.counts[k] for p, k in zip(packed, keep, strict=True)])
        offsets = np.concatenate([[0], np.cumsum(counts)])
        n_peaks = int(offsets[-1])
        hkl = np.empty((n_peaks, 3), dtype=np.int16)
        xray = np.empty(n_peaks, dtype=np.float32)
        neutron = np.empty(n_peaks, dtype=np.float32)
        sizes = [int(p.counts[k].sum()) for p, k in zip(packed, keep, strict=True)]
        ends = np.cumsum(sizes).tolist()

        def unpack(i: int) -> None:
            part = slice(ends[i] - sizes[i], ends[i])
            unpack_reflections(
                packed[i],
                keep=keep[i],
                hkl=hkl[part],
                intensity_xray=xray[part],
                intensity_neutron=neutron[part],
            )

        list(pool.map(unpack, range(len(packed))))
    cells = np.concatenate([p.cells[k] for p, k in zip(packed, keep, strict=True)])
    return CardTable(
        ids=np.concatenate([i[k] for i, k in zip(ids, keep, strict=True)]),
        lattices=lattices_from_cells(cells),
        space_groups=np.concatenate([p.space_groups[k] for p, k in zip(packed, keep, strict=True)]),
        offsets=offsets,
        hkl=hkl,
        intensity_xray=xray,
        intensity_neutron=neutron,
        elements=np.concatenate([p.masks[k] for p, k in zip(packed, keep, strict=True)]),
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
