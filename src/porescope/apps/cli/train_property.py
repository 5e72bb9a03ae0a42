"""``porescope train property``: learn properties from a table and a folder of structures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from porescope.apps.cli.property_table import (
    IdColumn,
    KnownTable,
    LabelsFolder,
    OwnTable,
    SplitName,
    Structures,
    table_of,
    units_from_words,
)
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
from porescope.models.registry import presets_of

PRESETS = ", ".join(presets_of("property"))


def train_property(
    structures: Structures,
    data: OwnTable = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "-t",
            metavar="COLUMN",
            help="Column to learn; repeat.",
            show_default="with --set its own",
        ),
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(
            "--unit",
            "-u",
            metavar="UNIT",
            help="Its unit, or COLUMN=UNIT; repeat.",
            show_default="in the column's name",
        ),
    ] = None,
    id_column: IdColumn = None,
    label_set: KnownTable = None,
    labels: LabelsFolder = None,
    preset: Annotated[
        str, typer.Option("--preset", "-p", metavar="NAME", help=f"{PRESETS}.")
    ] = "sites",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder of the run; an earlier one there goes on.",
            show_default="runs/PRESET-TABLE",
        ),
    ] = None,
    split: SplitName = "framework",
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Baseline to compare with; repeat.",
            show_default="mean, composition, geometry",
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Weights of the preset to start from.", show_default=False
        ),
    ] = None,
    setting: Settings = None,
    device: Device = "auto",
    epochs: Epochs = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Crystals in a batch.", show_default="the preset's"),
    ] = None,
    learning_rate: LearningRate = None,
    seed: Seed = 0,
    precision: Precision = "auto",
    patience: Patience = 0,
    time_limit: TimeLimit = 0.0,
    restart: Restart = False,
) -> None:
    """Learn properties from labels and structures, and compare with baselines.

    A baseline that is better than the model is named. Writes the weights with
    their cards, the errors on the test side (test.csv) and what was left out
    and why (left_out.txt). Stopped, the same command goes on. Needs the extra
    ml.

    \b
    Examples:
      porescope train property -d my.csv -s cifs -t uptake --unit g/L
      porescope train property -d my.csv -s cifs -t gap_ev --preset cgcnn
      porescope train property --set iza_hydrogen --labels labels -s archives
    """
    from porescope.apps.cli.progress import progress_bar
    from porescope.apps.cli.show_training import show_property_training, stage_of
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.train import settings_from_text
    from porescope.workflows.train_property_table import COMPARED, train_on_table

    table = table_of(data, label_set=label_set, labels=labels, units=unit or ())
    folder = Path("runs") / f"{preset}-{Path(table).stem}" if out is None else out
    training = training_of(
        seed=seed,
        precision=precision,
        patience=patience,
        time_limit=time_limit,
        epochs=epochs,
        learning_rate=learning_rate,
    )
    with progress_bar("reading the structures") as progress, resumable(folder):
        made = train_on_table(
            table,
            structures=structures,
            out=folder,
            targets=tuple(target or ()),
            units=units_from_words(unit or (), targets=target or ()),
            labels=None if label_set is None else labels,
            id_column=id_column,
            preset=preset,
            split=split,
            model_settings=settings_from_text(setting or ()),
            training=training,
            batch_size=batch_size,
            start=start,
            compared=tuple(baseline or COMPARED),
            device=device,
            restart=restart,
            progress=lambda now: progress(stage_of(now), now.step / now.n_steps),
            features_progress=lambda kind, n, of: progress(f"{kind} of structures", n / of),
        )
    show_property_training(made, preset=preset, out=folder, console=console_for_output())
