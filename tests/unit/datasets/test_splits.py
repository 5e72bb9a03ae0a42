"""Splits by framework."""

from dataclasses import replace

import pytest

from porescope.datasets.splits import (
    Entry,
    bundles,
    bytes_from_split,
    frozen_names,
    frozen_split,
    share_of,
    split_by_framework,
    split_from_bytes,
    without_duplicates,
)
from porescope.errors import ConfigError, ParseError


def _entry(i: int, **changes: object) -> Entry:
    values: dict[str, object] = {
        "id": f"e{i}",
        "source": "made",
        "formula": f"C{i}H",
        "net_hash": f"{i + 1:032x}",
        "net_hash_metals_alike": f"{i + 1:032x}",
        "volume_per_atom": 20.0,
    }
    return Entry(**(values | changes))


def test_duplicates_are_left_out_and_named() -> None:
    first = _entry(1)
    closed = _entry(2, net_hash=first.net_hash, volume_per_atom=12.0)
    twin = _entry(3, net_hash=first.net_hash, volume_per_atom=21.0)
    kept, twins = without_duplicates([first, closed, twin, _entry(4)])
    assert [e.id for e in kept] == ["e1", "e2", "e4"]
    assert twins == {"e3": "e1"}


def test_bundles_hold_together_what_shares_net_blocks_or_code() -> None:
    entries = [
        _entry(1, blocks=("node A", "linker B")),
        _entry(2, formula="C1H", blocks=("linker B", "node A")),
        _entry(3, net_hash=_entry(2).net_hash),
        _entry(4, blocks=("node A", "linker B")),
        _entry(5, code="MFI"),
        _entry(6, code="MFI"),
        _entry(7, net_hash="0" * 32, net_hash_metals_alike=""),
        _entry(8, net_hash="0" * 32, net_hash_metals_alike=""),
    ]
    found = bundles(entries)
    assert found["made:e1"] == found["made:e2"] == found["made:e3"]
    assert found["made:e4"] != found["made:e1"]
    assert found["made:e5"] == found["made:e6"]
    assert found == bundles(entries[::-1])
    entries[0] = replace(entries[0], source="own")
    led = bundles(entries, leading=["own"])
    assert led["made:e2"] == led["own:e1"] == bundles(entries[:1])["own:e1"]
    assert led["made:e5"] == found["made:e5"]


def test_sides_are_reproducible_and_nested() -> None:
    entries = [_entry(i) for i in range(2000)]
    of = bundles(entries)
    split = split_by_framework(entries, name="a", bundle_of=of)
    assert abs(len(split.ids("test")) - 200) < 45
    assert abs(len(split.ids("validation")) - 200) < 45
    again = split_by_framework(entries[::-1], name="a", bundle_of=of)
    assert dict(split.sides) == dict(again.sides)
    wide = split_by_framework(entries, name="b", bundle_of=of, test=0.2)
    assert set(split.ids("test")) < set(wide.ids("test"))
    other = split_by_framework(entries, name="c", bundle_of=of, seed=1)
    assert dict(split.sides) != dict(other.sides)
    assert 0.0 <= share_of(["x"]) < 1.0


def test_blocks_known_later_move_entries_only_towards_training() -> None:
    plain = [_entry(i, formula=f"C{i // 2}H") for i in range(2000)]
    known = [replace(e, blocks=("node A", "linker B")) for e in plain]
    before = split_by_framework(plain, name="a", bundle_of=bundles(plain))
    after = split_by_framework(known, name="a", bundle_of=bundles(known))
    order = ("train", "validation", "test")
    moved = 0
    for i in range(0, 2000, 2):
        pair = [f"e{i}", f"e{i + 1}"]
        sides = {after.sides[id] for id in pair}
        assert sides == {min((before.sides[id] for id in pair), key=order.index)}
        moved += sum(after.sides[id] != before.sides[id] for id in pair)
    assert moved > 100


def test_levels_say_how_new_an_entry_is() -> None:
    made = []
    for i in range(400):
        blocks = (f"node {i % 7}", f"linker {i % 11}") if i % 40 else (f"node x{i}", "linker 0")
        made.append(_entry(i, blocks=blocks))
    split = split_by_framework(made, name="a", bundle_of=bundles(made), test=0.3)
    trained = {b for e in made if split.sides[e.id] == "train" for b in e.blocks}
    combinations = {frozenset(e.blocks) for e in made if split.sides[e.id] == "train"}
    assert {split.levels[id] for id in split.ids("test")} >= {"known", "new block"}
    for entry in made:
        if split.sides[entry.id] == "train":
            assert entry.id not in split.levels
            continue
        is_new = not trained.issuperset(entry.blocks)
        assert (split.levels[entry.id] == "new block") == is_new
        assert (split.levels[entry.id] == "known") == (frozenset(entry.blocks) in combinations)


def test_files_come_back() -> None:
    entries = [_entry(i, blocks=(f"b{i % 5}",)) for i in range(200)]
    entries.append(_entry(500, net_hash=entries[0].net_hash))
    split = split_by_framework(entries, name="a", bundle_of=bundles(entries), test=0.3)
    body = bytes_from_split(split)
    assert body == bytes_from_split(split)
    back = split_from_bytes(body)
    assert dict(back.sides) == dict(split.sides)
    assert dict(back.levels) == dict(split.levels)
    assert dict(back.duplicates) == {"e500": "e0"}
    assert back.facts["test"] == 0.3
    assert back.ids("test", level="known")
    with pytest.raises(ParseError, match="file of a split"):
        split_from_bytes(b"nothing")
    with pytest.raises(ConfigError, match="twice"):
        split_by_framework(
            [_entry(1), _entry(1, net_hash="ab" * 16)], name="a", bundle_of={"made:e1": ("x",)}
        )


@pytest.mark.parametrize("name", frozen_names())
def test_frozen_splits_have_all_sides(name: str) -> None:
    split = frozen_split(name)
    n = len(split.sides)
    assert n > 100
    for side in ("train", "validation", "test"):
        assert len(split.ids(side)) > 0.04 * n
    assert not set(split.duplicates) & set(split.sides)
    assert set(split.duplicates.values()) <= set(split.sides)


def test_no_test_entry_of_a_set_is_trained_on_in_the_wide_one() -> None:
    everything = frozen_split("all_structures")
    gaps = frozen_split("qmof_band_gap")
    trained = set(gaps.ids("train")) & set(everything.ids("test"))
    assert not trained
    zeolites = frozen_split("iza_argon_87k")
    assert not set(zeolites.ids("train")) & set(everything.ids("test"))
    assert not set(frozen_split("iza_hydrogen").ids("test")) & set(zeolites.ids("train"))


def test_an_unknown_split_is_named() -> None:
    with pytest.raises(ConfigError, match="'nobody'; there are: all_structures"):
        frozen_split("nobody")
