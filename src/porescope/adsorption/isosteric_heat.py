"""Isosteric heats from isotherms at several temperatures.

Two routes: the slope of ln p over 1/T at constant loading (Clausius-Clapeyron), and one fit of all
temperatures whose affinities follow van 't Hoff. Both take the bulk as an ideal gas unless the
pressures handed in are fugacities; then they hold for real gases too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq, least_squares

from porescope.adsorption.isotherm_fit import fit_isotherm, parameter_errors
from porescope.adsorption.isotherm_models import IsothermModel
from porescope.errors import ConfigError, ConvergenceError
from porescope.units import GAS_CONSTANT

SiteForm = Literal["langmuir", "dual-site-langmuir", "triple-site-langmuir"]
_N_SITES = {"langmuir": 1, "dual-site-langmuir": 2, "triple-site-langmuir": 3}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MeasuredIsotherm:
    """Loadings at one temperature."""

    temperature: float
    """Temperature [K]."""
    pressures_pa: Float[np.ndarray, "points"]
    """Pressures or fugacities [Pa]."""
    loadings_mol_per_kg: Float[np.ndarray, "points"]
    """Loadings [mol/kg]."""
    errors: Float[np.ndarray, "points"] | None = None
    """Standard errors of the loadings [mol/kg]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class IsostericHeats:
    """Heat of adsorption over loading."""

    loadings_mol_per_kg: Float[np.ndarray, "loadings"]
    """Loadings [mol/kg]."""
    heat_kj_per_mol: Float[np.ndarray, "loadings"]
    """Isosteric heat, positive where heat is released [kJ/mol]."""
    heat_error: Float[np.ndarray, "loadings"]
    """Standard error of the slope; NaN with two temperatures only [kJ/mol]."""
    temperatures: tuple[float, ...]
    """Temperatures that were used [K]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureModel:
    """Langmuir sites whose affinities follow van 't Hoff: ln K falls with heat over RT."""

    capacities: tuple[float, ...]
    """Capacity of each site [mol/kg]."""
    affinities: tuple[float, ...]
    """Affinity of each site at the reference temperature [1/Pa]."""
    heats_kj_per_mol: tuple[float, ...]
    """Heat of each site [kJ/mol]."""
    reference_temperature: float
    """Temperature of the affinities [K]."""
    standard_errors: tuple[float, ...]
    """Standard errors of capacities, affinities and heats, in this order."""
    rmse_mol_per_kg: float
    """Root mean square deviation over all temperatures [mol/kg]."""
    chi_square: float
    """Sum of squared weighted deviations."""
    n_points: int
    """Points of all temperatures."""

    def at(self, temperature: float) -> IsothermModel:
        """The isotherm at one temperature [K]."""
        form = {count: name for name, count in _N_SITES.items()}[len(self.capacities)]
        values: list[float] = []
        for m, k, q in zip(self.capacities, self.affinities, self.heats_kj_per_mol, strict=True):
            shift = 1.0 / temperature - 1.0 / self.reference_temperature
            values += [m, k * float(np.exp(1e3 * q / GAS_CONSTANT * shift))]
        return IsothermModel(form=form, values=tuple(values))

    def heat_kj_per_mol(self, *, temperature: float, pressure_pa: float) -> float:
        """Isosteric heat at a state [kJ/mol]: the sites' heats weighted by how fast they fill."""
        values = np.array(self.at(temperature).values).reshape(-1, 2)
        x = values[:, 1] * pressure_pa
        weights = values[:, 0] * x / (1.0 + x) ** 2
        return float(weights @ np.array(self.heats_kj_per_mol) / weights.sum())


def pressure_at_loading(
    model: IsothermModel, loading_mol_per_kg: float, *, low_pa: float = 1e-9, high_pa: float = 1e12
) -> float:
    """Pressure at which a model reaches a loading [Pa]; NaN where it never does."""

    def gap(log_p: float) -> float:
        return model.loading(float(np.exp(log_p))) - loading_mol_per_kg

    low, high = float(np.log(low_pa)), float(np.log(high_pa))
    if not loading_mol_per_kg > 0.0 or gap(low) > 0.0 or not gap(high) > 0.0:
        return float("nan")
    root: Any = brentq(gap, low, high, xtol=1e-12)
    return float(np.exp(root))


