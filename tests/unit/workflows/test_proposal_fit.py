"""Rigid blocks fitted to a pattern: motions, torsions, targets, and the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from framework_crystals import magnesium_pyrazine
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.symmetry import find_symmetry
from porescope.diffraction.corrupt import ideal_pattern
from porescope.diffraction.prepare import prepare_pattern
from porescope.errors import ConfigError
from porescope.reticular.assembly import (
    Assembly,
    bonds_of_assembly,
    crystal_of_assembly,
    link_gaps,
)
from porescope.reticular.force_field.terms import force_field_of
from porescope.reticular.taking_apart.framework import take_apart
from porescope.workflows.candidate_fits import FitTask, fit_task
from porescope.workflows.judge import judge
from porescope.workflows.proposal_chemistry import chemically_worse
from porescope.workflows.proposal_fit import (
    ProposalFitConfig,
    fit_proposal,
    in_cell,
    linker_twists,
)
from porescope.workflows.proposal_motion import atom_slopes, moved_pieces, symmetric_motion
from porescope.workflows.proposal_target import EnergyTarget
from porescope.workflows.structure_match import StructureMatching

pytest.importorskip("pymatgen")

WEAK_ENERGY = ProposalFitConfig(energy_per_piece=500.0)
"""No framework is so narrow as the one of these tests; its rings are at odds with one another."""


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    return take_apart(magnesium_pyrazine(), name_net=False).assembly


@pytest.fixture(scope="module")
def task(assembly: Assembly) -> FitTask:
    pattern = ideal_pattern(crystal_of_assembly(assembly), end_deg=50.0)
    prepared = prepare_pattern(pattern)
    return fit_task(
        prepared.pattern,
        background=prepared.background,
        sigma=prepared.sigma,
        fwhm_deg=float(np.median(prepared.peaks.fwhm_deg)),
    )


def _plain(assembly: Assembly):
    return crystal_of_assembly(assembly)


def _cart(assembly: Assembly) -> np.ndarray:
    return crystal_of_assembly(assembly).cart


def test_pieces_are_as_expected(assembly: Assembly) -> None:
    kinds = sorted(assembly.blocks[int(k)].kind for k in assembly.kinds)
    assert kinds == ["linker", "linker", "linker", "node"]


def test_without_symmetry_all_motions_are_free(assembly: Assembly) -> None:
    motion = symmetric_motion(assembly, _plain(assembly))
    # six for each of three linkers, three for the lone metal
    assert motion.n_modes == 21


def test_inversion_leaves_turns_alone(assembly: Assembly) -> None:
    crystal = replace(_plain(assembly), space_group=space_group_from_symbol("P -1"))
    motion = symmetric_motion(assembly, crystal)
    # each piece lies on a centre: no shift is free, every turn of the linkers is
    assert motion.n_modes == 9
    assert np.abs(motion.modes[:, :, :3]).max() < 1e-9


def test_motions_keep_the_symmetry(assembly: Assembly) -> None:
    crystal = find_symmetry(_plain(assembly), symprec=0.01)
    assert crystal.space_group.n_ops > 1
    motion = symmetric_motion(assembly, crystal)
    step = np.random.default_rng(0).normal(0.0, 0.2, motion.n_modes)
    moved = crystal_of_assembly(moved_pieces(assembly, motion, step))
    assert find_symmetry(moved, symprec=0.01).space_group.n_ops >= crystal.space_group.n_ops


def test_slopes_are_differences(assembly: Assembly) -> None:
    motion = symmetric_motion(assembly, _plain(assembly))
    slopes = atom_slopes(assembly, motion, _cart(assembly))
    step = 1e-5
    for mode in range(0, motion.n_modes, 4):
        amounts = np.zeros(motion.n_modes)
        amounts[mode] = step
        ahead = _cart(moved_pieces(assembly, motion, amounts))
        behind = _cart(moved_pieces(assembly, motion, -amounts))
        assert np.allclose((ahead - behind) / (2 * step), slopes[mode], atol=1e-6)


def test_energy_slope_is_its_difference(assembly: Assembly) -> None:
    crystal = _plain(assembly)
    target = EnergyTarget(
        field=force_field_of(crystal, bonds_of_assembly(assembly)),
        lattice=assembly.lattice,
        scale=2.0,
    )
    motion = symmetric_motion(assembly, crystal)
    cart = _cart(assembly)
    found = target.quadratic(cart, atom_slopes(assembly, motion, cart))
    amounts = np.zeros(motion.n_modes)
    amounts[3] = 1e-4
    ahead = target.value(_cart(moved_pieces(assembly, motion, amounts)))
    behind = target.value(_cart(moved_pieces(assembly, motion, -amounts)))
    assert (ahead - behind) / 2e-4 == pytest.approx(2.0 * found.gradient[3], rel=1e-3, abs=1e-4)


def test_a_strained_cell_leaves_pieces_rigid(assembly: Assembly) -> None:
    strained = in_cell(assembly, assembly.lattice * 1.02)
    for piece in range(assembly.n_pieces):
        old, new = assembly.piece_positions(piece), strained.piece_positions(piece)
        assert np.allclose(old - old.mean(axis=0), new - new.mean(axis=0))
    assert link_gaps(strained).max() > link_gaps(assembly).max() + 0.02


def test_turned_linkers_are_turned_back(assembly: Assembly, task: FitTask) -> None:
    crystal = find_symmetry(_plain(assembly), symprec=0.01)
    motion = symmetric_motion(assembly, crystal)
    start = assembly
    twists = linker_twists(assembly, motion)
    assert len(twists) == 3
    for twist, angle in zip(twists, (40.0, -35.0, 30.0), strict=True):
        start = moved_pieces(start, motion, np.deg2rad(angle) * twist)
    start = in_cell(start, start.lattice * 1.004)
    found = fit_proposal(start, task=task, config=WEAK_ENERGY)
    assert found.accepted
    assert found.fit.rwp < 0.7 * found.start_fit.rwp
    assert np.allclose(np.diag(found.assembly.lattice), 7.0, atol=0.03)
    with StructureMatching() as matching:
        marks = [
            judge(crystal, truth=_plain(assembly), matching=matching).rmse
            for crystal in (_plain(start), found.crystal)
        ]
    # which of the two mirror images is found does not show in the pattern
    assert marks[1] < 0.8 * marks[0]
    assert not chemically_worse(found.assembly, assembly)


def test_truth_is_left_alone(assembly: Assembly, task: FitTask) -> None:
    found = fit_proposal(assembly, task=task)
    assert not found.accepted
    assert "Rwp would be" in found.reason or "motion" in found.reason
    assert found.crystal.n_atoms == assembly.n_atoms


def test_too_many_motions_are_refused(assembly: Assembly, task: FitTask) -> None:
    found = fit_proposal(assembly, task=task, config=ProposalFitConfig(max_modes=1))
    assert not found.accepted
    assert "motions are free" in found.reason


def test_wrong_settings_are_said() -> None:
    with pytest.raises(ConfigError, match="energy_per_piece must be positive"):
        ProposalFitConfig(energy_per_piece=0.0)
    with pytest.raises(ConfigError, match="at least 1"):
        ProposalFitConfig(max_steps=0)
