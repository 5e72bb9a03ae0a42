"""Scales, background and free intensities for given positions and widths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from porescope.diffraction.fit import kernels
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.model import Peaks, Problem, peak_curves


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Estimate:
    """A whole calculated pattern, with all that is linear in it solved for."""

    peaks: Peaks
    area: Float[np.ndarray, "reflections"]
    """Areas with scales included; fixed ones still lack their angle factors."""
    scale: Float[np.ndarray, "phases"]
    """Scale of the phases with fixed intensities, else 1."""
    coefficients: Float[np.ndarray, "terms"]
    """Of the background's terms."""
    curves: Float[np.ndarray, "phases points"]
    """Peaks of each phase."""
    background: Float[np.ndarray, "points"]
    """The terms' sum; the given background is not in it."""
    residual: Float[np.ndarray, "points"]
    """Observed less calculated."""
    cost: float
    """Weighted sum of squares, with restraints."""
    columns: Float[np.ndarray, "linear points"]
    """What the linear parameters multiply, less the free intensities."""


def solve_columns(
    columns: Float[np.ndarray, "linear points"],
    *,
    weight: Float[np.ndarray, "points"],
    target: Float[np.ndarray, "points"],
    n_positive: int = 0,
) -> Float[np.ndarray, "linear"]:
    """Weighted linear least squares; the last ``n_positive`` coefficients stay positive or 0."""
    n = len(columns)
    if n == 0:
        return np.zeros(0)
    normal, right = kernels._gram(columns, weight, target)
    size = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    normal = normal / np.outer(size, size) + 1e-12 * np.eye(n)
    right = right / size
    keep = np.ones(n, dtype=bool)
    out = np.zeros(n)
    while True:
        out[:] = 0.0
        out[keep] = np.linalg.solve(normal[np.ix_(keep, keep)], right[keep])
        negative = np.flatnonzero(out[n - n_positive :] < 0.0) + n - n_positive
        if len(negative) == 0:
            return out / size
        keep[negative] = False


def estimate_fixed_or_le_bail(
    problem: Problem,
    peaks: Peaks,
    *,
    area: Float[np.ndarray, "reflections"],
    background: Float[np.ndarray, "points"],
    redistributions: int,
) -> Estimate:
    """Share out the free intensities, then solve for background and scales.

    Parameters
    ----------
    area:
        Free areas so far.
    background:
        Background so far, and the curves of fixed phases.
    redistributions:
        Le Bail steps.
    """
    phase_free = np.array(
        [bool(np.any(problem.free[problem.phase == i])) for i in range(problem.n_phases)]
    )
    area = np.where(problem.free, area, peaks.fixed_area)
    curves = peak_curves(problem, peaks, area)
    if np.any(phase_free):
        target = problem.observed - background
        for _ in range(redistributions):
            area = kernels._redistribute(
                area,
                problem.free,
                np.sum(curves[phase_free], axis=0),
                target,
                peaks.start,
                peaks.stop,
                peaks.offset,
                peaks.values,
            )
            curves = peak_curves(problem, peaks, area)
        area = _balance(problem, peaks, area, curves[~phase_free])
        curves = peak_curves(problem, peaks, area)
    columns = np.concatenate([problem.linear, curves[~phase_free]])
    solution = solve_columns(
        columns,
        weight=problem.weight,
        target=problem.observed - np.sum(curves[phase_free], axis=0),
        n_positive=int(np.count_nonzero(~phase_free)),
    )
    n_terms = len(problem.linear)
    scale = np.ones(problem.n_phases)
    scale[~phase_free] = solution[n_terms:]
    curves = curves * scale[:, None]
    new_background = solution[:n_terms] @ problem.linear
    residual = problem.observed - new_background - np.sum(curves, axis=0)
    return Estimate(
        peaks=peaks,
        area=area * scale[problem.phase],
        scale=scale,
        coefficients=solution[:n_terms],
        curves=curves,
        background=new_background,
        residual=residual,
        cost=float(np.sum(problem.weight * residual**2)),
        columns=columns,
    )


def _balance(
    problem: Problem,
    peaks: Peaks,
    area: Float[np.ndarray, "reflections"],
    fixed_curves: Float[np.ndarray, "fixed points"],
) -> Float[np.ndarray, "reflections"]:
    """Free areas, scaled by a smooth factor that is solved for together with the background.

    Sharing out and fitting the background in turns converges very slowly where dense reflections
    can stand for background: what one gives up, the other takes only in part. A factor that is
    piecewise linear in the angle, solved jointly, moves such intensity in one step.
    """
    n_terms = len(problem.linear)
    if n_terms == 0:
        return area
    n_hats = int(np.clip(2 * n_terms, 4, 24))
    x = np.sqrt(peaks.s2)
    at = np.clip((x - x[0]) / max(x[-1] - x[0], 1e-12), 0.0, 1.0) * (n_hats - 1)
    hats = np.maximum(1.0 - np.abs(at - np.arange(n_hats)[:, None]), 0.0) * problem.free
    hats = hats[hats @ area > 1e-6 * float(np.sum(area))]
    curves = kernels._sum_weighted(
        hats * area,
        peaks.start,
        peaks.stop,
        peaks.offset,
        peaks.values,
        len(problem.two_theta),
    )
    seen = np.any(curves > 0.0, axis=1)
    hats, curves = hats[seen], curves[seen]
    if len(hats) == 0:
        return area
    solution = solve_columns(
        np.concatenate([problem.linear, fixed_curves, curves]),
        weight=problem.weight,
        target=problem.observed,
        n_positive=len(fixed_curves) + len(curves),
    )
    ground = solution[:n_terms] @ problem.linear + problem.given
    if np.min(ground) < min(0.0, float(np.min(problem.observed + problem.given))):
        # Reflections must not push the background below zero.
        return area
    factor = np.clip(solution[n_terms + len(fixed_curves) :], 0.5, 2.0) @ hats
    cover = np.sum(hats, axis=0)
    return area * np.where(cover > 1e-9, factor / np.maximum(cover, 1e-9), 1.0)


def background_start(
    problem: Problem, *, rounds: int = 30
) -> tuple[Float[np.ndarray, "terms"], Float[np.ndarray, "points"]]:
    """A first background beneath the peaks: points above the last curve are cut down to it."""
    y = problem.observed
    if len(problem.linear) == 0:
        return np.zeros(0), np.zeros(len(y))
    weight = np.ones(len(y))
    sigma = 1.0 / np.sqrt(problem.weight)
    normal, _ = kernels._gram(problem.linear, weight, weight)
    gram = np.linalg.pinv(normal, hermitian=True) @ problem.linear
    clipped = y.copy()
    coefficients = gram @ clipped
    for _ in range(rounds):
        curve = coefficients @ problem.linear
        clipped = np.minimum(clipped, curve + 0.5 * sigma)
        coefficients = gram @ clipped
    curve = coefficients @ problem.linear
    return coefficients, curve


def needs_pawley(config: FitConfig) -> bool:
    """Whether the intensities are parameters of the least squares."""
    return config.mode in ("pawley", "restrained")
