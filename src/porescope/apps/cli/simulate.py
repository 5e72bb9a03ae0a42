"""``porescope simulate``: the powder pattern of a structure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def simulate(
    structure: Annotated[
        Path, typer.Argument(metavar="CIF", help="The structure.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="XY", help="Write the pattern here.", show_default=False
        ),
    ] = None,
    reflections: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Write the reflections here.", show_default=False),
    ] = None,
    wavelength: Annotated[
        str, typer.Option(metavar="NAME|Å", help="CuKa, CuKa1, MoKa, … or a number in Å.")
    ] = "CuKa",
    neutron: Annotated[bool, typer.Option("--neutron", help="Neutrons.")] = False,
    two_theta_range: Annotated[
        tuple[float, float], typer.Option("--range", metavar="LO HI", help="Angles 2θ [°].")
    ] = (3.0, 60.0),
    step: Annotated[float, typer.Option(metavar="DEG", help="Step of the pattern [°].")] = 0.02,
    fwhm: Annotated[float, typer.Option(metavar="DEG", help="Width of the lines [°].")] = 0.1,
    anomalous: Annotated[
        bool, typer.Option("--anomalous", help="Add anomalous scattering.")
    ] = False,
    plot: Annotated[bool, typer.Option("--plot", help="Draw the pattern on the screen.")] = False,
) -> None:
    """Simulate the powder pattern of a structure.

    Shows the strongest lines; writes the pattern and all reflections where you
    say.

    \b
    Examples:
      porescope simulate zif8.cif --plot
      porescope simulate zif8.cif --out zif8.xy --reflections zif8.csv
      porescope simulate mof5.cif --wavelength MoKa --range 1 30 --out mof5.xy
    """
    from porescope.apps.cli.options import radiation_from_options, range_from_option
    from porescope.apps.cli.show_simulation import (
        show_simulation,
        write_pattern,
        write_reflections,
    )
    from porescope.apps.cli.staging import staged_file
    from porescope.apps.cli.terminal import console_for_output
    from porescope.workflows.simulate import SimulateConfig, simulate_structure

    limits = range_from_option(two_theta_range)
    config = SimulateConfig(
        radiation=radiation_from_options(wavelength, neutron=neutron),
        two_theta_range_deg=two_theta_range if limits is None else limits,
        step_deg=step,
        fwhm_deg=fwhm,
        anomalous=anomalous,
    )
    simulation = simulate_structure(structure, config=config)
    if out is not None:
        with staged_file(out) as path:
            write_pattern(simulation, path)
    if reflections is not None:
        with staged_file(reflections) as path:
            write_reflections(simulation, path)
    show_simulation(
        simulation,
        written=tuple(path for path in (out, reflections) if path is not None),
        plot=plot,
        console=console_for_output(),
    )
