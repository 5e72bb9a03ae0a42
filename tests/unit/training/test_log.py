"""The log of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("torch")

from porescope.training import log as log_module
from porescope.training.log import STEPS_FILE, RunLog


def test_rows_after_the_step_are_forgotten(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        for step in (1, 2, 3, 12):
            log.step(step, {"loss": 1.0 / step})
    # A kill may cut the last row short.
    path = tmp_path / STEPS_FILE
    path.write_text(path.read_text()[:-3])
    with RunLog(tmp_path, step=2) as log:
        log.step(3, {"loss": 0.25})
    assert path.read_text() == "step,loss\n1,1\n2,0.5\n3,0.25\n"


def test_a_new_run_starts_an_empty_log(tmp_path: Path) -> None:
    for _ in range(2):
        with RunLog(tmp_path) as log:
            log.step(1, {"loss": 2.0})
            log.validation(1, {"top_1": 0.5})
    assert (tmp_path / STEPS_FILE).read_text() == "step,loss\n1,2\n"


def test_other_processes_write_nothing(tmp_path: Path) -> None:
    with RunLog(tmp_path, writes=False) as log:
        log.step(1, {"loss": 2.0})
    assert list(tmp_path.iterdir()) == []


def test_tensorboard_gets_the_rows_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple] = []

    class Writer:
        def __init__(self, folder: str, *, purge_step: int) -> None:
            seen.append((folder, purge_step))

        def add_scalar(self, *row: object) -> None:
            seen.append(row)

        def close(self) -> None:
            seen.append(("closed",))

    board = ModuleType("torch.utils.tensorboard")
    board.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", board)
    monkeypatch.setattr(log_module, "find_spec", lambda _name: object())
    with RunLog(tmp_path, step=4) as log:
        log.step(5, {"loss": 2.0})
        log.validation(5, {"top_1": 0.5})
    folder = str(tmp_path / "tensorboard")
    assert seen == [
        (folder, 4),
        ("train/loss", 2.0, 5),
        ("validation/top_1", 0.5, 5),
        ("closed",),
    ]
