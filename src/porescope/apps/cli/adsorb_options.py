"""Options that the commands of ``adsorb`` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from porescope.adsorption.force_field import ForceField
from porescope.errors import ConfigError

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
    typer.Option(metavar="SOURCE", help="auto, cif, eqeq, none, or the name of a charge table."),
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


def field_from_options(name: str, *, cutoff: float | None, truncation: str) -> ForceField:
    """The force field with the treatment of long distances that the user asked for.

    Raises
    ------
    ConfigError
        The field or the truncation is unknown.
    """
    from porescope.workflows.adsorbent import field_of

    field = field_of(name)
    match truncation:
        case "":
            return field if cutoff is None else field.with_options(cutoff=cutoff)
        case "shifted":
            return field.with_options(cutoff=cutoff, truncation="shifted", tail_correction=False)
        case "truncated":
            return field.with_options(cutoff=cutoff, truncation="truncated", tail_correction=False)
        case "tail":
            return field.with_options(cutoff=cutoff, truncation="truncated", tail_correction=True)
    raise ConfigError(f"--truncation: expected shifted, truncated or tail, got {truncation!r}")


def relative_error_from_text(text: str) -> float | None:
    """A relative error such as ``1%`` or ``0.01``; None for an empty text.

    Raises
    ------
    ConfigError
        The text is no number, or out of range.
    """
    if not text.strip():
        return None
    raw = text.strip()
    try:
        value = float(raw.removesuffix("%"))
    except ValueError:
        raise ConfigError(f"--error: expected a share such as 1% or 0.01, got {text!r}") from None
    value = value / 100.0 if raw.endswith("%") else value
    if not 1e-5 <= value <= 0.5:
        raise ConfigError(f"--error: expected 0.001% to 50%, got {text!r}")
    return value


@contextmanager
def work_shown(first: str, *, json_output: bool) -> Iterator[Any]:
    """A bar on the terminal while the block runs; none where the answer is for a program."""
    from porescope.apps.cli.progress import progress_bar

    if json_output:
        yield None
        return
    with progress_bar(first) as progress:
        yield progress
