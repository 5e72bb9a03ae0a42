"""``porescope library``: what is searched, and how to add to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library", metavar="DB", help="Another library file than your own.", show_default=False
    ),
]
JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Processes that read CIFs.")
]


@app.callback()
def _library() -> None:
    """Manage the frameworks that are searched.

    The package ships powder cards: cells, formulas and lines. Add folders of
    CIFs for your own structures, and for the coordinates of the known ones.

    \b
    Examples:
      porescope library info
      porescope library add my-cifs
      porescope library list --elements Zn,C,H,N --text ZIF
      porescope library install iza
    """


@app.command(name="add")
def add(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders of CIFs.")],
    name: Annotated[
        str,
        typer.Option(metavar="NAME", help="Name of the collection.", show_default="user:FOLDER"),
    ] = "",
    licence: Annotated[
        str, typer.Option(metavar="TEXT", help="Its licence.", show_default=False)
    ] = "",
    doi: Annotated[str, typer.Option(metavar="DOI", help="Its DOI.", show_default=False)] = "",
    library: LibraryOption = None,
    jobs: JobsOption = 2,
) -> int:
    """Index all CIFs in a folder and below it.

    Stopped half-way, it goes on where it was when called again.

    \b
    Examples:
      porescope library add my-cifs
      porescope library add hmofs --name hmof-2024 --licence "CC BY 4.0"
    """
    from porescope.apps.cli.show_library import Building, show_report
    from porescope.apps.cli.terminal import console_for_output
    from porescope.errors import ConfigError
    from porescope.workflows.library import add_folder

    if name and len(folders) > 1:
        raise ConfigError("--name fits one folder only; add the folders one at a time")
    for folder in folders:
        with Building(str(folder)) as building:
            report = add_folder(
                folder,
                library=library,
                name=name,
                licence=licence,
                doi=doi,
                n_processes=jobs,
                on_progress=building.files,
            )
        show_report(report, where=str(folder), console=console_for_output())
    return 0


@app.command(name="list")
def list_cards(
    text: Annotated[
        str, typer.Option(metavar="TEXT", help="Part of the name or id.", show_default=False)
    ] = "",
    elements: Annotated[
        str,
        typer.Option(metavar="Zn,C,H,N", help="No other elements than these.", show_default=False),
    ] = "",
    contains: Annotated[
        str, typer.Option(metavar="Zn", help="All of these elements.", show_default=False)
    ] = "",
    formula: Annotated[
        str, typer.Option(metavar="C8H10N4Zn", help="This formula.", show_default=False)
    ] = "",
    source: Annotated[
        str, typer.Option(metavar="NAME", help="This collection.", show_default=False)
    ] = "",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Most lines.")] = 20,
    library: LibraryOption = None,
) -> None:
    """List frameworks.

    \b
    Examples:
      porescope library list --text ZIF
      porescope library list --contains Zr --limit 50
    """
    from porescope.apps.cli.options import elements_from_text
    from porescope.apps.cli.show_library import show_entries
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.library import list_entries

    only = elements_from_text(elements, option="--elements")
    entries = list_entries(
        contains=elements_from_text(contains, option="--contains"),
        only=only or None,
        formula=formula,
        text=text,
        source=source,
        limit=limit + 1,
        paths=None if library is None else [library],
    )
    show_entries(entries, limit=limit, console=console_for_output())


@app.command(name="remove")
def remove(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Ids of frameworks, or names of collections."),
    ],
    library: LibraryOption = None,
) -> None:
    """Remove frameworks or whole collections from your library.

    The CIFs stay where they are.

    \b
    Examples:
      porescope library remove user:my-cifs
    """
    from porescope.workflows.library import remove_entries

    n_removed = remove_entries(names, library=library)
    typer.echo(f"removed {n_removed} framework{'' if n_removed == 1 else 's'}")


@app.command(name="install")
def install(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="Collections; none: say which there are."),
    ] = None,
    library: LibraryOption = None,
    jobs: JobsOption = 2,
) -> None:
    """Fetch an open collection from its DOI and add it, coordinates included.

    \b
    Examples:
      porescope library install
      porescope library install iza
    """
    from porescope.apps.cli.show_library import Building, show_installable, show_report
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.library import install as install_collection
    from porescope.workflows.library import installable

    if not names:
        show_installable(installable(), console=console_for_output())
        return
    for name in names:
        with Building(name) as building:
            report = install_collection(
                name,
                library=library,
                n_processes=jobs,
                on_download=building.bytes,
                on_progress=building.files,
            )
        show_report(report, where=name, console=console_for_output())


@app.command(name="info")
def info(library: LibraryOption = None) -> None:
    """Say what the library holds and where it lies."""
    from porescope.apps.cli.show_library import show_info
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.library import library_info

    stores = library_info(paths=None if library is None else [library])
    show_info(stores, console=console_for_output())


@app.command(name="build")
def build(
    archives: Annotated[
        Path,
        typer.Argument(
            metavar="ARCHIVES", help="Folder of the archives, or of folders of their names."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DB", help="Library file to write.")],
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Files of each collection, for samples.", show_default=False
        ),
    ] = None,
    jobs: JobsOption = 2,
) -> None:
    """Make the library that the package ships, from the open archives.

    \b
    Examples:
      porescope library build structures --out cards.sqlite
    """
    from porescope.apps.cli.show_library import Building, show_report
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.library import build_shipped

    with Building("archives") as building:
        reports = build_shipped(
            archives, out, n_processes=jobs, limit=limit, on_progress=building.collection
        )
    for name, report in reports.items():
        show_report(report, where=name, console=console_for_output())


@app.command(name="map")
def map_page(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="HTML", help="Page to write.")] = Path(
        "map.html"
    ),
    method: Annotated[
        str, typer.Option(metavar="NAME", help="pca, or umap where umap-learn is installed.")
    ] = "pca",
    weights: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Shipped weights, or a checkpoint.")
    ] = "small",
    library: LibraryOption = None,
) -> None:
    """Draw the library in the learned space, as a page to look around in.

    Frameworks whose patterns and contents are alike lie together. Needs the
    extra ml; the first call embeds the library, half a minute once.

    \b
    Examples:
      porescope library map --out map.html
    """
    from porescope.apps.cli.progress import progress_bar
    from porescope.apps.cli.staging import staged_file
    from porescope.apps.report.map_page import map_html
    from porescope.errors import ConfigError
    from porescope.workflows.folder_library import open_library
    from porescope.workflows.library_map import library_map
    from porescope.workflows.library_space import open_space

    if method not in ("pca", "umap"):
        raise ConfigError(f"--method {method!r}: choose pca or umap")
    with (
        staged_file(out) as file,
        progress_bar("opening the library") as progress,
        open_library(library) as opened,
    ):
        space = open_space(opened, weights=weights, progress=progress)
        progress("drawing", 1.0)
        drawn = library_map(opened, space, method=method)
        file.write_text(map_html(drawn), encoding="utf-8")
    typer.echo(f"{len(drawn.entries)} frameworks on {out}")
