"""Pores do not depend on how a crystal is written down."""

from dataclasses import replace

import numpy as np
import pytest

from pore_crystals import crystal, triclinic
from porescope.adsorption.pore_geometry import PoreGeometry, grid_pore_geometry

PROBE = 0.9


def measured(structure) -> PoreGeometry:
    return grid_pore_geometry(structure, probe_radius=PROBE)


def same(first: PoreGeometry, second: PoreGeometry, *, cells: int = 1) -> None:
    """Diameters to 0.015 Å, surface and volume to the noise of their sampling."""
    for name in (
        "largest_free_diameter",
        "largest_included_diameter",
        "included_along_free_path_diameter",
    ):
        assert getattr(second, name) == pytest.approx(getattr(first, name), abs=0.015), name
    area = first.accessible_area + first.non_accessible_area
    for name in ("accessible_area", "non_accessible_area"):
        expected = cells * getattr(first, name)
        assert getattr(second, name) == pytest.approx(expected, abs=0.02 * cells * area), name
    for name in ("accessible_fraction", "non_accessible_fraction"):
        assert getattr(second, name) == pytest.approx(getattr(first, name), abs=0.004), name
    assert sorted(set(second.channel_dimensions)) == sorted(set(first.channel_dimensions))


@pytest.mark.parametrize("seed", [3, 4, 5])
class TestWritings:
    def test_supercell(self, seed):
        structure = triclinic(seed)
        same(measured(structure), measured(structure.supercell((2, 1, 1))), cells=2)

    def test_origin(self, seed):
        structure = triclinic(seed)
        shifted = replace(structure, frac=structure.frac + np.array([0.2, -1.3, 7.0]))
        same(measured(structure), measured(shifted))

    def test_order_of_atoms(self, seed):
        structure = triclinic(seed)
        order = np.random.default_rng(1).permutation(structure.n_atoms)
        moved = crystal(structure.lattice, structure.frac[order], structure.numbers[order])
        first, second = measured(structure), measured(moved)
        assert first.largest_free_diameter == pytest.approx(second.largest_free_diameter, abs=1e-9)
        assert first.accessible_area == pytest.approx(second.accessible_area, rel=1e-9)

    def test_rotation(self, seed):
        structure = triclinic(seed)
        turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
        same(measured(structure), measured(structure.with_lattice(structure.lattice @ turn)))

    def test_another_cell_of_the_same_lattice(self, seed):
        structure = triclinic(seed)
        change = np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1]])
        skewed = crystal(
            change @ structure.lattice,
            structure.frac @ np.linalg.inv(change),
            structure.numbers,
        )
        same(measured(structure), measured(skewed))

    def test_order_of_diameters(self, seed):
        found = measured(triclinic(seed))
        free, along = found.largest_free_diameter, found.included_along_free_path_diameter
        assert free <= along + 0.01
        assert along <= found.largest_included_diameter + 1e-9

    def test_spacing_of_the_grid(self, seed):
        structure = triclinic(seed)
        fine = grid_pore_geometry(structure, probe_radius=PROBE, spacing=0.12)
        same(measured(structure), fine)


def test_a_larger_probe_finds_less():
    areas = [grid_pore_geometry(triclinic(), probe_radius=r) for r in (0.5, 0.9, 1.3)]
    volumes = [g.accessible_volume + g.non_accessible_volume for g in areas]
    assert volumes[0] > volumes[1] > volumes[2]
