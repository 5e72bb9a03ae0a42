"""What ``similar`` says on the screen and writes into a folder."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import one_line
from porescope.apps.cli.staging import staged_folder
from porescope.datasets.library import Library
from porescope.workflows.similar_result import SimilarFramework, SimilarResult

MAX_ROWS = 40
"""Frameworks that are shown on the screen; all of them stand in the files."""
COLUMNS = (
    "rank", "id", "name", "formula", "space_group", "a", "b", "c", "alpha", "beta", "gamma",
    "source", "similarity", "line_match", "doi",
)  # fmt: skip
"""Columns of ``similar.csv``."""
_CELL = ("a", "b", "c", "alpha", "beta", "gamma")
STALE = ("similar.json", "similar.csv", "map.html", "report.html")
"""Names that belong to one run and must not outlive it."""


def show_similar(result: SimilarResult, *, file: str, out: Path | None, console: Console) -> None:
    """The nearest frameworks as a table of 80 columns.

    Parameters
    ----------
    result:
        The answer.
    file:
        What was asked for.
    out:
        Folder of the files, if any were written.
    console:
        Where to say it.
    """
    console.print()
    head = Text.assemble(
        (one_line(file), "bold"),
        f": a {result.kind}, compared with " + f"{result.n_searched:,} cards".replace(",", " "),
    )
    console.print(Padding(head, (0, 2)))
    console.print()
    console.print(Padding(similar_table(result), (0, 2)))
    hidden = len(result.frameworks) - MAX_ROWS
    if hidden > 0:
        console.print(Padding(Text(f"and {hidden} more; see --out", style="dim"), (0, 2)))
    console.print()
    for warning in result.warnings:
        console.print(Padding(Text(one_line(warning), style="yellow"), (0, 2)))
    if out is not None:
        console.print(Padding(Text(f"written to {one_line(str(out))}", style="dim"), (0, 2)))
    if result.warnings or out is not None:
        console.print()


def similar_table(result: SimilarResult) -> Table:
    """The nearest frameworks; at most 76 columns wide."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    pattern = result.kind == "pattern"
    table.add_column("", justify="right", style="dim", no_wrap=True)
    table.add_column("near", justify="right", no_wrap=True)
    if pattern:
        table.add_column("lines", justify="right", no_wrap=True)
    for name, width in (("framework", 15), ("formula", 14), ("group", 10)):
        table.add_column(name, max_width=width, no_wrap=True, overflow="ellipsis")
    table.add_column("cell [Å]", no_wrap=True)
    table.add_column("from", max_width=9, no_wrap=True, overflow="ellipsis")
    for one in result.frameworks[:MAX_ROWS]:
        table.add_row(
            str(one.rank),
            f"{one.similarity:.2f}",
            *([f"{one.line_match or 0.0:.2f}"] if pattern else []),
            Text(one_line(one.name), style="bold"),
            Text(one_line(one.formula)),
            Text(one.space_group.replace(" ", "")),
            cell_text(one),
            Text(one_line(one.source)),
        )
    return table


def cell_text(one: SimilarFramework) -> str:
    """Edges in a few characters, each different one once where the cell is cubic or uniaxial."""
    a, b, c = one.cell[:3]
    if math.isclose(a, b, abs_tol=1e-3) and math.isclose(a, c, abs_tol=1e-3):
        return f"{a:.1f}"
    return f"{a:.1f} {b:.1f} {c:.1f}"


def record_of(one: SimilarFramework) -> dict[str, object]:
    """One framework as it stands in ``similar.json``."""
    return {
        "rank": one.rank,
        "id": one.id,
        "name": one.name,
        "formula": one.formula,
        "space_group": one.space_group,
        "cell": list(one.cell),
        "source": one.source,
        "similarity": round(one.similarity, 5),
        "line_match": None if one.line_match is None else round(one.line_match, 5),
        "doi": one.doi,
    }


def similar_json(result: SimilarResult, *, file: str) -> str:
    """The answer as JSON.

    Parameters
    ----------
    result:
        The answer.
    file:
        What was asked for, as the user named it.
    """
    record = {
        "file": file,
        "kind": result.kind,
        "name": result.name,
        "frameworks": [record_of(one) for one in result.frameworks],
        "n_searched": result.n_searched,
        "n_peaks": None if result.prepared is None else result.prepared.peaks.n_peaks,
        "warnings": list(result.warnings),
        "settings": dict(result.settings),
        "version": result.version,
        "seconds": round(result.seconds, 3),
    }
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)


def write_similar(
    result: SimilarResult, out: Path, *, file: str, library: Library | None = None
) -> None:
    """Write ``similar.json``, ``similar.csv``, ``report.html`` and, with a library, ``map.html``.

    Parameters
    ----------
    result:
        The answer.
    out:
        The folder.
    file:
        What was asked for.
    library:
        The library whose map is drawn; none by default.
    """
    from porescope.apps.report.similar_page import similar_html

    with staged_folder(out, stale=STALE) as folder:
        text = similar_json(result, file=file)
        (folder / "similar.json").write_text(text + "\n", encoding="utf-8")
        with (folder / "similar.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for one in result.frameworks:
                record = record_of(one)
                record |= dict(
                    zip(("a", "b", "c", "alpha", "beta", "gamma"), one.cell, strict=True)
                )
                writer.writerow(["" if record[name] is None else record[name] for name in COLUMNS])
        (folder / "report.html").write_text(similar_html(result, file=file), encoding="utf-8")
        if library is not None:
            from porescope.apps.report.map_page import map_html
            from porescope.workflows.library_map import library_map, query_on_map

            drawn = library_map(library, result.space)
            placed = query_on_map(drawn, result, name=file)
            (folder / "map.html").write_text(map_html(placed), encoding="utf-8")
