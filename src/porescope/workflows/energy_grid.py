"""The energy of a gas over the cell of a structure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from porescope.adsorption.energy_grid import lennard_jones_grid
from porescope.adsorption.force_field import ForceField
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.grid import EnergyGrid
from porescope.adsorption.histograms import channel_grid
from porescope.adsorption.molecule_grid import molecule_grid
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.io.grids import write_channels, write_cube, write_grid
from porescope.workflows.adsorbent import DEFAULT_FIELD, Charges, adsorbent, field_of, gas_of

MAX_POINTS = 50_000_000
"""Larger grids are refused."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StructureGrid:
    """Energies over the cell of a structure, with the atoms that made them."""

    grid: EnergyGrid
    """The energies."""
    framework: Framework
    """The structure with its force field."""
    gas: Gas
    """The gas."""


def energy_grid(
    structure: str | Path | Crystal,
    *,
    gas: str | Gas,
    temperature: float = 298.0,
    field: str | Path | ForceField = DEFAULT_FIELD,
    charges: Charges = "auto",
    spacing: float = 0.2,
    shape: tuple[int, int, int] | None = None,
) -> StructureGrid:
    """Energies of a spherical gas, or free energies of a molecule over its orientations.

    Parameters
    ----------
    structure:
        A CIF, or a crystal.
    gas:
        Gas, or its name, such as ``CH4`` or ``CO2:TraPPE``.
    temperature:
        Temperature of the average over orientations [K]; not used for one uncharged site.
    field:
        Force field of the framework: its name, its file, or the object.
    charges:
        Charges of the framework; see :func:`porescope.workflows.adsorbent.adsorbent`.
    spacing:
        Largest distance of two points along an axis [Å]; not used where ``shape`` is given.
    shape:
        Points along a, b and c.

    Raises
    ------
    ParseError
        The file holds no structure.
    ConfigError
        The grid is too large, or the structure does not fit the field.
    """
    chosen_field = field_of(field)
    chosen_gas = gas_of(gas, field=chosen_field, temperature=temperature)
    framework = adsorbent(structure, gases=(chosen_gas,), field=chosen_field, charges=charges)
    lengths = np.linalg.norm(framework.crystal.lattice, axis=1)
    counts = np.ceil(lengths / spacing) if shape is None else np.array(shape, dtype=np.float64)
    if np.prod(counts) > MAX_POINTS or np.any(counts < 1):
        raise ConfigError(
            f"expected a grid of 1 to {MAX_POINTS} points, got "
            f"{' × '.join(str(int(n)) for n in counts)}; choose a larger spacing"
        )
    where: dict[str, Any] = {"spacing": spacing} if shape is None else {"shape": shape}
    if chosen_gas.is_single_site:
        grid = lennard_jones_grid(framework, chosen_gas, **where)
    else:
        grid = molecule_grid(framework, chosen_gas, temperature=temperature, **where)
    return StructureGrid(grid=grid, framework=framework, gas=chosen_gas)


def write_energy_grid(result: StructureGrid, path: Path) -> None:
    """Write the energies as .cube, with the atoms, or as .npz.

    Raises
    ------
    ConfigError
        The name of the file has another ending.
    """
    match path.suffix.lower():
        case ".cube":
            write_cube(result.grid, path, crystal=result.framework.crystal)
        case ".npz":
            write_grid(result.grid, path)
        case _:
            raise ConfigError(f"expected a file that ends in .cube or .npz, got {path.name!r}")


def write_zeodiff_grid(
    result: StructureGrid, path: Path, *, boltzmann_temperature: float | None = None
) -> None:
    """Write 32 × 32 × 32 fractional points with energy, silicon and oxygen, as ZeoDiff reads it.

    Parameters
    ----------
    result:
        Framework and gas.
    path:
        A file that ends in .npz or .npy.
    boltzmann_temperature:
        Adds a channel of exp(-E/kT) at this temperature [K].
    """
    channels = channel_grid(
        result.framework, result.gas, boltzmann_temperature=boltzmann_temperature
    )
    write_channels(channels, path)
