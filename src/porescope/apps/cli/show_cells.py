"""What ``index`` says."""

from __future__ import annotations

import json
import math

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import one_line
from porescope.apps.report.advice import percent
from porescope.diffraction.indexing.candidate import CellCandidate
from porescope.workflows.index import IndexResult

_MAX_ROWS = 8


def _finite(value: float | None, *, digits: int = 6) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits)


def cells_json(result: IndexResult, *, file: str) -> str:
    """The cells for programs.

    Parameters
    ----------
    result:
        The cells.
    file:
        The measured file, as the user named it.

    Returns
    -------
    :
        JSON text; lengths in Å, angles in °.
    """
    from porescope import __version__

    radiation = result.pattern.radiation
    record = {
        "file": one_line(file),
        "wavelength": None if radiation is None else radiation.wavelength,
        "n_peaks": result.peaks.n_peaks,
        "cells": [
            {
                "rank": rank,
                "cell": [_finite(x) for x in cell.parameters],
                "esd": [_finite(x) for x in cell.esds],
                "lattice_system": cell.lattice_system,
                "centring": cell.centring,
                "volume": _finite(cell.volume, digits=3),
                "m20": _finite(cell.m_n, digits=3),
                "f20": _finite(cell.f_n, digits=3),
                "n_figure": cell.n_figure,
                "n_lines": cell.n_lines,
                "n_indexed": cell.n_indexed,
                "zero_shift_deg": _finite(cell.zero_shift_deg),
                "evidence": _finite(cell.evidence, digits=3),
                "rwp": _finite(cell.rwp),
                "status": cell.status,
            }
            for rank, cell in enumerate(result.cells, start=1)
        ],
        "version": __version__,
        "seconds": round(result.seconds, 3),
    }
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)


def _verdict(result: IndexResult) -> str:
    if not result.cells:
        return "No cell explains these peaks."
    first = result.cells[0]
    name = f"{first.lattice_system} {first.centring}"
    convinced = {"convincing": "convincing", "possible": "possible, not proven"}
    word = convinced.get(first.status, "weak: do not trust it alone")
    return (
        f"The best cell is {name}, {first.volume:.1f} Å³: {word}. It explains "
        f"{first.n_indexed} of {first.n_lines} peaks."
    )


def _lengths(cell: CellCandidate) -> str:
    return " ".join(f"{x:.3f}" for x in cell.parameters[:3])


def _angles(cell: CellCandidate) -> str:
    return " ".join(f"{x:.2f}".removesuffix(".00") for x in cell.parameters[3:])


def show_cells(result: IndexResult, *, console: Console) -> None:
    """Say which cells were found.

    Parameters
    ----------
    result:
        The cells.
    console:
        Where to say it.
    """
    console.print()
    console.print(Padding(Text(_verdict(result), style="bold"), (0, 2)))
    console.print()
    if result.cells:
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
        table.add_column("", justify="right", style="dim")
        table.add_column("lattice", no_wrap=True)
        table.add_column("a b c / Å", no_wrap=True)
        table.add_column("α β γ / °", no_wrap=True)
        for name in ("V / Å³", "M20", "peaks", "Rwp"):
            table.add_column(name, justify="right", no_wrap=True)
        for rank, cell in enumerate(result.cells[:_MAX_ROWS], start=1):
            table.add_row(
                str(rank),
                f"{cell.lattice_system} {cell.centring}",
                _lengths(cell),
                _angles(cell),
                f"{cell.volume:.0f}",
                f"{cell.m_n:.1f}",
                f"{cell.n_indexed}/{cell.n_lines}",
                "–" if cell.rwp is None else percent(cell.rwp, digits=1),
                style="" if cell.status != "derivative" else "dim",
            )
        console.print(Padding(table, (0, 2)))
        console.print()
    text = f"{result.peaks.n_peaks} peaks, {result.seconds:.1f} s"
    if len(result.cells) > _MAX_ROWS:
        text += f"; {len(result.cells) - _MAX_ROWS} more cells with --json"
    console.print(Padding(Text(text, style="dim"), (0, 2)))
