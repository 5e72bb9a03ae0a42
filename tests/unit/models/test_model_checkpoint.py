"""Weights and cards; what every preset must pass is in the contract tests."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors.torch import load_file, save_file  # noqa: E402

from porescope.errors import ParseError  # noqa: E402
from porescope.models.checkpoint import (  # noqa: E402
    Card,
    read_card,
    repack,
    unshared,
    write_bytes_whole,
    write_checkpoint,
)

CARD = Card(
    preset="small",
    preset_version=1,
    config={"width": 3},
    package_version="0",
    data_hash="0",
    split="toy",
    metrics={"top_1": 0.5},
    licence="MIT",
    hardware="none",
    created="2026-01-01T00:00:00+00:00",
)


def test_memory_with_two_names_is_kept_once() -> None:
    weight = torch.ones(3, 2)
    held = {"b": weight, "a": weight, "row": weight[:1], "other": torch.ones(3, 2)}
    assert sorted(unshared(held)) == ["a", "other", "row"]
    empty = {"x": torch.zeros(0), "y": torch.zeros(0)}
    assert sorted(unshared(empty)) == ["x", "y"]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "card.json"
    write_bytes_whole(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="full"):
        write_bytes_whole(path, b"new, and longer")
    assert path.read_bytes() == b"old"


def test_repacking_halves_the_file_and_adds_metrics(tmp_path: Path) -> None:
    weights = {"w": torch.linspace(-1.0, 1.0, 5000), "n": torch.tensor(70_000)}
    path = write_checkpoint(tmp_path / "a", weights, card=CARD)
    small = repack(path, tmp_path / "b", metrics={"top_10": 0.9})
    assert small.stat().st_size < 0.6 * path.stat().st_size
    assert read_card(small).metrics == {"top_1": 0.5, "top_10": 0.9}
    held = load_file(small)
    assert held["w"].dtype == torch.float16
    assert int(held["n"]) == 70_000


def test_files_that_are_no_checkpoints(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="no such file"):
        read_card(tmp_path / "nothing")
    save_file({"w": torch.ones(1)}, tmp_path / "bare.safetensors")
    with pytest.raises(ParseError, match="without a card"):
        read_card(tmp_path / "bare.safetensors")
    save_file(
        {"w": torch.ones(1)}, tmp_path / "odd.safetensors", metadata={"card": '{"schema": 1}'}
    )
    with pytest.raises(ParseError, match=r"its card lacks config, created, .*"):
        read_card(tmp_path / "odd.safetensors")
