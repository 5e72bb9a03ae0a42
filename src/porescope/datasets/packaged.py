"""Coordinates that come with the package: relaxed silica zeolites and the table of minerals."""

from __future__ import annotations

import numpy as np

from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import standardise
from porescope.datasets.cards import PowderCard
from porescope.datasets.making import CardConfig
from porescope.datasets.minerals import MINERALS, mineral_crystal, mineral_entries
from porescope.datasets.silica_build import SILICA
from porescope.reticular.silica import silica_entries, silica_framework

SILICA_SOURCES = (SILICA.name, "iza")
"""Collections whose silica cards our relaxed frameworks stand for."""


def packaged_crystal(card: PowderCard) -> Crystal | None:
    """Coordinates of a card from the package itself, in the card's cell; ``None`` without any.

    An idealised or relaxed framework of the IZA's database gets the coordinates of our relaxed
    silica framework with the same code, where symmetry and cell (within 3 %) agree.

    Parameters
    ----------
    card:
        Entry of the library.
    """
    crystal = _found(card)
    if crystal is None:
        return None
    standard = standardise(crystal, symprec=CardConfig().symprec)
    same_group = standard.space_group.number == card.space_group_number
    ratio = standard.parameters / np.array(card.cell)
    if not same_group or standard.n_atoms != card.n_atoms or np.any(np.abs(ratio - 1.0) > 0.03):
        return None
    return standard.with_lattice(card.lattice)


def _found(card: PowderCard) -> Crystal | None:
    """The structure as it stands in its table."""
    if card.source == MINERALS.name:
        rows = [entry for entry in mineral_entries() if entry["id"] == card.id]
        return mineral_crystal(rows[0]) if rows else None
    code = card.id.removesuffix("-silica").removesuffix("-relaxed")
    if card.source in SILICA_SOURCES and card.formula == "O2Si" and code in silica_entries():
        return silica_framework(code)
    return None
