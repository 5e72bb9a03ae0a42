"""Number densities of adsorbed molecules as Gaussian cube files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.crystal.structure import Crystal
from porescope.io.grids import BOHR


def write_density_cube(
    density_per_a3: Float[np.ndarray, "na nb nc"],
    path: str | Path,
    *,
    crystal: Crystal,
    title: str,
) -> None:
    """Write a density over the unit cell, with the atoms of the framework.

    Parameters
    ----------
    density_per_a3:
        Number density at the points (i/na, j/nb, k/nc) of the cell [1/Å³].
    path:
        The file; it is there whole or not at all.
    crystal:
        Framework.
    title:
        First line of the file.
    """
    path = Path(path)
    lines = [" ".join(title.split()), "number density of adsorbed beads [1/Å³]; lengths in bohr"]
    lines.append(f"{crystal.n_atoms:5d}" + _floats(np.zeros(3)))
    for n, vector in zip(density_per_a3.shape, crystal.lattice, strict=True):
        lines.append(f"{n:5d}" + _floats(vector / n / BOHR))
    for number, place in zip(crystal.numbers.tolist(), crystal.cart, strict=True):
        lines.append(f"{number:5d}" + _floats(np.array([float(number), *(place / BOHR)])))
    for row in density_per_a3.reshape(-1, density_per_a3.shape[2]):
        for start in range(0, len(row), 6):
            lines.append("".join(f"{value:13.5E}" for value in row[start : start + 6]))
    partial = path.with_name(path.name + ".part")
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(partial, path)


def _floats(values: Float[np.ndarray, "n"]) -> str:
    return "".join(f"{value:12.6f}" for value in values)
