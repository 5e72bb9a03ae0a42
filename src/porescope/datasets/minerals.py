"""Cards of common impurities, standards and minerals, from published cells and coordinates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from importlib.resources import files

import gemmi
import numpy as np

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.datasets.cards import PowderCard
from porescope.datasets.making import CardConfig, card_from_crystal
from porescope.datasets.store import Source

MINERALS = Source(
    name="minerals",
    licence="facts from the literature",
    citation="the paper named in each entry of minerals.json",
)
"""Source of the cards made from the table."""


def mineral_entries() -> list[dict]:
    """Entries of the table: id, name, symbol, cell, sites, reference, doi."""
    text = (files("porescope.datasets") / "data" / "minerals.json").read_text("utf-8")
    return json.loads(text)["entries"]


def mineral_crystal(entry: dict) -> Crystal:
    """Structure of one entry of the table.

    Parameters
    ----------
    entry:
        One of :func:`mineral_entries`; sites are ``[element, x, y, z]`` or with an occupancy.
    """
    sites = entry["sites"]
    return crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(*entry["cell"]),
        frac=np.array([site[1:4] for site in sites], dtype=np.float64),
        numbers=np.array([gemmi.Element(site[0]).atomic_number for site in sites]),
        occupancy=np.array([site[4] if len(site) > 4 else 1.0 for site in sites]),
        space_group=space_group_from_symbol(entry["symbol"]),
        name=entry["id"],
    )


def mineral_cards(*, config: CardConfig | None = None) -> Iterator[PowderCard]:
    """Cards of all entries of the table."""
    for entry in mineral_entries():
        digest = blake2b(json.dumps(entry, sort_keys=True).encode(), digest_size=12).digest()
        yield card_from_crystal(
            mineral_crystal(entry),
            id=entry["id"],
            source=MINERALS.name,
            name=entry["name"],
            doi=entry["doi"],
            licence=MINERALS.licence,
            content_hash=digest,
            config=config,
        )