def isosteric_heats(
    models: Sequence[IsothermModel],
    *,
    temperatures: Sequence[float],
    loadings_mol_per_kg: Float[np.ndarray, "loadings"],
    pressure_ranges_pa: Sequence[tuple[float, float]] | None = None,
) -> IsostericHeats:
    r"""Isosteric heat by Clausius-Clapeyron.

    .. math:: Q_{st} = -R \left( \frac{\partial \ln p}{\partial (1/T)} \right)_n

    Parameters
    ----------
    models:
        Fitted isotherm at each temperature.
    temperatures:
        Temperatures [K].
    loadings_mol_per_kg:
        Loadings at which the heat is wanted [mol/kg].
    pressure_ranges_pa:
        Range of the data of each isotherm [Pa]; a loading that lies outside of one of them gets
        NaN. Without it the models are trusted everywhere.

    Raises
    ------
    ConfigError
        There are fewer than two different temperatures.
    """
    if len(set(temperatures)) < 2 or len(models) != len(temperatures):
        raise ConfigError(
            "an isosteric heat needs isotherms at two different temperatures or more; got "
            + (", ".join(f"{t:g} K" for t in temperatures) or "none")
        )
    logs = np.full((len(loadings_mol_per_kg), len(models)), np.nan)
    for column, model in enumerate(models):
        for row, loading in enumerate(loadings_mol_per_kg):
            pressure = pressure_at_loading(model, float(loading))
            if pressure_ranges_pa is not None:
                low, high = pressure_ranges_pa[column]
                pressure = pressure if low <= pressure <= high else float("nan")
            logs[row, column] = np.log(pressure)
    inverse = 1.0 / np.array(temperatures)
    centred = inverse - inverse.mean()
    slope = logs @ centred / (centred @ centred)
    rest = logs - logs.mean(axis=1, keepdims=True) - np.outer(slope, centred)
    freedom = len(models) - 2
    error = np.full(len(slope), np.nan)
    if freedom > 0:
        error = np.sqrt((rest**2).sum(axis=1) / freedom / (centred @ centred))
    return IsostericHeats(
        loadings_mol_per_kg=loadings_mol_per_kg,
        heat_kj_per_mol=-1e-3 * GAS_CONSTANT * slope,
        heat_error=1e-3 * GAS_CONSTANT * error,
        temperatures=tuple(temperatures),
    )


def fit_temperatures(
    isotherms: Sequence[MeasuredIsotherm],
    *,
    form: SiteForm = "dual-site-langmuir",
    seed: int = 0,
    n_starts: int = 8,
) -> TemperatureModel:
    """Fit all temperatures at once: shared capacities, affinities by van 't Hoff.

    Parameters
    ----------
    isotherms:
        Isotherms at two different temperatures or more.
    form:
        Number of Langmuir sites.
    seed:
        Seed of the starting values.
    n_starts:
        Starts; the best end is kept.

    Raises
    ------
    ConfigError
        There are fewer than two temperatures, or only some isotherms have errors.
    ConvergenceError
        No start led anywhere.
    """
    if len({isotherm.temperature for isotherm in isotherms}) < 2:
        raise ConfigError("a van 't Hoff fit needs isotherms at two different temperatures or more")
    weighted = isotherms[0].errors is not None
    if any((isotherm.errors is not None) != weighted for isotherm in isotherms):
        raise ConfigError("either all isotherms or none must have errors")
    n_sites = _N_SITES[form]
    reference = float(np.mean([isotherm.temperature for isotherm in isotherms]))
    middle = min(isotherms, key=lambda isotherm: abs(isotherm.temperature - reference))
    first = fit_isotherm(
        middle.pressures_pa, middle.loadings_mol_per_kg, form=form, errors=middle.errors, seed=seed
    )
    p = np.concatenate([isotherm.pressures_pa for isotherm in isotherms])
    n = np.concatenate([isotherm.loadings_mol_per_kg for isotherm in isotherms])
    sigma = np.concatenate(
        [np.ones_like(i.pressures_pa) if i.errors is None else i.errors for i in isotherms]
    )
    t = np.concatenate([np.full(len(i.pressures_pa), i.temperature) for i in isotherms])
    shift = 1e3 / GAS_CONSTANT * (1.0 / t - 1.0 / reference)

    def loading(x: Float[np.ndarray, "numbers"]) -> Float[np.ndarray, "points"]:
        m, k = np.exp(x[:n_sites]), x[n_sites : 2 * n_sites]
        xp = np.exp(np.clip(k + np.outer(shift, x[2 * n_sites :]), -700, 600)) * p[:, None]
        return (xp / (1.0 + xp)) @ m

    rng = np.random.default_rng(seed)
    sites = np.array(first.model.values).reshape(-1, 2)
    best = None
    for start in range(n_starts):
        x0 = np.concatenate([np.log(sites[:, 0]), np.log(sites[:, 1]), np.full(n_sites, 25.0)])
        if start:
            x0 += np.repeat([0.3, 1.0, 8.0], n_sites) * rng.standard_normal(3 * n_sites)
        found = least_squares(lambda x: (loading(x) - n) / sigma, x0, x_scale="jac")
        if np.isfinite(found.cost) and (best is None or found.cost < best.cost):
            best = found
    if best is None:
        raise ConvergenceError("no start of the van 't Hoff fit led to an end; check the data")
    order = np.argsort(-best.x[n_sites : 2 * n_sites])
    places = np.concatenate([order, order + n_sites, order + 2 * n_sites])
    values = best.x[places]
    positive = np.exp(values[: 2 * n_sites])
    errors = parameter_errors(best.jac, cost=float(best.cost), weighted=weighted)[places]
    errors[: 2 * n_sites] *= positive
    return TemperatureModel(
        capacities=tuple(float(v) for v in positive[:n_sites]),
        affinities=tuple(float(v) for v in positive[n_sites:]),
        heats_kj_per_mol=tuple(float(v) for v in values[2 * n_sites :]),
        reference_temperature=reference,
        standard_errors=tuple(float(e) for e in errors),
        rmse_mol_per_kg=float(np.sqrt(np.mean((loading(best.x) - n) ** 2))),
        chi_square=2.0 * float(best.cost),
        n_points=len(p),
    )
