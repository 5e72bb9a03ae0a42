"""Train a retrieval model on the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.retrieval_set import retrieval_set
from porescope.errors import ConfigError, MissingExtraError

try:
    import torch
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

from porescope.models.registry import build_model, config_from_dict, loss_of, preset_named
from porescope.training.config import TrainConfig
from porescope.training.loop import TrainProgress, TrainResult, train
from porescope.training.precision import chosen_device
from porescope.training.retrieval_task import Contents, RetrievalTask, RetrievalTaskConfig

if TYPE_CHECKING:
    from porescope.models.retrieval_model import RetrievalModel

TRAINING: Mapping[str, TrainConfig] = {
    "small": TrainConfig(
        epochs=100, learning_rate=1.5e-3, ema_decay=0.998, warmup_steps=100, validate_every=10
    ),
    "xtalnet": TrainConfig(epochs=60, learning_rate=5e-4, validate_every=2),
    "xrd2mof": TrainConfig(epochs=60, learning_rate=5e-4, validate_every=2),
}
"""Settings of each preset's training where nothing else is said."""
TASKS: Mapping[str, RetrievalTaskConfig] = {
    "small": RetrievalTaskConfig(batch_size=2048),
    "xtalnet": RetrievalTaskConfig(batch_size=256, chunk=32),
    # its normalisations run over what is encoded at once, and its loss over the whole batch
    "xrd2mof": RetrievalTaskConfig(batch_size=256),
}
"""Batches of each preset where nothing else is said."""
MADE_FROM_CARDS = frozenset({"profile", "elements", "metal"})
"""Optional inputs that need no more than the library's cards."""


def train_retrieval(
    preset: str = "small",
    *,
    out: str | Path,
    library: Sequence[str | Path] | None = None,
    contents: Contents | None = None,
    model_settings: Mapping[str, Any] | None = None,
    config: TrainConfig | None = None,
    task: RetrievalTaskConfig | None = None,
    device: str = "auto",
    restart: bool = False,
    progress: Callable[[TrainProgress], None] | None = None,
) -> TrainResult:
    """Train a preset, or go on where an earlier call stopped.

    Parameters
    ----------
    preset:
        Name of the preset.
    out:
        Folder of the run.
    library:
        Library files; by default the shipped one alone, so that a run can be repeated.
    contents:
        Atoms, beads and linkers of the library's crystals, for the presets that read them.
    model_settings:
        Settings of the network other than the preset's.
    config:
        Settings of the training; those of :data:`TRAINING` by default.
    task:
        How batches are made; as in :data:`TASKS` by default.
    device:
        ``auto``, ``cpu`` or ``cuda``.
    restart:
        Forget an earlier run in the folder.
    progress:
        Called after every step.

    Raises
    ------
    ConfigError
        If the preset or a setting is unknown, or the preset needs contents that are not given.
    """
    known = preset_named(preset)
    config = TRAINING[preset] if config is None else config
    network = config_from_dict(known, dict(model_settings or {}))
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model: RetrievalModel = build_model(known, config=network)
    _check_contents(model, preset=preset, given=contents is not None)
    with Library.open(_paths(library)) as opened:
        data = retrieval_set(opened)
    made = RetrievalTask(
        data,
        config=TASKS[preset] if task is None else task,
        needs=model.needs,
        contents=contents,
        objective=loss_of(known),
        seed=config.seed,
    )
    return train(
        model,
        made,
        preset=known,
        out=Path(out),
        config=config,
        device=chosen_device(device),
        restart=restart,
        progress=progress,
    )


def _check_contents(model: RetrievalModel, *, preset: str, given: bool) -> None:
    """Refuse a preset that reads what is not there."""
    missing = model.needs - MADE_FROM_CARDS
    if missing and not given:
        raise ConfigError(
            f"preset {preset!r} reads {' and '.join(sorted(missing))} of each framework, which the "
            "library's cards do not hold; build them from the structure files first"
        )


def _paths(library: Sequence[str | Path] | None) -> list[Path]:
    """Library files to read."""
    return [SHIPPED] if library is None else [Path(path) for path in library]
