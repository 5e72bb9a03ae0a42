"""``porescope train``."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from porescope.apps.cli.show_training import duration
from porescope.training.loop import TrainProgress, TrainResult

TINY = (
    *("--setting", "channels=[4,4,4,4]", "--setting", "width=16", "--setting", "n_layers=1"),
    *("--setting", "composition_width=16", "--setting", "dimension=16", "--batch-size", "256"),
)


def test_help_fits_80_columns_and_has_examples(porescope) -> None:
    for words in ((), ("retrieval",), ("property",)):
        shown = porescope("train", *words, "--help")
        assert shown.code == 0
        assert max(len(line) for line in shown.out.splitlines()) <= 80
        assert f"porescope {' '.join(('train', *words))}" in shown.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--preset", "large"), "'large'; choose one of small, xtalnet, xrd2mof"),
        (("--setting", "hue=3"), "no setting 'hue'"),
        (("--setting", "hue"), "expected NAME=VALUE"),
        (("--setting", "kernels=[3]"), "as many kernels as channels"),
        (("--learning-rate", "0"), "learning_rate must be above 0"),
        (("--precision", "float8"), "precision must be one of auto, float32, bfloat16"),
        (("--preset", "xtalnet", "--contents", "nowhere.store"), "no contents at nowhere.store"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(porescope, tmp_path: Path, words, said) -> None:
    outcome = porescope("train", "retrieval", "--out", tmp_path / "run", *words)
    assert outcome.code == 2
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_presets_without_contents_say_what_is_missing(porescope, tmp_path: Path) -> None:
    outcome = porescope("train", "retrieval", "--preset", "xtalnet", "--out", tmp_path / "run")
    assert outcome.code == 2
    assert "reads atoms of each framework" in outcome.err


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What ``train_preset`` is called with; it answers at once."""
    seen: dict[str, Any] = {"status": "finished"}

    def answer(preset: str, **options: Any) -> TrainResult:
        seen.update(options, preset=preset)
        options["progress"](
            TrainProgress(
                step=5,
                n_steps=10,
                epoch=0,
                loss=1.0,
                examples_per_s=100.0,
                eta_s=4000.0,
                metrics={},
            )
        )
        return TrainResult(
            status=seen["status"],
            step=5,
            n_steps=10,
            metrics={"ideal_top_10": 0.987},
            best=options["out"] / "best.safetensors",
            elapsed_s=4000.0,
        )

    monkeypatch.setattr("porescope.workflows.train.train_preset", answer)
    return seen


def test_what_was_reached_is_shown(porescope, called: dict[str, Any], tmp_path: Path) -> None:
    outcome = porescope(
        *("train", "retrieval", "-p", "xrd2mof", "--epochs", 3, "--out", tmp_path / "run"),
        *("--setting", "temperature=0.1", "--setting", "targets=pairs", "--time-limit", 60),
    )
    assert outcome.code == 0
    assert "5 steps in 1 h 6 min" in outcome.out
    assert "0.987  ideal top 10" in outcome.out
    assert called["preset"] == "xrd2mof"
    assert called["model"] == {"temperature": 0.1, "targets": "pairs"}
    assert called["training"]["epochs"] == 3
    assert called["training"]["time_limit_s"] == 60.0
    assert "learning_rate" not in called["training"]


def test_a_pause_says_how_it_goes_on(porescope, called: dict[str, Any], tmp_path: Path) -> None:
    called["status"] = "paused"
    outcome = porescope("train", "retrieval", "--out", tmp_path / "run")
    assert "Paused at step 5 of 10; the same command goes on." in outcome.out


def test_only_the_first_process_speaks(
    porescope, called: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    assert porescope("train", "retrieval").out == ""


def test_durations() -> None:
    assert [duration(s) for s in (7.4, 65.0, 3600.0 * 2 + 61.0)] == [
        "7 s",
        "1 min 5 s",
        "2 h 1 min",
    ]


@pytest.mark.slow
def test_a_run_is_paused_and_goes_on(porescope, tmp_path: Path) -> None:
    words = ("train", "retrieval", "--out", tmp_path / "run", "--epochs", 1, *TINY)
    paused = porescope(*words, "--time-limit", 0.01)
    assert paused.code == 0, paused.err
    assert "Paused at step 1 of" in paused.out
    assert porescope(*words, "--learning-rate", 0.5).code == 2
    done = porescope(*words)
    assert done.code == 0, done.err
    assert "best.safetensors" in done.out.replace("\n", "")
    with (tmp_path / "run" / "validations.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 1
