"""Free intensities as linear parameters of the least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import LinAlgError, cho_solve_banded, cholesky_banded

from porescope.diffraction.fit import kernels
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.intensities import Estimate, solve_columns
from porescope.diffraction.fit.model import Peaks, Problem, peak_curves
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation

_MAX_BAND = 400


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LinearSystem:
    """Factorised normal matrix of areas and background."""

    band: Float[np.ndarray, "band reflections"]
    """Cholesky factor of the areas' block."""
    coupling: Float[np.ndarray, "reflections terms"]
    """Areas against background."""
    solved_coupling: Float[np.ndarray, "reflections terms"]
    schur: Float[np.ndarray, "terms terms"]
    """Inverse of the background's block once the areas are eliminated."""

    def solve(
        self, area: Float[np.ndarray, "reflections right"], terms: Float[np.ndarray, "terms right"]
    ) -> tuple[Float[np.ndarray, "reflections right"], Float[np.ndarray, "terms right"]]:
        """Solve for areas and background coefficients."""
        first = cho_solve_banded((self.band, True), area)
        background = self.schur @ (terms - self.coupling.T @ first)
        return first - self.solved_coupling @ background, background


def prior_areas(
    problem: Problem, peaks: Peaks, *, config: FitConfig
) -> tuple[Float[np.ndarray, "reflections"], Float[np.ndarray, "reflections"]]:
    """Expected areas and their relative standard deviations in the restrained mode."""
    angle = _angle_factor(problem, peaks)
    fixed = peaks.fixed_area * angle
    curves = peak_curves(problem, peaks, fixed)
    solution = solve_columns(
        np.concatenate([problem.linear, curves]),
        weight=problem.weight,
        target=problem.observed,
        n_positive=problem.n_phases,
    )
    scale = solution[len(problem.linear) :]
    share = np.clip((1.0 / np.sqrt(peaks.s2) - 3.0) / 7.0, 0.0, 1.0)
    sigma = config.restraint + share * (config.restraint_low_angle - config.restraint)
    return fixed * scale[problem.phase], sigma


def _angle_factor(problem: Problem, peaks: Peaks) -> Float[np.ndarray, "reflections"]:
    """Lorentz-polarisation factor of the first line."""
    sine = np.minimum(0.5 * np.sqrt(peaks.s2) * problem.wavelengths[0], 0.9999)
    return lorentz_polarisation(np.rad2deg(2.0 * np.arcsin(sine)), problem.radiation)


def estimate_pawley(
    problem: Problem, peaks: Peaks, *, config: FitConfig
) -> tuple[Estimate, LinearSystem]:
    """Solve for all areas and the background, with restraints where reflections overlap."""
    n = len(peaks.s2)
    reach = np.searchsorted(peaks.start, peaks.stop, side="left") - np.arange(n)
    width = int(min(max(np.max(reach), 1), n - 1 if n > 1 else 1, _MAX_BAND))
    band = kernels._overlap_band(
        problem.weight, peaks.start, peaks.stop, peaks.offset, peaks.values, width
    )
    right_side = problem.weight * problem.observed
    weighted_terms = problem.linear * problem.weight
    projected = kernels._project(
        np.ascontiguousarray(np.concatenate([right_side[None], weighted_terms]).T),
        peaks.start,
        peaks.stop,
        peaks.offset,
        peaks.values,
    )
    right = projected[:, 0].copy()
    diagonal = band[0].copy()
    typical = float(np.median(diagonal[diagonal > 0.0])) if np.any(diagonal > 0.0) else 1.0
    penalty_target = np.zeros(n)
    penalty = np.full(n, 1e-8 * typical)
    if config.mode == "restrained":
        expected, sigma = prior_areas(problem, peaks, config=config)
        floor = 1e-3 * float(np.max(expected)) if np.any(expected > 0.0) else 1.0
        penalty = penalty + 1.0 / (sigma * np.maximum(expected, floor)) ** 2
        penalty_target = np.where(penalty > 0.0, expected, 0.0)
    band[0] += penalty
    right += penalty * penalty_target
    first, strength = _overlap_links(problem, peaks, config)
    # In units of chi²: a pair costs about `overlap_restraint` where one takes all from the other.
    size = np.abs(right) / np.maximum(diagonal, 1e-3 * typical)
    size = np.maximum(size, max(1e-4 * float(np.max(size)), 1e-100))
    strength = strength / np.maximum(size[first], size[first + 1]) ** 2
    share, next_share = 1.0 / problem.multiplicity[first], 1.0 / problem.multiplicity[first + 1]
    scale = np.minimum(problem.multiplicity[first], problem.multiplicity[first + 1])
    share, next_share = share * scale, next_share * scale
    band[0, first] += strength * share**2
    band[0, first + 1] += strength * next_share**2
    if len(first):
        band[1, first] -= strength * share * next_share
    system = _factorise(band, projected[:, 1:], weighted_terms @ problem.linear.T, typical)
    area, coefficients = system.solve(right[:, None], (problem.linear @ right_side)[:, None])
    area, coefficients = area[:, 0], coefficients[:, 0]
    curves = peak_curves(problem, peaks, area)
    background = coefficients @ problem.linear
    residual = problem.observed - background - np.sum(curves, axis=0)
    cost = float(np.sum(problem.weight * residual**2))
    cost += float(np.sum(penalty * (area - penalty_target) ** 2))
    cost += float(np.sum(strength * (share * area[first] - next_share * area[first + 1]) ** 2))
    estimate = Estimate(
        peaks=peaks,
        area=area,
        scale=np.ones(problem.n_phases),
        coefficients=coefficients,
        curves=curves,
        background=background,
        residual=residual,
        cost=cost,
        columns=problem.linear,
    )
    return estimate, system


