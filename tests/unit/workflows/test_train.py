"""Training a preset by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from porescope.errors import ConfigError
from porescope.training.loop import TrainResult
from porescope.workflows import train as workflow
from porescope.workflows.train import settings_from_text, train_preset
from porescope.workflows.train_retrieval import TASKS, TRAINING


def test_settings_are_json_or_text() -> None:
    words = ("a=0.5", "b=true", "c=pairs", "d=[1,2]", "e=x=y", "f=")
    expected = {"a": 0.5, "b": True, "c": "pairs", "d": [1, 2], "e": "x=y", "f": ""}
    assert settings_from_text(words) == expected
    with pytest.raises(ConfigError, match="expected NAME=VALUE"):
        settings_from_text(("=3",))


def test_only_what_is_said_differs_from_the_preset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: dict[str, Any] = {}
    result = TrainResult(
        status="paused", step=0, n_steps=1, metrics={}, best=tmp_path, elapsed_s=0.0
    )

    def answer(preset: str, **given: Any) -> TrainResult:
        seen.update(given, preset=preset)
        return result

    monkeypatch.setattr(workflow, "train_retrieval", answer)
    assert train_preset("small", out=tmp_path, training={"epochs": 3}, batch_size=64) is result
    assert seen["config"].epochs == 3
    assert seen["config"].learning_rate == TRAINING["small"].learning_rate
    assert seen["task"].batch_size == 64
    assert seen["task"].elements_share == TASKS["small"].elements_share
    with pytest.raises(ConfigError, match="a training has no setting 'hue'"):
        train_preset("small", out=tmp_path, training={"hue": 3})
