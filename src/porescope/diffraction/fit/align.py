"""Capture of cells that are some percent off: scan of the strains, then fits.

Least squares finds the nearest minimum, which is the right one only while lines overlap with
their observed ones. The scan compares the blurred pattern with the blurred calculated one for a
grid over the lengths that symmetry leaves free, climbs from the best points while the blur
narrows, and hands a few cells to the fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from porescope.diffraction.fit import align_kernels as kernels
from porescope.diffraction.fit.align_target import N_TABLE, AlignTarget, target_from_pattern
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.metric import (
    index_products,
    is_positive,
    lattice_from_metric,
    metric_vector,
)
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.refine import fit_pattern
from porescope.diffraction.fit.result import FitResult
from porescope.diffraction.pattern import Pattern
from porescope.errors import ConfigError

_PAIRS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignConfig:
    """How far and how finely cells are scanned."""

    max_strain: float = 0.04
    """Largest change of a length, as a share."""
    max_angle_deg: float = 1.5
    """Largest change of an angle where angles are free [°]."""
    coarse_step: float = 0.005
    """Step of the grid over lengths."""
    n_climbs: int = 40
    """Points of the grid that are climbed from."""
    n_best: int = 8
    """Cells that are returned."""
    max_reflections: int = 80
    """Strongest reflections that are compared."""
    power: float = 0.5
    """Intensities are raised to this power."""

    def __post_init__(self) -> None:
        if not (0.0 < self.max_strain < 0.3 and self.coarse_step > 0.0):
            raise ConfigError(
                f"max_strain must lie between 0 and 0.3 and coarse_step above 0, got "
                f"{self.max_strain} and {self.coarse_step}"
            )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AlignedCell:
    """A cell that makes the lines of a phase fall on observed ones."""

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    score: float
    """Cosine at the narrowest blur, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Strains:
    """How strains change the metric of one phase."""

    x0: Float[np.ndarray, "free"]
    scale_axis: Int[np.ndarray, "3"]
    pair: Int[np.ndarray, "free 2"]
    size: Float[np.ndarray, "free"]
    basis: Float[np.ndarray, "free 6"]
    n_lengths: int
    """Diagonal pivots; they come first."""


def _strains(phase: FitPhase) -> _Strains:
    """Strain coordinates that symmetry leaves free: lengths first, then angles."""
    free = phase.free_metric
    metric = metric_vector(phase.lattice)
    pair = np.array([_PAIRS[p] for p in free.pivots])
    n_lengths = sum(p < 3 for p in free.pivots)
    follow = np.array([int(np.argmax(np.abs(free.basis[:n_lengths, axis]))) for axis in range(3)])
    return _Strains(
        x0=metric[list(free.pivots)],
        scale_axis=follow,
        pair=pair,
        size=2.0 * np.sqrt(metric[pair[:, 0]] * metric[pair[:, 1]]),
        basis=free.basis,
        n_lengths=n_lengths,
    )


def align_cell(
    target: AlignTarget, phase: FitPhase, *, config: AlignConfig | None = None
) -> list[AlignedCell]:
    """Cells near that of a phase whose lines fall on observed ones, best first.

    Parameters
    ----------
    target:
        From :func:`target_from_pattern` or :func:`target_from_peaks`.
    phase:
        Cell, symmetry and reflections with structure factors.
    config:
        Range and steps.

    Returns
    -------
    :
        At most ``n_best`` cells, none within half a step of a better one.

    Raises
    ------
    ConfigError
        Where the phase has no structure factors.
    """
    config = AlignConfig() if config is None else config
    strains = _strains(phase)
    products, amplitude = _strongest(target, phase, config)
    n = len(strains.x0)
    # Angles join the grid where the free lengths alone cannot strain each axis by its own.
    n_grid = n if strains.n_lengths < 3 and n <= 4 else strains.n_lengths
    half = int(np.ceil(config.max_strain / config.coarse_step))
    counts = np.full(n_grid, 2 * half + 1)
    step = np.full(n, config.coarse_step)
    limit = np.full(n, config.max_strain)
    if strains.n_lengths == 3:
        limit[3:] = np.deg2rad(config.max_angle_deg) / 2.0
        step[3:] = np.deg2rad(0.25) / 2.0
    geometry = (
        strains.x0, strains.scale_axis, strains.pair, strains.size, strains.basis,
        products, amplitude,
    )  # fmt: skip
    broad = target.levels[0]
    table = (target.factor, target.inverse_step)
    scores = kernels._grid_scores(
        counts, -half * step[:n_grid], step[:n_grid], n, *geometry,
        broad.observed, broad.bins, *table, broad.n_bins,
    )  # fmt: skip
    best = np.argsort(-scores)[: config.n_climbs * 4]
    points = np.stack(np.unravel_index(best, tuple(counts)), axis=1)
    points = points[_apart(points, 1.5)][: config.n_climbs]
    start = np.zeros((len(points), n))
    start[:, :n_grid] = (points - half) * step[:n_grid]
    halvings = 2
    for index, level in enumerate(target.levels):
        if index + 1 == len(target.levels):
            halvings = 4
        start, scores = kernels._climb(
            start, step * 0.5**(index + 1), halvings, limit, *geometry,
            level.observed, level.bins, *table, level.n_bins,
        )  # fmt: skip
    order = np.argsort(-scores)
    start, scores = start[order], scores[order]
    keep = _apart(start / step, 0.3)
    return _cells(phase, strains, start[keep], scores[keep], config.n_best)


