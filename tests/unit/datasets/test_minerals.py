"""The table of impurities and minerals."""

import re

import numpy as np
import pytest

from porescope.crystal.neighbours import neighbour_list
from porescope.datasets.cards import PowderCard
from porescope.datasets.making import CardConfig
from porescope.datasets.minerals import mineral_cards, mineral_crystal, mineral_entries

ENTRIES = {entry["id"]: entry for entry in mineral_entries()}


def test_every_entry_says_where_it_comes_from() -> None:
    assert len(ENTRIES) == len(mineral_entries()) >= 28
    for entry in ENTRIES.values():
        assert entry["reference"]
        assert re.fullmatch(r"(10\.\d{4,}/\S+)?", entry["doi"])


# formula and calculated density [g/cm³] as handbooks give it
@pytest.mark.parametrize(
    ("name", "formula", "density"),
    [
        ("quartz", "O2Si", 2.65),
        ("cristobalite", "O2Si", 2.33),
        ("corundum", "Al2O3", 3.98),
        ("zincite", "OZn", 5.67),
        ("cobalt-spinel", "Co3O4", 6.06),
        ("tenorite", "CuO", 6.51),
        ("cuprite", "Cu2O", 6.11),
        ("copper", "Cu", 8.93),
        ("bunsenite", "NiO", 6.80),
        ("periclase", "MgO", 3.58),
        ("calcite", "CCaO3", 2.71),
        ("halite", "ClNa", 2.16),
        ("sylvite", "ClK", 1.99),
        ("baddeleyite", "O2Zr", 5.82),
        ("zirconia-tetragonal", "O2Zr", 6.07),
        ("anatase", "O2Ti", 3.89),
        ("rutile", "O2Ti", 4.25),
        ("hematite", "Fe2O3", 5.26),
        ("magnetite", "Fe3O4", 5.20),
        ("gibbsite", "AlH3O3", 2.42),
        ("wulfingite", "H2O2Zn", 3.07),
        ("graphite", "C", 2.26),
        ("ice", "H2O", 0.92),
        ("aluminium", "Al", 2.70),
        ("iron", "Fe", 7.87),
        ("platinum", "Pt", 21.45),
        ("silicon", "Si", 2.329),
        ("lab6", "B6La", 4.71),
        ("ceria", "CeO2", 7.21),
    ],
)
def test_formula_and_density(name: str, formula: str, density: float) -> None:
    crystal = mineral_crystal(ENTRIES[name])
    assert crystal.formula == formula
    # a wrong cell, symbol or site shows in whole percents
    assert crystal.density == pytest.approx(density, rel=0.01)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_no_atoms_are_too_close(name: str) -> None:
    crystal = mineral_crystal(ENTRIES[name])
    heavy = crystal.numbers > 1
    pairs = neighbour_list(crystal.frac[heavy], lattice=crystal.lattice, cutoff=3.5)
    assert pairs.distance.min() > 1.25


@pytest.fixture(scope="module")
def cards() -> list[PowderCard]:
    return list(mineral_cards(config=CardConfig(nets=False)))


def test_cards_are_made_of_all(cards: list[PowderCard]) -> None:
    assert [card.id for card in cards] == list(ENTRIES)
    for card in cards:
        assert card.n_peaks > 0
        assert np.all(card.intensity_xray >= 0.0)
        assert card.d.min() >= 1.5 - 1e-6


# strongest line of the powder [Å] at Cu Kα, from the powder diffraction file
@pytest.mark.parametrize(
    ("name", "d"),
    [
        ("quartz", 3.343),
        ("corundum", 2.085),
        ("zincite", 2.475),
        ("halite", 2.821),
        ("calcite", 3.035),
        ("rutile", 3.247),
        ("anatase", 3.52),
        ("magnetite", 2.532),
        ("ceria", 3.123),
        ("baddeleyite", 3.165),
    ],
)
def test_strongest_line(cards: list[PowderCard], name: str, d: float) -> None:
    card = next(c for c in cards if c.id == name)
    sine = 1.5406 / (2.0 * card.d)
    factor = (1.0 + (1.0 - 2.0 * sine**2) ** 2) / (sine**2 * np.sqrt(1.0 - sine**2))
    best = card.d[np.argsort(-card.intensity_xray * factor)[:2]]
    # corundum's two strongest lines are within 10 % of one another
    assert np.abs(best - d).min() < 0.02
