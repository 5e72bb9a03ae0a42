"""``porescope train``: train the models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from porescope.apps.cli.train_options import (
    Device,
    Epochs,
    LearningRate,
    Patience,
    Precision,
    Restart,
    Seed,
    Settings,
    TimeLimit,
    resumable,
    training_of,
)
from porescope.apps.cli.train_property import train_property
from porescope.models.registry import presets_of

app = typer.Typer(no_args_is_help=True, help="Train the learned models.", rich_markup_mode=None)


@app.callback()
def _train() -> None:
    """Train the learned models."""


@app.command(name="retrieval")
def retrieval(
    preset: Annotated[
        str,
        typer.Option(
            "--preset", "-p", metavar="NAME", help=f"{', '.join(presets_of('retrieval'))}."
        ),
    ] = "small",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder of the run; an earlier one there goes on.",
            show_default="runs/NAME",
        ),
    ] = None,
    device: Device = "auto",
    epochs: Epochs = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help="Pairs in a batch of one process.",
            show_default="the preset's",
        ),
    ] = None,
    learning_rate: LearningRate = None,
    seed: Seed = 0,
    precision: Precision = "auto",
    patience: Patience = 0,
    time_limit: TimeLimit = 0.0,
    library: Annotated[
        list[Path] | None,
        typer.Option(
            "--library", metavar="FILE", help="Library; repeat.", show_default="the shipped one"
        ),
    ] = None,
    contents: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Atoms and beads of the library, for xtalnet and xrd2mof.",
            show_default=False,
        ),
    ] = None,
    settings: Settings = None,
    restart: Restart = False,
) -> None:
    """Train the space in which a pattern lies beside its crystal.

    Writes the best and the last weights with their cards, the steps and the
    validations as CSV, and the state of the run. Stopped by Ctrl-C, a crash or
    the time limit, the same command goes on where it was. Needs the extra ml.

    \b
    Examples:
      porescope train retrieval --preset small --out runs/small
      porescope train retrieval --epochs 5 --setting temperature=0.1
      torchrun --no-python --nproc-per-node 4 porescope train retrieval
    """
    from porescope.apps.cli.progress import progress_bar
    from porescope.apps.cli.show_training import duration, stage_of
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.train import settings_from_text, train_preset

    folder = Path("runs") / preset if out is None else out
    training = training_of(
        seed=seed,
        precision=precision,
        patience=patience,
        time_limit=time_limit,
        epochs=epochs,
        learning_rate=learning_rate,
    )
    with progress_bar("reading the library") as progress, resumable(folder):
        result = train_preset(
            preset,
            out=folder,
            model=settings_from_text(settings or ()),
            training=training,
            batch_size=batch_size,
            library=tuple(library or ()),
            contents=contents,
            device=device,
            restart=restart,
            progress=lambda now: progress(stage_of(now), now.step / now.n_steps),
        )
    if os.environ.get("RANK", "0") != "0":
        return
    console = console_for_output()
    if result.status == "paused":
        console.print(
            f"\n  Paused at step {result.step} of {result.n_steps}; the same command goes on.\n"
        )
        return
    console.print(f"\n  {result.step} steps in {duration(result.elapsed_s)}: {result.best}\n")
    for name, value in result.metrics.items():
        console.print(f"  {value:8.3f}  {name.replace('_', ' ')}")


app.command(name="property")(train_property)
