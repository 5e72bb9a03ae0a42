"""The Peng-Robinson equation of state: compressibility, fugacity and density of bulk gases.

Source: D.-Y. Peng and D. B. Robinson, Ind. Eng. Chem. Fundam. 15 (1976) 59,
https://doi.org/10.1021/i160057a011. Mixtures by van der Waals one-fluid mixing; binary interaction
parameters are zero unless they are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from porescope.adsorption.gas import Gas
from porescope.errors import ConfigError
from porescope.units import GAS_CONSTANT

_ROOT2 = float(np.sqrt(2.0))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BulkPhase:
    """The bulk fluid that a framework is in equilibrium with."""

    temperature: float
    """Temperature [K]."""
    pressure_pa: float
    """Pressure [Pa]."""
    mole_fractions: Float[np.ndarray, "gases"]
    """Mole fractions."""
    compressibility: float
    """pV/(nRT) of the phase of lowest Gibbs energy."""
    fugacity_coefficients: Float[np.ndarray, "gases"]
    """Fugacity over partial pressure of each gas."""
    molar_mass: float
    """Mean molar mass [g/mol]."""
    n_phases: int
    """Roots that are a fluid: 2 where a liquid and a vapour both solve the equation."""

    @property
    def fugacities_pa(self) -> Float[np.ndarray, "gases"]:
        """Fugacity of each gas [Pa]."""
        return self.fugacity_coefficients * self.mole_fractions * self.pressure_pa

    @property
    def density_mol_per_m3(self) -> float:
        """Molar density [mol/m³]."""
        return self.pressure_pa / (self.compressibility * GAS_CONSTANT * self.temperature)

    @property
    def density_kg_per_m3(self) -> float:
        """Mass density [kg/m³]."""
        return 1e-3 * self.molar_mass * self.density_mol_per_m3


def bulk_phase(
    gases: Sequence[Gas],
    *,
    temperature: float,
    pressure_pa: float,
    mole_fractions: Sequence[float] | None = None,
    interaction: Float[np.ndarray, "gases gases"] | None = None,
) -> BulkPhase:
    """State of a pure fluid or a mixture by Peng-Robinson.

    Parameters
    ----------
    gases:
        The gases; their critical constants and acentric factors are used.
    temperature:
        Temperature [K].
    pressure_pa:
        Pressure [Pa].
    mole_fractions:
        Mole fractions that add up to 1; may be left out for a pure gas.
    interaction:
        Binary interaction parameters; zero where it is left out.

    Returns
    -------
    :
        The phase of lowest Gibbs energy.

    Raises
    ------
    ConfigError
        Temperature or pressure is not positive, or the mole fractions do not fit.
    """
    if not (temperature > 0.0 and pressure_pa > 0.0):
        raise ConfigError(
            f"expected a temperature [K] and a pressure [Pa] above zero, got {temperature:g} and "
            f"{pressure_pa:g}"
        )
    fractions = _checked_fractions(gases, mole_fractions)
    a, b = _pure_parameters(gases, temperature)
    factor = pressure_pa / (GAS_CONSTANT * temperature) ** 2
    pairs = np.sqrt(np.outer(a, a)) * factor
    if interaction is not None:
        pairs = pairs * (1.0 - interaction)
    b_reduced = b * pressure_pa / (GAS_CONSTANT * temperature)
    a_mix = float(fractions @ pairs @ fractions)
    b_mix = float(fractions @ b_reduced)
    roots = _roots(a_mix, b_mix)
    logs = [_log_coefficients(z, pairs, b_reduced, fractions) for z in roots]
    best = int(np.argmin([float(fractions @ log) for log in logs]))
    return BulkPhase(
        temperature=temperature,
        pressure_pa=pressure_pa,
        mole_fractions=fractions,
        compressibility=roots[best],
        fugacity_coefficients=np.exp(logs[best]),
        molar_mass=float(fractions @ np.array([gas.mass for gas in gases])),
        n_phases=len(roots),
    )


def bulk_mol_per_kg(
    density_mol_per_m3: float, *, void_fraction: float, framework_density: float
) -> float:
    """What the bulk fluid puts into the void of a framework [mol/kg of empty framework].

    Parameters
    ----------
    density_mol_per_m3:
        Molar density of the bulk, of one gas or in all [mol/m³].
    void_fraction:
        Share of the framework's volume that is void, 0 to 1.
    framework_density:
        Density of the empty framework [g/cm³].

    Raises
    ------
    ConfigError
        The void fraction is no share, or the density is not positive.
    """
    if not 0.0 <= void_fraction <= 1.0:
        raise ConfigError(f"expected a void fraction between 0 and 1, got {void_fraction:g}")
    if not framework_density > 0.0:
        raise ConfigError(f"expected a density above zero, got {framework_density:g} g/cm³")
    return density_mol_per_m3 * void_fraction / (1e3 * framework_density)


def excess_mol_per_kg(
    absolute_mol_per_kg: Float[np.ndarray, "gases"],
    *,
    bulk: BulkPhase,
    void_fraction: float,
    framework_density: float,
) -> Float[np.ndarray, "gases"]:
    """Excess loadings from absolute ones [mol/kg].

    Parameters
    ----------
    absolute_mol_per_kg:
        Absolute loading of each gas of ``bulk`` [mol/kg].
    bulk:
        The bulk fluid.
    void_fraction:
        Helium void fraction of the framework, 0 to 1.
    framework_density:
        Density of the empty framework [g/cm³].
    """
    total = bulk_mol_per_kg(
        bulk.density_mol_per_m3, void_fraction=void_fraction, framework_density=framework_density
    )
    return absolute_mol_per_kg - total * bulk.mole_fractions


def _checked_fractions(
    gases: Sequence[Gas], mole_fractions: Sequence[float] | None
) -> Float[np.ndarray, "gases"]:
    if mole_fractions is None:
        if len(gases) != 1:
            raise ConfigError(
                f"a mixture of {len(gases)} gases needs their mole fractions, such as 0.15,0.85"
            )
        return np.ones(1)
    fractions = np.array(mole_fractions, dtype=np.float64)
    if fractions.shape != (len(gases),) or not np.all(fractions >= 0.0):
        raise ConfigError(
            f"expected {len(gases)} mole fractions of zero or more, got "
            f"{', '.join(f'{x:g}' for x in fractions)}"
        )
    if abs(float(fractions.sum()) - 1.0) > 1e-6:
        raise ConfigError(f"the mole fractions add up to {fractions.sum():.6g}; they must give 1")
    return fractions / fractions.sum()


def _pure_parameters(
    gases: Sequence[Gas], temperature: float
) -> tuple[Float[np.ndarray, "gases"], Float[np.ndarray, "gases"]]:
    """Attraction [J m³/mol²] and covolume [m³/mol] of each gas."""
    critical_t = np.array([gas.critical_temperature for gas in gases])
    critical_p = np.array([gas.critical_pressure_pa for gas in gases])
    omega = np.array([gas.acentric_factor for gas in gases])
    kappa = 0.37464 + 1.54226 * omega - 0.26992 * omega**2
    alpha = (1.0 + kappa * (1.0 - np.sqrt(temperature / critical_t))) ** 2
    a = 0.45723552892138218 * (GAS_CONSTANT * critical_t) ** 2 / critical_p * alpha
    b = 0.07779607390388845 * GAS_CONSTANT * critical_t / critical_p
    return a, b


def _roots(a: float, b: float) -> list[float]:
    """Compressibilities of the fluid phases, rising; the middle one of three is unstable."""
    polynomial = [1.0, b - 1.0, a - 2.0 * b - 3.0 * b**2, -(a * b - b**2 - b**3)]
    found = np.roots(polynomial)
    real = np.sort(found[np.abs(found.imag) < 1e-9 * np.maximum(1.0, np.abs(found.real))].real)
    fluid = [float(z) for z in real if z > b]
    return [fluid[0], fluid[-1]] if len(fluid) > 1 else fluid


def _log_coefficients(
    z: float,
    pairs: Float[np.ndarray, "gases gases"],
    b: Float[np.ndarray, "gases"],
    fractions: Float[np.ndarray, "gases"],
) -> Float[np.ndarray, "gases"]:
    """Logarithms of the fugacity coefficients at one compressibility."""
    a_mix = float(fractions @ pairs @ fractions)
    b_mix = float(fractions @ b)
    ratio = b / b_mix
    attraction = a_mix / (2.0 * _ROOT2 * b_mix) * (2.0 * (pairs @ fractions) / a_mix - ratio)
    log_term = np.log((z + (1.0 + _ROOT2) * b_mix) / (z + (1.0 - _ROOT2) * b_mix))
    return ratio * (z - 1.0) - np.log(z - b_mix) - attraction * log_term
