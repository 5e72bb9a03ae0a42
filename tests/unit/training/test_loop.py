"""The training loop: it learns, and it goes on after a kill as if there had been none."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors.torch import load_file  # noqa: E402

from porescope.errors import ConfigError, ConvergenceError  # noqa: E402
from porescope.models.checkpoint import read_card  # noqa: E402
from porescope.models.registry import Preset  # noqa: E402
from porescope.training.config import TrainConfig  # noqa: E402
from porescope.training.loop import (  # noqa: E402
    BEST_FILE,
    LAST_FILE,
    STATE_FILE,
    TrainProgress,
    TrainResult,
    train,
)
from retrieval_toys import ToyConfig, ToyModel, ToyTask  # noqa: E402

TOY = Preset(
    name="toy", family="toy", folder="toy", config="-", network="-", version=1, summary="toy"
)
CONFIG = TrainConfig(
    epochs=4, learning_rate=5e-3, warmup_steps=3, precision="float32", log_every=1, save_every_s=0
)


class _Killed(Exception):
    """Stands for the end of a process."""


def _train(out: Path, **changes: Any) -> TrainResult:
    progress = changes.pop("progress", None)
    task = changes.pop("task", None) or ToyTask()
    restart = changes.pop("restart", False)
    config = replace(CONFIG, **changes)
    torch.manual_seed(config.seed)
    return train(
        ToyModel(ToyConfig()),
        task,
        preset=TOY,
        out=out,
        config=config,
        device=torch.device("cpu"),
        progress=progress,
        restart=restart,
    )


def _killed_after(step: int) -> Any:
    def progress(now: TrainProgress) -> None:
        if now.step == step:
            raise _Killed

    return progress


def _weights(path: Path) -> dict[str, Any]:
    return load_file(path)


def _assert_same(a: Path, b: Path) -> None:
    ours, theirs = _weights(a), _weights(b)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert torch.equal(tensor, theirs[name]), name


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_it_learns(tmp_path: Path) -> None:
    result = _train(tmp_path, epochs=40, save_every_s=1000.0)
    assert result.status == "finished"
    rows = _rows(tmp_path / "steps.csv")
    assert len(rows) == result.n_steps == 120
    first, last = (sum(float(r["loss"]) for r in part) / 6 for part in (rows[:6], rows[-6:]))
    assert last < 0.6 * first
    validations = _rows(tmp_path / "validations.csv")
    assert float(validations[-1]["mrr"]) > float(validations[0]["mrr"])
    assert result.metrics["mrr"] == pytest.approx(max(float(v["mrr"]) for v in validations), 1e-4)


@pytest.mark.parametrize("step", [2, 3, 7])
def test_a_killed_run_goes_on_bit_for_bit(tmp_path: Path, step: int) -> None:
    # Step 3 ends an epoch, the others are within one; dropout and the corruptions draw at random.
    _train(tmp_path / "whole")
    with pytest.raises(_Killed):
        _train(tmp_path / "killed", progress=_killed_after(step))
    result = _train(tmp_path / "killed")
    assert result.step == 12
    for name in (LAST_FILE, BEST_FILE, STATE_FILE):
        _assert_same(tmp_path / "whole" / name, tmp_path / "killed" / name)


def test_a_killed_run_logs_each_step_once(tmp_path: Path) -> None:
    with pytest.raises(_Killed):
        # The state is saved only at the start, so that seven logged steps are done again.
        _train(tmp_path, progress=_killed_after(7), save_every_s=1000.0)
    _train(tmp_path)
    assert [int(r["step"]) for r in _rows(tmp_path / "steps.csv")] == list(range(1, 13))
    assert [int(r["step"]) for r in _rows(tmp_path / "validations.csv")] == [3, 6, 9, 12]


def test_another_order_gives_other_weights(tmp_path: Path) -> None:
    # Else the comparisons above could not fail.
    _train(tmp_path / "a")
    _train(tmp_path / "b", task=ToyTask(seed=1))
    ours, theirs = _weights(tmp_path / "a" / LAST_FILE), _weights(tmp_path / "b" / LAST_FILE)
    assert any(not torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def test_the_time_limit_pauses_and_the_next_call_ends_it(tmp_path: Path) -> None:
    _train(tmp_path / "whole")
    result = _train(tmp_path / "paused", time_limit_s=1e-6)
    assert (result.status, result.step) == ("paused", 1)
    assert _train(tmp_path / "paused").status == "finished"
    _assert_same(tmp_path / "whole" / LAST_FILE, tmp_path / "paused" / LAST_FILE)


def test_a_finished_run_is_not_trained_further(tmp_path: Path) -> None:
    _train(tmp_path)
    task = ToyTask()
    assert _train(tmp_path, task=task).status == "finished"
    assert not task.seen


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    _train(tmp_path)
    with pytest.raises(ConfigError, match=r"training\.learning_rate was 0\.005, now 0\.1"):
        _train(tmp_path, learning_rate=0.1)
    with pytest.raises(ConfigError, match="data_hash was toy, now other"):
        _train(tmp_path, task=ToyTask(data_hash="other"))
    assert _train(tmp_path, learning_rate=0.1, restart=True).step == 12


def test_restarting_forgets_the_log_and_the_weights(tmp_path: Path) -> None:
    _train(tmp_path)
    with pytest.raises(_Killed):
        _train(tmp_path, epochs=1, restart=True, progress=_killed_after(1))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "state.safetensors",
        "steps.csv",
        "validations.csv",
    ]
    _train(tmp_path, epochs=1, restart=True)
    assert [int(r["step"]) for r in _rows(tmp_path / "steps.csv")] == [1, 2, 3]


def test_early_stopping(tmp_path: Path) -> None:
    # Nothing is learned at this rate, so that no validation beats the first.
    result = _train(tmp_path, learning_rate=1e-12, patience=2, ema_decay=0.0)
    assert result.status == "finished"
    assert result.step == 9
    assert _train(tmp_path, learning_rate=1e-12, patience=2, ema_decay=0.0).step == 9


def test_a_gradient_that_is_not_finite_changes_nothing(tmp_path: Path) -> None:
    _train(tmp_path, task=ToyTask(spoil_step=5))
    for name, tensor in _weights(tmp_path / LAST_FILE).items():
        assert torch.isfinite(tensor).all(), name


def test_gradients_that_stay_infinite_end_the_training(tmp_path: Path) -> None:
    class Spoiled(ToyTask):
        def loss(self, model: Any, batch: Any) -> Any:
            return super().loss(model, batch) * float("nan")

    with pytest.raises(ConvergenceError, match="learning rate"):
        _train(tmp_path, task=Spoiled(), epochs=20)


def test_the_card_says_where_the_weights_come_from(tmp_path: Path) -> None:
    _train(tmp_path)
    card = read_card(tmp_path / BEST_FILE)
    assert (card.preset, card.data_hash, card.split, card.licence) == ("toy", "toy", "toy", "MIT")
    assert card.config == asdict(ToyConfig())
    assert card.training["precision"] == "float32"
    assert card.metrics["mrr"] > 0.0
    assert json.loads((tmp_path / "best.json").read_text())["preset"] == "toy"


def test_averaged_weights_are_kept(tmp_path: Path) -> None:
    _train(tmp_path)
    state, last = _weights(tmp_path / STATE_FILE), _weights(tmp_path / LAST_FILE)
    name = "patterns.0.weight"
    assert torch.equal(last[name], state[f"average.module.{name}"])
    assert not torch.equal(last[name], state[f"model.{name}"])


def test_a_task_that_makes_too_few_batches_is_refused(tmp_path: Path) -> None:
    class Short(ToyTask):
        @property
        def batches_per_epoch(self) -> int:
            return 5

    with pytest.raises(ConfigError, match="promised 5 batches an epoch and made 3"):
        _train(tmp_path, task=Short())


def test_progress_counts_down(tmp_path: Path) -> None:
    seen: list[TrainProgress] = []
    _train(tmp_path, progress=seen.append)
    assert [now.step for now in seen] == list(range(1, 13))
    assert seen[-1].eta_s == 0.0
    assert seen[0].eta_s > 0.0
    assert all(now.examples_per_s > 0.0 for now in seen)


_SCRIPT = """
    import sys, time
    from pathlib import Path
    import torch
    from retrieval_toys import ToyConfig, ToyModel, ToyTask
    from porescope.models.registry import Preset
    from porescope.training.config import TrainConfig
    from porescope.training.loop import train

    toy = Preset(name="toy", family="toy", folder="toy", config="-", network="-", version=1,
                 summary="toy")
    config = TrainConfig(epochs=30, learning_rate=5e-3, warmup_steps=3, precision="float32",
                         log_every=1, save_every_s=0)

    def progress(now):
        Path(sys.argv[1], "step").write_text(str(now.step))
        time.sleep(float(sys.argv[2]))

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, task = ToyModel(ToyConfig(dropout=float(sys.argv[3]))), ToyTask(
        batch_size=int(sys.argv[4]), noise=float(sys.argv[3]))
    train(model, task, preset=toy, out=Path(sys.argv[1]), config=config,
          device=torch.device("cpu"), progress=progress)
