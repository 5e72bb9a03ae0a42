"""Loadings in the units of the field, each with its unit and its kind beside it.

Standard temperature and pressure are 273.15 K and 101 325 Pa, as in RASPA and most of the
literature on adsorption; not the 100 kPa of IUPAC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from porescope.errors import ConfigError
from porescope.units import GAS_CONSTANT

LoadingUnit = Literal[
    "mol/kg", "mg/g", "cm³(STP)/g", "cm³(STP)/cm³", "g/L", "molecules/cell", "molecules/box"
]
"""Units of a loading; all of them per empty framework."""
LoadingKind = Literal["absolute", "excess"]
"""Absolute: all molecules in the pores. Excess: less what the bulk gas would put there."""
LOADING_UNITS: tuple[str, ...] = get_args(LoadingUnit)
STP_TEMPERATURE = 273.15
"""Standard temperature [K]."""
STP_PRESSURE_PA = 101_325.0
"""Standard pressure [Pa]."""
STP_LITRES_PER_MOL = 1e3 * GAS_CONSTANT * STP_TEMPERATURE / STP_PRESSURE_PA
"""Volume of one mole of ideal gas at standard conditions [L/mol]."""

_SPELLINGS = {
    "mmol/g": "mol/kg",
    "mol kg-1": "mol/kg",
    "g/kg": "mg/g",
    "cm3/g": "cm³(STP)/g",
    "cm3(stp)/g": "cm³(STP)/g",
    "cc/g": "cm³(STP)/g",
    "cm3/cm3": "cm³(STP)/cm³",
    "cm3(stp)/cm3": "cm³(STP)/cm³",
    "cc/cc": "cm³(STP)/cm³",
    "v/v": "cm³(STP)/cm³",
    "g/l": "g/L",
    "mg/cm3": "g/L",
    "molecules/unit cell": "molecules/cell",
    "molecules/uc": "molecules/cell",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadingBasis:
    """What a loading must know of the gas and the framework to change its unit."""

    molar_mass: float
    """Molar mass of the gas [g/mol]."""
    framework_density: float
    """Density of the empty framework [g/cm³]."""
    cell_mass_g_per_mol: float
    """Mass of one mole of unit cells of the empty framework [g/mol]."""
    cells_in_box: int = 1
    """Unit cells in the simulation box, for molecules per box."""

    def per_mol_per_kg(self, unit: LoadingUnit) -> float:
        """How many of ``unit`` one mol/kg is."""
        volume = STP_LITRES_PER_MOL
        match unit:
            case "mol/kg":
                return 1.0
            case "mg/g":
                return self.molar_mass
            case "cm³(STP)/g":
                return volume
            case "cm³(STP)/cm³":
                return volume * self.framework_density
            case "g/L":
                return self.molar_mass * self.framework_density
            case "molecules/cell":
                return 1e-3 * self.cell_mass_g_per_mol
            case "molecules/box":
                return 1e-3 * self.cell_mass_g_per_mol * self.cells_in_box


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """A loading that cannot lose its unit, nor whether it is absolute or excess."""

    value: float
    """The number, in ``unit``."""
    error: float = float("nan")
    """Its error, in the same unit; NaN where it is unknown."""
    unit: LoadingUnit = "mol/kg"
    """Unit of both."""
    kind: LoadingKind = "absolute"
    """Absolute or excess."""

    def to(self, unit: LoadingUnit, *, basis: LoadingBasis) -> Loading:
        """The same loading in another unit."""
        factor = basis.per_mol_per_kg(unit) / basis.per_mol_per_kg(self.unit)
        return replace(self, value=self.value * factor, error=self.error * factor, unit=unit)

    def excess(self, *, bulk_mol_per_kg: float, basis: LoadingBasis) -> Loading:
        """An absolute loading less what the bulk gas puts into the void.

        Parameters
        ----------
        bulk_mol_per_kg:
            What :func:`porescope.adsorption.equation_of_state.bulk_mol_per_kg` says [mol/kg].
        basis:
            Gas and framework.

        Raises
        ------
        ConfigError
            The loading is an excess loading already.
        """
        return self._shifted(-bulk_mol_per_kg, wanted="excess", basis=basis)

    def absolute(self, *, bulk_mol_per_kg: float, basis: LoadingBasis) -> Loading:
        """An excess loading with what the bulk gas puts into the void.

        Raises
        ------
        ConfigError
            The loading is an absolute loading already.
        """
        return self._shifted(bulk_mol_per_kg, wanted="absolute", basis=basis)

    def _shifted(self, shift: float, *, wanted: LoadingKind, basis: LoadingBasis) -> Loading:
        if self.kind == wanted:
            raise ConfigError(f"this loading is {wanted} already; it was not converted twice")
        return replace(
            self, value=self.value + shift * basis.per_mol_per_kg(self.unit), kind=wanted
        )

    def __str__(self) -> str:
        known = self.error == self.error
        number = f"{self.value:.4g} ± {self.error:.2g}" if known else f"{self.value:.4g}"
        return f"{number} {self.unit} ({self.kind})"


def loading_label(unit: LoadingUnit, *, kind: LoadingKind = "absolute", gas: str = "") -> str:
    """Text for an axis or the head of a column, such as ``absolute CO2 loading [mol/kg]``."""
    return f"{kind} {gas + ' ' if gas else ''}loading [{unit}]"


def loading_unit_named(text: str) -> LoadingUnit:
    """The unit that a user wrote.

    Parameters
    ----------
    text:
        One of :data:`LOADING_UNITS` or a usual spelling of it, such as ``mmol/g`` or ``cm3/g``.

    Raises
    ------
    ConfigError
        The unit is unknown.
    """
    plain = " ".join(text.strip().replace("³", "3").split()).casefold()
    for unit in get_args(LoadingUnit):
        if plain == unit.replace("³", "3").casefold() or _SPELLINGS.get(plain) == unit:
            return unit
    raise ConfigError(f"expected a unit of loading out of {', '.join(LOADING_UNITS)}; got {text!r}")
