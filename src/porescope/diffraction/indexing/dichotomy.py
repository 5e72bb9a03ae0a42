"""Exhaustive search by successive dichotomy.

A box of parameters gives an interval to every line of the cell. A box whose intervals leave too
many observed lines uncovered holds no solution and is dropped with all it contains; the others are
halved until they are as fine as the lines are sharp. Louër and Louër (1972); Boultif and Louër
(2004, https://doi.org/10.1107/S0021889804014876). Here the box lies in the space of the reciprocal
form, where the intervals are exact because the form is linear in its numbers.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numba import njit

from porescope.diffraction.indexing import forms
from porescope.diffraction.indexing.forms import _allowed, _design, _form
from porescope.diffraction.indexing.screen import N_BINS, Screen, _popcount, _screen

FINEST = 0.006
"""Relative width at which a box is handed on to the refinement."""
MAX_FOUND = 20_000
STACK = 4096
NODES_PER_CALL = 400_000
"""Boxes between two looks at the clock."""


def covering_tables(screen: Screen) -> tuple[np.ndarray, np.ndarray]:
    """For each bin of 1/d², the first line that may lie above it, and how many may lie below."""
    edges = np.arange(N_BINS + 1) / screen.per_bin
    first = np.searchsorted(np.maximum.accumulate(screen.s + screen.tolerance), edges[:-1])
    below = np.searchsorted(np.minimum.accumulate((screen.s - screen.tolerance)[::-1])[::-1],
                            edges[1:], side="right")  # fmt: skip
    return first.astype(np.int64), below.astype(np.int64)


def domain(screen: Screen, *, system: int, max_edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Box that holds every cell worth looking for: lower and upper bounds of the parameters."""
    p = forms.N_PARAMETERS[system]
    low = np.full(p, 1.0 / max_edge**2)
    # Some line among the first few is low in each direction, else nothing determines that axis.
    high = np.full(p, float(screen.s[-1]))
    if system == forms.CUBIC:
        high[:] = screen.s[min(3, len(screen.s) - 1)]
    elif system == forms.MONOCLINIC:
        high[0] = screen.s[min(7, len(screen.s) - 1)]
        low[3] = 0.0
    elif system == forms.ORTHORHOMBIC:
        high[2] = screen.s[min(5, len(screen.s) - 1)]
        high[1] = screen.s[min(11, len(screen.s) - 1)]
    return low, high


