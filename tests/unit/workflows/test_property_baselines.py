"""Baselines: chosen without the test side, and right where the truth is in the features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from porescope.datasets.property_splits import property_sides
from porescope.errors import ConfigError
from porescope.workflows.property_baselines import (
    BASELINES,
    run_baseline,
    tables_needed,
)
from porescope.workflows.property_features import FeatureTable
from property_toys import some_frameworks, toy_set


def _made(tmp_path: Path, n: int = 40):
    rng = np.random.default_rng(1)
    features = rng.normal(size=(n, 3))
    features[3, 2] = np.nan
    values = np.stack([2.0 * features[:, 0] - features[:, 1], rng.normal(size=n)], axis=1)
    values[5, 0] = np.nan
    data = toy_set(tmp_path, some_frameworks(n), values)
    table = FeatureTable(
        kind="geometry", columns=("a", "b", "c"), values=features, reasons={}, seconds=0.0
    )
    return data, {"geometry": table}


def test_what_is_linear_is_found_and_noise_is_not(tmp_path: Path) -> None:
    data, tables = _made(tmp_path)
    sides = property_sides(data, "4:1")
    made = run_baseline(data, name="geometry", sides=sides, tables=tables, seed=0)
    assert made.metrics["t0"]["mae"] < 0.1
    assert made.chosen["t0"].startswith("ridge")
    assert made.metrics["t1"]["mae"] > 0.3
    mean = run_baseline(data, name="mean", sides=sides, tables={}, seed=0)
    known = np.concatenate([sides.train, sides.validation])
    np.testing.assert_allclose(mean.predicted[0], np.nanmean(data.values[known], axis=0))


def test_the_test_side_is_not_looked_at(tmp_path: Path) -> None:
    data, tables = _made(tmp_path)
    sides = property_sides(data, "4:1")
    made = run_baseline(data, name="geometry", sides=sides, tables=tables, seed=0)
    data.values[sides.test] = 1e6
    again = run_baseline(data, name="geometry", sides=sides, tables=tables, seed=0)
    np.testing.assert_array_equal(made.predicted, again.predicted)


def test_missing_tables_are_named(tmp_path: Path) -> None:
    data, tables = _made(tmp_path)
    sides = property_sides(data, "4:1")
    assert all(set(tables_needed(name)) or name == "mean" for name in BASELINES)
    with pytest.raises(ConfigError, match="needs the features composition, histogram2d, homology"):
        run_baseline(data, name="all_features", sides=sides, tables=tables)
    with pytest.raises(ConfigError, match="no baseline 'guess'"):
        tables_needed("guess")
    with pytest.raises(ConfigError, match="same structures"):
        run_baseline(data.part(np.arange(9)), name="geometry", sides=sides, tables=tables)
