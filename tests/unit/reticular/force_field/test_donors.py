"""Classes of donors."""

from __future__ import annotations

import numpy as np
import pytest

from force_field_crystals import crystal
from porescope.reticular.force_field.bond_graph import bond_graph
from porescope.reticular.force_field.donors import donor_class

ZN, H, C, N, O, CL = 30, 1, 6, 7, 8, 17


@pytest.mark.parametrize(
    ("numbers", "bonds", "name"),
    [
        ([O, ZN, C, O], [(0, 1), (0, 2), (2, 3)], "O-carboxylate1"),
        ([O, ZN, C, O, ZN], [(0, 1), (0, 2), (2, 3), (0, 4)], "O-carboxylate2"),
        ([O, ZN, C, C], [(0, 1), (0, 2), (2, 3)], "O-carbon1"),
        ([O, ZN, H, H], [(0, 1), (0, 2), (0, 3)], "O-water"),
        ([O, ZN, ZN, H], [(0, 1), (0, 2), (0, 3)], "O-hydroxo2"),
        ([O, ZN, ZN, ZN, ZN], [(0, 1), (0, 2), (0, 3), (0, 4)], "O-oxo4"),
        ([O, ZN, C, C], [(0, 1), (0, 2), (0, 3)], "O-other1"),
        ([N, ZN, C, C], [(0, 1), (0, 2), (0, 3)], "N-2"),
        ([CL, ZN, ZN], [(0, 1), (0, 2)], "Cl-2"),
        ([C, ZN], [(0, 1)], "C"),
    ],
)
def test_class_of_the_first_atom(numbers: list, bonds: list, name: str) -> None:
    places = 2.0 * np.arange(len(numbers))[:, None] * np.ones(3) + 5.0
    there = crystal(numbers, places, 40.0 * np.eye(3))
    rows = np.array([[a, b, 0, 0, 0] for a, b in bonds], dtype=np.int64)
    assert donor_class(bond_graph(there, rows), 0) == name
