"""What the options of ``adsorb`` say, checked and in the units of the workflows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from porescope.adsorption.force_field import ForceField
from porescope.adsorption.gases import gas_named
from porescope.adsorption.state_point import pressure_from_text, temperature_from_text
from porescope.apps.cli.progress import progress_bar
from porescope.errors import ConfigError
from porescope.io.isotherm_table import IsothermTable, read_isotherm_table
from porescope.workflows.adsorbent import field_of


def field_from_options(name: str, *, cutoff: float | None, truncation: str) -> ForceField:
    """The force field with the treatment of long distances that the user asked for.

    Raises
    ------
    ConfigError
        The field or the truncation is unknown.
    """
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


def void_fraction_from_text(text: str) -> float | Literal["helium"] | None:
    """A void fraction, ``helium`` to compute it, or None for an empty text.

    Raises
    ------
    ConfigError
        The text is neither.
    """
    if not text.strip():
        return None
    if text.strip().casefold() == "helium":
        return "helium"
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise ConfigError(f"--void-fraction: expected 0 to 1, or helium, got {text!r}")
    return value


@contextmanager
def work_shown(first: str, *, json_output: bool) -> Iterator[Any]:
    """A bar on the terminal while the block runs; none where the answer is for a program."""
    if json_output:
        yield None
        return
    with progress_bar(first) as progress:
        yield progress


def mixture_from_text(text: str) -> tuple[tuple[str, ...], tuple[float, ...] | None]:
    """Gases, and their mole fractions where the text is a mixture.

    Parameters
    ----------
    text:
        ``CO2``, or ``CO2=0.15,N2=0.85``.

    Raises
    ------
    ConfigError
        A gas of a mixture has no fraction, or the fractions do not add up to one.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ConfigError("--gas: expected a gas such as CO2, or a mixture CO2=0.15,N2=0.85")
    if len(parts) == 1 and "=" not in parts[0]:
        return (parts[0],), None
    names, shares = [], []
    for part in parts:
        name, equals, share = part.partition("=")
        if not equals:
            raise ConfigError(
                f"--gas: {name!r} has no mole fraction; write a mixture as CO2=0.15,N2=0.85"
            )
        names.append(name.strip())
        shares.append(share)
    return tuple(names), fractions_from_text(",".join(shares), n_gases=len(names))


def fractions_from_text(text: str, *, n_gases: int) -> tuple[float, ...]:
    """Mole fractions that add up to one.

    Raises
    ------
    ConfigError
        They are not numbers, not as many as the gases, or do not add up to one.
    """
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"expected mole fractions such as 0.15,0.85; got {text!r}") from None
    if len(shares) != n_gases:
        raise ConfigError(f"expected {n_gases} mole fractions, one for each gas; got {len(shares)}")
    if any(not 0.0 < share <= 1.0 for share in shares) or abs(sum(shares) - 1.0) > 1e-3:
        raise ConfigError(
            f"expected mole fractions above 0 that add up to 1; {text} add up to {sum(shares):g}"
        )
    return tuple(share / sum(shares) for share in shares)


def pressures_from_text(text: str) -> tuple[float, ...]:
    """Pressures [Pa], rising and each once.

    Parameters
    ----------
    text:
        A list ``0.1bar,1bar``, or ``0.01bar:10bar:7`` for even steps of the logarithm.

    Raises
    ------
    ConfigError
        A pressure has no known unit, or the steps make no sense.
    """
    found: set[float] = set()
    for part in (each.strip() for each in text.split(",")):
        ends = part.split(":")
        if len(ends) == 1:
            found.add(pressure_from_text(part))
            continue
        if len(ends) != 3 or not ends[2].strip().isdigit() or not 2 <= int(ends[2]) <= 200:
            raise ConfigError(
                f"--pressure: expected FIRST:LAST:COUNT such as 0.01bar:10bar:7, got {part!r}"
            )
        low, high = pressure_from_text(ends[0]), pressure_from_text(ends[1])
        if not low < high:
            raise ConfigError(f"--pressure: the first must be below the last in {part!r}")
        found.update(float(f"{p:.6g}") for p in np.geomspace(low, high, int(ends[2])))
    return tuple(sorted(found))


def isotherm_table(path: Path, *, gas: str, at: str) -> IsothermTable:
    """The isotherm of a file at the temperature asked for, as the options were typed."""
    return read_isotherm_table(
        path,
        molar_mass=gas_named(gas).mass if gas else None,
        temperature=temperature_from_text(at) if at else None,
    )


def weights_of(data: IsothermTable) -> Float[np.ndarray, "points"] | None:
    """Errors of the loadings where all are above zero."""
    errors = data.errors_mol_per_kg
    return errors if errors is not None and bool(np.all(errors > 0.0)) else None
