"""``porescope screen``: the same quantities for thousands of structures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def screen(
    folder: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER", help="Folder of CIFs, with all below it; or CIFs.", show_default=False
        ),
    ],
    gas: Annotated[
        list[str] | None,
        typer.Option(
            "--gas", metavar="GAS", help="CH4, CO2, CO2:MODEL, …; repeat.", show_default=False
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            "--at",
            metavar="T,P",
            help="Temperature and pressure, such as 298K,0.15bar; repeat.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")
    ] = Path("porescope-screen"),
    properties: Annotated[
        str,
        typer.Option(
            "--property",
            "-p",
            metavar="LIST",
            help="Of geometry, void, henry, histogram, histogram2d, uptake.",
            show_default="geometry, and henry with --gas",
        ),
    ] = "",
    field: Annotated[
        str, typer.Option("--field", "-f", metavar="NAME|FILE", help="Force field.")
    ] = "UFF",
    charges: Annotated[
        str, typer.Option(metavar="SOURCE", help="auto, cif, eqeq, learned, none, or a table.")
    ] = "auto",
    error: Annotated[
        str, typer.Option(metavar="SHARE", help="Standard error of Henry coefficients.")
    ] = "5%",
    cycles: Annotated[
        int, typer.Option(min=50, metavar="N", help="GCMC cycles of each uptake.")
    ] = 2000,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Structures at a time.")
    ] = 1,
    scheduler: Annotated[
        str,
        typer.Option(metavar="NAME", help="processes, dask, or dask:ADDRESS of a cluster."),
    ] = "processes",
    time_limit: Annotated[
        float,
        typer.Option(min=0.0, metavar="S", help="Seconds for each structure; 0 for no limit."),
    ] = 900.0,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget what an earlier run has finished.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Compute failed structures again.")
    ] = False,
) -> int:
    """Compute the same quantities for a folder of structures.

    Writes results.parquet, results.csv and report.html, one row for each file.
    What cannot be computed is a row that says why. Stopped half-way, it goes on
    where it was when called again.

    \b
    Examples:
      porescope screen cifs --gas CO2 --at 298K,0.15bar --out results
      porescope screen cifs --property geometry,histogram --jobs 8
      porescope screen cifs --gas Xe --gas Kr --at 298K,1bar --scheduler dask
    """
    from porescope.apps.cli.screen_run import Options, screen_folder

    return screen_folder(
        tuple(folder),
        out=out,
        options=Options(
            gases=tuple(gas or ()),
            states=tuple(at or ()),
            properties=properties,
            field=field,
            charges=charges,
            error=error,
            cycles=cycles,
            jobs=jobs,
            scheduler=scheduler,
            time_limit=time_limit,
            restart=restart,
            retry_failed=retry_failed,
        ),
    )
