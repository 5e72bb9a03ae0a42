"""Directions of linkers, and which linkers hang together how."""

from __future__ import annotations

import numpy as np
from cubic_frameworks import cubic_framework

from porescope.reticular.linker_slots import (
    directions_of_slots,
    kind_of_arrangement,
    parallel_groups,
    with_linkers_in_slots,
)


def test_linkers_of_a_cubic_framework_lie_in_three_directions() -> None:
    framework = cubic_framework((2, 1, 1))
    lines = directions_of_slots(framework, range(2, 8))
    assert np.allclose(np.abs(lines), np.tile(np.eye(3), (2, 1)), atol=0.02)
    assert parallel_groups(lines) == [0, 1, 2, 0, 1, 2]


def test_opposite_and_slightly_tilted_lines_are_parallel() -> None:
    tilted = np.array([np.cos(0.4), np.sin(0.4), 0.0])
    steep = np.array([np.cos(0.6), np.sin(0.6), 0.0])
    lines = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], tilted, steep])
    assert parallel_groups(lines) == [0, 0, 0, 1]


def test_blocks_are_told_apart_only_where_linkers_differ() -> None:
    framework = cubic_framework((2, 1, 1))
    new = with_linkers_in_slots(framework, {p: "A" if p in (2, 5) else "B" for p in range(2, 8)})
    assert sorted(b.smiles for b in new.blocks if b.kind == "linker") == ["A", "B"]
    assert [new.blocks[int(k)].smiles for k in new.kinds[2:]] == ["A", "B", "B"] * 2
    assert new.blocks[int(new.kinds[0])].formula == framework.blocks[0].formula
    assert new.n_atoms == framework.n_atoms


def test_the_kind_of_an_arrangement_knows_neither_axes_nor_cells() -> None:
    small, large = cubic_framework((1, 1, 1)), cubic_framework((2, 1, 1))
    kinds = {
        text: kind_of_arrangement(small, dict(zip(range(1, 4), text, strict=True)))
        for text in ("AAB", "ABA", "BAA", "ABB", "AAA")
    }
    assert kinds["AAB"] == kinds["ABA"] == kinds["BAA"]
    assert len({kinds["AAB"], kinds["ABB"], kinds["AAA"]}) == 3
    doubled = kind_of_arrangement(large, dict(zip(range(2, 8), "AABAAB", strict=True)))
    assert doubled == kinds["AAB"]
    mixed = kind_of_arrangement(large, dict(zip(range(2, 8), "ABBAAA", strict=True)))
    assert mixed != kinds["AAB"]
