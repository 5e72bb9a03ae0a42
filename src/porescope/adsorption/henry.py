"""Henry coefficient and isosteric heat at zero loading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.units import GAS_CONSTANT

Allowed = Callable[[Float[np.ndarray, "points 3"]], Bool[np.ndarray, "points"]]
"""Tells which fractional positions of a molecule's centre count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HenryResult:
    """What a framework does to a gas at zero pressure."""

    framework: str
    """Name of the framework."""
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
    boltzmann_error: float
    """Its standard error."""
    n_samples: int
    """Insertions, or points of the grid."""
    converged: bool
    """Whether the error that was wanted was reached."""
    method: str
    """``quadrature`` or ``Widom insertion``."""
    gas: str
    """Gas and model."""
    field: str
    """Force field, mixing, cutoff and truncation."""
    charge_source: str
    """Charges of the framework that were used; ``none`` for an uncharged gas."""
    n_pockets_blocked: int | None = None
    """Pockets that were left out as inaccessible; None where none were sought."""

    @property
    def relative_error(self) -> float:
        """Standard error over the coefficient; infinite for a coefficient of zero."""
        if self.boltzmann_mean <= 0.0:
            return float("inf")
        return self.boltzmann_error / self.boltzmann_mean


def henry_from_boltzmann_mean(
    mean: float,
    *,
    error: float,
    heat_kj_per_mol: float,
    heat_error: float,
    temperature: float,
    wanted_error: float,
    n_samples: int,
    method: str,
    gas: Gas,
    framework: Framework,
    n_pockets_blocked: int | None = None,
) -> HenryResult:
    r"""Henry coefficient from the mean Boltzmann factor of one molecule in the empty framework.

    .. math:: K_H = \frac{\langle e^{-E/kT} \rangle}{R T \rho}

    Source: Frenkel and Smit, Understanding Molecular Simulation, 2nd ed., section 7.2; rho is
    the density of the framework.

    Parameters
    ----------
    mean, error:
        Mean Boltzmann factor over the cell and over orientations, and its standard error.
    heat_kj_per_mol, heat_error:
        Isosteric heat and its standard error [kJ/mol].
    temperature:
        Temperature [K].
    wanted_error:
        Relative standard error that was asked for.
    n_samples:
        Insertions or grid points.
    method, gas, framework, n_pockets_blocked:
        What the result says of itself.
    """
    density = framework.crystal.density * 1000.0
    scale = 1.0 / (GAS_CONSTANT * temperature * density)
    return HenryResult(
        framework=framework.crystal.name,
        temperature=temperature,
        coefficient_mol_per_kg_pa=scale * mean,
        coefficient_error=scale * error,
        heat_kj_per_mol=heat_kj_per_mol,
        heat_error=heat_error,
        boltzmann_mean=mean,
        boltzmann_error=error,
        n_samples=n_samples,
        converged=bool(mean > 0.0 and error <= wanted_error * mean),
        method=method,
        gas=f"{gas.name} ({gas.model})",
        field=framework.field.describe(),
        charge_source=framework.charge_source if gas.is_charged else "none",
        n_pockets_blocked=n_pockets_blocked,
    )


def boltzmann_heat(
    factor: Float[np.ndarray, "replicates"],
    weighted: Float[np.ndarray, "replicates"],
    *,
    temperature: float,
) -> tuple[float, float]:
    r"""Isosteric heat at zero loading, and its error, from independent replicates.

    .. math:: q_{st} = RT - N_A \langle E e^{-E/kT} \rangle / \langle e^{-E/kT} \rangle

    The error is the jackknife's, for the ratio of two correlated means.

    Parameters
    ----------
    factor:
        Sum or mean of the Boltzmann factor in each replicate.
    weighted:
        The same of energy over Boltzmann's constant times the factor [K].
    temperature:
        Temperature [K].

    Returns
    -------
    :
        Heat and standard error [kJ/mol]; NaN where nothing fits.
    """
    kj = GAS_CONSTANT * 1e-3
    if factor.sum() <= 0.0:
        return float("nan"), float("nan")
    heat = kj * (temperature - weighted.sum() / factor.sum())
    left = factor.sum() - factor
    if np.any(left <= 0.0):
        return float(heat), float("nan")
    ratios = (weighted.sum() - weighted) / left
    n = len(factor)
    error = kj * np.sqrt((n - 1) / n * np.sum((ratios - ratios.mean()) ** 2))
    return float(heat), float(error)