"""


def _start(
    out: Path,
    *,
    pause: float = 0.0,
    noise: float = 0.05,
    batch_size: int = 8,
    launcher: tuple[str, ...] = (),
) -> subprocess.Popen[bytes]:
    out.mkdir(exist_ok=True)
    script = out / "script.py"
    script.write_text(textwrap.dedent(_SCRIPT))
    paths = [str(Path(__file__).parents[2]), *(p for p in sys.path if p)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": "1",
        "USE_LIBUV": "0",
    }
    words = [
        sys.executable,
        *launcher,
        str(script),
        str(out),
        str(pause),
        str(noise),
        str(batch_size),
    ]
    return subprocess.Popen(words, env=environment, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_a_process_that_is_killed_goes_on_bit_for_bit(tmp_path: Path) -> None:
    whole = _start(tmp_path / "whole", pause=0.0)
    killed = _start(tmp_path / "killed", pause=0.05)
    marker = tmp_path / "killed" / "step"
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline:
        if marker.exists() and (marker.read_text() or "0") >= "20" and len(marker.read_text()) > 1:
            break
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    again = _start(tmp_path / "killed", pause=0.0)
    for process in (whole, again):
        _, said = process.communicate(timeout=180)
        assert process.returncode == 0, said.decode()
    _assert_same(tmp_path / "whole" / LAST_FILE, tmp_path / "killed" / LAST_FILE)


@pytest.mark.slow
def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    # Without anything drawn by chance, two halves of a batch are the batch: each pattern is told
    # apart from the crystals of both processes, and the gradients are those of one.
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    one = _start(tmp_path / "one", noise=0.0, batch_size=8)
    two = _start(tmp_path / "two", noise=0.0, batch_size=4, launcher=launcher)
    for process in (one, two):
        _, said = process.communicate(timeout=240)
        assert process.returncode == 0, said.decode()
    assert read_card(tmp_path / "two" / LAST_FILE).training["n_processes"] == 2
    ours, theirs = _weights(tmp_path / "one" / LAST_FILE), _weights(tmp_path / "two" / LAST_FILE)
    for name, tensor in ours.items():
        # Sums in another order, carried through 90 steps of AdamW.
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-3, atol=1e-4)
