"""Weights by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from porescope.errors import ConfigError
from porescope.models import shipped


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shipped, "WEIGHTS", tmp_path / "weights")
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


def test_shipped_weights_go_by_their_names(folder: Path) -> None:
    assert shipped.shipped_names() == ()
    for name in ("small", "other"):
        (folder / f"{name}.safetensors").write_bytes(b"")
    assert shipped.shipped_names() == ("other", "small")
    assert shipped.weights_file() == folder / "small.safetensors"
    assert shipped.weights_file("other") == folder / "other.safetensors"


def test_own_weights_go_by_their_file(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "best.safetensors"
    own.write_bytes(b"")
    assert shipped.weights_file(own) == own
    assert shipped.weights_file(tmp_path / "best") == own
    (tmp_path / "v1.2.safetensors").write_bytes(b"")
    assert shipped.weights_file(tmp_path / "v1.2").name == "v1.2.safetensors"


def test_no_weights_say_what_there_is_and_what_to_do(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"'large'.*has none.*train them with: porescope train"):
        shipped.weights_file("large")
    (folder / "small.safetensors").write_bytes(b"")
    with pytest.raises(ConfigError, match="it has small"):
        shipped.weights_file("large")


def test_whatever_is_shipped_loads() -> None:
    pytest.importorskip("torch")
    from porescope.models.checkpoint import load_model

    if not shipped.shipped_names():
        pytest.skip("this installation has no weights")
    for name in shipped.shipped_names():
        model, card = load_model(shipped.weights_file(name))
        assert not model.training
        assert card.licence


def test_properties_go_by_their_names_and_those_of_their_targets(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no weights of properties"):
        shipped.property_folder("gap")
    for name, targets in (("gap", "band_gap_ev"), ("gases", "co2_1bar_mol_per_kg, co2_mean")):
        (folder / name).mkdir()
        (folder / name / "1.safetensors").write_bytes(b"")
        card = {"training": {"targets": targets}}
        (folder / name / "1.json").write_text(json.dumps(card), encoding="utf-8")
    assert shipped.shipped_names() == ()
    assert shipped.shipped_properties() == ("gap", "gases")
    assert shipped.property_folder("gap") == folder / "gap"
    assert shipped.property_folder("band_gap") == folder / "gap"
    assert shipped.property_folder("co2") == folder / "gases"
    for wrong in ("co", None):
        with pytest.raises(ConfigError, match="knows gap, gases"):
            shipped.property_folder(wrong)
