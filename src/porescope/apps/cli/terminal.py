"""What ``solve`` says on the screen: one page of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import one_line
from porescope.apps.report.advice import next_steps, percent, twins_of
from porescope.workflows.solution import SolveResult, UnexplainedPeak

WIDTH = 80
_BAR = 9
_EIGHTHS = " ▏▎▍▌▋▊▉"
MAX_ROWS = 8
"""Candidates that are shown on the screen; all of them stand in the report."""


def console_for_output() -> Console:
    """Standard output, never wider than 80 columns."""
    console = Console(highlight=False, soft_wrap=False)
    console.width = min(console.width, WIDTH)
    return console


def bar(share: float, *, width: int = _BAR) -> str:
    """A horizontal bar drawn with block characters.

    Parameters
    ----------
    share:
        Length, 0 to 1.
    width:
        Length of a full bar [characters].

    Returns
    -------
    :
        The bar, padded to ``width``.
    """
    if share != share:
        return " " * width
    eighths = round(8 * width * min(max(share, 0.0), 1.0))
    if share > 0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def _strain(change: tuple[float, float, float]) -> str:
    """The change of the cell in a few characters: one number, or the range."""
    low, high = min(change), max(change)
    if low != low:
        return "–"
    return f"{low:+.1f} %" if high - low < 0.05 else f"{low:+.1f}…{high:+.1f} %"


def candidate_table(result: SolveResult) -> Table:
    """The candidates and "none of these".

    Parameters
    ----------
    result:
        The answer.

    Returns
    -------
    :
        A table that fits 76 columns.
    """
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("", justify="right", style="dim", min_width=2, no_wrap=True)
    table.add_column("probability", width=_BAR + 7, no_wrap=True)
    table.add_column("framework", max_width=15, no_wrap=True, overflow="ellipsis")
    table.add_column("formula", max_width=12, no_wrap=True, overflow="ellipsis")
    table.add_column("Rwp", justify="right", no_wrap=True)
    table.add_column("peaks", justify="right", no_wrap=True)
    table.add_column("cell", justify="right", no_wrap=True)
    for candidate in result.candidates[:MAX_ROWS]:
        table.add_row(
            str(candidate.rank),
            _probability(candidate.probability, colour="cyan"),
            Text(one_line(candidate.name or candidate.id), style="bold"),
            Text(one_line(candidate.formula)),
            percent(candidate.rwp, digits=1),
            percent(candidate.peaks_explained),
            _strain(candidate.strain_percent),
        )
    hidden = result.candidates[MAX_ROWS:]
    if hidden:
        table.add_row(
            "…",
            _probability(sum(candidate.probability for candidate in hidden), colour="cyan"),
            Text(f"{len(hidden)} more", style="dim"),
        )
    table.add_row("–", _probability(result.none_of_these, colour="yellow"), Text("none of these"))
    return table


def _probability(share: float, *, colour: str) -> Text:
    return Text.assemble(f"{percent(share):>6} ", (bar(share), colour))


def _peaks(peaks: Iterable[UnexplainedPeak], *, most: int = 4) -> str:
    """Positions of the strongest peaks that nothing explains."""
    left = sorted(
        (peak for peak in peaks if not peak.assigned_to), key=lambda peak: -peak.relative_intensity
    )
    shown = ", ".join(
        f"{peak.two_theta_deg:.2f}° ({percent(peak.relative_intensity)})" for peak in left[:most]
    )
    return shown + (f" and {len(left) - most} more" if len(left) > most else "")


def _with_commands(sentence: str) -> Text:
    """A sentence whose commands, between backticks, stand out."""
    text = Text()
    for place, part in enumerate(one_line(sentence).split("`")):
        text.append(part, style="cyan" if place % 2 else "")
    return text


def show_result(result: SolveResult, *, folder: Path, console: Console) -> None:
    """Say what the pattern is.

    Parameters
    ----------
    result:
        The answer.
    folder:
        Where the files were written.
    console:
        Where to say it.
    """
    console.print()
    console.print(Padding(Text(one_line(result.verdict), style="bold"), (0, 2)))
    console.print()
    console.print(Padding(candidate_table(result), (0, 2)))
    console.print()
    notes = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    notes.add_column(style="dim", no_wrap=True)
    notes.add_column(overflow="fold")
    twins = twins_of(result)
    if twins:
        notes.add_row("Alike", Text(one_line(twins)))
    for phase in result.phases:
        share = percent(phase.share_of_intensity)
        text = f"{phase.name} ({phase.formula}), {share} of the peak intensity"
        notes.add_row("Also there", Text(one_line(text)))
    left = _peaks(result.unexplained_peaks)
    if left:
        notes.add_row("Unexplained", Text(left))
    for warning in result.warnings[:4]:
        notes.add_row(Text("Take care", style="yellow"), Text(one_line(warning)))
    if len(result.warnings) > 4:
        notes.add_row("", Text(f"{len(result.warnings) - 4} more in the report", style="dim"))
    for place, step in enumerate(next_steps(result)):
        notes.add_row("Next" if place == 0 else "", _with_commands(step))
    notes.add_row("Report", Text(one_line(str(folder / "report.html")), style="cyan"))
    console.print(Padding(notes, (0, 2)))
    searched = f"{result.n_searched:,}".replace(",", " ")
    console.print()
    console.print(
        Padding(Text(f"{searched} frameworks, {result.seconds:.1f} s", style="dim"), (0, 2))
    )


def show_summary(rows: list[dict[str, object]], *, folder: Path, console: Console) -> None:
    """One line for each of several files.

    Parameters
    ----------
    rows:
        The rows of ``summary.csv``.
    folder:
        Where the files were written.
    console:
        Where to say it.
    """
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("file", max_width=24, no_wrap=True, overflow="ellipsis")
    table.add_column("framework", max_width=18, no_wrap=True, overflow="ellipsis")
    table.add_column("sure", justify="right", no_wrap=True)
    table.add_column("none", justify="right", no_wrap=True)
    table.add_column("Rwp", justify="right", no_wrap=True)
    table.add_column("also there", overflow="ellipsis", no_wrap=True)
    names = _short_names([Path(str(row["file"])) for row in rows])
    failed = [(name, row) for name, row in zip(names, rows, strict=True) if row["status"] != "ok"]
    for short, row in zip(names, rows, strict=True):
        name = Text(short)
        if row["status"] != "ok":
            table.add_row(name, Text("failed", style="yellow"))
            continue
        table.add_row(
            name,
            Text(one_line(str(row["name"])), style="bold"),
            _share(row["probability"]),
            _share(row["none_of_these"]),
            _share(row["rwp"], digits=1),
            Text(one_line(str(row["phases"]))),
        )
    console.print()
    console.print(Padding(table, (0, 2)))
    console.print()
    for name, row in failed:
        message = one_line(str(row["message"])).removeprefix(f"{Path(str(row['file'])).name}: ")
        console.print(Padding(Text.assemble((name, "bold"), ": ", message), (0, 2)))
    if failed:
        console.print()
    console.print(
        Padding(Text.assemble(("Summary  ", "dim"), one_line(str(folder / "summary.csv"))), (0, 2))
    )


def _short_names(files: list[Path]) -> list[str]:
    """Names of files; with the folder where two are called the same."""
    names = [file.name for file in files]
    return [
        one_line(name if names.count(name) == 1 else str(Path(*file.parts[-2:])))
        for name, file in zip(names, files, strict=True)
    ]


def _share(value: object, *, digits: int = 0) -> str:
    return percent(value, digits=digits) if isinstance(value, float) else "–"
