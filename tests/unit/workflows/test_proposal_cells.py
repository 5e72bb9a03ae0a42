"""Frameworks strained into the cells that index a pattern."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters, lattice_mapping
from porescope.crystal.symmetry import space_group_from_symbol
from porescope.datasets.template_store import TemplateEntry
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.reflections import unique_reflections
from porescope.reticular.assembly import crystal_of_assembly
from porescope.workflows.proposal_cells import (
    IN_CELL,
    CellMatchConfig,
    _superlattices,
    indexed_cells,
    match_cells,
    proposals_in_cells,
    strained_assembly,
)
from porescope.workflows.propose import Proposal
from toy_framework import cubic

TRICLINIC = lattice_from_parameters(8.1, 9.7, 13.2, 96.0, 101.0, 108.0)
OTHER_BASIS = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1]])


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two lattices are equal but for rounding."""
    mapping = lattice_mapping(one, onto=other, length_tolerance=1e-6, angle_tolerance_deg=1e-4)
    return mapping is not None


def proposal(edge: float = 11.8) -> Proposal:
    """The toy framework as a proposal."""
    assembly = cubic(edge=edge)
    entry = TemplateEntry(
        row=-1,
        id="toy",
        metals=(30,),
        linkers=("CC",),
        keys=("",),
        sites=("6:2",),
        net_name="pcu",
        net_key="",
        interpenetration=1,
        net_hash="",
        n_atoms=assembly.n_atoms,
        caps=(),
        shape="toy",
    )
    return Proposal(
        id="assembled:toy",
        crystal=crystal_of_assembly(assembly),
        assembly=assembly,
        template=entry,
        rms_gap=0.0,
        misfit=0.0,
        same_metal=True,
        same_linker=False,
    )


@pytest.mark.parametrize(("copies", "count"), [(1, 1), (2, 7), (3, 13), (4, 35)])
def test_superlattices_are_all_there(copies: int, count: int) -> None:
    # the number of sublattices of index n in three dimensions, https://oeis.org/A001001
    found = _superlattices(copies)
    assert len(found) == count
    assert np.allclose(np.linalg.det(found), copies)


def test_a_strained_lattice_in_another_basis_is_put_into_the_indexed_cell() -> None:
    strain = np.eye(3) + np.array([[0.03, 0.01, 0.0], [0.01, -0.02, 0.02], [0.0, 0.02, 0.04]])
    (match,) = match_cells([OTHER_BASIS @ TRICLINIC @ strain], [TRICLINIC])
    assert same(match.lattice, TRICLINIC)
    assert 0.02 < match.misfit < 0.06
    change = np.linalg.inv(OTHER_BASIS @ TRICLINIC @ strain) @ match.lattice
    assert np.allclose(change, change.T, atol=1e-9)  # a stretch without a turn


def test_a_framework_may_fill_a_superlattice() -> None:
    double = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 2]]) @ TRICLINIC
    (match,) = match_cells([double * 1.02], [TRICLINIC])
    assert same(match.lattice, double)
    assert match.misfit == pytest.approx(0.02, abs=2e-3)
    one = CellMatchConfig(most_copies=1)
    assert match_cells([double * 1.02], [TRICLINIC], config=one) == []


def test_indexing_gives_the_primitive_cell() -> None:
    lattice = lattice_from_parameters(14.3, 9.1, 11.2, 90.0, 104.0, 90.0)
    group = space_group_from_symbol("C 1 2/m 1")
    wavelength = 1.5406
    d = unique_reflections(lattice, space_group=group, d_min=2.2, d_max=100.0).d[:40]
    angle = np.rad2deg(2.0 * np.arcsin(wavelength / (2.0 * d)))
    ones = np.ones(len(d))
    peaks = PeakList(
        two_theta_deg=angle,
        sigma_two_theta_deg=0.01 * ones,
        height=100.0 * ones,
        area=10.0 * ones,
        sigma_area=ones,
        fwhm_deg=0.1 * ones,
        eta=0.5 * ones,
        wavelength=wavelength,
    )
    found = indexed_cells(peaks, max_seconds=20.0)
    primitive = np.array([[0.5, 0.5, 0.0], [-0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]) @ lattice
    assert lattice_mapping(found[0], onto=primitive, length_tolerance=2e-3) is not None
    assert indexed_cells(peaks.select(np.arange(len(d)) < 5)) == []


def test_far_lattices_do_not_match() -> None:
    assert match_cells([np.diag([8.0, 5.0, 31.0])], [TRICLINIC]) == []
    one = CellMatchConfig(most_copies=1)
    assert match_cells([TRICLINIC * 1.5], [TRICLINIC], config=one) == []


def test_the_better_cell_comes_first() -> None:
    cells = [TRICLINIC * 1.05, TRICLINIC]
    found = match_cells([TRICLINIC], cells)
    assert [m.cell for m in found] == [1, 0]


def test_a_framework_is_closed_in_the_cell() -> None:
    start = proposal()
    indexed = np.diag([12.1, 11.9, 11.6])
    (made,) = proposals_in_cells([start], [indexed], config=CellMatchConfig(per_proposal=1))
    assert made.id == f"assembled:toy{IN_CELL}1"
    assert same(made.crystal.lattice, indexed)
    assert same(made.assembly.lattice, indexed)
    assert made.rms_gap < 0.2
    assert made.crystal.n_atoms == start.crystal.n_atoms


def test_a_cell_in_which_links_stay_open_is_dropped() -> None:
    config = CellMatchConfig(rms_gap=0.05, most_copies=1)
    assert proposals_in_cells([proposal()], [np.eye(3) * 12.8], config=config) == []


def test_blocks_are_carried_along() -> None:
    start = cubic()
    moved = strained_assembly(start, np.diag([13.0, 11.8, 11.8]))
    assert moved.origins[1] == pytest.approx([6.5, 0.0, 0.0])
    assert np.array_equal(moved.rotations, start.rotations)


def test_layers_must_fit_in_their_plane_only() -> None:
    layered = np.array([[10.0, 0.0, 0.0], [0.0, 11.0, 0.0], [0.0, 0.0, 7.4]])
    indexed = np.array([[10.2, 0.0, 0.0], [0.0, 10.9, 0.0], [3.3, 2.0, 7.1]])
    config = CellMatchConfig(most_copies=1)
    assert match_cells([layered], [indexed], config=config) == []
    plane = np.eye(3, dtype=np.int64)[:2]
    (match,) = match_cells([layered], [indexed], runs=[plane], config=config)
    assert same(match.lattice, indexed)
    # the layers keep their direction: they are stretched by what the cell asks for, and not turned
    assert np.allclose(match.lattice[:2], np.diag([10.2, 10.9, 0.0])[:2], atol=1e-6)
    (other,) = match_cells([layered], [-indexed], runs=[plane], config=config)
    assert np.linalg.det(other.lattice) > 0.0
    upright = np.eye(3, dtype=np.int64)[1:]
    assert match_cells([layered], [indexed], runs=[upright], config=config) == []
