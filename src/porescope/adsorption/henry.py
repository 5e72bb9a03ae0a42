"""Henry coefficient and isosteric heat at zero loading."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HenryResult:
    """What a framework does to a gas at zero pressure."""

    temperature: float
    """Temperature [K]."""
    coefficient_mol_per_kg_pa: float
    """Henry coefficient [mol/kg/Pa]."""
    coefficient_error: float
    """Its standard error [mol/kg/Pa]: of sampling for insertions, of the grid for quadrature."""
    heat_kj_per_mol: float
    """Isosteric heat of adsorption at zero loading, positive where adsorption releases heat."""
    heat_error: float
    """Its standard error [kJ/mol]."""
    boltzmann_mean: float
    """Mean of exp(-E/kT) over the cell: the unitless Henry coefficient."""
    n_samples: int
    """Insertions, or points of the grid."""
    method: str
    """``quadrature`` or ``Widom insertion``."""
    gas: str
    """Gas and model."""
    field: str
    """Force field, mixing, cutoff and truncation."""
    charge_source: str
    """Charges of the framework that were used."""
    blocked_pockets: int = 0
    """Pockets that were left out as inaccessible; 0 where none were, or none were sought."""
    pockets_sought: bool = False
    """Whether pockets were looked for and left out."""