def split_domain(low: np.ndarray, high: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The domain cut along its first two parameters, large reciprocal edges (small cells) first."""
    boxes = [(low.copy(), high.copy())]
    for axis in range(min(2, len(low))):
        new = []
        for lo, hi in boxes:
            edges = np.geomspace(max(lo[axis], 1e-6), hi[axis], 9)
            for start, end in pairwise(edges):
                lo_part, hi_part = lo.copy(), hi.copy()
                lo_part[axis], hi_part[axis] = start, end
                new.append((lo_part, hi_part))
        boxes = new
    boxes.sort(key=lambda box: -float(np.sum(np.log(box[1][:2]))))
    return boxes


def search_box(
    low: np.ndarray,
    high: np.ndarray,
    *,
    system: int,
    centring: int,
    screen: Screen,
    tables: tuple[np.ndarray, np.ndarray],
    volume: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Cells in a box that explain the lines.

    Parameters
    ----------
    low, high:
        Bounds of the free parameters [1/Å²].
    system, centring:
        Codes of :mod:`porescope.diffraction.indexing.forms`; not triclinic.
    screen, tables:
        The lines, and the result of :func:`covering_tables`.
    volume:
        Smallest and largest volume of the cell [Å³].

    Returns
    -------
    :
        Parameters, screening scores, and whether the whole box was searched.
    """
    p = forms.N_PARAMETERS[system]
    out = np.empty((MAX_FOUND, p))
    score = np.empty(MAX_FOUND)
    n, done = _halve(
        low, high, system, centring, volume[0], volume[1], tables[0], tables[1], screen.bits,
        screen.per_bin, screen.s, screen.tolerance, screen.n_first, screen.max_missed,
        FINEST, NODES_PER_CALL, out, score,
    )  # fmt: skip
    return out[:n], score[:n], bool(done)


@njit(cache=True)
def _covered(low, high, system, centring, first, below, per_bin, top, n_lines, allowed_missed):
    # Whether the box may hold a cell that covers all lines but allowed_missed of them.
    row = np.zeros(6)
    p = len(low)
    full = np.uint64(0)
    for i in range(n_lines):
        full |= np.uint64(1) << np.uint64(i)
    slack = 0.74 if system == 4 else 1.0
    a = low[0]
    b = low[1] if system >= 3 else low[0]
    c = low[p - 1] if system <= 3 else low[2]
    h_max = int(np.sqrt(top / (slack * a)))
    k_max = int(np.sqrt(top / b))
    l_max = int(np.sqrt(top / (slack * c)))
    found = np.uint64(0)
    for h in range(h_max + 1):
        k_high = min(h, k_max) if system <= 2 else k_max
        for k in range(k_high + 1):
            l_low = -l_max if system == 4 and h > 0 else 0
            l_high = min(k, l_max) if system == 0 else l_max
            for l in range(l_low, l_high + 1):
                if (h == 0 and k == 0 and l == 0) or not _allowed(h, k, l, centring):
                    continue
                _design(h, k, l, system, row)
                s_low = 0.0
                s_high = 0.0
                for i in range(p):
                    if row[i] >= 0.0:
                        s_low += row[i] * low[i]
                        s_high += row[i] * high[i]
                    else:
                        s_low += row[i] * high[i]
                        s_high += row[i] * low[i]
                if s_low >= top:
                    continue
                start = first[int(max(s_low, 0.0) * per_bin)]
                end = below[int(min(s_high, top * 0.9999) * per_bin)] if s_high > 0.0 else 0
                if end > start:
                    one = np.uint64(1)
                    found |= ((one << np.uint64(end)) - one) & ~((one << np.uint64(start)) - one)
                    if found == full:
                        return True
    return _popcount(found) >= n_lines - allowed_missed


@njit(cache=True)
def _volume_possible(low, high, system, v_min, v_max):
    # Whether some cell of the box has a volume in range (bounds of the determinant).
    if system == 4:
        largest = high[1] * (high[0] * high[2] - 0.25 * low[3] * low[3])
        smallest = low[1] * max(low[0] * low[2] - 0.25 * high[3] * high[3], 0.0)
        if low[3] > high[0] or low[0] > high[2]:
            return False
    elif system == 3:
        largest = high[0] * high[1] * high[2]
        smallest = low[0] * low[1] * low[2]
        if high[0] < low[1] or high[1] < low[2]:
            return False
    elif system == 0:
        largest, smallest = high[0] ** 3, low[0] ** 3
    else:
        factor = 0.75 if system == 2 else 1.0
        largest = factor * high[0] * high[0] * high[1]
        smallest = factor * low[0] * low[0] * low[1]
    return largest * v_max * v_max >= 1.0 and smallest * v_min * v_min <= 1.0


@njit(cache=True)
def _halve(
    low, high, system, centring, v_min, v_max, first, below, bits, per_bin, s, tolerance,
    n_first, max_missed, finest, max_nodes, out, score,
):  # fmt: skip
    p = len(low)
    n_lines = len(s)
    top = s[n_lines - 1] + tolerance[n_lines - 1]
    stack_low = np.empty((STACK, p))
    stack_high = np.empty((STACK, p))
    stack_low[0] = low
    stack_high[0] = high
    depth = 1
    n = 0
    nodes = 0
    form = np.zeros(6)
    while depth > 0:
        depth -= 1
        lo = stack_low[depth].copy()
        hi = stack_high[depth].copy()
        nodes += 1
        if nodes > max_nodes:
            return n, False
        if not _volume_possible(lo, hi, system, v_min, v_max):
            continue
        if not _covered(lo, hi, system, centring, first, below, per_bin, top, n_lines, max_missed):
            continue
        widest = 0
        width = -1.0
        for i in range(p):
            scale = hi[i] if i < 3 else max(hi[0], 1e-12)
            relative = (hi[i] - lo[i]) / scale
            if relative > width:
                width = relative
                widest = i
        middle = 0.5 * (lo[widest] + hi[widest])
        if width <= finest:
            _form(0.5 * (lo + hi), system, form)
            value = _screen(
                form, system, centring, bits, per_bin, s, tolerance, n_first, max_missed
            )
            if value > 0.0 and n < len(out):
                for i in range(p):
                    out[n, i] = 0.5 * (lo[i] + hi[i])
                score[n] = value
                n += 1
            continue
        if depth + 2 > STACK:
            return n, False
        stack_low[depth] = lo
        stack_high[depth] = hi
        stack_high[depth, widest] = middle
        stack_low[depth + 1] = lo
        stack_low[depth + 1, widest] = middle
        stack_high[depth + 1] = hi
        depth += 2
    return n, True
