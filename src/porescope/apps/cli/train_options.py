"""Options that the training commands share."""

from __future__ import annotations

from typing import Annotated

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
