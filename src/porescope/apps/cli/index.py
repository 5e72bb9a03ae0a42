"""``porescope index``: candidate unit cells of a pattern."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from porescope.apps.cli.search_options import Neutron, TwoThetaRange


def index(
    pattern: Annotated[
        Path, typer.Argument(metavar="FILE", help="The measured pattern.", show_default=False)
    ],
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
    time_limit: Annotated[
        float, typer.Option(min=1.0, metavar="S", help="Longest search [s].")
    ] = 60.0,
    max_volume: Annotated[
        float | None,
        typer.Option(
            min=20.0, metavar="Å³", help="Largest cell that is tried.", show_default=False
        ),
    ] = None,
    n_fits: Annotated[
        int, typer.Option(min=0, max=50, metavar="N", help="How many cells are fitted.")
    ] = 8,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the cells as JSON, for programs.")
    ] = False,
) -> None:
    """Find unit cells that explain the peaks of a pattern.

    Cells are ranked by how many peaks they explain beyond chance, and by a fit
    of the whole pattern (Le Bail).

    \b
    Examples:
      porescope index scan.xrdml
      porescope index scan.xy --wavelength CuKa1 --range 5 50
      porescope index scan.xy --wavelength CuKa --json > cells.json
    """
    from porescope.apps.cli.options import radiation_from_options, range_from_option
    from porescope.apps.cli.progress import progress_bar
    from porescope.apps.cli.show_cells import cells_json, show_cells
    from porescope.apps.cli.terminal import console_for_output
    from porescope.diffraction.indexing.candidate import IndexingConfig
    from porescope.workflows.index import index_pattern

    radiation = radiation_from_options(wavelength, neutron=neutron)
    limits = range_from_option(two_theta_range)
    config = IndexingConfig(max_seconds=time_limit, max_volume=max_volume)
    with progress_bar("reading") as progress:
        result = index_pattern(
            pattern,
            radiation=radiation,
            two_theta_range_deg=limits,
            config=config,
            n_fits=n_fits,
            progress=progress,
        )
    if json_output:
        typer.echo(cells_json(result, file=str(pattern)))
    else:
        show_cells(result, console=console_for_output())
