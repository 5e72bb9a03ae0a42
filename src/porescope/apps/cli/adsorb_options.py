"""Options that the commands of ``adsorb`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StructureArgument = Annotated[
    Path, typer.Argument(metavar="CIF", help="The structure.", show_default=False)
]
GasOption = Annotated[
    str,
    typer.Option(
        metavar="GAS",
        help="CH4, CO2, N2, … or CO2:MODEL; porescope adsorb gases lists them.",
        show_default=False,
    ),
]
FieldOption = Annotated[
    str,
    typer.Option(
        "--field",
        "-f",
        metavar="NAME|FILE",
        help="Force field; porescope adsorb fields lists them.",
    ),
]
ChargesOption = Annotated[
    str,
    typer.Option(metavar="SOURCE", help="auto, cif, eqeq, learned, none, or a charge table."),
]
CutoffOption = Annotated[
    float | None,
    typer.Option(
        metavar="Å", help="Cutoff of the pair energies; the field's own else.", show_default=False
    ),
]
TruncationOption = Annotated[
    str,
    typer.Option(
        metavar="KIND",
        help="shifted, truncated or tail; the field's own else.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")]
