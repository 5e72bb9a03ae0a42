"""``porescope adsorb isotherm``, ``fit`` and ``iast``: amounts over pressures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from porescope.apps.cli.adsorb_options import (
    ChargesOption,
    CutoffOption,
    FieldOption,
    JsonOption,
    StructureArgument,
    TruncationOption,
)


def isotherm(
    structure: StructureArgument,
    gas: Annotated[
        str,
        typer.Option(
            metavar="GAS|MIXTURE",
            help="CO2, or a mixture such as CO2=0.15,N2=0.85.",
            show_default=False,
        ),
    ],
    pressure: Annotated[
        str,
        typer.Option(
            "--pressure",
            "-p",
            metavar="LIST",
            help="0.1bar,1bar,10bar, or 0.01bar:10bar:7 for seven even steps of the logarithm.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FOLDER", help="Results.", show_default=False),
    ],
    at: Annotated[
        str, typer.Option(metavar="T", help="Temperature, such as 298K or 25C.")
    ] = "298K",
    field: FieldOption = "UFF",
    charges: ChargesOption = "auto",
    cutoff: CutoffOption = None,
    truncation: TruncationOption = "",
    cycles: Annotated[
        int,
        typer.Option(min=100, metavar="N", help="Cycles of each pressure, with its equilibration."),
    ] = 10_000,
    error: Annotated[
        str,
        typer.Option(
            metavar="SHARE",
            help="Go on until the error is this share of the loading.",
            show_default=False,
        ),
    ] = "",
    void_fraction: Annotated[
        str,
        typer.Option(
            metavar="X",
            help="Helium void fraction, for excess loadings; helium computes it.",
            show_default=False,
        ),
    ] = "",
    block_pockets: Annotated[
        bool, typer.Option("--block-pockets", help="Leave out pockets the gas cannot reach.")
    ] = False,
    density: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=2.0,
            metavar="Å",
            help="Write where the gas is, as .cube with this spacing.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the random numbers.")] = 1,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start anew instead of going on with FOLDER.")
    ] = False,
    unit: Annotated[
        str, typer.Option(metavar="UNIT", help="mol/kg, mg/g, cm3(STP)/g, cm3(STP)/cm3, g/L.")
    ] = "mol/kg",
    json_output: JsonOption = False,
) -> None:
    """Isotherm by grand canonical Monte Carlo with RASPA3.

    Every finished pressure is kept in FOLDER; run the same command again after
    an interruption and it goes on.

    \b
    Examples:
      porescope adsorb isotherm mfi.cif --gas CH4 --at 300K \\
        --field TraPPE-zeo -p 0.1bar,1bar,10bar --out mfi-ch4
      porescope adsorb isotherm mof.cif --gas CO2=0.15,N2=0.85 \\
        --charges eqeq -p 1bar --out flue
    """
    from porescope.adsorption.loading import loading_unit_named
    from porescope.adsorption.state_point import temperature_from_text
    from porescope.apps.cli.adsorb_values import (
        field_from_options,
        mixture_from_text,
        pressures_from_text,
        relative_error_from_text,
        void_fraction_from_text,
        work_shown,
    )
    from porescope.apps.cli.show_isotherm import isotherm_json, show_isotherm
    from porescope.apps.cli.staging import require_writable_folder
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.isotherm import run_isotherm

    gases, fractions = mixture_from_text(gas)
    chosen_unit = loading_unit_named(unit)
    require_writable_folder(out)
    with work_shown("reading", json_output=json_output) as progress:
        result = run_isotherm(
            structure,
            gases=gases,
            mole_fractions=fractions,
            temperature=temperature_from_text(at),
            pressures_pa=pressures_from_text(pressure),
            field=field_from_options(field, cutoff=cutoff, truncation=truncation),
            charges=charges,
            cycles=cycles,
            wanted_error=relative_error_from_text(error),
            void_fraction=void_fraction_from_text(void_fraction),
            blocked="find" if block_pockets else (),
            density_spacing=density,
            seed=seed,
            out=out,
            resume=not fresh,
            progress=progress,
        )
    if json_output:
        typer.echo(isotherm_json(result))
    else:
        show_isotherm(result, unit=chosen_unit, folder=out, console=console_for_output())


def fit(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV with units.", show_default=False)
    ],
    gas: Annotated[
        str,
        typer.Option(metavar="GAS", help="The gas, for loadings in mg/g.", show_default=False),
    ] = "",
    at: Annotated[
        str,
        typer.Option(metavar="T", help="Rows at this temperature.", show_default=False),
    ] = "",
    form: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="langmuir, dual-site langmuir, toth, …; all where none is named.",
            show_default=False,
        ),
    ] = "",
    json_output: JsonOption = False,
) -> None:
    """Fit isotherm models to a table and rank them by AICc.

    \b
    Examples:
      porescope adsorb fit co2.csv
      porescope adsorb fit co2.csv --at 298K --form langmuir,toth
    """
    from porescope.adsorption.isotherm_fit import compare_forms
    from porescope.apps.cli.adsorb_values import isotherm_table, weights_of
    from porescope.apps.cli.show_isotherm import fits_json, show_fits
    from porescope.apps.cli.terminal import console_for_output

    data = isotherm_table(table, gas=gas, at=at)
    forms = [part.strip() for part in form.split(",") if part.strip()] or None
    fits = compare_forms(
        data.pressures_pa, data.loadings_mol_per_kg, forms=forms, errors=weights_of(data)
    )
    if json_output:
        typer.echo(fits_json(fits, name=data.name))
    else:
        show_fits(fits, name=data.name, console=console_for_output())


def iast(
    tables: Annotated[
        list[Path],
        typer.Argument(metavar="TABLE…", help="One isotherm of each pure gas.", show_default=False),
    ],
    fractions: Annotated[
        str,
        typer.Option(
            metavar="LIST", help="Mole fractions of the gas, such as 0.15,0.85.", show_default=False
        ),
    ],
    pressure: Annotated[
        str,
        typer.Option(
            "--pressure",
            "-p",
            metavar="LIST",
            help="Total pressures: 0.1bar,1bar or 0.01bar:10bar:7.",
            show_default=False,
        ),
    ],
    at: Annotated[
        str,
        typer.Option(metavar="T", help="Rows at this temperature.", show_default=False),
    ] = "",
    json_output: JsonOption = False,
) -> None:
    """Loadings of a mixture from pure isotherms, by ideal adsorbed solution.

    Each isotherm is fitted by the model of the lowest AICc; the selectivity is
    that of the first gas over each other one.

    \b
    Example:
      porescope adsorb iast co2.csv n2.csv --fractions 0.15,0.85 -p 1bar
    """
    from porescope.apps.cli.adsorb_values import (
        fractions_from_text,
        isotherm_table,
        pressures_from_text,
    )
    from porescope.apps.cli.show_isotherm import mixture_json, show_mixture
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.mixture import mixture_from_isotherms

    shares = fractions_from_text(fractions, n_gases=len(tables))
    data = [isotherm_table(path, gas="", at=at) for path in tables]
    result = mixture_from_isotherms(
        data, mole_fractions=shares, pressures_pa=pressures_from_text(pressure)
    )
    if json_output:
        typer.echo(mixture_json(result))
    else:
        show_mixture(result, console=console_for_output())
