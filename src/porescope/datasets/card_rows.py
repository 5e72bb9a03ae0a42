"""Cards as rows of a library file."""

from __future__ import annotations

from porescope.datasets.cards import PowderCard, cell_tuple, elements_of_mask
from porescope.datasets.codec import Page

CARD_QUERY = """
SELECT c.id, coalesce(c.name, ''), s.name, f.key, f.grp, f.net, f.net_alike, c.formula,
       c.mask_low, c.mask_high, c.density, c.symbol, c.n_atoms, coalesce(c.doi, s.doi), s.licence,
       c.path, s.path_rule, c.content
FROM cards AS c JOIN sources AS s USING (source_id) JOIN frameworks AS f USING (framework_id)
WHERE c.card_id = ?
"""
"""The row of one card with what its source and framework say of it."""


def card_of_row(row: tuple, *, page: Page, slot: int) -> PowderCard:
    """A card from its row and its place on a page.

    Parameters
    ----------
    row:
        What :data:`CARD_QUERY` finds.
    page, slot:
        Its reflections: a page, and its place there.
    """
    end = int(page.counts[: slot + 1].sum())
    part = slice(end - int(page.counts[slot]), end)
    return PowderCard(
        id=row[0],
        name=row[1],
        source=row[2],
        framework=row[3],
        group=row[4],
        net_hash=row[5].hex(),
        net_hash_metals_alike=row[6].hex(),
        formula=row[7],
        elements=elements_of_mask(row[8] % 2**64, row[9] % 2**64),
        density=row[10],
        space_group_symbol=row[11],
        space_group_number=int(page.space_groups[slot]),
        n_atoms=row[12],
        doi=row[13],
        licence=row[14],
        cif_path=row[16].format(id=row[0]) if row[15] is None else row[15],
        content_hash=row[17],
        cell=cell_tuple(page.cells[slot]),
        hkl=page.hkl[part],
        intensity_xray=page.intensity_xray[part],
        intensity_neutron=page.intensity_neutron[part],
    )


def signed_word(word: int) -> int:
    """The same 64 bits as SQLite stores them."""
    return word - 2**64 if word >= 2**63 else word
