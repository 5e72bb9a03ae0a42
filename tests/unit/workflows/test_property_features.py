"""Tables of features: kept, gone on with, and right for known elements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framework_crystals import magnesium_pyrazine
from porescope.errors import ConfigError, ConvergenceError
from porescope.workflows import property_features
from porescope.workflows.property_features import (
    composition_values,
    feature_table,
    features_of,
)
from property_toys import some_frameworks, toy_set, true_values


def test_composition_by_hand() -> None:
    made = composition_values(magnesium_pyrazine())  # Mg N6 C12 H12
    assert made["share_Mg"] == pytest.approx(1.0 / 31.0)
    assert made["share_C"] == made["share_H"] == pytest.approx(12.0 / 31.0)
    assert made["number_mean"] == pytest.approx((12 + 6 * 7 + 12 * 6 + 12) / 31.0)
    assert (made["number_least"], made["number_most"]) == (1.0, 12.0)
    assert made["metal_mean"] == pytest.approx(1.0 / 31.0)


@pytest.mark.parametrize(
    ("number", "group"),
    [(1, 1), (2, 18), (3, 1), (5, 13), (8, 16), (12, 2), (13, 13), (22, 4), (30, 12), (31, 13),
     (57, 3), (64, 3), (72, 4), (79, 11), (86, 18)],
)  # fmt: skip
def test_groups(number: int, group: int) -> None:
    assert property_features._group(number) == group


def test_features_do_not_depend_on_the_cell() -> None:
    crystal = magnesium_pyrazine()
    for kind in ("composition", "histogram1d"):
        one = features_of(crystal, kind=kind)
        two = features_of(crystal.supercell((2, 1, 1)), kind=kind)
        assert one.keys() == two.keys()
        # the grids of the histogram have points at other places
        np.testing.assert_allclose(list(one.values()), list(two.values()), atol=1e-3)
    with pytest.raises(ConfigError, match="no features 'colour'"):
        features_of(crystal, kind="colour")


def test_a_table_is_made_once_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crystals = some_frameworks(4)
    data = toy_set(tmp_path, crystals, true_values(crystals))
    asked: list[str] = []

    def made(crystal) -> dict[str, float]:
        asked.append(crystal.name)
        if crystal.name == "toy-2":
            raise ConfigError("no such thing")
        return {"a": float(len(asked)), "b": float("nan")}

    monkeypatch.setitem(property_features._MAKERS, "geometry", made)
    with pytest.raises(ConvergenceError, match=r"4 of 4 .* call again"):
        feature_table(data, kind="geometry", work=tmp_path, time_limit_s=1e-9)
    table = feature_table(data, kind="geometry", work=tmp_path)
    assert table.columns == ("a", "b")
    assert table.reasons == {"toy-2": "no such thing"}
    np.testing.assert_array_equal(table.values[:, 0], [1.0, 2.0, np.nan, 4.0])
    path = tmp_path / "features-toy-geometry.jsonl"
    text = path.read_text()
    path.write_text(text[:-9])  # as a kill leaves it
    again = feature_table(data, kind="geometry", work=tmp_path)
    assert asked[4:] == ["toy-3"]
    assert len(path.read_text().splitlines()) == 4
    part = feature_table(data.part(np.array([3, 0])), kind="geometry", work=tmp_path)
    np.testing.assert_array_equal(part.values[:, 0], [again.values[3, 0], 1.0])
