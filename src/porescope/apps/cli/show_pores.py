"""What ``pores`` says and writes."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.adsorption.pore_geometry import PoreGeometry
from porescope.apps.cli.failure import message_of, one_line
from porescope.apps.cli.show_adsorption import facts_table, finite

Found = Sequence[tuple[Path, PoreGeometry | Exception]]


def _row(path: Path, result: PoreGeometry | Exception) -> dict[str, object]:
    from porescope.workflows.pores import geometry_row

    if isinstance(result, PoreGeometry):
        return {"file": path.name, "message": "", **geometry_row(result)}
    return {"file": path.name, "status": "failed", "message": message_of(result)}


def pores_json(found: Found) -> str:
    """The results for programs; units are in the names."""
    from porescope import __version__

    rows = [_row(path, result) for path, result in found]
    record = {"porescope": __version__, "structures": rows}
    return json.dumps(finite(record), indent=2, ensure_ascii=False)


def write_pore_rows(found: Found, path: Path) -> None:
    """Write one row a structure, failures too."""
    rows = [_row(each, result) for each, result in found]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def write_sizes(result: PoreGeometry, path: Path) -> None:
    """Write the pore size distribution as two columns."""
    assert result.sizes is not None
    with path.open("w", encoding="utf-8") as stream:
        stream.write("pore_diameter_a,density_per_a\n")
        for diameter, density in zip(result.sizes.diameter, result.sizes.density, strict=True):
            stream.write(f"{diameter:.4f},{density:.6g}\n")


def _written(written: tuple[Path, ...], console: Console) -> None:
    for path in written:
        line = Text.assemble(("Written  ", "dim"), (one_line(str(path)), "cyan"))
        console.print(Padding(line, (0, 2)))


def show_pores(
    result: PoreGeometry, *, name: str, written: tuple[Path, ...], console: Console
) -> None:
    """Say how large the pores of one structure are.

    Parameters
    ----------
    result:
        The pores.
    name:
        Name of the structure.
    written:
        Files that were written.
    console:
        Where to say it.
    """
    console.print()
    console.print(Padding(Text(one_line(name), style="bold"), (0, 2)))
    console.print()
    table = facts_table()
    table.add_row(
        "Pore-limiting diameter", Text(f"{result.largest_free_diameter:.2f} Å", style="bold")
    )
    table.add_row("Largest cavity", Text(f"{result.largest_included_diameter:.2f} Å", style="bold"))
    table.add_row("Along the free path", f"{result.included_along_free_path_diameter:.2f} Å")
    directions = ", ".join(f"{n}-D" for n in result.channel_dimensions)
    table.add_row("Channels", f"{result.n_channels}{f' ({directions})' if directions else ''}")
    table.add_row("Pockets", str(result.n_pockets))
    table.add_row(
        "Surface",
        f"{result.accessible_area_m2_per_g:.0f} m²/g, "
        f"{result.accessible_area_m2_per_cm3:.0f} m²/cm³ in channels",
    )
    if result.non_accessible_area > 0.0:
        table.add_row("", f"{result.non_accessible_area_m2_per_g:.0f} m²/g in pockets")
    table.add_row(
        "Volume",
        f"{result.accessible_fraction:.3f} of the cell, "
        f"{result.accessible_volume_cm3_per_g:.3f} cm³/g in channels",
    )
    if result.non_accessible_volume > 0.0:
        table.add_row("", f"{result.non_accessible_fraction:.3f} of the cell in pockets")
    if result.sizes is not None:
        table.add_row("Mean pore", f"{result.sizes.mean:.2f} Å over the void")
    table.add_row("Density", f"{result.density:.3f} g/cm³")
    table.add_row("Probe", f"{result.probe_radius:g} Å, radii {one_line(result.radii_table)}")
    table.add_row("Measured by", one_line(result.engine_version))
    for warning in result.warnings:
        table.add_row(Text("Take care", style="yellow"), one_line(warning))
    console.print(Padding(table, (0, 2)))
    _written(written, console)


def show_many_pores(found: Found, *, written: tuple[Path, ...], console: Console) -> None:
    """One line for each structure."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("structure", max_width=26, no_wrap=True, overflow="ellipsis")
    for name in ("PLD / Å", "LCD / Å", "m²/g", "volume", "channels"):
        table.add_column(name, justify="right", no_wrap=True)
    failed = []
    for path, result in found:
        if not isinstance(result, PoreGeometry):
            table.add_row(one_line(path.stem), Text("failed", style="yellow"))
            failed.append((path, result))
            continue
        table.add_row(
            one_line(path.stem),
            f"{result.largest_free_diameter:.2f}",
            f"{result.largest_included_diameter:.2f}",
            f"{result.accessible_area_m2_per_g:.0f}",
            f"{result.accessible_fraction:.3f}",
            " ".join(f"{n}-D" for n in result.channel_dimensions) or "none",
        )
    console.print()
    console.print(Padding(table, (0, 2)))
    for path, error in failed:
        message = message_of(error).removeprefix(f"{path.name}: ")
        console.print(Padding(Text.assemble((one_line(path.name), "bold"), ": ", message), (0, 2)))
    console.print()
    _written(written, console)
