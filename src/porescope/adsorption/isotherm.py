"""An isotherm: loadings of one framework at one temperature over pressures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, slots=True, kw_only=True)
class GasLoading:
    """Loading of one gas at one state point."""

    gas: str
    """Name of the gas."""
    mole_fraction: float
    """Mole fraction in the bulk gas."""
    fugacity_pa: float
    """Fugacity in the bulk gas [Pa]."""
    absolute_mol_per_kg: float
    """Absolute loading [mol/kg of empty framework]."""
    absolute_error: float
    """Half width of its 95 % interval from blocks [mol/kg]."""
    excess_mol_per_kg: float
    """Absolute loading less what the bulk gas would put into the void; NaN where no void
    fraction was given."""
    heat_kj_per_mol: float
    """Isosteric heat at this loading from fluctuations, positive where heat is released; NaN
    where the fluctuations do not give it."""
    heat_error: float
    """Half width of its 95 % interval [kJ/mol]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsothermPoint:
    """Loadings at one temperature and pressure."""

    pressure_pa: float
    """Total pressure of the bulk gas [Pa]."""
    temperature: float
    """Temperature [K]."""
    loadings: tuple[GasLoading, ...]
    """One for each gas of the mixture."""
    n_equilibration: int
    """Cycles that were left out as equilibration."""
    n_cycles: int
    """Cycles over which the averages run."""
    equilibrated: bool
    """Whether no drift was left in the cycles over which the averages run."""
    seed: int
    """Seed of the random numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isotherm:
    """Loadings over pressures, with everything that is needed to repeat and to convert them."""

    framework: str
    """Name of the framework."""
    framework_density: float
    """Density of the empty framework [g/cm³]."""
    gases: tuple[str, ...]
    """Names of the gases with their models."""
    molar_masses: tuple[float, ...]
    """Their molar masses [g/mol]."""
    temperature: float
    """Temperature [K]."""
    field: str
    """Force field, mixing, cutoff and truncation."""
    charge_source: str
    """Charges of the framework that were used."""
    engine: str
    """Program and version that sampled."""
    unit_cells: tuple[int, int, int]
    """Cells along a, b and c in the simulation box."""
    void_fraction: float | None
    """Helium void fraction of the excess loadings."""
    points: tuple[IsothermPoint, ...]
    """State points by rising pressure."""

    @property
    def pressures_pa(self) -> Float[np.ndarray, "points"]:
        """Pressures [Pa]."""
        return np.array([point.pressure_pa for point in self.points])

    def absolute_mol_per_kg(self, gas: int = 0) -> Float[np.ndarray, "points"]:
        """Absolute loadings of one gas [mol/kg]."""
        return np.array([point.loadings[gas].absolute_mol_per_kg for point in self.points])

    def absolute_error(self, gas: int = 0) -> Float[np.ndarray, "points"]:
        """Half widths of their 95 % intervals [mol/kg]."""
        return np.array([point.loadings[gas].absolute_error for point in self.points])
