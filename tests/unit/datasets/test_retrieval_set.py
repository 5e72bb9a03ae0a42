"""Tests of the crystals of the retrieval space."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.retrieval_set import (
    SIDES,
    RetrievalSet,
    composition_of,
    likely_confusions,
    retrieval_set,
)
from porescope.datasets.splits import frozen_split


@pytest.fixture(scope="module")
def shipped() -> RetrievalSet:
    with Library.open([SHIPPED]) as library:
        return retrieval_set(library)


def test_every_card_with_lines_is_there_once(shipped: RetrievalSet) -> None:
    assert len(shipped) > 30_000
    assert len(np.unique(shipped.ids)) == len(shipped)
    assert (np.diff(shipped.offsets) > 0).all()
    assert shipped.offsets[-1] == len(shipped.hkl) == len(shipped.strength)


def test_no_framework_lies_on_two_sides(shipped: RetrievalSet) -> None:
    for code in range(3):
        here = np.unique(shipped.frameworks[shipped.sides == code])
        there = np.unique(shipped.frameworks[shipped.sides != code])
        assert not len(np.intersect1d(here, there))


def test_what_the_split_holds_out_is_held_out(shipped: RetrievalSet) -> None:
    split = frozen_split("all_structures")
    trained = {shipped.names[row] for row in shipped.rows("train", preferred=False)}
    assert not trained & set(split.ids("test"))
    assert not trained & set(split.ids("validation"))


def test_one_card_stands_for_each_framework(shipped: RetrievalSet) -> None:
    rows = np.concatenate([shipped.rows(side) for side in SIDES])
    assert len(rows) == len(np.unique(shipped.frameworks))
    assert len(np.unique(shipped.frameworks[rows])) == len(rows)


def test_lines_are_those_of_the_card(shipped: RetrievalSet) -> None:
    row = shipped.names.index("quartz")
    q, strength = shipped.lines_of(row)
    # the 101 line of quartz at 3.343 Å is the strongest but for the Lorentz factor
    assert np.abs(2.0 * np.pi / q - 3.343).min() < 0.01
    assert strength.max() == pytest.approx(1.0)


def test_laue_classes(shipped: RetrievalSet) -> None:
    first, count = shipped.laue_spans[shipped.names.index("quartz")]
    assert count == 6
    assert np.allclose(np.linalg.det(shipped.laue[first : first + count]), 1.0)


def test_composition() -> None:
    made = composition_of("C3H2BO")
    assert made[[1, 5, 6, 8]] == pytest.approx([2 / 7, 1 / 7, 3 / 7, 1 / 7])
    assert made.sum() == pytest.approx(1.0)


def test_confusions_are_a_new_order(shipped: RetrievalSet) -> None:
    rows = shipped.rows("validation")
    order = likely_confusions(shipped, rows, rng=np.random.default_rng(0))
    again = likely_confusions(shipped, rows, rng=np.random.default_rng(0))
    assert np.array_equal(np.sort(order), np.sort(rows))
    assert np.array_equal(order, again)
    elements = shipped.composition[order] > 0.0
    alike = (elements[1:] == elements[:-1]).all(axis=1).mean()
    chance = (elements[1:] == np.random.default_rng(1).permutation(elements)[1:]).all(axis=1).mean()
    assert alike > 5.0 * chance


def test_the_hash_follows_the_contents(shipped: RetrievalSet) -> None:
    assert len(shipped.content_hash) == 16
