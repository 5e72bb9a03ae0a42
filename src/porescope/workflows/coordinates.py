"""Coordinates of library entries: from the user's folders, or shipped with the package."""

from __future__ import annotations

from porescope.crystal.structure import Crystal
from porescope.datasets.cards import PowderCard
from porescope.datasets.library import Library
from porescope.datasets.packaged import packaged_crystal
from porescope.errors import ParseError
from porescope.io.cif import read_cif


def crystal_of_card(card: PowderCard, *, library: Library) -> Crystal | None:
    """The structure behind a card, or ``None`` where no coordinates of it are here.

    Parameters
    ----------
    card:
        Entry of the library.
    library:
        Where folders that the user added are known.
    """
    path = library.cif_file(card)
    if path is None:
        return packaged_crystal(card)
    try:
        return read_cif(path)
    except (ParseError, OSError):
        return None
