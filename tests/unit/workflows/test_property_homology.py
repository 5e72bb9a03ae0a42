"""Persistent homology of pores whose radii are known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gudhi")

from pore_crystals import simple_cubic
from porescope.adsorption.pore_radii import radii_of_atoms
from porescope.workflows.property_homology import homology_values


def test_radii_of_a_simple_cubic_crystal() -> None:
    a = 8.0
    crystal = simple_cubic(a)
    radius = float(radii_of_atoms(crystal.numbers)[0])
    made = homology_values(crystal, spacing=0.25)
    # the largest sphere sits in the middle of the cube and leaves through its faces
    assert made["h0_lasting_0_angstrom"] == pytest.approx(a * 3**0.5 / 2 - radius, abs=0.15)
    for i in range(3):
        free = made[f"h1_lasting_{i}_angstrom"]
        assert free == pytest.approx(a * 2**0.5 / 2 - radius, abs=0.15)
        # planes of free space open along the edges
        plane = made[f"h2_lasting_{i}_angstrom"]
        assert plane == pytest.approx(a / 2 - radius, abs=0.15)


def test_counts_are_those_of_a_supercell() -> None:
    crystal = simple_cubic(6.0)
    one = homology_values(crystal, spacing=0.5)
    two = homology_values(crystal.supercell((2, 1, 1)), spacing=0.5)
    counts = [name for name in one if name.endswith("per_1000_a3")]
    lasting = [name for name in one if "lasting" in name]
    assert one.keys() == two.keys()
    for name in lasting:
        assert one[name] == pytest.approx(two[name], abs=0.02)
    # A cell twice as large has one more cage that joins another, where the single one only lasts.
    assert np.isfinite([two[name] for name in counts]).all()
