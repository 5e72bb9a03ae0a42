"""The state of a run; that it goes on bit for bit is tested with the loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402

from porescope.errors import ConfigError, ParseError  # noqa: E402
from porescope.training.checkpoint import (  # noqa: E402
    STATE_SCHEMA,
    Place,
    load_state,
    read_place,
    save_state,
)
from porescope.training.config import TrainConfig  # noqa: E402
from porescope.training.ema import averaged  # noqa: E402
from porescope.training.optimizer import adamw  # noqa: E402

SETTINGS = {"preset": "toy", "training": {"seed": 1, "time_limit_s": 5.0, "betas": (0.9, 0.98)}}


class _Twice(nn.Module):
    """One layer in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.b = self.a

    def forward(self, x: Any) -> Any:
        return self.b(self.a(x))


def _trained(n_steps: int) -> tuple[nn.Module, Any, Any]:
    torch.manual_seed(0)
    model = _Twice()
    mean, optimizer = averaged(model, decay=0.9), adamw(model, config=TrainConfig())
    for _ in range(n_steps):
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        mean.update_parameters(model)
    return model, mean, optimizer


def _saved(path: Path) -> tuple[nn.Module, Any, Any]:
    model, mean, optimizer = _trained(3)
    place = Place(step=3, best={"mrr": 0.5}, best_step=2)
    save_state(path, place=place, settings=SETTINGS, model=model, average=mean, optimizer=optimizer)
    return model, mean, optimizer


def test_everything_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    model, mean, optimizer = _saved(path)
    other, other_mean, other_optimizer = _trained(0)
    place = read_place(path, settings=SETTINGS)
    assert (place.step, place.best, place.best_step) == (3, {"mrr": 0.5}, 2)
    load_state(path, model=other, average=other_mean, optimizer=other_optimizer)
    assert torch.equal(other.a.weight, model.a.weight)
    assert other.b.weight is other.a.weight
    assert torch.equal(other_mean.module.a.weight, mean.module.a.weight)
    assert int(other_mean.n_averaged) == 3
    ours, theirs = optimizer.state_dict()["state"], other_optimizer.state_dict()["state"]
    for number, held in ours.items():
        for name, value in held.items():
            assert torch.equal(value, theirs[number][name])
            assert value.dtype == theirs[number][name].dtype


def test_what_no_weight_depends_on_may_change(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    _saved(path)
    training = {**SETTINGS["training"], "time_limit_s": 60.0}  # type: ignore[dict-item]
    assert read_place(path, settings={**SETTINGS, "training": training}).step == 3
    with pytest.raises(ConfigError, match=r"training\.seed was 1, now 2; training\.x was None"):
        read_place(path, settings={**SETTINGS, "training": {**training, "seed": 2, "x": 0}})


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    save_file({"w": torch.ones(1)}, path)
    with pytest.raises(ParseError, match="expected the state of a training run"):
        read_place(path, settings=SETTINGS)
    newer = {"schema": str(STATE_SCHEMA + 1), "place": "{}"}
    save_file({"w": torch.ones(1)}, path, metadata=newer)
    with pytest.raises(ParseError, match="newer porescope"):
        read_place(path, settings=SETTINGS)
