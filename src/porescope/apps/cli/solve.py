"""``porescope solve``: which framework made this pattern?"""

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


def solve(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            help="Measured patterns: xrdml, brml, rasx, raw, uxd, xy, csv, gsas, cif and more.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")
    ] = Path("porescope-results"),
    elements: Elements = "",
    metal: Metal = "",
    formula: Formula = "",
    linker: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SMILES",
            help="A linker that was in the pot; frameworks are built of it. Repeat for more.",
            show_default=False,
        ),
    ] = None,
    solvent: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SMILES",
            help="Solvent on the metal of built frameworks; by default any, 'none' for none.",
            show_default=False,
        ),
    ] = None,
    cap: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SMILES",
            help="Modulator or other molecule that may end at a node, as --solvent.",
            show_default=False,
        ),
    ] = None,
    nets: Annotated[
        str,
        typer.Option(
            metavar="pcu,fcu", help="Nets (RCSR) of built frameworks.", show_default=False
        ),
    ] = "",
    max_atoms: Annotated[
        int, typer.Option(min=10, metavar="N", help="Most atoms in the cell of built frameworks.")
    ] = 1500,
    wavelength: Annotated[
        str,
        typer.Option(
            metavar="NAME|Å",
            help="CuKa, CuKa1, MoKa, CoKa, … or a number in Å; needed where the file is silent.",
            show_default=False,
        ),
    ] = "",
    neutron: Neutron = False,
    two_theta_range: TwoThetaRange = None,
    phases: Annotated[
        int, typer.Option(min=1, max=3, metavar="1..3", help="Most phases in the sample.")
    ] = 2,
    n_fits: Annotated[
        int, typer.Option(min=1, max=200, metavar="N", help="How many frameworks are fitted.")
    ] = 20,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Files solved at a time.")
    ] = 1,
    library: SearchedLibrary = None,
    no_learned: Annotated[
        bool, typer.Option("--no-learned", help="Leave the learned space out.")
    ] = False,
    example: Annotated[
        bool, typer.Option("--example", help="Solve the pattern that comes with porescope.")
    ] = False,
) -> int:
    """Say which framework made a measured powder pattern.

    Writes candidates.json, the fits as CSV, the structures as CIF and
    report.html, a page to look at and to send. With several files, each gets a
    folder of its own and summary.csv says it all in one table.

    \b
    Examples:
      porescope solve --example --out result
      porescope solve scan.xrdml --out result
      porescope solve scan.xy --wavelength CuKa --elements Zn,C,H,N
      porescope solve wish.dat --wavelength 2.0785 --neutron --metal Zn
      porescope solve new.xrdml --metal Zr --linker 'OC(=O)c1ccc(cc1)C(=O)O'
      porescope solve monday/*.brml --jobs 2 --out monday/solved
    """
    from porescope.apps.cli.solve_files import Options, solve_files

    return solve_files(
        tuple(files or ()),
        folder=out,
        example=example,
        jobs=jobs,
        options=Options(
            elements=elements,
            metal=metal,
            formula=formula,
            linkers=tuple(linker or ()),
            caps=_caps(solvent, cap),
            nets=nets,
            max_atoms=max_atoms,
            wavelength=wavelength,
            neutron=neutron,
            two_theta_range_deg=two_theta_range,
            max_phases=phases,
            n_fits=n_fits,
            library=library,
            learned=not no_learned,
        ),
    )


def _caps(solvent: list[str] | None, cap: list[str] | None) -> tuple[str, ...] | None:
    """What may end at a node: ``None`` for anything, nothing for the word ``none``."""
    named = (*(solvent or ()), *(cap or ()))
    return tuple(smiles for smiles in named if smiles != "none") if named else None
