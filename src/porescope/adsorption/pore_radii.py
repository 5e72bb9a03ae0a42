"""Radii of the hard spheres that stand for atoms in pore geometry."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.errors import ConfigError

ZEO_RADII = "Zeo++ 0.3 default (CCDC van der Waals radii)"
"""Name of the table that is used unless the caller gives one."""


@cache
def zeo_radii() -> dict[int, float]:
    """Radius of each atomic number [Å] in the default table of Zeo++; source in the file."""
    text = files("porescope.adsorption").joinpath("pore_radii.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines() if line and not line.startswith("#")]
    return {int(number): float(radius) for _, number, radius in rows[1:]}


def radii_of_atoms(
    numbers: Int[np.ndarray, "atoms"], *, radii: Mapping[str, float] | None = None
) -> Float[np.ndarray, "atoms"]:
    """Radius of each atom [Å].

    Parameters
    ----------
    numbers:
        Atomic numbers.
    radii:
        Radius of each element symbol [Å]; the table of Zeo++ where it is left out.

    Raises
    ------
    ConfigError
        An element has no radius, or one that is not positive.
    """
    table = zeo_radii()
    if radii is not None:
        table = {gemmi.Element(symbol).atomic_number: float(r) for symbol, r in radii.items()}
    for number in np.unique(numbers):
        if not table.get(int(number), 0.0) > 0.0:
            raise ConfigError(
                f"expected a positive radius for {gemmi.Element(int(number)).name}, and the table "
                "in use has none: pass radii={...} with every element of the crystal"
            )
    return np.array([table[int(number)] for number in numbers])
