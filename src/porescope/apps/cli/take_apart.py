"""``porescope take-apart``: nodes, linkers and the net of a framework."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def take_apart(
    structures: Annotated[
        list[Path],
        typer.Argument(
            metavar="CIF…", help="Structures, or one folder or archive of them.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder of the table; needed for a folder or archive, which can be resumed.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Processes at a time.")
    ] = 1,
    time_limit: Annotated[
        float, typer.Option(min=0.0, metavar="S", help="Seconds for each structure; 0: no limit.")
    ] = 120.0,
    again: Annotated[bool, typer.Option("--again", help="Forget an earlier run.")] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON, for programs.")
    ] = False,
) -> None:
    """Take frameworks apart: metal nodes, linkers as SMILES, caps, guests, net.

    \b
    Examples:
      porescope take-apart mof.cif
      porescope take-apart *.cif --out table
      porescope take-apart folder/ --out table --jobs 2
    """
    from porescope.apps.cli.progress import progress_bar
    from porescope.apps.cli.show_take_apart import rows_json, show_row, show_rows
    from porescope.apps.cli.staging import require_writable_folder
    from porescope.apps.cli.terminal import console_for_output
    from porescope.errors import ConfigError, ParseError
    from porescope.workflows.take_apart import row_of_file, take_all_apart

    many = len(structures) > 1 or structures[0].is_dir() or structures[0].suffix not in _ENDS
    if out is None and many and not (len(structures) <= _FEW and all(map(_is_cif, structures))):
        raise ConfigError("a folder, an archive or many files need --out DIR for the table")
    console = console_for_output()
    with progress_bar("taking apart") as progress:
        if out is None:
            rows = []
            for place, path in enumerate(structures):
                progress(path.name, place / len(structures))
                rows.append(row_of_file(str(path), {}))
        else:
            require_writable_folder(out)
            rows = take_all_apart(
                structures if len(structures) > 1 or _is_cif(structures[0]) else structures[0],
                out=out,
                processes=jobs,
                time_limit=time_limit,
                again=again,
                progress=lambda now: progress(
                    f"{now.done} of {now.total}", now.done / max(now.total, 1)
                ),
            )
    failed = [row for row in rows if row["status"] == "failed"]
    if len(rows) == 1 and failed:
        raise ParseError(str(failed[0]["message"]))
    if json_output:
        typer.echo(rows_json(rows))
    elif len(rows) == 1:
        show_row(rows[0], console=console)
    else:
        show_rows(rows, out=out, console=console)
    if failed:
        raise typer.Exit(2 if len(failed) == len(rows) else 1)


_ENDS = (".cif",)
_FEW = 50
"""Files that are shown without a folder for the table."""


def _is_cif(path: Path) -> bool:
    return path.suffix.lower() in _ENDS and not path.is_dir()
