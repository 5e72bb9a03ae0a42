"""``porescope adsorb``: what a gas does in a structure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from porescope.apps.cli import adsorb_isotherm
from porescope.apps.cli.adsorb_options import (
    ChargesOption,
    CutoffOption,
    FieldOption,
    GasOption,
    JsonOption,
    StructureArgument,
    TruncationOption,
)

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _adsorb() -> None:
    """What a gas does in a structure: strength, amount, where.

    \b
    Examples:
      porescope adsorb henry mfi.cif --gas CH4 --at 298K --field TraPPE-zeo
      porescope adsorb isotherm mof.cif --gas CO2 --at 298K \\
        --pressure 0.15bar,1bar --charges eqeq --out run
      porescope adsorb grid mfi.cif --gas CH4 --out mfi.cube
    """


@app.command()
def henry(
    structure: StructureArgument,
    gas: GasOption,
    at: Annotated[
        str, typer.Option(metavar="T", help="Temperature, such as 298K or 25C.")
    ] = "298K",
    field: FieldOption = "UFF",
    charges: ChargesOption = "auto",
    cutoff: CutoffOption = None,
    truncation: TruncationOption = "",
    error: Annotated[
        str,
        typer.Option(
            metavar="SHARE",
            help="Stop at this standard error; 0.5% on a grid and 2% by insertion else.",
            show_default=False,
        ),
    ] = "",
    insert: Annotated[
        bool, typer.Option("--insert", help="Insert molecules even where a grid would do.")
    ] = False,
    block_pockets: Annotated[
        bool, typer.Option("--block-pockets", help="Leave out pockets the gas cannot reach.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the random numbers.")] = 1,
    json_output: JsonOption = False,
) -> None:
    """Henry coefficient and heat of adsorption at zero loading.

    A spherical gas is integrated over a grid; a molecule is inserted at random
    until the error is reached.

    \b
    Examples:
      porescope adsorb henry mfi.cif --gas CH4 --at 300K --field TraPPE-zeo
      porescope adsorb henry cubtc.cif --gas CO2 --charges cif --error 1%
    """
    from porescope.adsorption.state_point import temperature_from_text
    from porescope.apps.cli.adsorb_values import (
        field_from_options,
        relative_error_from_text,
        work_shown,
    )
    from porescope.apps.cli.show_adsorption import henry_json, show_henry
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.henry import henry as workflow

    temperature = temperature_from_text(at)
    wanted = relative_error_from_text(error)
    chosen = field_from_options(field, cutoff=cutoff, truncation=truncation)
    with work_shown("reading", json_output=json_output) as progress:
        result = workflow(
            structure,
            gas=gas,
            temperature=temperature,
            field=chosen,
            charges=charges,
            method="insertion" if insert else "auto",
            wanted_error=wanted,
            block_pockets=block_pockets,
            seed=seed,
            progress=progress,
        )
    if json_output:
        typer.echo(henry_json(result))
    else:
        show_henry(result, console=console_for_output())


@app.command()
def grid(
    structure: StructureArgument,
    gas: GasOption,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="FILE.cube or FILE.npz.", show_default=False
        ),
    ],
    at: Annotated[
        str, typer.Option(metavar="T", help="Temperature, for molecules and ZeoDiff's form.")
    ] = "298K",
    field: FieldOption = "UFF",
    charges: ChargesOption = "auto",
    cutoff: CutoffOption = None,
    truncation: TruncationOption = "",
    spacing: Annotated[
        float, typer.Option(min=0.05, max=2.0, metavar="Å", help="Distance of the points.")
    ] = 0.2,
    shape: Annotated[
        tuple[int, int, int] | None,
        typer.Option(metavar="NA NB NC", help="Points along a, b, c, instead.", show_default=False),
    ] = None,
    zeodiff: Annotated[
        bool,
        typer.Option("--zeodiff", help="32×32×32 with channels of Si and O, for ZeoDiff (.npz)."),
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Energies of a gas over the cell, as a file for programs and viewers.

    For a molecule each point holds the free energy over its orientations.

    \b
    Examples:
      porescope adsorb grid mfi.cif --gas CH4 --field TraPPE-zeo --out mfi.cube
      porescope adsorb grid cubtc.cif --gas CO2 --charges cif --out cubtc.npz
      porescope adsorb grid mfi.cif --gas CH4 --zeodiff --out mfi.npz
    """
    from porescope.adsorption.state_point import temperature_from_text
    from porescope.apps.cli.adsorb_values import field_from_options, work_shown
    from porescope.apps.cli.show_adsorption import grid_json, show_grid
    from porescope.apps.cli.staging import staged_file
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.energy_grid import (
        energy_grid,
        write_energy_grid,
        write_zeodiff_grid,
    )

    temperature = temperature_from_text(at)
    chosen = field_from_options(field, cutoff=cutoff, truncation=truncation)
    with work_shown("energies", json_output=json_output):
        result = energy_grid(
            structure,
            gas=gas,
            temperature=temperature,
            field=chosen,
            charges=charges,
            spacing=spacing,
            shape=(32, 32, 32) if zeodiff and shape is None else shape,
        )
        with staged_file(out) as path:
            if zeodiff:
                write_zeodiff_grid(result, path)
            else:
                write_energy_grid(result, path)
    if json_output:
        typer.echo(grid_json(result.grid, file=str(out)))
    else:
        show_grid(result.grid, file=out, console=console_for_output())


@app.command()
def gases() -> None:
    """List the gases and their models."""
    from porescope.apps.cli.show_adsorption import show_gases
    from porescope.apps.cli.terminal import console_for_output

    show_gases(console=console_for_output())


@app.command()
def fields() -> None:
    """List the force fields."""
    from porescope.apps.cli.show_adsorption import show_fields
    from porescope.apps.cli.terminal import console_for_output

    show_fields(console=console_for_output())


@app.command()
def charges(
    structure: StructureArgument,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="CIF", help="Where it is written.", show_default=False),
    ],
    method: Annotated[
        str, typer.Option(metavar="SOURCE", help="eqeq, learned, or the name of a charge table.")
    ] = "eqeq",
) -> None:
    """Write a structure with partial charges.

    \b
    Example:
      porescope adsorb charges mof.cif --out mof-charged.cif
    """
    from porescope.apps.cli.adsorb_values import work_shown
    from porescope.apps.cli.show_adsorption import show_charges
    from porescope.apps.cli.staging import staged_file
    from porescope.apps.cli.terminal import console_for_output
    from porescope.io.cif_write import write_cif
    from porescope.workflows.adsorbent import charged_crystal

    with work_shown("charges", json_output=False):
        crystal = charged_crystal(structure, charges=method)
        with staged_file(out) as path:
            write_cif(crystal, path)
    show_charges(crystal, file=out, console=console_for_output())


app.command()(adsorb_isotherm.isotherm)
app.command()(adsorb_isotherm.fit)
app.command()(adsorb_isotherm.iast)
