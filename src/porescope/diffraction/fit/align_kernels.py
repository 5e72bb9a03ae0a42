"""Compiled scores of many trial cells against one blurred pattern.

A trial cell is a reciprocal metric of six components. Positions become indices of a table that is
uniform in 1/d²; the table gives the coordinate ``u`` in which the blur has width 1, the angle
factor and the observed pattern blurred twice. The score is the cosine between the blurred
observed and the blurred calculated pattern of square roots of intensities.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, fastmath=True)
def _score(metric, products, amplitude, observed, bins, factor, inverse_step, scratch):
    # Cosine of one cell; `scratch` is zero before and after. Its bins are two blur widths wide.
    n_table = len(observed)
    total = 0.0
    for k in range(len(amplitude)):
        s2 = 0.0
        for c in range(6):
            s2 += products[k, c] * metric[c]
        at = int(s2 * inverse_step)
        if at < 0 or at >= n_table:
            continue
        b = bins[at]
        if b < 0:
            continue
        height = amplitude[k] * factor[at]
        total += height * observed[at]
        scratch[b] += height
    norm = 0.0
    for k in range(len(amplitude)):
        s2 = 0.0
        for c in range(6):
            s2 += products[k, c] * metric[c]
        at = int(s2 * inverse_step)
        if at < 0 or at >= n_table:
            continue
        b = bins[at]
        if b < 0:
            continue
        norm += (
            amplitude[k] * factor[at] * (scratch[b] + 0.3679 * (scratch[b - 1] + scratch[b + 1]))
        )
    for k in range(len(amplitude)):
        s2 = 0.0
        for c in range(6):
            s2 += products[k, c] * metric[c]
        at = int(s2 * inverse_step)
        if 0 <= at < n_table and bins[at] >= 0:
            scratch[bins[at]] = 0.0
    if norm <= 0.0:
        return 0.0
    return total / np.sqrt(norm)


@njit(cache=True)
def _metric(t, x0, scale_axis, pair, size, basis, out):
    # Metric of the strains t: relative lengths for diagonal pivots, additive for the others.
    # scale_axis[i] is the diagonal pivot that axis i follows; pair[j] the component of pivot j.
    n = len(x0)
    for c in range(6):
        out[c] = 0.0
    for j in range(n):
        first, second = pair[j, 0], pair[j, 1]
        value = x0[j] / ((1.0 + t[scale_axis[first]]) * (1.0 + t[scale_axis[second]]))
        if first != second:
            value += t[j] * size[j]
        for c in range(6):
            out[c] += value * basis[j, c]


@njit(cache=True)
def _grid_scores(
    counts, low, step, n_free, x0, scale_axis, pair, size, basis,
    products, amplitude, observed, bins, factor, inverse_step, n_bins,
):  # fmt: skip
    # Scores on a full grid over the first len(counts) strains that vary (others 0).
    scratch = np.zeros(n_bins + 2)
    metric = np.zeros(6)
    t = np.zeros(n_free)
    total = 1
    for count in counts:
        total *= count
    out = np.empty(total)
    for index in range(total):
        rest = index
        for j in range(len(counts) - 1, -1, -1):
            t[j] = low[j] + step[j] * (rest % counts[j])
            rest //= counts[j]
        _metric(t, x0, scale_axis, pair, size, basis, metric)
        out[index] = _score(
            metric, products, amplitude, observed, bins, factor, inverse_step, scratch
        )
    return out


@njit(cache=True)
def _climb(
    start, first_step, n_halvings, limit, x0, scale_axis, pair, size, basis,
    products, amplitude, observed, bins, factor, inverse_step, n_bins,
):  # fmt: skip
    # Compass search uphill from each row of `start`; returns strains and scores.
    scratch = np.zeros(n_bins + 2)
    metric = np.zeros(6)
    n = start.shape[1]
    best = start.copy()
    scores = np.empty(len(start))
    t = np.empty(n)
    for row in range(len(start)):
        t[:] = start[row]
        _metric(t, x0, scale_axis, pair, size, basis, metric)
        top = _score(metric, products, amplitude, observed, bins, factor, inverse_step, scratch)
        step = first_step.copy()
        for _ in range(n_halvings):
            for _ in range(6):
                moved = False
                for j in range(n):
                    for sign in (-1.0, 1.0):
                        before = t[j]
                        t[j] = before + sign * step[j]
                        if abs(t[j]) > limit[j]:
                            t[j] = before
                            continue
                        _metric(t, x0, scale_axis, pair, size, basis, metric)
                        score = _score(
                            metric, products, amplitude, observed, bins, factor, inverse_step,
                            scratch,
                        )  # fmt: skip
                        if score > top:
                            top = score
                            moved = True
                        else:
                            t[j] = before
                if not moved:
                    break
            step *= 0.5
        best[row] = t
        scores[row] = top
    return best, scores
