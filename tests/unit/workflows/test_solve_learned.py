"""Solve with the learned proposer: other frameworks are looked at, nothing else changes."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")

from porescope.apps.report.files import candidate_record
from porescope.datasets.library import Library
from porescope.diffraction.corrupt import ideal_pattern
from porescope.diffraction.prepare import prepare_pattern
from porescope.models import shipped
from porescope.workflows import learned
from porescope.workflows.candidate_fits import fit_task
from porescope.workflows.identify import SearchSpace, peaks_within
from porescope.workflows.shortlist import ShortlistConfig, shortlist_frameworks
from porescope.workflows.solve import SolveConfig, solve_pattern
from tiny_space import own_crystal


def answer(result) -> str:
    """What the user is told, as text that can be compared."""
    return json.dumps(
        [candidate_record(c) for c in result.candidates] + [result.none_of_these], sort_keys=True
    )


def test_without_the_extra_the_answer_is_that_without_the_space(
    tiny_space, own_cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "WEIGHTS", tiny_space.shipped)
    pattern = ideal_pattern(own_crystal(3))
    with Library.open([tiny_space.library]) as library:
        off = solve_pattern(pattern, config=SolveConfig(learned=False), library=library)
        on = solve_pattern(pattern, library=library)
        monkeypatch.setattr(learned, "find_spec", lambda name: None)
        missing = solve_pattern(pattern, library=library)
    assert answer(missing) == answer(off)
    assert "learned space" not in missing.settings
    assert not any("learned" in text for text in missing.warnings)
    assert candidate_record(off.candidates[0])["similarity"] is None
    assert on.settings["learned space"].startswith("small ")
    assert f"(weights {on.settings['learned space']})" in on.methods
    assert "learned" not in off.methods
    assert on.candidates[0].id == off.candidates[0].id == "own-3"
    assert all(-1.0 <= c.similarity <= 1.001 for c in on.candidates)


def test_what_is_proposed_is_scanned_and_the_first_are_fitted(tiny_space) -> None:
    prepared = prepare_pattern(ideal_pattern(own_crystal(3)))
    task = fit_task(
        prepared.pattern,
        background=prepared.background,
        sigma=prepared.sigma,
        fwhm_deg=float(np.median(prepared.peaks.fwhm_deg)),
    )
    with Library.open([tiny_space.library]) as library:
        space = SearchSpace(library=library, table=library.peak_table())
        ask = {
            "kind": "xray",
            "framework_codes": space.codes[0],
            "two_theta_range_deg": task.two_theta_range_deg,
        }
        peaks = peaks_within(prepared.peaks, task)
        few = ShortlistConfig(n_breathe=2, n_fits=1, n_learned_fits=2)
        plain = shortlist_frameworks(space.table, peaks, config=few, **ask)
        assert len(plain.rows) == 1
        others = np.setdiff1d(np.arange(space.table.n_cards), plain.rows)[:4]
        more = shortlist_frameworks(space.table, peaks, config=few, proposed=others, **ask)
    assert more.rows[0] == plain.rows[0]
    assert set(more.rows[1:]) == set(others[:2])
    assert more.chance_score == plain.chance_score
    np.testing.assert_array_equal(more.strain[0], plain.strain[0])
