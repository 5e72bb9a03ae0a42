"""What ``take-apart`` says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import one_line

_MOST = 40


def rows_json(rows: Sequence[dict[str, Any]]) -> str:
    """The rows for programs."""
    from porescope import __version__

    return json.dumps({"porescope": __version__, "structures": list(rows)}, indent=2)


def show_row(row: dict[str, Any], *, console: Console) -> None:
    """Say what one framework consists of.

    Parameters
    ----------
    row:
        As :func:`porescope.workflows.take_apart.row_of_file` makes it.
    console:
        Where to say it.
    """
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Formula", f"{row['formula']}, {row['n_atoms']} atoms in the cell")
    kinds = {"nodes": "Node", "linkers": "Linker", "caps": "Cap", "guests": "Guest"}
    for key, title in kinds.items():
        for text, count in row[key].items():
            table.add_row(title, Text(f"{text} × {count}"))
    net = row["net_name"] or ("no name" if row["net_key"] else "none")
    copies = f", {row['interpenetration']} nets" if row["interpenetration"] > 1 else ""
    endless = ("a molecule", "chains", "layers", "a framework")[row["dimension"]]
    table.add_row("Net", f"{net} ({endless}{copies})")
    if row["charge"] is not None:
        balance = "balanced" if row["charge"] == 0 else f"{row['charge']:+d} e left over"
        table.add_row("Charges", balance)
    for problem in row["problems"]:
        table.add_row("Note", Text(one_line(problem)))
    console.print()
    console.print(Padding(table, (0, 2)))
    console.print()


def show_rows(rows: Sequence[dict[str, Any]], *, out: Path | None, console: Console) -> None:
    """Say how many frameworks were taken apart, and list them where they are few.

    Parameters
    ----------
    rows:
        The rows.
    out:
        Folder of the table, if there is one.
    console:
        Where to say it.
    """
    console.print()
    if len(rows) <= _MOST:
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for name in ("file", "net", "nodes", "linkers"):
            table.add_column(name, overflow="fold")
        for row in rows:
            if row["status"] == "failed":
                table.add_row(Text(row["name"]), "–", Text(one_line(str(row["message"]))), "")
                continue
            nodes = ", ".join(text.split(" (")[0] or text for text in row["nodes"])
            linkers = ", ".join(text.split(" (")[0] for text in row["linkers"])
            table.add_row(Text(row["name"]), row["net_name"] or "–", Text(nodes), Text(linkers))
        console.print(Padding(table, (0, 2)))
    counts = Counter(row["status"] for row in rows)
    named = sum(bool(row.get("net_name")) for row in rows)
    said = ", ".join(f"{n} {status}" for status, n in counts.most_common())
    console.print(Padding(f"{len(rows)} structures: {said}; {named} nets named.", (1, 2)))
    if out is not None:
        line = Text.assemble(("Written  ", "dim"), (one_line(str(out)), "cyan"))
        console.print(Padding(line, (0, 2, 1, 2)))
