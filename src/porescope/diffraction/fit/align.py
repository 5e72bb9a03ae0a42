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
from scipy.ndimage import gaussian_filter1d

from porescope.diffraction.background import estimate_background
from porescope.diffraction.fit import align_kernels as kernels
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.metric import (
    index_products,
    is_positive,
    lattice_from_metric,
    metric_basis,
    metric_vector,
)
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.refine import fit_pattern
from porescope.diffraction.fit.result import FitResult
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError

_TABLE = 16384
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
class BlurredPattern:
    """An observed pattern at one blur, tabulated against 1/d²."""

    observed: Float[np.ndarray, "table"]
    """Pattern blurred twice, of unit norm when blurred once."""
    bins: Int[np.ndarray, "table"]
    """Bin of each entry, two blur widths wide; -1 outside the range."""
    n_bins: int
    """Number of bins."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AlignTarget:
    """What cells are aligned to; made once for each pattern."""

    levels: tuple[BlurredPattern, ...]
    """From the broadest blur to the narrowest."""
    factor: Float[np.ndarray, "table"]
    """Root of the angle factor of intensities."""
    inverse_step: float
    """Entries of the tables per unit of 1/d² [Å²]."""
    power: float
    """Power that intensities were raised to."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AlignedCell:
    """A cell that makes the lines of a phase fall on observed ones."""

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    score: float
    """Cosine at the narrowest blur, 0 to 1."""


_BLURS = ((0.12, 0.0035), (0.06, 0.0015))
"""Blurs: constant part [°] and relative part in d, both as standard deviations."""


def target_from_pattern(
    pattern: Pattern,
    *,
    background: Float[np.ndarray, "points"] | None = None,
    zero_deg: float = 0.0,
    two_theta_range_deg: tuple[float, float] | None = None,
    power: float = 0.5,
    blurs: tuple[tuple[float, float], ...] = _BLURS,
) -> AlignTarget:
    """Prepare a pattern for the alignment of cells.

    Parameters
    ----------
    pattern:
        Observed pattern with its radiation.
    background:
        Background on its points; estimated where ``None``.
    zero_deg:
        Zero shift that is taken off the angles first [°].
    two_theta_range_deg:
        Range that is used [°].
    power:
        Intensities are raised to this power.
    blurs:
        Standard deviations of the blurs, broad to narrow: constant [°] and relative in d.

    Raises
    ------
    ConfigError
        Where the pattern has no radiation, or no points in the range.
    """
    if pattern.radiation is None:
        raise ConfigError("the pattern has no wavelength; give its radiation first")
    if background is None:
        background = estimate_background(pattern)
    net = pattern.intensity - background
    net = np.where(np.isfinite(net) & (net > 2.0 * pattern.sigma), net, 0.0)
    x = pattern.two_theta_deg - zero_deg
    keep = x > 0.5
    if two_theta_range_deg is not None:
        keep &= (x >= two_theta_range_deg[0]) & (x <= two_theta_range_deg[1])
    if np.count_nonzero(keep) < 10:
        raise ConfigError("fewer than 10 points of the pattern lie in the range to be aligned")
    x = x[keep].astype(np.float64)
    heights = net[keep].astype(np.float64) ** power * np.gradient(x)
    return _target(x, heights, pattern.radiation, power, blurs, (float(x[0]), float(x[-1])))


def target_from_peaks(
    peaks: PeakList,
    *,
    radiation: Radiation,
    two_theta_range_deg: tuple[float, float],
    zero_deg: float = 0.0,
    power: float = 0.5,
    blurs: tuple[tuple[float, float], ...] = _BLURS,
) -> AlignTarget:
    """Prepare a list of peaks for the alignment of cells; see :func:`target_from_pattern`."""
    return _target(
        (peaks.two_theta_deg - zero_deg).astype(np.float64),
        np.maximum(peaks.area, 0.0).astype(np.float64) ** power,
        radiation,
        power,
        blurs,
        two_theta_range_deg,
    )


def _target(
    x: Float[np.ndarray, "points"],
    heights: Float[np.ndarray, "points"],
    radiation: Radiation,
    power: float,
    blurs: tuple[tuple[float, float], ...],
    limits: tuple[float, float],
) -> AlignTarget:
    """Tables of all blurs."""
    wavelength = radiation.wavelength
    low, high = max(limits[0], 0.5), min(limits[1], 170.0)
    top = (2.0 * np.sin(np.deg2rad(0.5 * high)) / wavelength) ** 2
    s2 = (np.arange(_TABLE) + 0.5) * (top / _TABLE)
    angle = np.rad2deg(2.0 * np.arcsin(np.minimum(0.5 * wavelength * np.sqrt(s2), 1.0)))
    inside = angle >= low
    factor = lorentz_polarisation(np.clip(angle, 0.5, 170.0), radiation) ** power
    levels = tuple(_level(x, heights, angle, inside, blur, (low, high)) for blur in blurs)
    return AlignTarget(
        levels=levels,
        factor=factor / float(np.max(factor[inside])),
        inverse_step=_TABLE / top,
        power=power,
    )


def _level(
    x: Float[np.ndarray, "points"],
    heights: Float[np.ndarray, "points"],
    angle: Float[np.ndarray, "table"],
    inside: np.ndarray,
    blur: tuple[float, float],
    limits: tuple[float, float],
) -> BlurredPattern:
    """One blur: the coordinate u has a blur of 1 everywhere."""
    grid = np.linspace(limits[0], limits[1], 4096)
    sigma = np.hypot(blur[0], np.rad2deg(2.0 * blur[1] * np.tan(np.deg2rad(0.5 * grid))))
    u_grid = np.concatenate([[0.0], np.cumsum(np.diff(grid) * 2.0 / (sigma[1:] + sigma[:-1]))])
    step = 0.25
    n = int(u_grid[-1] / step) + 2
    histogram = np.bincount(
        np.clip((np.interp(x, grid, u_grid) / step).astype(np.int64), 0, n - 1),
        weights=heights,
        minlength=n,
    )
    once = gaussian_filter1d(histogram, 1.0 / step, mode="constant")
    twice = gaussian_filter1d(once, 1.0 / step, mode="constant")
    # Norms of blurred combs: a comb of unit weights at distance 0 has the norm that twice has.
    norm = float(np.sqrt(np.sum(once**2)))
    spike = np.zeros(81)
    spike[40] = 1.0
    spike = gaussian_filter1d(spike, 1.0 / step, mode="constant")
    unit = float(np.sqrt(np.sum(spike**2)))
    u = np.interp(angle, grid, u_grid)
    values = np.interp(u, (np.arange(n) + 0.5) * step, twice)
    scale = norm * unit if norm > 0.0 else 1.0
    return BlurredPattern(
        observed=np.where(inside, values / scale, 0.0),
        bins=np.where(inside, (u / 2.0).astype(np.int64) + 1, -1),
        n_bins=int(u_grid[-1] / 2.0) + 3,
    )


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
    free = metric_basis(phase.space_group)
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
    at = np.minimum((s2 * target.inverse_step).astype(np.int64), _TABLE - 1)
    reach = (1.0 + config.max_strain) ** 2
    inside = (s2 * target.inverse_step < _TABLE * reach) & (
        target.levels[0].bins[np.minimum((at * reach).astype(np.int64), _TABLE - 1)] >= 0
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
