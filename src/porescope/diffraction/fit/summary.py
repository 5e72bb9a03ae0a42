"""From the end of a fit to what is reported: residuals, uncertainties, phases."""

from __future__ import annotations

from typing import get_args

import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.fit import kernels
from porescope.diffraction.fit.config import FitConfig, ShapeName
from porescope.diffraction.fit.engine import FitEngine, FitState
from porescope.diffraction.fit.intensities import needs_pawley
from porescope.diffraction.fit.least_squares import Outcome
from porescope.diffraction.fit.metric import (
    cell_from_metric,
    cell_uncertainties,
    lattice_from_metric,
)
from porescope.diffraction.fit.parameters import profile_from_shape
from porescope.diffraction.fit.pawley import LinearSystem
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.result import FitResult, FitStatus, PhaseFit

_SHAPE_ORDER: tuple[ShapeName, ...] = get_args(ShapeName)


def result_of_fit(
    engine: FitEngine,
    phases: tuple[FitPhase, ...],
    outcome: Outcome[FitState],
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
    outcome: Outcome[FitState], config: FitConfig, has_intensity: bool
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
    engine: FitEngine, outcome: Outcome[FitState], active: Bool[np.ndarray, "parameters"]
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
    engine: FitEngine,
    phase: FitPhase,
    index: int,
    outcome: Outcome[FitState],
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
