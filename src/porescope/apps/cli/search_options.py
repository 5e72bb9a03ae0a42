"""Options that the commands of the powder bench share, so that they are explained alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Elements = Annotated[
    str,
    typer.Option(
        metavar="Zn,C,H,N",
        help="All elements that can be in the framework.",
        show_default=False,
    ),
]
Metal = Annotated[
    str,
    typer.Option(metavar="Zn", help="Metals that must be in the framework.", show_default=False),
]
Formula = Annotated[
    str,
    typer.Option(metavar="ZnC8H10N4", help="Formula of the empty framework.", show_default=False),
]
Neutron = Annotated[bool, typer.Option("--neutron", help="Neutrons, of the wavelength given.")]
TwoThetaRange = Annotated[
    tuple[float, float] | None,
    typer.Option(
        "--range", metavar="LO HI", help="Use only these angles 2θ [°].", show_default=False
    ),
]
SearchedLibrary = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER|DB",
        help="Search this folder of CIFs or index only.",
        show_default=False,
    ),
]
