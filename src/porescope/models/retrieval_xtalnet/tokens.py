"""Peaks of a profile as tokens: a point of the grid and a height each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeakTokens:
    """Tokens of a batch of profiles, by rising angle, padded at the end."""

    index: Int[np.ndarray, "profiles tokens"]
    """Point of the grid; 0 where there is no token."""
    height: Float[np.ndarray, "profiles tokens"]
    """Height over the lowest point, of the highest point; 0 where there is no token."""
    mask: Bool[np.ndarray, "profiles tokens"]
    """True where there is a token."""


def tokens_of_profile(
    profiles: Float[np.ndarray, "profiles points"],
    *,
    least_height: float = 0.01,
    least_prominence: float = 0.02,
) -> PeakTokens:
    """Local maxima that are high and prominent enough.

    XtalNet's rule: each profile less its minimum, over its maximum; then SciPy's ``find_peaks``
    with a least height and a least prominence (its released code: 0.01 and 0.02). A profile
    without such maxima has no token.

    Parameters
    ----------
    profiles:
        Intensities on one grid, in any unit.
    least_height, least_prominence:
        Thresholds, of the highest point.

    Raises
    ------
    ConfigError
        Where an intensity is not finite.
    """
    values = np.ascontiguousarray(profiles, dtype=np.float64)
    if not np.all(np.isfinite(values)):
        row = int(np.flatnonzero(~np.all(np.isfinite(values), axis=1))[0])
        raise ConfigError(
            f"profile {row} has intensities that are not finite; leave them out first"
        )
    found, heights, counts = _peaks_of(values, least_height, least_prominence)
    longest = int(counts.max(initial=0))
    return PeakTokens(
        index=found[:, :longest],
        height=heights[:, :longest],
        mask=np.arange(longest) < counts[:, None],
    )


@no_type_check
@numba.njit(cache=True)
def _peaks_of(profiles, least_height, least_prominence):
    """Points, heights and number of the peaks of each profile."""
    n, points = profiles.shape
    found = np.zeros((n, points // 2 + 1), dtype=np.int64)
    heights = np.zeros((n, points // 2 + 1), dtype=np.float32)
    counts = np.zeros(n, dtype=np.int64)
    for row in range(n):
        top, low = profiles[row].max(), profiles[row].min()
        if top <= 0.0 or top == low:
            continue
        y = (profiles[row] - low) / top
        left = 1
        while left < points - 1:
            right = left
            while right < points - 1 and y[right + 1] == y[left]:
                right += 1
            rises_before = y[left - 1] < y[left]
            falls_after = right < points - 1 and y[right + 1] < y[left]
            middle = (left + right) // 2
            if (
                rises_before
                and falls_after
                and y[middle] >= least_height
                and _prominence(y, middle) >= least_prominence
            ):
                found[row, counts[row]] = middle
                heights[row, counts[row]] = y[middle]
                counts[row] += 1
            left = right + 1
    return found, heights, counts


@no_type_check
@numba.njit(cache=True)
def _prominence(y, peak):
    """Height of a peak over the higher of the lowest points on its two sides, each side reaching
    to the first higher point."""
    base = -np.inf
    for step in (-1, 1):
        low = y[peak]
        i = peak
        while 0 <= i < len(y) and y[i] <= y[peak]:
            low = min(low, y[i])
            i += step
        base = max(base, low)
    return y[peak] - base
