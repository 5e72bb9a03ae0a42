"""Facts about elements that bonds need: covalent radii, and which elements are metals."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
from jaxtyping import Bool, Float

N_NUMBERS = 119
"""Length of a table that is indexed by atomic number."""

_NON_METALS = (
    *range(1, 3),
    *range(5, 11),
    *range(14, 19),
    *range(32, 37),
    *range(52, 55),
    *range(85, 87),
)


@cache
def covalent_radii() -> Float[np.ndarray, "numbers"]:
    """Covalent radius of each atomic number [Å]; 1.7 where the source has none.

    Source: https://doi.org/10.1039/B801115J, in ``covalent_radii.csv``.
    """
    text = files("porescope.crystal").joinpath("covalent_radii.csv").read_text(encoding="utf-8")
    radii = np.full(N_NUMBERS, 1.7)
    rows = [line.split(",") for line in text.splitlines() if line and not line.startswith("#")]
    for _, number, radius in rows[1:]:
        radii[int(number)] = float(radius)
    radii.setflags(write=False)
    return radii


@cache
def is_metal() -> Bool[np.ndarray, "numbers"]:
    """True for the atomic numbers that count as metals; B, Si, Ge, As and Te do not."""
    metal = np.ones(N_NUMBERS, dtype=bool)
    metal[[0, *_NON_METALS]] = False
    metal.setflags(write=False)
    return metal
