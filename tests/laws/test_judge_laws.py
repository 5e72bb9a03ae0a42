"""What must hold for judging, whatever the setting of the structures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework_crystals import prussian_blue
from porescope.crystal.transform import change_of_basis
from porescope.workflows.judge import judge, moved_at_random
from porescope.workflows.structure_match import StructureMatching

pytest.importorskip("pymatgen")

SHIFTS = st.tuples(*[st.floats(0.0, 1.0, allow_nan=False)] * 3)
ANGLES = st.floats(0.0, 6.28)


@pytest.fixture(scope="module")
def matching() -> Iterator[StructureMatching]:
    with StructureMatching() as child:
        yield child


@settings(max_examples=12)
@given(shift=SHIFTS, angle=ANGLES, seed=st.integers(0, 99), twice=st.booleans())
def test_truth_in_another_setting_passes_all(matching, shift, angle, seed, twice) -> None:
    truth = prussian_blue()
    rng = np.random.default_rng(seed)
    other = replace(truth.without_symmetry(), frac=truth.frac + np.array(shift))
    if twice:
        other = change_of_basis(other, transform=np.diag([1.0, 2.0, 1.0])).without_symmetry()
    order = rng.permutation(other.n_atoms)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0, 0, 1.0]]
    )
    other = replace(
        other,
        lattice=other.lattice @ turn.T,
        frac=other.frac[order],
        numbers=other.numbers[order],
        orbit=np.arange(other.n_atoms),
    )
    found = judge(other, truth=truth, matching=matching)
    assert found.strict
    assert found.net
    assert found.bare_net
    assert found.cell
    assert found.pattern


@settings(max_examples=10)
@given(seed=st.integers(0, 999), distance=st.floats(0.05, 2.5))
def test_rungs_hold_one_another(matching, seed, distance) -> None:
    truth = prussian_blue()
    noise = moved_at_random(truth, rng=np.random.default_rng(seed), distance=distance)
    found = judge(noise, truth=truth, matching=matching)
    assert not found.strict or found.standard
    assert not found.standard or found.loose
    assert np.isnan(found.rmse) != bool(found.loose)
