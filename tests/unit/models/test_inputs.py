"""Batches of patterns and crystals."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from porescope.errors import ConfigError  # noqa: E402
from porescope.models.inputs import require_inputs  # noqa: E402
from retrieval_toys import crystal_inputs, pattern_inputs, some_crystals  # noqa: E402


def _assert_equal(a: Any, b: Any) -> None:
    for field in fields(a):
        ours, theirs = getattr(a, field.name), getattr(b, field.name)
        if isinstance(ours, torch.Tensor):
            assert torch.equal(ours, theirs), field.name
        elif ours is not None:
            _assert_equal(ours, theirs)


@pytest.mark.parametrize("made_of", [pattern_inputs, crystal_inputs])
def test_a_part_is_the_batch_of_its_members(made_of: Any) -> None:
    crystals = some_crystals(5)
    whole, part = made_of(crystals), made_of(crystals[1:4])
    assert (len(whole), len(part)) == (5, 3)
    cut = whole.part(1, 4)
    assert len(cut) == 3
    # Slots beyond the part's longest member stay.
    _assert_equal(cut, part)


def test_moving_keeps_everything() -> None:
    batch = pattern_inputs(some_crystals(2))
    _assert_equal(batch.to("cpu"), batch)
    assert batch.to("meta").linkers.numbers.device.type == "meta"
    assert replace(batch, profile=None, linkers=None).to("cpu").profile is None


def test_batches_have_no_room_for_other_fields() -> None:
    patterns, crystals = pattern_inputs(some_crystals(2)), crystal_inputs(some_crystals(2))
    for batch in (patterns, patterns.linkers, crystals, crystals.atoms, crystals.beads):
        assert len(batch) == len(batch.to("cpu")) == 2
        assert not hasattr(batch, "__dict__")
        assert type(batch.part(0, 1)) is type(batch)


def test_a_part_without_linkers_is_empty() -> None:
    graphs = pattern_inputs(some_crystals(3)).linkers
    assert graphs is not None
    kept = graphs.batch != 1
    bonds = graphs.bonds[[0, 1, 4, 5]] - torch.tensor([0, 0, 3, 3])[:, None]
    without = replace(
        graphs,
        numbers=graphs.numbers[kept],
        batch=graphs.batch[kept],
        bonds=bonds,
        orders=graphs.orders[:4],
    )
    assert len(without.part(1, 2)) == 1
    assert len(without.part(1, 2).numbers) == 0
    assert without.part(2, 3).bonds.tolist() == [[0, 1], [1, 2]]


def test_missing_inputs_are_named() -> None:
    patterns, crystals = (made(some_crystals(2)) for made in (pattern_inputs, crystal_inputs))
    require_inputs(patterns, needs=frozenset({"profile", "linkers", "atoms"}))
    with pytest.raises(ConfigError, match="profile and linkers of each pattern"):
        require_inputs(
            replace(patterns, profile=None, linkers=None),
            needs=frozenset({"profile", "linkers"}),
        )
    with pytest.raises(ConfigError, match="beads of each crystal"):
        require_inputs(replace(crystals, beads=None), needs=frozenset({"beads"}))