def _overlap_links(
    problem: Problem, peaks: Peaks, config: FitConfig
) -> tuple[Int[np.ndarray, "links"], Float[np.ndarray, "links"]]:
    """Reflections whose next one is nearer than their width, and how strongly both are tied.

    What is tied is the area divided by the multiplicity.
    """
    if len(peaks.s2) < 2 or config.mode != "pawley":
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    position = np.rad2deg(
        2.0 * np.arcsin(np.minimum(0.5 * np.sqrt(peaks.s2) * problem.wavelengths[0], 0.9999))
    )
    gap = np.diff(position)
    shape = problem.shape(peaks.parameters)
    width = np.array([kernels._line(s2, problem.wavelengths[0], shape)[1] for s2 in peaks.s2[:-1]])
    closeness = 1.0 - gap / (0.5 * width)
    first = np.flatnonzero(closeness > 0.0)
    return first, config.overlap_restraint * closeness[first]


def _factorise(
    band: Float[np.ndarray, "band reflections"],
    coupling: Float[np.ndarray, "reflections terms"],
    terms: Float[np.ndarray, "terms terms"],
    typical: float,
) -> LinearSystem:
    """Cholesky factors; the diagonal grows until the matrix is positive."""
    ridge = 0.0
    for power in range(-10, 1):
        try:
            factor = cholesky_banded(band + _on_diagonal(band, ridge), lower=True)
            break
        except LinAlgError:
            ridge = typical * 10.0**power
    else:
        factor = cholesky_banded(_on_diagonal(band, typical), lower=True)
    solved = cho_solve_banded((factor, True), coupling)
    schur = terms - coupling.T @ solved
    return LinearSystem(
        band=factor,
        coupling=coupling,
        solved_coupling=solved,
        schur=np.linalg.pinv(schur, hermitian=True) if len(schur) else schur,
    )


def _on_diagonal(
    band: Float[np.ndarray, "band reflections"], value: float
) -> Float[np.ndarray, "band reflections"]:
    """A band matrix with one value on its diagonal."""
    out = np.zeros_like(band)
    out[0] = value
    return out


def projected_jacobian(
    problem: Problem,
    peaks: Peaks,
    system: LinearSystem,
    columns: Float[np.ndarray, "active points"],
) -> Float[np.ndarray, "active points"]:
    """Derivatives once areas and background have followed (Kaufman's variable projection)."""
    weighted = columns * problem.weight
    right = kernels._project(
        np.ascontiguousarray(weighted.T), peaks.start, peaks.stop, peaks.offset, peaks.values
    )
    area, terms = system.solve(right, problem.linear @ weighted.T)
    out = columns - terms.T @ problem.linear
    for j in range(len(columns)):
        out[j] -= np.sum(peak_curves(problem, peaks, np.ascontiguousarray(area[:, j])), axis=0)
    return out
