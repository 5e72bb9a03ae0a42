"""A quick test of trial cells: how surprising is it that they hit so many lines.

The axis 1/d² is cut into bins, and each bin holds the set of observed lines (as bits) whose
tolerance covers it. Testing a cell is then one table look-up per calculated line. The score is the
log likelihood ratio of "this cell" against "a random cell with as many lines".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numba import njit

from porescope.diffraction.indexing.forms import (
    _allowed,
    _clip_l,
    _limits,
    _range_k,
    _range_l,
)

N_BINS = 8192
HIT = 0.92
"""Chance that the right cell puts a line within the tolerance of an observed one."""
MAX_SCREENED = 400
"""Cells with more lines than this in the screened range tell nothing."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Screen:
    """The observed lines as a bit map."""

    bits: np.ndarray
    """Lines covering each bin, as 64-bit sets."""
    per_bin: float
    """Bins per unit of 1/d² [Å²]."""
    s: Float[np.ndarray, "lines"]
    """Positions of the screened lines, 1/d² [1/Å²]."""
    tolerance: Float[np.ndarray, "lines"]
    """Half widths of their windows [1/Å²]."""
    n_first: int
    """Lines in the first, cheap stage."""
    max_missed: int
    """Lines that may stay unhit."""


def make_screen(
    s: Float[np.ndarray, "lines"],
    sigma: Float[np.ndarray, "lines"],
    *,
    max_missed: int,
    n_first: int = 10,
    leverage: float = 1.0,
) -> Screen:
    """Bit map of the observed lines.

    Parameters
    ----------
    s, sigma:
        Positions 1/d² and their standard uncertainties [1/Å²], at most 60 lines, increasing.
    max_missed:
        Lines that a cell may leave unhit.
    n_first:
        Lines of the first stage.
    leverage:
        How strongly the errors of the lines that a trial cell is made of grow with 1/d².
    """
    n_first = min(n_first, len(s))
    relative = float(np.median(sigma[:6] / s[:6]))
    tolerance = 2.5 * sigma + leverage * relative * s
    top = s[-1] + tolerance[-1]
    per_bin = (N_BINS - 1) / top
    bits = np.zeros(N_BINS, dtype=np.uint64)
    for i, (centre, width) in enumerate(zip(s, tolerance, strict=True)):
        low = max(int((centre - width) * per_bin), 0)
        high = min(int((centre + width) * per_bin), N_BINS - 1)
        bits[low : high + 1] |= np.uint64(1 << i)
    return Screen(
        bits=bits,
        per_bin=per_bin,
        s=s,
        tolerance=tolerance,
        n_first=n_first,
        max_missed=max_missed,
    )


@njit(cache=True)
def _popcount(bits):
    count = 0
    while bits:
        bits &= bits - np.uint64(1)
        count += 1
    return count


@njit(cache=True)
def _hits(form, system, centring, s_max, bits, per_bin):
    # Set of lines hit below s_max, and how many lines the cell has there (0: not a lattice).
    found = np.uint64(0)
    h_max, k_max = _limits(form, s_max)
    if h_max < 0 or h_max > 150 or k_max > 150:
        return found, 0
    count = 0
    for h in range(h_max + 1):
        k_low, k_high = _range_k(system, h, k_max)
        for k in range(k_low, k_high + 1):
            low, high = _range_l(form, h, k, s_max)
            low, high = _clip_l(system, h, k, low, high)
            base = form[0] * h * h + form[1] * k * k + form[5] * h * k
            slope = form[3] * k + form[4] * h
            for l in range(low, high + 1):
                if centring and not _allowed(h, k, l, centring):
                    continue
                count += 1
                found |= bits[int((base + (slope + form[2] * l) * l) * per_bin)]
        if count > MAX_SCREENED:
            return found, 0
    return found, count


@njit(cache=True)
def _screen(form, system, centring, bits, per_bin, s, tolerance, n_first, max_missed):
    # Score of a trial cell; -1e9 where it misses too many lines.
    n = len(s)
    s_first = s[n_first - 1] + tolerance[n_first - 1]
    found, count = _hits(form, system, centring, s_first, bits, per_bin)
    first = found & np.uint64((1 << n_first) - 1)
    if count == 0 or _popcount(first) < n_first - (max_missed * n_first) // n - 1:
        return -1e9
    top = s[n - 1] + tolerance[n - 1] * 0.999
    found, count = _hits(form, system, centring, top, bits, per_bin)
    if count == 0 or _popcount(found) < n - max_missed:
        return -1e9
    score = 0.0
    density = 1.5 * count / top**1.5
    for i in range(n):
        chance = 1.0 - np.exp(-2.0 * tolerance[i] * density * np.sqrt(s[i]))
        chance = min(chance, 0.999)
        if found & np.uint64(1 << i):
            score += np.log(HIT / chance)
        else:
            score += np.log((1.0 - HIT) / (1.0 - chance))
    return score
