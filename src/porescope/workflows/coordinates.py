"""Coordinates of library entries: from the user's folders, or shipped with the package."""

from __future__ import annotations

from porescope.crystal.structure import Crystal
from porescope.datasets.cards import PowderCard
from porescope.datasets.library import Library
from porescope.errors import ParseError
from porescope.io.cif import read_cif


def crystal_of_card(card: PowderCard, *, library: Library) -> Crystal | None:
    """The structure behind a card, or ``None`` where no file of it is here.

    Parameters
    ----------
    card:
        Entry of the library.
    library:
        Where folders that the user added are known.
    """
    path = library.cif_file(card)
    if path is None:
        return None
    try:
        return read_cif(path)
    except (ParseError, OSError):
        return None
