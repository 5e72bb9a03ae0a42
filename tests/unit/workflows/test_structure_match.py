"""The structure matcher in its child process."""

from __future__ import annotations

import numpy as np
import pytest

from framework_crystals import prussian_blue
from porescope.workflows.judge import bare_framework, moved_at_random
from porescope.workflows.structure_match import TOLERANCES, StructureMatching, match_row

pytest.importorskip("pymatgen")


def test_tolerances_widen() -> None:
    strict, standard, loose = (TOLERANCES[k] for k in ("strict", "standard", "loose"))
    assert all(a <= b <= c for a, b, c in zip(strict, standard, loose, strict=True))
    assert loose == (0.3, 0.9, 10.0)


def test_child_and_direct_call_agree() -> None:
    truth = bare_framework(prussian_blue())
    near = moved_at_random(truth, rng=np.random.default_rng(0), distance=0.2)
    with StructureMatching() as matching:
        match = matching.match(near, truth=truth, rung="strict")
    settings = {
        key: {
            "lattice": c.lattice.tolist(),
            "frac": c.frac.tolist(),
            "numbers": c.numbers.tolist(),
        }
        for key, c in (("one", near), ("other", truth))
    }
    row = match_row("", {**settings, "rung": "strict"})
    assert match.matches
    assert match.rmse == pytest.approx(row["rmse"])
    # 0.2 Å over (V/N)^(1/3), a common shift taken off
    assert match.rmse == pytest.approx(0.2 / (truth.volume / truth.n_atoms) ** (1 / 3), rel=0.15)


def test_child_is_started_again_after_a_stop() -> None:
    truth = bare_framework(prussian_blue())
    with StructureMatching(time_limit=1e-4) as matching:
        assert matching.match(truth, truth=truth, rung="loose").matches is None
        assert "stopped" in matching.match(truth, truth=truth, rung="loose").reason
