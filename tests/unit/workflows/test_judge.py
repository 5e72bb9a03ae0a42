"""The ladder of rungs on a small framework."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from framework_crystals import prussian_blue, with_atoms
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.workflows.judge import (
    bare_framework,
    judge,
    moved_at_random,
    powder_peaks,
    primitive_by_translations,
    without_ends,
)
from porescope.workflows.structure_match import StructureMatching

pytest.importorskip("pymatgen")


@pytest.fixture(scope="module")
def matching() -> Iterator[StructureMatching]:
    with StructureMatching(time_limit=60.0) as child:
        yield child


def test_truth_is_right_on_all_rungs(matching: StructureMatching) -> None:
    truth = prussian_blue()
    found = judge(truth, truth=truth, matching=matching, rwp=0.08)
    assert (found.loose, found.standard, found.strict) == (True, True, True)
    assert found.net
    assert found.bare_net
    assert found.cell
    assert found.pattern
    assert found.main_peaks == 1.0
    assert found.rmse == pytest.approx(0.0, abs=1e-6)
    assert found.rwp == 0.08


def test_guests_and_hydrogen_do_not_count(matching: StructureMatching) -> None:
    truth = prussian_blue()
    wet = with_atoms(truth, [[0.25, 0.25, 0.25], [0.25, 0.25, 0.345]], [8, 1])
    found = judge(wet, truth=truth, matching=matching)
    assert found.strict
    assert found.net
    assert found.cell


def test_cell_two_percent_too_long_fails_that_rung_alone(matching: StructureMatching) -> None:
    truth = prussian_blue()
    found = judge(prussian_blue(10.2 * 1.02), truth=truth, matching=matching)
    assert not found.cell
    assert found.strict
    assert found.net
    assert judge(prussian_blue(10.2 * 1.008), truth=truth, matching=matching).cell


def test_other_metal_fails_all_but_cell(matching: StructureMatching) -> None:
    truth = prussian_blue()
    other = replace(truth, numbers=np.where(truth.numbers == 26, 28, truth.numbers))
    found = judge(other, truth=truth, matching=matching)
    assert (found.loose, found.standard, found.strict) == (False, False, False)
    assert math.isnan(found.rmse)
    assert not found.net
    assert found.cell


def test_noise_passes_loose_only(matching: StructureMatching) -> None:
    truth = prussian_blue()
    small = bare_framework(truth)
    noise = moved_at_random(small, rng=np.random.default_rng(3), distance=1.2)
    found = judge(noise, truth=small, matching=matching)
    assert found.loose
    assert not found.strict
    assert not found.net
    assert found.rmse > 0.3


def test_broken_bonds_do_not_hide_atoms_from_the_matcher(matching: StructureMatching) -> None:
    truth = bare_framework(prussian_blue())
    frac = truth.frac.copy()
    frac[truth.numbers == 7] += 0.02
    found = judge(replace(truth, frac=frac), truth=truth, matching=matching)
    assert found.standard


def test_ends_on_metals_are_taken_off() -> None:
    framework = with_atoms(prussian_blue(), [[0.125, 0.125, 0.125]], [8])
    assert without_ends(framework).n_atoms == framework.n_atoms - 1


def test_time_limit_leaves_rungs_undecided() -> None:
    truth = prussian_blue()
    with StructureMatching(time_limit=1e-4) as hurried:
        found = judge(truth, truth=truth, matching=hurried)
    assert (found.loose, found.standard, found.strict) == (None, None, None)
    assert found.net


def test_primitive_cell_of_noisy_atoms() -> None:
    truth = prussian_blue()
    noisy = moved_at_random(truth, rng=np.random.default_rng(1), distance=0.05)
    small = primitive_by_translations(noisy)
    assert small.n_atoms == truth.n_atoms // 4
    assert small.volume == pytest.approx(truth.volume / 4)
    # the mean of four images lies nearer to the true places than one of them
    assert primitive_by_translations(truth).n_atoms == 14
    far = moved_at_random(truth, rng=np.random.default_rng(1), distance=0.8)
    assert primitive_by_translations(far).n_atoms == truth.n_atoms


def test_peaks_of_a_structure_lie_where_bragg_says() -> None:
    peaks = powder_peaks(prussian_blue())
    expected = 2.0 * np.rad2deg(np.arcsin(1.54056 / (2.0 * 10.2 / 2.0)))
    assert np.abs(peaks[:, 0] - expected).min() < 0.01
    assert np.all(np.diff(peaks[:, 0]) > 0.0)


def test_no_atoms_is_said() -> None:
    empty = Crystal(
        lattice=np.eye(3) * 5.0,
        frac=np.zeros((0, 3)),
        numbers=np.zeros(0, dtype=np.int64),
        occupancy=np.zeros(0),
        u_iso=np.zeros(0),
    )
    with pytest.raises(ConfigError, match="expected atoms in the predicted structure"):
        judge(empty, truth=prussian_blue())
