"""Coordinates that come with the package."""

import numpy as np
import pytest

from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.making import XRAY, without_displacements
from porescope.datasets.packaged import packaged_crystal
from porescope.diffraction.structure_factors import reflections_of

NEEDS_LIBRARY = pytest.mark.skipif(
    not SHIPPED.is_file(), reason="the shipped library has not been built here"
)


@NEEDS_LIBRARY
@pytest.mark.parametrize("name", ["CHA-silica", "MFI-silica", "quartz", "calcite", "magnetite"])
def test_the_coordinates_give_the_cards_reflections(name: str) -> None:
    """Setting and origin of the coordinates are those of the card, line by line."""
    with Library.open([SHIPPED]) as library:
        card = library.cards(library.find(name))[0]
    crystal = packaged_crystal(card)
    assert crystal is not None
    every = reflections_of(without_displacements(crystal), d_min=1.5, radiation=XRAY)
    assert every.f_squared is not None
    spacing = 1.0 / np.linalg.norm(card.hkl @ np.linalg.inv(card.lattice).T, axis=1)
    near = np.abs(every.d / spacing[:, None] - 1.0) < 1e-5
    total = near @ (every.f_squared * every.multiplicity)
    ratio = total / card.intensity_xray
    # stored to 1 %; a line or two of a crowded cell has a neighbour within the window
    assert np.median(np.abs(ratio - 1.0)) < 0.01
    assert np.corrcoef(total, card.intensity_xray)[0, 1] > 0.999


@NEEDS_LIBRARY
def test_iza_cards_have_coordinates_and_mofs_have_none() -> None:
    with Library.open([SHIPPED]) as library:
        for code in ("CHA", "FAU", "MFI", "LTA", "MOR", "ANA"):
            crystal = packaged_crystal(library.cards(library.find(code))[0])
            assert crystal is not None
            assert crystal.name == code
        assert packaged_crystal(library.cards(library.find("IRMOF-1"))[0]) is None
