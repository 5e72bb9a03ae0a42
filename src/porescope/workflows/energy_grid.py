"""The energy of a gas over the cell of a structure."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from porescope.adsorption.force_field import ForceField
from porescope.adsorption.gas import Gas
from porescope.adsorption.grid import EnergyGrid
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.workflows.adsorbent import DEFAULT_FIELD, Charges, adsorbent, field_of, gas_of

MAX_POINTS = 50_000_000
"""Larger grids are refused."""


def energy_grid(
    structure: str | Path | Crystal,
    *,
    gas: str | Gas,
    temperature: float = 298.0,
    field: str | Path | ForceField = DEFAULT_FIELD,
    charges: Charges = "auto",
    spacing: float = 0.2,
    shape: tuple[int, int, int] | None = None,
) -> EnergyGrid:
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
    from porescope.adsorption.energy_grid import lennard_jones_grid
    from porescope.adsorption.molecule_grid import molecule_grid

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
    if chosen_gas.is_single_site:
        if shape is not None:
            return lennard_jones_grid(framework, chosen_gas, shape=shape)
        return lennard_jones_grid(framework, chosen_gas, spacing=spacing)
    if shape is not None:
        return molecule_grid(framework, chosen_gas, temperature=temperature, shape=shape)
    return molecule_grid(framework, chosen_gas, temperature=temperature, spacing=spacing)
