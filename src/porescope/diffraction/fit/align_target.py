"""Blurred patterns against which cells are aligned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import gaussian_filter1d

from porescope.diffraction.background import estimate_background
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError

N_TABLE = 16384
"""Entries of the tables against 1/d²."""


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
    s2 = (np.arange(N_TABLE) + 0.5) * (top / N_TABLE)
    angle = np.rad2deg(2.0 * np.arcsin(np.minimum(0.5 * wavelength * np.sqrt(s2), 1.0)))
    inside = angle >= low
    factor = lorentz_polarisation(np.clip(angle, 0.5, 170.0), radiation) ** power
    levels = tuple(_level(x, heights, angle, inside, blur, (low, high)) for blur in blurs)
    return AlignTarget(
        levels=levels,
        factor=factor / float(np.max(factor[inside])),
        inverse_step=N_TABLE / top,
        power=power,
    )


def _level(
    x: Float[np.ndarray, "points"],
    heights: Float[np.ndarray, "points"],
    angle: Float[np.ndarray, "table"],
    inside: Bool[np.ndarray, "table"],
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
