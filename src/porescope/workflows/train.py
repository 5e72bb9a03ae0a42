"""Train a preset by name, with the settings that differ from its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from porescope.datasets.library import SHIPPED, Library
from porescope.errors import ConfigError
from porescope.models.registry import config_from_dict, network_class, preset_named
from porescope.training.config import changed_config
from porescope.training.contents_inputs import PackedContents, contents_of_library
from porescope.training.loop import TrainProgress, TrainResult
from porescope.workflows.train_retrieval import TASKS, TRAINING, train_retrieval


def settings_from_text(words: Sequence[str]) -> dict[str, Any]:
    """Settings from words such as ``temperature=0.1``.

    Parameters
    ----------
    words:
        Name, equals sign, and a value as JSON has it; anything else is a text.

    Raises
    ------
    ConfigError
        If a word has no equals sign.
    """
    made: dict[str, Any] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or not name:
            raise ConfigError(f"expected NAME=VALUE, such as temperature=0.1, got {word!r}")
        try:
            made[name] = json.loads(text)
        except json.JSONDecodeError:
            made[name] = text
    return made


def train_preset(
    preset: str,
    *,
    out: Path,
    model: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    batch_size: int | None = None,
    library: Sequence[Path] = (),
    contents: Path | None = None,
    device: str = "auto",
    restart: bool = False,
    progress: Callable[[TrainProgress], None] | None = None,
) -> TrainResult:
    """Train a preset, or go on where an earlier call with the same settings stopped.

    Parameters
    ----------
    preset:
        Name of the preset.
    out:
        Folder of the run.
    model, training:
        Settings of the network and of the training that differ from the preset's.
    batch_size:
        Pairs in a batch of one process.
    library:
        Library files; the shipped one where none is given.
    contents:
        Store of atoms, beads and linkers, for the presets that read them.
    device:
        ``auto``, ``cpu`` or ``cuda``.
    restart:
        Forget an earlier run in the folder.
    progress:
        Called after every step.

    Raises
    ------
    ConfigError
        If the preset or a setting is unknown or out of range.
    """
    known = preset_named(preset, family="retrieval")
    config = changed_config(TRAINING[preset], dict(training or {}))
    network = config_from_dict(known, dict(model or {}))
    task = TASKS[preset]
    if batch_size is not None:
        task = replace(task, batch_size=batch_size)
    paths = list(library) or [SHIPPED]
    held = None
    if contents is not None:
        held = _contents(
            contents,
            library=paths,
            needs=network_class(known).needs,
            most_atoms=getattr(network, "most_atoms", None),
        )
    return train_retrieval(
        preset,
        out=out,
        library=paths,
        contents=held,
        model_settings=model,
        config=config,
        task=task,
        device=device,
        restart=restart,
        progress=progress,
    )


def _contents(
    path: Path, *, library: list[Path], needs: frozenset[str], most_atoms: int | None
) -> PackedContents:
    """Contents of the cards that have lines, in the order of the retrieval set."""
    if not path.is_file():
        raise ConfigError(
            f"no contents at {path}; build them with: python -m porescope.datasets.retrieval_atoms"
        )
    with Library.open(library) as opened:
        table = opened.peak_table(threads=1)
        numbers = table.ids[table.offsets[1:] > table.offsets[:-1]]
        return contents_of_library(
            path, library=opened, numbers=numbers, needs=needs, most_atoms=most_atoms
        )
