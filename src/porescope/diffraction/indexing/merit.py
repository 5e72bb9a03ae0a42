"""Figures of merit: how much better than chance a cell explains the lines.

``M_N`` is de Wolff's (1968, https://doi.org/10.1107/S002188986800508X), ``F_N`` Smith and Snyder's
(1979, https://doi.org/10.1107/S002188987901178X). Both reward small misfits and few calculated
lines, and know nothing of the number of free parameters or of unindexed lines. The ``evidence``
here does: it is the logarithm of how much more probable the observed positions are under the
cell than when drawn at random, with the cell's parameters integrated out.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from numba import njit

from porescope.diffraction.indexing.forms import _form, _lines

SCALES = np.array([0.2, 0.35, 0.6, 1.0, 1.6])
"""Factors by which the true errors may differ from the stated ones."""
MAX_LINES = 6000


@njit(cache=True)
def _distinct(s, n, tolerance):
    # Sort the first n entries and drop repeats in place; the number left.
    if n == 0:
        return 0
    s[:n].sort()
    m = 1
    for i in range(1, n):
        if s[i] - s[m - 1] > tolerance * s[i]:
            s[m] = s[i]
            m += 1
    return m


@njit(cache=True)
def _log_likelihood(calc, m, s, sigma, scale, epsilon, top):
    # Log probability of the lines under "drawn from the m calculated ones, or impurity", over
    # that under "drawn at random from 0 to top".
    total = 0.0
    for i in range(len(s)):
        width = scale * sigma[i]
        low = np.searchsorted(calc[:m], s[i] - 4.0 * width)
        density = 0.0
        for j in range(low, m):
            z = (s[i] - calc[j]) / width
            if z < -4.0:
                break
            density += np.exp(-0.5 * z * z)
        density *= top / (m * width * 2.5066282746310002)
        total += np.log((1.0 - epsilon[i]) * density + epsilon[i])
    return total


@njit(cache=True)
def _evidence(form, system, centring, s, sigma, epsilon, n_free, log_det, log_prior):
    # Log evidence, and the number of distinct lines up to the last observed one.
    top = s[len(s) - 1] + 3.0 * sigma[len(s) - 1]
    calc = np.empty(MAX_LINES)
    hkl = np.empty((MAX_LINES, 3), dtype=np.int64)
    m = _lines(form, system, centring, top, calc, hkl)
    if m == 0 or m == MAX_LINES:
        return -1e9, m
    m = _distinct(calc, m, 1e-8)
    best = -1e9
    for scale in SCALES:
        value = _log_likelihood(calc, m, s, sigma, scale, epsilon, top)
        value += n_free * (np.log(scale) + 0.9189385332046727) - 0.5 * log_det - log_prior
        best = max(best, value)
    return best, m


@njit(cache=True)
def _evidence_of_parameters(
    parameters, zero, system, centring, s, sigma, slope_zero, epsilon, log_det, log_width
):
    # Evidence of refined parameters without a zero shift of their own.
    form = np.zeros(6)
    _form(parameters, system, form)
    shifted = s - zero * slope_zero
    p = len(parameters)
    value, _ = _evidence(form, system, centring, shifted, sigma, epsilon, p, log_det, p * log_width)
    return value


@njit(cache=True)
def _evidence_many(
    parameters, zero, system, centring, s, sigma, slope_zero, epsilon, log_det, log_width
):
    # Evidence of every row; -1e9 where the refinement failed.
    n = len(parameters)
    out = np.empty(n)
    for i in range(n):
        if np.isnan(log_det[i]):
            out[i] = -1e9
        else:
            out[i] = _evidence_of_parameters(
                parameters[i], zero, system, centring, s, sigma, slope_zero, epsilon,
                log_det[i], log_width,
            )  # fmt: skip
    return out


def figures_of_merit(
    s: Float[np.ndarray, "lines"],
    miss: Float[np.ndarray, "lines"],
    indexed: Bool[np.ndarray, "lines"],
    residual_deg: Float[np.ndarray, "lines"],
    calculated: Float[np.ndarray, "calculated"],
) -> tuple[float, float, int]:
    """De Wolff's M and Smith and Snyder's F on the first 20 lines (all where there are fewer).

    Both are means over the indexed lines, and multiplied with the share that is indexed.

    Parameters
    ----------
    s:
        Observed 1/d², increasing [1/Å²].
    miss:
        Observed minus calculated 1/d² [1/Å²].
    indexed:
        Which lines the cell explains.
    residual_deg:
        Observed minus calculated position [° 2θ]; NaN without a wavelength.
    calculated:
        All lines of the cell, 1/d² [1/Å²].

    Returns
    -------
    :
        M, F (0 without a wavelength) and the number of lines they stand for.
    """
    n = min(20, len(s))
    used = indexed[:n]
    if not np.any(used):
        return 0.0, 0.0, n
    share = float(np.mean(used))
    top = s[n - 1] * (1.0 + 1e-9) + abs(miss[n - 1])
    inside = np.sort(calculated[calculated <= top])
    n_calculated = 1 + int(np.count_nonzero(np.diff(inside) > 1e-8 * s[n - 1]))
    spread = max(float(np.mean(np.abs(miss[:n][used]))), 1e-12)
    m_n = float(s[n - 1]) / (2.0 * spread * n_calculated) * share
    angles = np.abs(residual_deg[:n][used])
    if np.any(np.isnan(angles)):
        return m_n, 0.0, n
    return m_n, share * n / (max(float(np.mean(angles)), 1e-6) * n_calculated), n
