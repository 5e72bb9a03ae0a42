"""``porescope pores``: how large the pores of a structure are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pores(
    structures: Annotated[
        list[Path], typer.Argument(metavar="CIF…", help="Structures.", show_default=False)
    ],
    probe: Annotated[
        float,
        typer.Option(min=0.0, max=10.0, metavar="Å", help="Radius of the probe; 1.86 is nitrogen."),
    ] = 1.86,
    engine: Annotated[
        str,
        typer.Option(metavar="NAME", help="grid, zeo++ where it is installed, or auto: the grid."),
    ] = "auto",
    sizes: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV", help="Write the pore size distribution here.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="CSV", help="Write one row a structure here.", show_default=False
        ),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON, for programs.")
    ] = False,
) -> None:
    """Pore diameters, surface, volume, channels and pockets.

    Atoms and probe are hard spheres. Surface and volume are those of the
    probe's centre.

    \b
    Examples:
      porescope pores mfi.cif
      porescope pores mof.cif --probe 1.2 --sizes psd.csv
      porescope pores *.cif --out pores.csv
    """
    from porescope.apps.cli.progress import progress_bar
    from porescope.apps.cli.show_pores import (
        pores_json,
        show_many_pores,
        show_pores,
        write_pore_rows,
        write_sizes,
    )
    from porescope.apps.cli.staging import staged_file
    from porescope.apps.cli.terminal import console_for_output
    from porescope.errors import ConfigError, PorescopeError
    from porescope.workflows.pores import PoreGeometry, pore_geometry

    if engine not in ("auto", "zeo++", "grid"):
        raise ConfigError(f"--engine: expected auto, zeo++ or grid, got {engine!r}")
    if sizes is not None and len(structures) > 1:
        raise ConfigError("--sizes takes one structure; run it for each file, or leave it out")
    found: list[tuple[Path, PoreGeometry | PorescopeError | OSError]] = []
    with progress_bar("pores") as progress:
        for place, path in enumerate(structures):
            progress(path.name, place / len(structures))
            try:
                result = pore_geometry(
                    path, probe_radius=probe, engine=engine, pore_sizes=sizes is not None
                )
            except (PorescopeError, OSError) as error:
                if len(structures) == 1:
                    raise
                found.append((path, error))
                continue
            found.append((path, result))
    if out is not None:
        with staged_file(out) as path:
            write_pore_rows(found, path)
    if sizes is not None and isinstance(found[0][1], PoreGeometry):
        with staged_file(sizes) as path:
            write_sizes(found[0][1], path)
    written = tuple(path for path in (out, sizes) if path is not None)
    console = console_for_output()
    if json_output:
        typer.echo(pores_json(found))
    elif len(found) == 1 and isinstance(found[0][1], PoreGeometry):
        show_pores(found[0][1], name=found[0][0].stem, written=written, console=console)
    else:
        show_many_pores(found, written=written, console=console)
    n_failed = sum(not isinstance(result, PoreGeometry) for _, result in found)
    if n_failed:
        raise typer.Exit(2 if n_failed == len(found) else 1)
