"""``porescope evaluate``: how good weights of a property are on a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from porescope.apps.cli.property_table import (
    IdColumn,
    KnownTable,
    LabelsFolder,
    OwnTable,
    OwnWeights,
    SplitName,
    Structures,
    table_of,
    units_from_words,
)
from porescope.models.shipped import property_folder


def evaluate(
    structures: Structures,
    property_name: Annotated[
        str | None,
        typer.Option(
            "--property", "-p", metavar="NAME", help="Shipped weights.", show_default=False
        ),
    ] = None,
    model: OwnWeights = None,
    data: OwnTable = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(
            "--unit",
            "-u",
            metavar="UNIT",
            help="Its unit, or COLUMN=UNIT; repeat.",
            show_default="that of the weights",
        ),
    ] = None,
    id_column: IdColumn = None,
    label_set: KnownTable = None,
    labels: LabelsFolder = None,
    split: SplitName = "framework",
    side: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="test, validation, train or all.",
            show_default="test; all of one's own table",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the split.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="CSV", help="Table to write.", show_default=False),
    ] = None,
) -> None:
    """Say how good weights of a property are on a table.

    Errors, the share of true values in the 90 % interval, and the same apart for
    structures in and out of the domain and by how new their blocks are, beside
    the error of always saying the mean. Needs the extra ml.

    \b
    Examples:
      porescope evaluate -p argon_uptake --set iza_argon_87k --labels L -s A
      porescope evaluate -m runs/mine -d my.csv -s cifs --out errors.csv
    """
    table = table_of(data, label_set=label_set, labels=labels, units=unit or ())
    if not model:
        property_folder(property_name)
    from porescope.apps.cli.progress import progress_bar
    from porescope.apps.cli.show_evaluation import show_evaluation, write_evaluation
    from porescope.apps.cli.staging import staged_file
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.evaluate_property import evaluate_on_table
    from porescope.workflows.predict_models import open_property_models

    models = open_property_models(property_name) if not model else open_property_models(model=model)
    with progress_bar("reading the structures") as progress:
        made = evaluate_on_table(
            models,
            table,
            structures=structures,
            labels=labels,
            units=units_from_words(unit or (), targets=[t.name for t in models.targets]),
            id_column=id_column,
            split=split,
            side=side,
            seed=seed,
            progress=lambda done, of: progress(f"{done} of {of}", done / of),
        )
    if out is not None:
        with staged_file(out) as path:
            write_evaluation(made, path)
    show_evaluation(made, weights=models.name, out=out, console=console_for_output())