def _cells(
    phase: FitPhase,
    strains: _Strains,
    points: Float[np.ndarray, "cells free"],
    scores: Float[np.ndarray, "cells"],
    n_best: int,
) -> list[AlignedCell]:
    """Lattices of strains."""
    cells = []
    metric = np.zeros(6)
    for point, score in zip(points, scores, strict=True):
        kernels._metric(
            point, strains.x0, strains.scale_axis, strains.pair, strains.size, strains.basis,
            metric,
        )  # fmt: skip
        if is_positive(metric):
            lattice = lattice_from_metric(metric, like=phase.lattice)
            cells.append(AlignedCell(lattice=lattice, score=float(score)))
        if len(cells) == n_best:
            break
    return cells


def _strongest(
    target: AlignTarget, phase: FitPhase, config: AlignConfig
) -> tuple[Float[np.ndarray, "peaks 6"], Float[np.ndarray, "peaks"]]:
    """Index products and amplitudes of the strongest reflections in the range."""
    f_squared = phase.reflections.f_squared
    if f_squared is None:
        raise ConfigError(
            f"phase {phase.name!r} has no structure factors, which the alignment needs; "
            "use reflections_of(crystal, ...)"
        )
    products = index_products(phase.reflections.hkl)
    s2 = products @ metric_vector(phase.lattice)
    amplitude = np.maximum(f_squared * phase.reflections.multiplicity, 0.0) ** target.power
    at = np.minimum((s2 * target.inverse_step).astype(np.int64), N_TABLE - 1)
    reach = (1.0 + config.max_strain) ** 2
    inside = (s2 * target.inverse_step < N_TABLE * reach) & (
        target.levels[0].bins[np.minimum((at * reach).astype(np.int64), N_TABLE - 1)] >= 0
    )
    strength = np.where(inside, amplitude * target.factor[at], -1.0)
    chosen = np.argsort(-strength)[: config.max_reflections]
    chosen = chosen[strength[chosen] > 0.0]
    return np.ascontiguousarray(products[chosen]), amplitude[chosen].astype(np.float64)


def _apart(points: Float[np.ndarray, "points n"] | Int[np.ndarray, "points n"], gap: float):
    """Indices of points that are not within a gap of an earlier one, in every coordinate."""
    kept: list[int] = []
    for index, point in enumerate(points):
        if all(np.max(np.abs(point - points[other])) >= gap for other in kept):
            kept.append(index)
    return np.array(kept, dtype=np.int64)


def capture_cell(
    pattern: Pattern,
    phase: FitPhase,
    *,
    config: FitConfig | None = None,
    align: AlignConfig | None = None,
    target: AlignTarget | None = None,
    good_enough: float = 0.002,
) -> FitResult:
    """Align the cell of a phase with known structure factors, then fit it.

    Parameters
    ----------
    pattern:
        Observed pattern.
    phase:
        Phase whose cell is some percent off.
    config:
        Options of the fit; fixed intensities by default.
    align:
        Options of the scan.
    target:
        The prepared pattern, where many phases are captured in one.
    good_enough:
        A start that reaches this Rwp ends the trials.

    Returns
    -------
    :
        The fit with the lowest Rwp.
    """
    config = FitConfig(mode="fixed") if config is None else config
    if target is None:
        target = target_from_pattern(
            pattern,
            background=config.background,
            two_theta_range_deg=config.two_theta_range_deg,
        )
    quick = replace(config, max_iterations=min(config.max_iterations, 16))
    best: FitResult | None = None
    for cell in align_cell(target, phase, config=align):
        result = fit_pattern(pattern, replace(phase, lattice=cell.lattice), config=quick)
        if best is None or result.rwp < best.rwp:
            best = result
        if best.rwp < good_enough:
            break
    if best is None:
        return fit_pattern(pattern, phase, config=config)
    if best.status == "max_iterations":
        return fit_pattern(pattern, replace(phase, lattice=best.lattice), config=config)
    return best
