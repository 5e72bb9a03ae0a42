"""Share of a crystal that a gas finds empty, from a grid of its energies."""

from __future__ import annotations

import numpy as np

from porescope.adsorption.grid import EnergyGrid
from porescope.errors import ConfigError

HELIUM_TEMPERATURE = 298.0
"""Temperature at which the helium void fraction is stated [K]."""
OPEN_THRESHOLD_KT = 15.0
"""Energy up to which a place counts as open, in units of kT."""


def boltzmann_void_fraction(grid: EnergyGrid, *, temperature: float = HELIUM_TEMPERATURE) -> float:
    r"""Mean Boltzmann factor over the cell: the helium void fraction for a grid of helium.

    .. math:: \theta = \langle e^{-E / k_\mathrm{B} T} \rangle

    It exceeds the geometric share, and even 1, where the gas is attracted. Source: Talu and Myers,
    https://doi.org/10.1002/aic.690470518.

    Parameters
    ----------
    grid:
        Energies of the gas.
    temperature:
        Temperature [K].
    """
    _check(temperature)
    return float(np.mean(np.exp(-grid.energy_k / temperature)))


def open_fraction(
    grid: EnergyGrid, *, temperature: float, threshold_kt: float = OPEN_THRESHOLD_KT
) -> float:
    """Share of the points at which the energy is at most some multiple of kT.

    Parameters
    ----------
    grid:
        Energies of the gas.
    temperature:
        Temperature [K].
    threshold_kt:
        The multiple.
    """
    _check(temperature)
    threshold = threshold_kt * temperature
    if not threshold < grid.cap_k:
        raise ConfigError(
            f"expected a threshold below the largest energy that the grid keeps, {grid.cap_k:g} K, "
            f"got {threshold:g} K; make the grid with a larger cap"
        )
    return float(np.mean(grid.energy_k <= threshold))


def _check(temperature: float) -> None:
    if not 0.0 < temperature < 5000.0:
        raise ConfigError(f"expected a temperature in kelvin between 0 and 5000, got {temperature}")
