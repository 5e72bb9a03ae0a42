"""``porescope similar``: what in the library is like this?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from porescope.apps.cli.search_options import (
    Elements,
    Formula,
    Metal,
    Neutron,
    SearchedLibrary,
    TwoThetaRange,
)


def similar(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A CIF, or a measured pattern.", show_default=False),
    ],
    n: Annotated[
        int, typer.Option("--n", "-n", min=1, max=10_000, metavar="N", help="How many frameworks.")
    ] = 20,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Folder for JSON, CSV and page.", show_default=False
        ),
    ] = None,
    map_page: Annotated[
        bool, typer.Option("--map", help="Write the map of the library with the query on it.")
    ] = False,
    as_pattern: Annotated[
        bool, typer.Option("--pattern", help="Of a CIF with atoms and a pattern, the pattern.")
    ] = False,
    elements: Elements = "",
    metal: Metal = "",
    formula: Formula = "",
    wavelength: Annotated[
        str,
        typer.Option(
            metavar="NAME|Å",
            help="CuKa, CuKa1, MoKa, … or a number in Å; needed where the file is silent.",
            show_default=False,
        ),
    ] = "",
    neutron: Neutron = False,
    two_theta_range: TwoThetaRange = None,
    weights: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Shipped weights, or a checkpoint.")
    ] = "small",
    library: SearchedLibrary = None,
    contents: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Atoms and beads of the library, for weights that read them.",
            show_default=False,
        ),
    ] = None,
    linker: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SMILES",
            help="A linker in the pot, for weights that read it; repeat.",
            show_default=False,
        ),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the frameworks as JSON, for programs.")
    ] = False,
) -> None:
    """List the frameworks nearest to a crystal or to a measured pattern.

    Nearest in a space that was learned from patterns and crystals together, so
    that another metal, a group on the linker or guests do little harm. The first
    call embeds the library, half a minute once. Needs the extra ml.

    \b
    Examples:
      porescope similar mof.cif
      porescope similar scan.xrdml --elements Zn,C,H,N --n 10
      porescope similar scan.xy --wavelength CuKa --out near --map
    """
    from porescope.apps.cli.options import (
        elements_from_text,
        radiation_from_options,
        range_from_option,
    )
    from porescope.apps.cli.progress import progress_bar
    from porescope.apps.cli.show_similar import show_similar, similar_json, write_similar
    from porescope.apps.cli.staging import require_writable_folder
    from porescope.apps.cli.terminal import console_for_output
    from porescope.errors import ConfigError
    from porescope.workflows.folder_library import open_library
    from porescope.workflows.similar import similar_frameworks
    from porescope.workflows.similar_result import SimilarConfig

    if map_page and out is None:
        raise ConfigError("--map writes a page; say where with --out DIR")
    if out is not None:
        require_writable_folder(out)
    config = SimilarConfig(
        n=n,
        elements=elements_from_text(elements, option="--elements"),
        metals=elements_from_text(metal, option="--metal"),
        formula=formula,
        as_pattern=as_pattern,
        linkers=tuple(linker or ()),
        radiation=radiation_from_options(wavelength, neutron=neutron),
        two_theta_range_deg=range_from_option(two_theta_range),
    )
    if file.is_dir():
        raise ConfigError(f"{file} is a folder; name one CIF or one pattern")
    with file.open("rb"):
        pass
    with progress_bar("reading") as progress, open_library(library) as opened:
        result = similar_frameworks(
            file,
            config=config,
            library=opened,
            weights=weights,
            contents=contents,
            progress=progress,
        )
        if out is not None:
            write_similar(result, out, file=file.name, library=opened if map_page else None)
    if json_output:
        typer.echo(similar_json(result, file=str(file)))
    else:
        show_similar(result, file=file.name, out=out, console=console_for_output())
