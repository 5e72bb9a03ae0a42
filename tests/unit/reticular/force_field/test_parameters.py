"""The tables of parameters."""

from __future__ import annotations

import math

import pytest

from porescope.crystal.elements import covalent_radii
from porescope.reticular.force_field.parameters import (
    KCAL_EV,
    atom_types,
    bond_length,
    measured_lengths,
    types_of_element,
)


def test_every_element_up_to_lawrencium_has_a_type() -> None:
    assert set(types_of_element()) == set(range(1, 104))


def test_known_rows() -> None:
    zinc = atom_types()["Zn3f2"]
    assert (zinc.number, zinc.radius, zinc.shape) == (30, 1.24, "3")
    assert zinc.depth == pytest.approx(0.124 * KCAL_EV)
    assert math.degrees(atom_types()["O_3"].angle) == pytest.approx(104.51)


@pytest.mark.parametrize(
    ("one", "other", "order", "length"),
    [
        # Ethane, benzene, and the C-N bond of an amide.
        ("C_3", "C_3", 1.0, 1.514),
        ("C_R", "C_R", 1.5, 1.379),
        ("N_R", "C_R", 1.41, 1.357),
    ],
)
def test_natural_lengths(one: str, other: str, order: float, length: float) -> None:
    types = atom_types()
    assert bond_length(types[one], types[other], order=order) == pytest.approx(length, abs=2e-3)


def test_measured_lengths_are_near_the_sums_of_the_radii() -> None:
    numbers = {"H": 1, "B": 5, "C": 6, "N": 7, "O": 8, "F": 9, "Si": 14, "P": 15, "S": 16}
    numbers |= {"Cl": 17, "Se": 34, "Br": 35, "Te": 52, "I": 53}
    radii = covalent_radii()
    for (metal, bonds, donor), length in measured_lengths().items():
        symbol = donor.split("-")[0]
        if symbol in numbers:
            total = float(radii[metal] + radii[numbers[symbol]])
            assert 0.6 * total < length < total + 0.45, (metal, bonds, donor)


def test_carboxylates_of_well_known_metals() -> None:
    table = measured_lengths()
    assert table[30, 4, "O-carboxylate1"] == pytest.approx(1.95, abs=0.03)
    assert table[29, 5, "O-carboxylate1"] == pytest.approx(1.97, abs=0.03)
    assert table[40, 8, "O-carboxylate1"] == pytest.approx(2.20, abs=0.03)
    assert table[30, 4, "N-2"] == pytest.approx(2.00, abs=0.03)
