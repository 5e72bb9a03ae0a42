"""The state of a run, from which it goes on after it was killed as if it had not been.

One safetensors file holds the weights, their average and the optimiser's moments; its header holds
where the run is and with what settings it was started. It is written whole or not at all.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim import Optimizer

from porescope.errors import ConfigError, ParseError
from porescope.models.checkpoint import read_metadata, write_tensors_whole
from porescope.training.config import CHANGEABLE

STATE_SCHEMA = 1
"""Version of the state; newer ones are refused by name."""


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a run is."""

    step: int = 0
    """Steps done."""
    elapsed_s: float = 0.0
    """Seconds of training over all calls."""
    best: dict[str, float] = field(default_factory=dict)
    """Metrics of the best validation so far."""
    best_step: int = 0
    """Steps done at the best validation."""
    stale: int = 0
    """Validations since then."""
    validated: dict[str, float] = field(default_factory=dict)
    """Metrics of the last validation."""
    skipped: int = 0
    """Steps in a row without an update, as their gradient was not finite."""
    finished: bool = False
    """Whether the training has come to its end."""


def _optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """The optimiser's moments, by number of the weight and name."""
    return {
        f"optimizer.{number}.{name}": value
        for number, held in optimizer.state_dict()["state"].items()
        for name, value in held.items()
    }


def save_state(
    path: Path,
    *,
    place: Place,
    settings: dict[str, Any],
    model: nn.Module,
    average: nn.Module | None,
    optimizer: Optimizer,
) -> None:
    """Write the state of a run.

    Parameters
    ----------
    path:
        The file.
    place:
        Where the run is.
    settings:
        Everything the weights depend on (see :func:`load_state`).
    model, average, optimizer:
        What is being trained.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    if average is not None:
        tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
    tensors |= _optimizer_tensors(optimizer)
    write_tensors_whole(
        path,
        tensors,
        metadata={
            "schema": str(STATE_SCHEMA),
            "place": json.dumps(asdict(place)),
            "settings": json.dumps(settings, sort_keys=True),
        },
    )


def read_place(path: Path, *, settings: dict[str, Any]) -> Place:
    """Where a saved run is.

    Parameters
    ----------
    path:
        The file.
    settings:
        What the run is to go on with.

    Raises
    ------
    ConfigError
        If the run was started with other settings; the message names them.
    ParseError
        If the file is no state of a run, or one of a newer porescope.
    """
    held = read_metadata(path)
    schema = held.get("schema", "")
    if not schema.isdigit() or "place" not in held:
        raise ParseError("expected the state of a training run; start it anew", path=path)
    if int(schema) > STATE_SCHEMA:
        raise ParseError(
            f"written by a newer porescope (state schema {schema}, this one reads up to "
            f"{STATE_SCHEMA}); upgrade porescope or start the run anew",
            path=path,
        )
    differ = _differences(json.loads(held["settings"]), json.loads(json.dumps(settings)))
    if differ:
        raise ConfigError(
            f"the run in {path.parent} was started with other settings ({'; '.join(differ)}); "
            "give the same ones, another folder, or start it anew (--restart)"
        )
    return Place(**json.loads(held["place"]))


def _differences(was: dict[str, Any], now: dict[str, Any], *, prefix: str = "") -> list[str]:
    """What differs between two nested settings, in words."""
    told: list[str] = []
    for key in sorted(was.keys() | now.keys()):
        if key in CHANGEABLE:
            continue
        a, b = was.get(key), now.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            told += _differences(a, b, prefix=f"{prefix}{key}.")
        elif a != b:
            told.append(f"{prefix}{key} was {a}, now {b}")
    return told


def load_state(
    path: Path, *, model: nn.Module, average: nn.Module | None, optimizer: Optimizer
) -> None:
    """Put the tensors of a saved run where they were.

    Parameters
    ----------
    path:
        A file that :func:`read_place` has accepted.
    model, average, optimizer:
        As they were when it was written.
    """
    tensors = load_file(path)

    def under(prefix: str) -> dict[str, Tensor]:
        return {n[len(prefix) :]: t for n, t in tensors.items() if n.startswith(prefix)}

    # A weight with two names is saved under one, so that the other is missing here.
    model.load_state_dict(under("model."), strict=False)
    if average is not None:
        average.load_state_dict(under("average."), strict=False)
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in under("optimizer.").items():
        number, key = name.split(".", 1)
        state.setdefault(int(number), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    with torch.no_grad():
        optimizer.load_state_dict({"state": state, "param_groups": groups})
