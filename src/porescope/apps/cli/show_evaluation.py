"""What ``evaluate`` says and writes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import one_line

if TYPE_CHECKING:
    from porescope.workflows.evaluate_property import Evaluation

MAX_FAILURES = 5
"""Failures that are told on the screen."""


def show_evaluation(made: Evaluation, *, weights: str, out: Path | None, console: Console) -> None:
    """Errors by target and group.

    Parameters
    ----------
    made:
        What was found.
    weights:
        Name of the weights.
    out:
        Where the table was written, if it was.
    console:
        Where to say it.
    """
    console.print()
    for target in dict.fromkeys(row["target"] for row in made.rows):
        rows = [row for row in made.rows if row["target"] == target]
        head = f"{target} [{rows[0]['unit']}], weights {weights}"
        console.print(Padding(Text(one_line(head), style="bold"), (0, 2)))
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        table.add_column("")
        for name in ("n", "mean error", "of the mean", "R²", "Spearman", "in 90 %"):
            table.add_column(name, justify="right")
        for row in rows:
            table.add_row(
                str(row["which"]),
                str(row["n"]),
                *(_number(row[key], ".4g") for key in ("mae", "mean_mae")),
                *(_number(row[key], ".3f") for key in ("r2", "spearman")),
                _number(row["within_90"], ".0%"),
            )
        console.print(Padding(table, (0, 2, 1, 2)))
    if made.warning:
        console.print(Padding(Text(made.warning, style="yellow"), (0, 2, 1, 2)))
    for id, reason in list(made.failed.items())[:MAX_FAILURES]:
        console.print(Padding(Text(one_line(f"{id}: {reason}"), style="dim"), (0, 2)))
    if len(made.failed) > MAX_FAILURES:
        console.print(Padding(f"and {len(made.failed) - MAX_FAILURES} more failed", (0, 2)))
    if out is not None:
        console.print(Padding(Text(f"Written  {out}"), (0, 2, 1, 2)))


def _number(value: object, how: str) -> str:
    number = float(str(value))
    return "–" if number != number else format(number, how)


def write_evaluation(made: Evaluation, path: Path) -> None:
    """The rows as CSV."""
    from porescope.workflows.evaluate_property import COLUMNS

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(made.rows)
