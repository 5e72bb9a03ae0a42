"""Sides of sets: disjoint, whole, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.datasets.property_set import PropertySet
from porescope.datasets.property_splits import N_FOLDS, SCHEMES, property_sides
from porescope.errors import ConfigError
from property_toys import some_frameworks, toy_set, true_values


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PropertySet:
    crystals = some_frameworks(60)
    return toy_set(tmp_path_factory.mktemp("set"), crystals, true_values(crystals))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_structure_is_on_one_side(data: PropertySet, scheme: str) -> None:
    sides = property_sides(data, scheme, seed=3)
    rows = np.concatenate([sides.train, sides.validation, sides.test])
    assert sorted(rows.tolist()) == list(range(60))
    assert property_sides(data, scheme, seed=3).digest == sides.digest
    other = property_sides(data, scheme, seed=4).digest
    assert (other == sides.digest) == (scheme == "framework")


def test_shares_are_the_published_ones(data: PropertySet) -> None:
    assert len(property_sides(data, "4:1").test) == 12
    assert len(property_sides(data, "7:3").test) == 18


def test_folds_test_everything_once(data: PropertySet) -> None:
    tested = [property_sides(data, "5-fold", fold=fold).test for fold in range(N_FOLDS)]
    assert sorted(np.concatenate(tested).tolist()) == list(range(60))


def test_one_formula_is_on_one_side(data: PropertySet) -> None:
    sides = property_sides(data, "framework")
    seen = [
        {data.formulas[i] for i in side} for side in (sides.train, sides.validation, sides.test)
    ]
    assert not seen[0] & seen[1] | seen[0] & seen[2] | seen[1] & seen[2]


def test_smaller_training_sides_lie_within_larger_ones(data: PropertySet) -> None:
    sides = property_sides(data, "4:1")
    few, more = sides.fewer(10, seed=1), sides.fewer(20, seed=1)
    assert set(few.train) < set(more.train) < set(sides.train)
    assert (few.test == sides.test).all()
    assert set(few.validation) <= set(sides.validation)
    with pytest.raises(ConfigError, match="not 1000"):
        sides.fewer(1000)


def test_unknown_splits_are_refused(data: PropertySet) -> None:
    with pytest.raises(ConfigError, match="no split 'half'"):
        property_sides(data, "half")
    with pytest.raises(ConfigError, match="fold from 0 to 4"):
        property_sides(data, "5-fold", fold=5)
    with pytest.raises(ConfigError, match="side of the split"):
        property_sides(data.part(np.arange(2)), "4:1")
