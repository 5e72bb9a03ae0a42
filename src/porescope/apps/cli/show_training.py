"""What ``train`` says on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import one_line

if TYPE_CHECKING:
    from porescope.training.loop import TrainProgress
    from porescope.workflows.train_property_table import TableTraining


def stage_of(now: TrainProgress) -> str:
    """What the bar says of a training."""
    return (
        f"epoch {now.epoch + 1}, loss {now.loss:.3f}, {now.examples_per_s:.0f}/s, "
        f"{duration(now.eta_s)} left"
    )


def duration(seconds: float) -> str:
    """A duration in two units.

    Parameters
    ----------
    seconds:
        Length [s].
    """
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def show_property_training(
    made: TableTraining, *, preset: str, out: Path, console: Console
) -> None:
    """The model beside its baselines, and which of them is better.

    Parameters
    ----------
    made:
        What came of the training.
    preset:
        Name of the model's preset.
    out:
        Folder of the run.
    console:
        Where to say it.
    """
    training, data = made.training, made.data
    result = training.result
    console.print()
    if result.status != "finished":
        said = f"Paused at step {result.step} of {result.n_steps}; the same command goes on."
        console.print(Padding(said, (0, 2, 1, 2)))
        return
    for target in data.targets:
        head = f"{target.name} [{target.unit}], {len(made.sides.test)} structures asked"
        console.print(Padding(Text(one_line(head), style="bold"), (0, 2)))
        console.print(Padding(_compared(made, target=target.name, preset=preset), (0, 2, 1, 2)))
    for sentence in made.advice:
        console.print(Padding(Text(f"{sentence}."), (0, 2)))
    n_left = sum(1 for _ in data.report.lines()) + len(training.left_out)
    facts = [
        ("learned from", f"{len(made.sides.train)} structures, split {made.sides.name}"),
        ("parameters", f"{training.n_parameters:,}".replace(",", " ")),
        ("time", f"{result.step} steps in {duration(result.elapsed_s)}"),
        ("left out", f"{n_left}: see {out / 'left_out.txt'}" if n_left else "nothing"),
        ("weights", str(result.best)),
    ]
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, Text(one_line(value)))
    console.print(Padding(table, (1, 2)))


def _compared(made: TableTraining, *, target: str, preset: str) -> Table:
    """Errors on the test side, the least first; the model is bold."""
    rows = [(preset, made.training.metrics[target])]
    rows += [(one.name, one.metrics[target]) for one in made.baselines]
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("")
    for name in ("mean error", "RMSE", "R²", "Spearman"):
        table.add_column(name, justify="right")
    for name, seen in sorted(rows, key=lambda row: row[1]["mae"]):
        table.add_row(
            Text(name if name == preset else f"{name} (baseline)"),
            *(f"{seen[key]:.4g}" for key in ("mae", "rmse")),
            *(f"{seen[key]:.3f}" if seen[key] == seen[key] else "–" for key in ("r2", "spearman")),
            style="bold" if name == preset else "",
        )
    return table
