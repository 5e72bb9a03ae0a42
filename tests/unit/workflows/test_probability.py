"""The conditional logit sums to one, learns, and keeps its file format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from porescope.errors import ParseError
from porescope.workflows.probability import (
    LabelledCase,
    ProbabilityModel,
    fit_model,
    load_model,
    save_model,
)


def _cases(rng: np.random.Generator, n: int) -> list[LabelledCase]:
    """Patterns whose right candidate has a feature that is higher by two on average."""
    cases = []
    for _ in range(n):
        x = rng.normal(size=(6, 2))
        right = np.zeros(6, dtype=bool)
        if rng.random() < 0.5:
            right[2] = True
            x[2, 0] += 3.0
        cases.append(LabelledCase(candidates=x, pattern=np.ones(1), right=right))
    return cases


def _model(cases: list[LabelledCase]) -> ProbabilityModel:
    return fit_model(cases, candidate_features=("a", "b"), none_features=("one",), card={})


def test_probabilities_sum_to_one() -> None:
    model = _model(_cases(np.random.default_rng(0), 200))
    p, none = model.probabilities(np.array([[0.0, 1.0], [3.0, 0.0]]), pattern=np.ones(1))
    assert p.sum() + none == pytest.approx(1.0)
    assert p[1] > p[0]


def test_empty_shortlist_is_none_of_these() -> None:
    model = _model(_cases(np.random.default_rng(0), 50))
    p, none = model.probabilities(np.zeros((0, 2)), pattern=np.ones(1))
    assert len(p) == 0
    assert none == pytest.approx(1.0)


def test_probabilities_are_calibrated_on_new_cases() -> None:
    rng = np.random.default_rng(1)
    model = _model(_cases(rng, 3000))
    stated, happened = [], []
    for case in _cases(rng, 3000):
        _, none = model.probabilities(case.candidates, pattern=case.pattern)
        stated.append(none)
        happened.append(not case.right.any())
    stated_array, happened_array = np.array(stated), np.array(happened)
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = (stated_array >= low) & (stated_array < low + 0.2)
        expected = stated_array[inside].mean()
        error = np.sqrt(expected * (1.0 - expected) / inside.sum())
        assert abs(happened_array[inside].mean() - expected) < 3.0 * error + 0.02


def test_file_round_trip_and_newer_schema(tmp_path: Path) -> None:
    model = _model(_cases(np.random.default_rng(2), 100))
    path = tmp_path / "weights.json"
    save_model(model, path)
    again = load_model(path)
    np.testing.assert_allclose(again.candidate_weights, model.candidate_weights, atol=1e-5)
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | {"schema": 99}))
    with pytest.raises(ParseError, match="newer"):
        load_model(path)
    path.write_text("not weights")
    with pytest.raises(ParseError, match="weights"):
        load_model(path)
