"""Options that the training commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

PRESETS_OWN = "the preset's"

Device = Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda or cuda:1.")]
Epochs = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Passes over the data.", show_default=PRESETS_OWN),
]
LearningRate = Annotated[
    float | None, typer.Option(metavar="X", help="The highest.", show_default=PRESETS_OWN)
]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Seed.")]
Precision = Annotated[str, typer.Option(metavar="FORMAT", help="auto, float32 or bfloat16.")]
Patience = Annotated[
    int, typer.Option(min=0, metavar="N", help="Stop after N validations without a better one.")
]
TimeLimit = Annotated[
    float, typer.Option(min=0.0, metavar="S", help="Pause after S seconds; 0 for no limit.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--setting",
        metavar="NAME=VALUE",
        help="A setting of the network; repeat.",
        show_default=False,
    ),
]
Restart = Annotated[bool, typer.Option("--restart", help="Forget an earlier run in the folder.")]


def training_of(
    *,
    seed: int,
    precision: str,
    patience: int,
    time_limit: float,
    epochs: int | None,
    learning_rate: float | None,
) -> dict[str, Any]:
    """The settings of a training that the options name; what is None stays the preset's."""
    named = {"epochs": epochs, "learning_rate": learning_rate}
    return {
        "seed": seed,
        "precision": precision,
        "patience": patience,
        "time_limit_s": time_limit,
    } | {name: value for name, value in named.items() if value is not None}


@contextmanager
def resumable(folder: Path) -> Iterator[None]:
    """Where an interruption says that the run in the folder can go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"stopped; the state of the run is in {folder}, and the same command goes on"
        ) from None
