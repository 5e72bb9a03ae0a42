"""Powder cards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from porescope.crystal.lattice import lattice_from_parameters
from porescope.datasets.cards import (
    PowderCard,
    centring_vectors,
    element_mask,
    elements_of_mask,
)
from porescope.datasets.table import lattices_from_cells
from porescope.errors import ConfigError


def nacl() -> PowderCard:
    return PowderCard(
        id="halite",
        source="s",
        formula="ClNa",
        elements=("Na", "Cl"),
        density=2.16,
        cell=(5.64, 5.64, 5.64, 90.0, 90.0, 90.0),
        space_group_number=225,
        space_group_symbol="F m -3 m",
        n_atoms=8,
        hkl=np.array([[1, 1, 1], [2, 0, 0]]),
        intensity_xray=np.array([1.0, 10.0]),
        intensity_neutron=np.array([1.0, 10.0]),
    )


def test_spacings_follow_from_the_cell() -> None:
    np.testing.assert_allclose(nacl().d, [5.64 / np.sqrt(3.0), 2.82])


def test_primitive_cell_of_a_centred_one() -> None:
    primitive = nacl().primitive_lattice
    assert np.isclose(abs(np.linalg.det(primitive)), nacl().volume / 4.0)
    np.testing.assert_allclose(np.linalg.norm(primitive, axis=1), 5.64 / np.sqrt(2.0))


def test_a_card_without_a_name_is_called_by_its_identifier() -> None:
    assert nacl().title == "halite"


@pytest.mark.parametrize(
    ("letter", "points"), [("P", 1), ("A", 2), ("B", 2), ("C", 2), ("I", 2), ("F", 4), ("R", 3)]
)
def test_centrings_have_the_right_number_of_points(letter: str, points: int) -> None:
    assert np.isclose(np.linalg.det(centring_vectors(letter)), 1.0 / points)


@given(st.sets(st.sampled_from(["H", "C", "Zn", "Gd", "Tb", "U", "La", "Og"])))
def test_masks_remember_elements(symbols: set[str]) -> None:
    assert set(elements_of_mask(*element_mask(symbols))) == symbols


@pytest.mark.parametrize("symbol", ["Xx", "", "zinc", "1"])
def test_what_is_no_element_is_refused(symbol: str) -> None:
    with pytest.raises(ConfigError, match="element"):
        element_mask([symbol])


def test_many_lattices_agree_with_one() -> None:
    cells = np.array([[10.0, 11.0, 12.0, 90.0, 95.0, 90.0], [7.0, 8.0, 9.0, 80.0, 85.0, 100.0]])
    expected = [lattice_from_parameters(*cell) for cell in cells.tolist()]
    np.testing.assert_allclose(lattices_from_cells(cells), expected, atol=1e-12)
