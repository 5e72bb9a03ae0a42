"""Options by which commands name a table of properties."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from porescope.errors import ConfigError

Structures = Annotated[
    Path,
    typer.Option(
        "--structures",
        "-s",
        metavar="DIR",
        help="Folder of CIFs; with --set of the archives.",
        show_default=False,
    ),
]
OwnTable = Annotated[
    Path | None,
    typer.Option(
        "--data", "-d", metavar="FILE", help="Table of your own, as CSV.", show_default=False
    ),
]
IdColumn = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of the files' names.", show_default="the first"),
]
KnownTable = Annotated[
    str | None, typer.Option("--set", metavar="NAME", help="A known table.", show_default=False)
]
LabelsFolder = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of the known tables.", show_default=False),
]
SplitName = Annotated[str, typer.Option(metavar="NAME", help="framework, 4:1, 7:3 or 5-fold.")]
OwnWeights = Annotated[
    list[Path] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="FILE",
        help="Weights of one's own; repeat for an ensemble.",
        show_default=False,
    ),
]


def table_of(
    data: Path | None, *, label_set: str | None, labels: Path | None, units: Sequence[str]
) -> str | Path:
    """The table that the options name: a file, or a known one.

    Parameters
    ----------
    data:
        A file.
    label_set:
        Name of a known table.
    labels:
        Folder of the known tables.
    units:
        Units as typed.

    Raises
    ------
    ConfigError
        If they name none or two, or do not fit together.
    """
    if (data is None) == (label_set is None):
        raise ConfigError("give a table: either --data FILE or --set NAME with --labels DIR")
    if data is not None:
        if labels is not None:
            raise ConfigError("--labels is the folder of a known table; give --set NAME with it")
        if not data.is_file():
            raise ConfigError(f"there is no table {data}; give a CSV file to --data")
        return data
    assert label_set is not None
    if "=" in label_set:
        raise ConfigError(f"settings of the network are given with --setting {label_set}")
    if labels is None:
        raise ConfigError(f"--set {label_set} needs the folder of its table: --labels DIR")
    if units:
        raise ConfigError("the units of a known table are known; leave --unit out")
    return label_set


def units_from_words(words: Sequence[str], *, targets: Sequence[str]) -> dict[str, str]:
    """Unit by target, from words such as ``g/L`` (for every target) or ``uptake=g/L``.

    Parameters
    ----------
    words:
        The words.
    targets:
        The targets.

    Raises
    ------
    ConfigError
        If a word names no target, or a target has two units.
    """
    units: dict[str, str] = {}
    plain = [word for word in words if "=" not in word]
    if len(plain) > 1:
        raise ConfigError(
            f"--unit was given {len(plain)} times without a column; write --unit COLUMN=UNIT"
        )
    for word in words:
        column, sign, unit = word.rpartition("=")
        if not sign:
            continue
        if column not in targets:
            raise ConfigError(f"--unit {word}: {column!r} is no --target; name one of them")
        if column in units:
            raise ConfigError(f"--unit: {column!r} has two units; give one")
        units[column] = unit
    return {target: plain[0] for target in targets if plain} | units
