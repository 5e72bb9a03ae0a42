"""Train a property model on a set, and measure it on the test side beside the baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from porescope.datasets.property_set import PropertySet, Target
from porescope.datasets.property_splits import PropertySides
from porescope.errors import ConfigError, MissingExtraError

try:
    import torch
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

from porescope.models.checkpoint import load_model
from porescope.models.property.config import settings_for as sites_settings
from porescope.models.property_model import PropertyModel
from porescope.models.registry import (
    Preset,
    build_model,
    config_from_dict,
    preset_named,
)
from porescope.training.config import TrainConfig, changed_config
from porescope.training.loop import TrainProgress, TrainResult, train
from porescope.training.precision import chosen_device
from porescope.training.property_task import PropertyTask, PropertyTaskConfig, measured
from porescope.workflows.property_baselines import BaselineResult

TRAINING: Mapping[str, TrainConfig] = {
    "sites": TrainConfig(epochs=100, learning_rate=2e-3, warmup_steps=50, weight_decay=0.01),
    "x3mat": TrainConfig(epochs=60, learning_rate=5e-4, warmup_steps=100, weight_decay=0.001),
    "cgcnn": TrainConfig(epochs=100, learning_rate=1e-3, warmup_steps=50, weight_decay=0.001),
    "voxel": TrainConfig(epochs=60, learning_rate=1e-3, warmup_steps=50, weight_decay=0.01),
    "text": TrainConfig(epochs=60, learning_rate=3e-4, warmup_steps=100, weight_decay=0.01),
}
"""Settings of each preset's training where nothing else is said."""
TASKS: Mapping[str, PropertyTaskConfig] = {
    "sites": PropertyTaskConfig(batch_size=16),
    "x3mat": PropertyTaskConfig(batch_size=4),
    "cgcnn": PropertyTaskConfig(batch_size=32),
    "voxel": PropertyTaskConfig(batch_size=16),
    "text": PropertyTaskConfig(batch_size=32),
}
"""Batches of each preset where nothing else is said."""
EMA_STEPS = 0.1
"""The averaged weights look back over about this share of a training's steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyTraining:
    """What a training came to."""

    result: TrainResult
    """Where it stopped, and the best weights."""
    metrics: Mapping[str, Mapping[str, float]]
    """Errors of the best weights on the test side, by target; empty for a paused training."""
    n_parameters: int
    """Number of parameters."""
    left_out: Mapping[str, str]
    """Structures that the model could not read, with the reason."""


def settings_for(preset: Preset, targets: tuple[Target, ...]) -> dict[str, Any]:
    """Settings of a network that follow from the names and units of what it is to learn.

    Parameters
    ----------
    preset:
        The preset.
    targets:
        Its targets.
    """
    if preset.name == "sites":
        return sites_settings([(target.name, target.unit) for target in targets])
    made: dict[str, Any] = {"n_targets": len(targets)}
    if preset.name == "x3mat":
        electronic = all(target.unit.lower() in ("ev", "e") for target in targets)
        made["radius"] = 8.0 if electronic else 6.0
    return made


def training_for(preset: str, **changes: Any) -> TrainConfig:
    """Settings of a preset's training with some of them changed.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of range.
    """
    return changed_config(TRAINING[property_preset(preset).name], changes)


def train_property(
    data: PropertySet,
    *,
    sides: PropertySides,
    out: Path,
    preset: str = "sites",
    model_settings: Mapping[str, Any] | None = None,
    config: TrainConfig | None = None,
    task: PropertyTaskConfig | None = None,
    start: Path | None = None,
    device: str = "auto",
    restart: bool = False,
    progress: Callable[[TrainProgress], None] | None = None,
) -> PropertyTraining:
    """Train a preset, or go on where an earlier call with the same settings stopped.

    Parameters
    ----------
    data:
        The set.
    sides:
        Its sides.
    out:
        Folder of the run.
    preset:
        Name of the preset.
    model_settings:
        Settings of the network other than those of :func:`settings_for`.
    config:
        Settings of the training; those of :data:`TRAINING` by default. Its warm-up and its decay of
        the averaged weights are bounds, see :func:`fitted_to`.
    task:
        How batches are made; as in :data:`TASKS` by default.
    start:
        Weights of the same preset to start from, trained on another label: whatever has the same
        shape is taken over, so that the number of targets may differ.
    device:
        ``auto``, ``cpu`` or ``cuda``.
    restart:
        Forget an earlier run in the folder.
    progress:
        Called after every step.

    Raises
    ------
    ConfigError
        If the preset or a setting is unknown, or is for something else.
    """
    known = property_preset(preset)
    settings = settings_for(known, data.targets) | dict(model_settings or {})
    task = TASKS[preset] if task is None else task
    config = TRAINING[preset] if config is None else config
    network = config_from_dict(known, settings)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model: PropertyModel = build_model(known, config=network)
    if start is not None:
        take_over(model, start, preset=preset)
    made = PropertyTask(data, sides=sides, model=model, preset=known, config=task, seed=config.seed)
    config = fitted_to(config, n_steps=config.epochs * made.batches_per_epoch)
    where = chosen_device(device)
    result = train(
        model,
        made,
        preset=known,
        out=out,
        config=config,
        device=where,
        restart=restart,
        progress=progress,
    )
    metrics: Mapping[str, Mapping[str, float]] = {}
    if result.status == "finished":
        best, _ = load_model(result.best, preset=preset, device=where)
        metrics = measured(made, best, rows=sides.test)
    return PropertyTraining(
        result=result,
        metrics=metrics,
        n_parameters=sum(p.numel() for p in model.parameters()),
        left_out=made.failed,
    )


def fitted_to(config: TrainConfig, *, n_steps: int) -> TrainConfig:
    """Settings for a training of so many steps.

    A short one warms up over no more than a tenth of them, and its averaged weights look back over
    about a tenth.
    """
    decay = min(config.ema_decay, ema_decay_for(n_steps)) if config.ema_decay else 0.0
    return replace(config, warmup_steps=min(config.warmup_steps, n_steps // 10), ema_decay=decay)


def ema_decay_for(n_steps: int, *, highest: float = 0.999) -> float:
    """Decay of the averaged weights that looks back over a tenth of the steps."""
    return float(np.clip(1.0 - 1.0 / max(EMA_STEPS * n_steps, 2.0), 0.5, highest))


def property_preset(name: str) -> Preset:
    """A preset that learns properties.

    Raises
    ------
    ConfigError
        If there is none of that name, or it learns something else.
    """
    return preset_named(name, family="property")


def take_over(model: PropertyModel, path: Path, *, preset: str) -> tuple[str, ...]:
    """Put the weights of a checkpoint into a model where names and shapes agree.

    Shift and scale stay those of the model's own labels.

    Parameters
    ----------
    model:
        The model to change.
    path:
        The checkpoint.
    preset:
        The preset that it must be of.

    Returns
    -------
    :
        Names of the model's weights that were not in the checkpoint.

    Raises
    ------
    ConfigError
        If it is of another preset, or nothing fits.
    """
    other, _ = load_model(path, preset=preset)
    own = model.state_dict()
    fitting = {
        name: value
        for name, value in other.state_dict().items()
        if name not in ("shift", "scale") and name in own and own[name].shape == value.shape
    }
    if not fitting:
        raise ConfigError(f"no weight of {path.name} fits the model; give one with its settings")
    model.load_state_dict(fitting, strict=False)
    return tuple(sorted(own.keys() - fitting.keys() - {"shift", "scale"}))


def advice(
    metrics: Mapping[str, Mapping[str, float]], *, baselines: list[BaselineResult]
) -> list[str]:
    """One sentence for each target: which baseline is better than the model, if one is.

    Parameters
    ----------
    metrics:
        Errors of the model on the test side, by target.
    baselines:
        What was measured on the same side.
    """
    told = []
    for target, seen in metrics.items():
        if not baselines:
            continue
        if not np.isfinite(seen["mae"]):
            told.append(f"{target}: no structure of the test side has a value; give more labels")
            continue
        best = min(baselines, key=lambda b: b.metrics[target]["mae"])
        theirs, ours = best.metrics[target]["mae"], seen["mae"]
        if theirs < ours:
            told.append(
                f"{target}: the baseline {best.name!r} is better than the model (mean error "
                f"{theirs:.4g} against {ours:.4g}); use it, or give more labels"
            )
            mean = next((b.metrics[target]["mae"] for b in baselines if b.name == "mean"), np.inf)
            if mean < ours:
                told.append(
                    f"{target}: the model is worse than the mean of all labels ({mean:.4g}): it "
                    "has learned nothing yet, so do not use its predictions"
                )
        else:
            told.append(
                f"{target}: the model is better than every baseline (mean error {ours:.4g}, the "
                f"best baseline {best.name!r} has {theirs:.4g})"
            )
    return told
