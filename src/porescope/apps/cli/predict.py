"""``porescope predict``: a property, and what each place in the crystal contributes to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from porescope.apps.cli.property_table import OwnWeights


def predict(
    structures: Annotated[
        list[Path],
        typer.Argument(metavar="CIF...", help="CIFs, or folders of them.", show_default=False),
    ],
    property_name: Annotated[
        str | None,
        typer.Option(
            "--property",
            "-p",
            metavar="NAME",
            help="What to predict, such as band_gap.",
            show_default=False,
        ),
    ] = None,
    model: OwnWeights = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder for the results.",
            show_default="porescope-predict, where files are to be written",
        ),
    ] = None,
    map_page: Annotated[
        bool,
        typer.Option("--map", help="Write what each place and each atom contributes."),
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="NAME|FILE",
            help="Map of the ratio to this property.",
            show_default=False,
        ),
    ] = None,
    density: Annotated[
        Path | None,
        typer.Option(metavar="CUBE", help="Compare the map with this density.", show_default=False),
    ] = None,
    spacing: Annotated[
        float | None,
        typer.Option(
            min=0.05, metavar="A", help="Distance of the map's points [Å].", show_default="0.5"
        ),
    ] = None,
    rank_sites: Annotated[
        bool, typer.Option("--rank-sites", help="Rank the kinds of sites of all structures.")
    ] = False,
    site_radius: Annotated[
        float | None,
        typer.Option(
            min=1.0,
            metavar="A",
            help="Atoms about an atom that make its site [Å].",
            show_default="4, in silica 6.5",
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Known values, to compare with.", show_default=False),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of --truth.", show_default="the property's name"),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget what an earlier run has finished.")
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the predictions as JSON, for programs.")
    ] = False,
) -> int:
    """Predict a property, and show what each place contributes to it.

    Says how far the value can be off, and whether the structure is like those
    learned from. A map is a .cube, a table of the atoms, and a page. With many
    structures, one row for each; those that fail say why. Needs the extra ml.

    \b
    Examples:
      porescope predict mof.cif --property band_gap --map
      porescope predict cifs --property argon_uptake --rank-sites --out sites
      porescope predict mof.cif --model runs/mine --map
    """
    from porescope.apps.cli.predict_run import Options, run_predict

    return run_predict(
        tuple(structures),
        options=Options(
            property_name=property_name,
            models=tuple(model or ()),
            out=out,
            with_map=map_page or against is not None or density is not None,
            against=against,
            density=density,
            spacing=spacing,
            rank_sites=rank_sites,
            site_radius=site_radius,
            truth=truth,
            column=column,
            restart=restart,
            json_output=json_output,
        ),
    )
