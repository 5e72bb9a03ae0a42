"""Fitting analytic isotherms to loadings, and choosing between them.

Non-linear least squares from several seeded starts; positive parameters are fitted as logarithms.
Forms are compared by the corrected Akaike criterion: C. M. Hurvich and C.-L. Tsai, Biometrika 76
(1989) 297, https://doi.org/10.1093/biomet/76.2.297.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import OptimizeResult, least_squares

from porescope.adsorption.isotherm_models import (
    IsothermModel,
    ParameterKind,
    form_named,
    form_names,
)
from porescope.errors import ConfigError, ConvergenceError

_AT_LIMIT = 1e-3


_SHORT = 15  # evaluations of a start
_FINALISTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class IsothermFit:
    """A form fitted to one isotherm."""

    model: IsothermModel
    """The fitted model."""
    standard_errors: tuple[float, ...]
    """Standard error of each parameter, in its unit; infinite where the data do not fix it."""
    at_limit: tuple[str, ...]
    """Parameters that stopped at the limit of what is allowed."""
    rmse_mol_per_kg: float
    """Root mean square deviation, without weights [mol/kg]."""
    chi_square: float
    """Sum of squared deviations over the errors; over 1 mol/kg where no errors were given."""
    n_points: int
    """Points that were fitted."""
    aicc: float
    """Corrected Akaike criterion; infinite where there are too few points."""
    weighted: bool
    """Whether errors of the loadings were given."""
    pressure_range_pa: tuple[float, float]
    """Lowest and highest pressure of the data [Pa]."""

    @property
    def n_parameters(self) -> int:
        """Number of fitted parameters."""
        return len(self.model.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitTable:
    """Several forms fitted to the same data, the best first."""

    fits: tuple[IsothermFit, ...]
    """Fits by rising AICc; those that stopped at a limit come last, since the data do not fix
    them, and they extrapolate wildly."""
    left_out: tuple[tuple[str, str], ...]
    """Forms that were not fitted, each with the reason."""

    @property
    def best(self) -> IsothermFit:
        """The fit of the lowest AICc among those whose parameters lie within their limits."""
        return self.fits[0]

    @property
    def akaike_weights(self) -> tuple[float, ...]:
        """Share of the evidence for each fit; they add up to 1. Nothing for a fit at a limit."""
        all_at_limit = bool(self.best.at_limit)
        usable = np.array([all_at_limit or not fit.at_limit for fit in self.fits])
        relative = np.array([max(fit.aicc - self.best.aicc, 0.0) for fit in self.fits])
        weights = np.where(usable, np.exp(-0.5 * relative), 0.0)
        return tuple(float(w) for w in weights / weights.sum())


def fit_isotherm(
    pressures_pa: Float[np.ndarray, "points"],
    loadings_mol_per_kg: Float[np.ndarray, "points"],
    *,
    form: str,
    errors: Float[np.ndarray, "points"] | None = None,
    seed: int = 0,
    n_starts: int = 12,
) -> IsothermFit:
    """Fit one form.

    Parameters
    ----------
    pressures_pa:
        Pressures, or fugacities if the model shall give loadings over fugacity [Pa].
    loadings_mol_per_kg:
        Loadings [mol/kg].
    form:
        Name of the form; see :func:`porescope.adsorption.isotherm_models.form_names`.
    errors:
        Standard errors of the loadings [mol/kg]. Without them every point weighs the same.
    seed:
        Seed of the starting values.
    n_starts:
        Short starts; the best of them are followed to their end, and the best end is kept.

    Returns
    -------
    :
        The fit. Standard errors are enlarged by the root of chi square per degree of freedom
        where that is above 1, or where no errors were given.

    Raises
    ------
    ConfigError
        There are fewer points than parameters, or values that are no loadings.
    ConvergenceError
        No start led anywhere.
    """
    p, n, sigma = _checked(pressures_pa, loadings_mol_per_kg, errors)
    family = form_named(form)
    kinds: tuple[ParameterKind, ...] = tuple(row.kind for row in family.parameters)
    if len(p) < len(kinds):
        raise ConfigError(
            f"{form} has {len(kinds)} parameters and there are {len(p)} points; measure more, or "
            "choose a form with fewer"
        )
    limits = [_limits(kind, p=p, n=n) for kind in kinds]
    low, high = (np.array([pair[i] for pair in limits]) for i in (0, 1))

    def residuals(x: Float[np.ndarray, "parameters"]) -> Float[np.ndarray, "points"]:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = (family.loading(p, *_values(x, kinds)) - n) / sigma
        return np.where(np.isfinite(found), found, 1e8)

    generator = np.random.default_rng(seed)
    ends: list[OptimizeResult] = []
    for start in range(n_starts):
        draw = np.array([_start(k, p=p, n=n, rng=generator, first=start == 0) for k in kinds])
        ends.append(
            least_squares(
                residuals,
                np.clip(draw, low + 1e-9, high - 1e-9),
                bounds=(low, high),
                x_scale="jac",
                max_nfev=_SHORT,
            )
        )
    best: OptimizeResult | None = None
    for end in sorted((e for e in ends if np.isfinite(e.cost)), key=lambda e: e.cost)[:_FINALISTS]:
        found = least_squares(residuals, end.x, bounds=(low, high), x_scale="jac")
        if np.isfinite(found.cost) and (best is None or found.cost < best.cost * (1 - 1e-10)):
            best = found
    if best is None:
        raise ConvergenceError(f"no start of the fit of {form} led to an end; check the data")
    return _fit(best, form=form, limits=(low, high), data=(p, n), weighted=errors is not None)


def compare_forms(
    pressures_pa: Float[np.ndarray, "points"],
    loadings_mol_per_kg: Float[np.ndarray, "points"],
    *,
    forms: Sequence[str] | None = None,
    errors: Float[np.ndarray, "points"] | None = None,
    seed: int = 0,
    n_starts: int = 12,
) -> FitTable:
    """Fit several forms and order them by the corrected Akaike criterion.

    Parameters
    ----------
    pressures_pa, loadings_mol_per_kg, errors, seed, n_starts:
        As in :func:`fit_isotherm`.
    forms:
        Names of the forms; all of them by default.

    Returns
    -------
    :
        The fits, the best first. A form for which there are too few points to judge it is left
        out, with the reason.

    Raises
    ------
    ConfigError
        No form can be fitted to so few points.
    """
    fits: list[IsothermFit] = []
    left_out: list[tuple[str, str]] = []
    for form in form_names() if forms is None else forms:
        needed = len(form_named(form).parameters) + 2 + (errors is None)
        if len(pressures_pa) < needed:
            left_out.append((form, f"needs {needed} points or more to be judged"))
            continue
        fits.append(
            fit_isotherm(
                pressures_pa,
                loadings_mol_per_kg,
                form=form,
                errors=errors,
                seed=seed,
                n_starts=n_starts,
            )
        )
    if not fits:
        raise ConfigError(
            f"{len(pressures_pa)} points are too few to judge any of these isotherms: "
            + "; ".join(f"{form} {reason}" for form, reason in left_out)
        )
    ordered = sorted(fits, key=lambda fit: (bool(fit.at_limit), fit.aicc))
    return FitTable(fits=tuple(ordered), left_out=tuple(left_out))


def parameter_errors(
    jacobian: Float[np.ndarray, "points parameters"], *, cost: float, weighted: bool
) -> Float[np.ndarray, "parameters"]:
    """Standard errors of fitted numbers from the Jacobian of the weighted deviations.

    Parameters
    ----------
    jacobian:
        Derivatives of the weighted deviations.
    cost:
        Half the sum of their squares.
    weighted:
        Whether the deviations are over known errors.
    """
    n_points, n_parameters = jacobian.shape
    freedom = n_points - n_parameters
    if freedom <= 0:
        return np.full(n_parameters, np.inf)
    scale = 2.0 * cost / freedom
    scale = max(scale, 1.0) if weighted else scale
    _, singular, rotation = np.linalg.svd(jacobian, full_matrices=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = ((rotation / singular[:, None]) ** 2).sum(axis=0) * scale
    return np.sqrt(np.where(np.isfinite(variance), variance, np.inf))


def _checked(
    pressures: Float[np.ndarray, "points"],
    loadings: Float[np.ndarray, "points"],
    errors: Float[np.ndarray, "points"] | None,
) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"], Float[np.ndarray, "points"]]:
    sigma = np.ones_like(loadings) if errors is None else errors
    if not np.all(np.isfinite(pressures) & (pressures > 0.0)):
        raise ConfigError("expected pressures above zero; leave the point at zero pressure out")
    if not np.all(np.isfinite(loadings)) or not np.any(loadings > 0.0):
        raise ConfigError("expected finite loadings, at least one of them above zero")
    if not np.all(np.isfinite(sigma) & (sigma > 0.0)):
        raise ConfigError(
            "expected errors above zero for all loadings; leave the errors out to weigh alike"
        )
    order = np.argsort(pressures, kind="stable")
    return pressures[order], loadings[order], sigma[order]


def _limits(
    kind: ParameterKind, *, p: Float[np.ndarray, "points"], n: Float[np.ndarray, "points"]
) -> tuple[float, float]:
    """Limits of the fitted number: of the logarithm, but for a signed parameter."""
    most, low, high = float(n.max()), float(p[0]), float(p[-1])
    match kind:
        case "capacity":
            limits = (1e-6 * most, 1e3 * most)
        case "affinity":
            limits = (1e-6 / high, 1e8 / low)
        case "slope":
            limits = (1e-12 * most / high, 1e6 * most / low)
        case "squared":
            limits = (1e-12 / high**2, 1e12 / low**2)
        case "vapour":
            limits = (1e-9 / high, 0.999 / high)
        case "exponent":
            limits = (0.05, 8.0)
        case "signed":
            return -20.0, 20.0
    return float(np.log(limits[0])), float(np.log(limits[1]))


def _start(
    kind: ParameterKind,
    *,
    p: Float[np.ndarray, "points"],
    n: Float[np.ndarray, "points"],
    rng: np.random.Generator,
    first: bool,
) -> float:
    """A starting value of the fitted number; the first start is the plain guess."""
    most, low, high = float(n.max()), float(p[0]), float(p[-1])
    half = float(p[int(np.argmin(np.abs(n - 0.5 * most)))])
    spread = rng.uniform()
    match kind:
        case "capacity":
            return float(np.log(most * (1.2 if first else 10.0 ** (spread * 1.6 - 1.0))))
        case "affinity":
            wide = np.log(0.03 / high) + spread * np.log(1e3 * high / low)
            return float(np.log(1.0 / half) if first else wide)
        case "slope":
            return float(np.log(float(np.median(n / p).clip(1e-9 * most / high))))
        case "squared":
            return float(2.0 * (np.log(0.1 / half) if first else np.log(1e-2 / half) + 4 * spread))
        case "vapour":
            return float(np.log((0.1 if first else 0.9 * 10.0 ** (-3.0 * spread)) / high))
        case "exponent":
            return float(np.log(1.0 if first else 0.4 + 1.4 * spread))
        case "signed":
            return 0.0 if first else 4.0 * spread - 2.0


def _values(x: Float[np.ndarray, "parameters"], kinds: Sequence[ParameterKind]) -> list[float]:
    return [
        float(v) if kind == "signed" else float(np.exp(v)) for v, kind in zip(x, kinds, strict=True)
    ]


def _fit(
    found: OptimizeResult,
    *,
    form: str,
    limits: tuple[Float[np.ndarray, "parameters"], Float[np.ndarray, "parameters"]],
    data: tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"]],
    weighted: bool,
) -> IsothermFit:
    family = form_named(form)
    kinds: tuple[ParameterKind, ...] = tuple(row.kind for row in family.parameters)
    values = np.array(_values(found.x, kinds))
    relative = parameter_errors(found.jac, cost=float(found.cost), weighted=weighted)
    signed = np.array([kind == "signed" for kind in kinds])
    errors = relative * np.where(signed, 1.0, values)
    close = np.minimum(found.x - limits[0], limits[1] - found.x) < _AT_LIMIT
    order = _site_order(form, values)
    p, n = data
    deviation = np.asarray(family.loading(p, *values)) - n
    chi_square = 2.0 * float(found.cost)
    return IsothermFit(
        model=IsothermModel(form=form, values=tuple(float(v) for v in values[order])),
        standard_errors=tuple(float(e) for e in errors[order]),
        at_limit=tuple(
            parameter.name
            for parameter, is_close in zip(family.parameters, close[order], strict=True)
            if is_close
        ),
        rmse_mol_per_kg=float(np.sqrt(np.mean(deviation**2))),
        chi_square=chi_square,
        n_points=len(p),
        aicc=_aicc(chi_square, n_points=len(p), n_parameters=len(values), weighted=weighted),
        weighted=weighted,
        pressure_range_pa=(float(p[0]), float(p[-1])),
    )


def _site_order(form: str, values: Float[np.ndarray, "parameters"]) -> list[int]:
    """Order of the parameters in which the strongest site comes first."""
    width = {"dual-site-langmuir": 2, "triple-site-langmuir": 2, "dual-site-sips": 3}.get(form)
    if width is None:
        return list(range(len(values)))
    sites = [list(range(at, at + width)) for at in range(0, len(values), width)]
    sites.sort(key=lambda site: -values[site[1]])
    return [place for site in sites for place in site]


def _aicc(chi_square: float, *, n_points: int, n_parameters: int, weighted: bool) -> float:
    """With known errors the likelihood is known; without, their size is one more parameter."""
    k = n_parameters if weighted else n_parameters + 1
    if n_points - k - 1 <= 0:
        return float("inf")
    floor = max(chi_square, 1e-300)
    misfit = chi_square if weighted else n_points * float(np.log(floor / n_points))
    return misfit + 2.0 * k + 2.0 * k * (k + 1) / (n_points - k - 1)
