"""Errors of predictions, by hand."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from porescope.training.property_metrics import property_metrics, rank_correlation


def test_by_hand() -> None:
    seen = property_metrics(np.array([1.0, 2.0, 5.0, 9.0]), np.array([1.0, 3.0, 3.0, np.nan]))
    assert seen["mae"] == pytest.approx(1.0)
    assert seen["rmse"] == pytest.approx(np.sqrt(5.0 / 3.0))
    assert seen["r2"] == pytest.approx(1.0 - 5.0 / (8.0 / 3.0))
    # ranks 1, 2, 3 against 1, 2.5, 2.5
    assert seen["spearman"] == pytest.approx(np.sqrt(3.0) / 2.0)


def test_the_mean_explains_nothing_and_has_no_order() -> None:
    truth = np.array([1.0, 2.0, 6.0])
    seen = property_metrics(np.full(3, 3.0), truth)
    assert seen["r2"] == pytest.approx(0.0)
    assert seen["spearman"] == 0.0


def test_nothing_known() -> None:
    assert all(np.isnan(v) for v in property_metrics(np.zeros(2), np.full(2, np.nan)).values())
    one = property_metrics(np.array([2.0]), np.array([1.0]))
    assert one["mae"] == 1.0
    assert np.isnan(one["r2"])


def test_ranks_do_not_change_with_a_rising_function() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50))
    assert rank_correlation(np.exp(a), b**3) == pytest.approx(rank_correlation(a, b))
    assert rank_correlation(a, -a) == pytest.approx(-1.0)
