"""Fit a pattern with one or more phases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.fit import kernels
from porescope.diffraction.fit.config import FitConfig, ShapeName
from porescope.diffraction.fit.intensities import (
    Estimate,
    background_start,
    estimate_fixed_or_le_bail,
    needs_pawley,
)
from porescope.diffraction.fit.least_squares import (
    Normal,
    Outcome,
    eliminate_linear,
    minimise,
)
from porescope.diffraction.fit.metric import (
    cell_from_metric,
    cell_uncertainties,
    is_positive,
    lattice_from_metric,
)
from porescope.diffraction.fit.model import (
    Problem,
    active_parameters,
    jacobian,
    make_problem,
    parameter_bounds,
    peaks_of,
    profile_from_shape,
    start_parameters,
)
from porescope.diffraction.fit.pawley import LinearSystem, estimate_pawley, projected_jacobian
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.result import FitResult, FitStatus, PhaseFit
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.profile import ProfileParameters

_SHAPE_ORDER: tuple[ShapeName, ...] = get_args(ShapeName)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _State:
    """An estimate, and the factorised linear system where there is one."""

    estimate: Estimate
    system: LinearSystem | None = None

    @property
    def cost(self) -> float:
        """Weighted sum of squares."""
        return self.estimate.cost


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Engine:
    """Evaluations of one problem in one mode."""

    problem: Problem
    config: FitConfig

    def first(self, parameters: Float[np.ndarray, "parameters"]) -> _State:
        """State of the start, which knows no earlier one."""
        peaks = peaks_of(self.problem, parameters)
        if needs_pawley(self.config):
            return self._pawley(parameters)
        _, background = background_start(self.problem)
        estimate = estimate_fixed_or_le_bail(
            self.problem,
            peaks,
            area=self.problem.fixed_area * _mean_angle_factor(self.problem, peaks.s2),
            background=background,
            redistributions=self.config.redistributions,
        )
        return _State(estimate=estimate)

    def _pawley(self, parameters: Float[np.ndarray, "parameters"]) -> _State:
        estimate, system = estimate_pawley(
            self.problem, peaks_of(self.problem, parameters), config=self.config
        )
        return _State(estimate=estimate, system=system)

    def evaluate(
        self, parameters: Float[np.ndarray, "parameters"], before: _State | None
    ) -> _State | None:
        """State of a trial step; ``None`` where the cell is none."""
        problem = self.problem
        for index, basis in enumerate(problem.bases):
            if not is_positive(basis.vector(parameters[problem.cell_slice(index)])):
                return None
        if needs_pawley(self.config):
            return self._pawley(parameters)
        assert before is not None
        previous = before.estimate
        fixed = np.array(
            [not bool(np.any(problem.free[problem.phase == i])) for i in range(problem.n_phases)]
        )
        estimate = estimate_fixed_or_le_bail(
            problem,
            peaks_of(problem, parameters),
            area=previous.area,
            background=previous.background + np.sum(previous.curves[fixed], axis=0),
            redistributions=self.config.redistributions,
        )
        return _State(estimate=estimate)

    def normal(self, state: _State, active: Bool[np.ndarray, "parameters"]) -> Normal:
        """Normal equations at a state."""
        estimate = state.estimate
        slopes = jacobian(self.problem, estimate.peaks, estimate.area, active)
        if state.system is not None:
            slopes = projected_jacobian(self.problem, estimate.peaks, state.system, slopes)
            columns = np.zeros((0, slopes.shape[1]))
        else:
            columns = estimate.columns
        return eliminate_linear(
            slopes,
            columns=columns,
            weight=self.problem.weight,
            residual=estimate.residual,
        )


def _mean_angle_factor(
    problem: Problem, s2: Float[np.ndarray, "reflections"]
) -> Float[np.ndarray, "reflections"]:
    """Rough angle dependence of intensities, for the start of a Le Bail fit."""
    return 1.0 / np.maximum(s2, 1e-6)


def fit_pattern(
    pattern: Pattern,
    phases: FitPhase | tuple[FitPhase, ...] | list[FitPhase],
    *,
    config: FitConfig | None = None,
) -> FitResult:
    """Fit cell, zero, peak shape, background and intensities to a whole pattern.

    Parameters
    ----------
    pattern:
        Observed pattern with its radiation and standard uncertainties.
    phases:
        One or more phases; their cells are the start.
    config:
        Options; a Le Bail fit by default.

    Returns
    -------
    :
        The best state that was reached; ``status`` says how far it is to be trusted.

    Raises
    ------
    ConfigError
        Where the input cannot be fitted: no wavelength, no points in the range, no reflection in
        the range, a mode that needs structure factors which are not there.
    """
    config = FitConfig() if config is None else config
    phases = (phases,) if isinstance(phases, FitPhase) else tuple(phases)
    problem = make_problem(pattern, phases, config=config)
    profile = estimate_profile(problem) if config.profile is None else config.profile
    low, high = parameter_bounds(problem, phases, config=config)
    start = np.clip(start_parameters(problem, phases, config=config, profile=profile), low, high)
    active = active_parameters(problem, phases, config=config)
    engine = _Engine(problem=problem, config=config)
    outcome = _run_stages(engine, start=start, active=active, bounds=(low, high))
    return _result(engine, phases, outcome, active=active)


def _run_stages(
    engine: _Engine,
    *,
    start: Float[np.ndarray, "parameters"],
    active: Bool[np.ndarray, "parameters"],
    bounds: tuple[Float[np.ndarray, "parameters"], Float[np.ndarray, "parameters"]],
) -> Outcome[_State]:
    """First a robust approach with even weights and few parameters, then the fit proper."""
    problem, config = engine.problem, engine.config
    first = engine.first(start)
    floor = 1e-14 * float(np.sum(problem.weight * problem.observed**2))
    used = 0
    state, parameters = first, start
    if config.approach and np.any(active) and config.max_iterations > 4:
        parameters, used = _approach(engine, start=start, active=active, bounds=bounds)
        near = engine.first(parameters)
        # Never worse than the start in the weights that count.
        if near.cost < first.cost:
            state = near
        else:
            parameters = start
    outcome = minimise(
        engine.evaluate,
        engine.normal,
        start=parameters,
        first=state,
        active=active,
        bounds=bounds,
        max_iterations=config.max_iterations - used,
        # Sharing out intensities goes on for ever in ever smaller steps.
        tolerance=config.tolerance * (50.0 if config.mode == "le_bail" else 1.0),
        cost_floor=floor,
    )
    return replace(
        outcome,
        n_iterations=outcome.n_iterations + used,
        history=(first.cost, *outcome.history),
    )


def _approach(
    engine: _Engine,
    *,
    start: Float[np.ndarray, "parameters"],
    active: Bool[np.ndarray, "parameters"],
    bounds: tuple[Float[np.ndarray, "parameters"], Float[np.ndarray, "parameters"]],
) -> tuple[Float[np.ndarray, "parameters"], int]:
    """Parameters after a fit with weights that a strong peak cannot dominate.

    Counting statistics trust weak points so much that a small misfit of a strong peak's flank
    outweighs everything else. Far from the answer, even weights have the wider funnel.
    """
    problem, config = engine.problem, engine.config
    top = float(np.max(np.abs(problem.observed)))
    soft = 1.0 / (1.0 / problem.weight + (0.02 * top) ** 2)
    gentle = _Engine(problem=replace(problem, weight=soft), config=config)
    few = active.copy()
    few[problem.shape_offset + 1 :] = False
    few[problem.shape_offset + 4] = active[problem.shape_offset + 4]
    used = 0
    parameters = start
    for chosen, steps in ((few, 8), (active, 8)):
        room = min(steps, config.max_iterations // 3)
        if not np.any(chosen):
            continue
        outcome = minimise(
            gentle.evaluate,
            gentle.normal,
            start=parameters,
            first=gentle.first(parameters),
            active=chosen,
            bounds=bounds,
            max_iterations=room,
            tolerance=5e-3,
            cost_floor=1e-10 * float(np.sum(soft * problem.observed**2)),
        )
        parameters = outcome.parameters
        used += outcome.n_iterations
    return parameters, used


def estimate_profile(problem: Problem) -> ProfileParameters:
    """Start of the profile from the median width of the strongest peaks."""
    x = problem.two_theta
    _, background = background_start(problem)
    net = np.maximum(problem.observed - background, 0.0)
    step = float(np.median(np.diff(x)))
    smooth = np.convolve(net, np.array([0.25, 0.5, 0.25]), mode="same")
    inner = smooth[1:-1]
    tops = np.flatnonzero((inner >= smooth[:-2]) & (inner > smooth[2:])) + 1
    tops = tops[np.argsort(-smooth[tops])][:12]
    widths = []
    for top in tops:
        half = 0.5 * smooth[top]
        left, right = top, top
        while left > 0 and smooth[left] > half:
            left -= 1
        while right < len(x) - 1 and smooth[right] > half:
            right += 1
        widths.append(x[right] - x[left] - step)
    fwhm = float(np.clip(np.percentile(widths, 30), 1.5 * step, 1.0)) if widths else 0.1
    return ProfileParameters.from_fwhm(fwhm, eta=0.5)


def _result(
    engine: _Engine,
    phases: tuple[FitPhase, ...],
    outcome: Outcome[_State],
    *,
    active: Bool[np.ndarray, "parameters"],
) -> FitResult:
    """Residuals, uncertainties and the phases of the final state."""
    problem, config = engine.problem, engine.config
    estimate = outcome.state.estimate
    y = problem.observed + problem.given
    background = problem.given + estimate.background
    weighted_total = float(np.sum(problem.weight * y**2))
    net_total = float(np.sum(problem.weight * (y - background) ** 2))
    misfit = float(np.sum(problem.weight * estimate.residual**2))
    free_areas = 0
    if needs_pawley(config):
        free_areas = int(np.count_nonzero(estimate.peaks.stop > estimate.peaks.start))
    n_fixed = sum(not bool(np.any(problem.free[problem.phase == i])) for i in range(len(phases)))
    n_parameters = int(np.count_nonzero(active)) + len(problem.linear) + free_areas + n_fixed
    freedom = max(len(y) - n_parameters, 1)
    chi2 = misfit / freedom
    covariance = _covariance(engine, outcome, active) * max(chi2, 1.0)
    esd = np.zeros(problem.n_parameters)
    esd[active] = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    at = problem.shape_offset
    p = outcome.parameters
    has_intensity = bool(np.any(estimate.curves > 0.0))
    status, message = _status(outcome, config, has_intensity)
    total = float(np.sum(np.abs(y)))
    return FitResult(
        mode=config.mode,
        phases=tuple(
            _phase_fit(engine, phase, index, outcome, active, covariance, esd, chi2)
            for index, phase in enumerate(phases)
        ),
        two_theta_deg=problem.two_theta,
        observed=y,
        calculated=y - estimate.residual,
        background=background,
        background_coefficients=estimate.coefficients,
        zero_deg=float(p[at]),
        zero_esd=float(esd[at]),
        displacement_deg=float(p[at + 1]),
        displacement_esd=float(esd[at + 1]),
        profile=profile_from_shape(p[at + 2 : at + 8]),
        profile_esd=dict(zip(_SHAPE_ORDER, map(float, esd[at + 2 : at + 8]), strict=True)),
        rwp=_ratio(misfit, weighted_total),
        rwp_background_corrected=_ratio(misfit, net_total),
        rp=float(np.sum(np.abs(estimate.residual))) / total if total > 0.0 else 1.0,
        rexp=_ratio(float(freedom), weighted_total),
        chi2=chi2,
        n_parameters=n_parameters,
        n_iterations=outcome.n_iterations,
        converged=status == "converged",
        status=status,
        message=message,
        rwp_history=tuple(_ratio(cost, weighted_total) for cost in outcome.history),
    )


def _ratio(part: float, whole: float) -> float:
    """Square root of a ratio; 1 where there is nothing to divide by."""
    return float(np.sqrt(max(part, 0.0) / whole)) if whole > 0.0 else 1.0


def _status(
    outcome: Outcome[_State], config: FitConfig, has_intensity: bool
) -> tuple[FitStatus, str]:
    """How the fit ended."""
    if not has_intensity:
        return "no_intensity", "no peak of the phases is in the pattern: the scale went to zero"
    if outcome.stalled:
        return "stalled", "the normal equations lost their meaning; start nearer or refine less"
    if not outcome.converged:
        return (
            "max_iterations",
            f"not converged after {outcome.n_iterations} steps; raise max_iterations "
            f"(now {config.max_iterations}) or start nearer",
        )
    return "converged", f"converged after {outcome.n_iterations} steps"


def _covariance(
    engine: _Engine, outcome: Outcome[_State], active: Bool[np.ndarray, "parameters"]
) -> Float[np.ndarray, "active active"]:
    """Inverse of the normal matrix of the active parameters."""
    if not np.any(active):
        return np.zeros((0, 0))
    normal = engine.normal(outcome.state, active)
    size = np.sqrt(np.maximum(np.diag(normal.matrix), 1e-290))
    scaled = normal.matrix / np.outer(size, size)
    if not np.all(np.isfinite(scaled)):
        return np.full_like(scaled, np.nan)
    return np.linalg.pinv(scaled, rcond=1e-12, hermitian=True) / np.outer(size, size)


def _phase_fit(
    engine: _Engine,
    phase: FitPhase,
    index: int,
    outcome: Outcome[_State],
    active: Bool[np.ndarray, "parameters"],
    covariance: Float[np.ndarray, "active active"],
    esd: Float[np.ndarray, "parameters"],
    chi2: float,
) -> PhaseFit:
    """Cell, intensities and share of one phase."""
    problem = engine.problem
    estimate = outcome.state.estimate
    peaks = estimate.peaks
    p = outcome.parameters
    where = problem.cell_slice(index)
    basis = problem.bases[index]
    vector = basis.vector(p[where])
    cell_esd = np.zeros(6)
    if active[where].all():
        columns = (np.cumsum(active) - 1)[where]
        cell_esd = cell_uncertainties(basis, p[where], covariance[np.ix_(columns, columns)])
    mine = problem.phase == index
    rows = problem.row[mine]
    shape = problem.shape(p)
    position = np.array(
        [kernels._line(s2, problem.wavelengths[0], shape)[0] for s2 in peaks.s2[mine]]
    )
    free = bool(np.any(problem.free[mine]))
    area = estimate.area[mine] * (1.0 if free else peaks.line_weight[mine, 0])
    area_esd = np.full(len(rows), np.nan)
    system = outcome.state.system
    if system is not None:
        area_esd = _area_uncertainties(system, max(chi2, 1.0))[mine]
    total = float(np.sum(np.abs(estimate.curves)))
    scale_esd = float("nan")
    if not free:
        column = estimate.curves[index] / max(estimate.scale[index], 1e-300)
        scale_esd = float(np.sqrt(max(chi2, 1.0) / max(np.sum(problem.weight * column**2), 1e-300)))
    return PhaseFit(
        name=phase.name,
        lattice=lattice_from_metric(vector, like=phase.lattice),
        cell=cell_from_metric(vector),
        cell_esd=cell_esd,
        scale=float("nan") if free else float(estimate.scale[index]),
        scale_esd=scale_esd,
        march=float(p[problem.march_offset + index]),
        march_esd=float(esd[problem.march_offset + index]),
        u_overall=float(p[problem.u_offset + index]),
        hkl=phase.reflections.hkl[rows],
        d=1.0 / np.sqrt(peaks.s2[mine]),
        two_theta_deg=position,
        area=area,
        area_esd=area_esd,
        in_range=(position >= problem.two_theta[0]) & (position <= problem.two_theta[-1]),
        share=float(np.sum(np.abs(estimate.curves[index]))) / total if total > 0.0 else 0.0,
        curve=estimate.curves[index],
    )


def _area_uncertainties(system: LinearSystem, chi2: float) -> Float[np.ndarray, "reflections"]:
    """Standard uncertainties of the areas at fixed positions and shapes."""
    n = system.band.shape[1]
    if n > 2000:
        return np.full(n, np.nan)
    inverse, _ = system.solve(np.eye(n), np.zeros((len(system.schur), n)))
    return np.sqrt(np.maximum(np.diag(inverse), 0.0) * chi2)
