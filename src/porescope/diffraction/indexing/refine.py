"""Least-squares refinement of a trial cell against lines whose indices are not yet known.

Every observed line takes the nearest calculated one, the free numbers of the quadratic form
follow from weighted linear least squares, and the assignment is made again. Coelho (2003,
https://doi.org/10.1107/S0021889802019878) showed that this iteration falls into the true cell
from starting points far away. Weights fall off with the misfit, so that lines of impurities lose
their say.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from porescope.diffraction.indexing.forms import (
    _allowed,
    _clip_l,
    _design,
    _form,
    _limits,
    _range_k,
    _range_l,
)

MAX_FREE = 7
"""Six numbers of the form and the zero shift."""


@njit(cache=True)
def _assign(form, system, centring, s, miss, hkl):
    # Nearest calculated line of each observed one: misfit s - calc and indices; count of lines
    # calculated, 0 where the form is no lattice.
    n = len(s)
    s_max = s[n - 1] * 1.02
    miss[:] = 1e9
    hkl[:] = 0
    h_max, k_max = _limits(form, s_max)
    if h_max < 0 or h_max > 200 or k_max > 400:
        return 0
    count = 0
    for h in range(h_max + 1):
        k_low, k_high = _range_k(system, h, k_max)
        for k in range(k_low, k_high + 1):
            low, high = _range_l(form, h, k, s_max)
            low, high = _clip_l(system, h, k, low, high)
            base = form[0] * h * h + form[1] * k * k + form[5] * h * k
            slope = form[3] * k + form[4] * h
            for l in range(low, high + 1):
                if not _allowed(h, k, l, centring):
                    continue
                calc = base + (slope + form[2] * l) * l
                count += 1
                i = np.searchsorted(s, calc)
                for j in (i - 1, i):
                    if 0 <= j < n and abs(s[j] - calc) < abs(miss[j]):
                        miss[j] = s[j] - calc
                        hkl[j, 0] = h
                        hkl[j, 1] = k
                        hkl[j, 2] = l
    return count


@njit(cache=True)
def _solve(matrix, vector, p, out):
    # Solve matrix @ out = vector (positive definite, order p) by Cholesky; log determinant,
    # or NaN where the matrix is singular. Destroys the lower triangle.
    log_det = 0.0
    for i in range(p):
        for j in range(i + 1):
            value = matrix[i, j]
            for k in range(j):
                value -= matrix[i, k] * matrix[j, k]
            if i == j:
                if value <= 1e-12 * abs(matrix[i, i]) or not value > 0.0:
                    return np.nan
                matrix[i, i] = np.sqrt(value)
                log_det += np.log(value)
            else:
                matrix[i, j] = value / matrix[j, j]
    for i in range(p):
        value = vector[i]
        for k in range(i):
            value -= matrix[i, k] * out[k]
        out[i] = value / matrix[i, i]
    for i in range(p - 1, -1, -1):
        value = out[i]
        for k in range(i + 1, p):
            value -= matrix[k, i] * out[k]
        out[i] = value / matrix[i, i]
    return log_det


@njit(cache=True)
def _normal(s, sigma, slope_zero, zero_sigma, system, p, with_zero, miss, hkl, cut, matrix, rhs):
    # Normal equations for the change of the parameters; lines beyond cut sigmas lose weight.
    # The zero shift has a Gaussian prior of width zero_sigma. Returns how many lines take part and
    # how many of them lie within cut sigmas.
    q = p + 1 if with_zero else p
    row = np.zeros(MAX_FREE)
    matrix[:q, :q] = 0.0
    rhs[:q] = 0.0
    matched = 0
    close = 0
    for i in range(len(s)):
        ratio = miss[i] / (cut * sigma[i])
        if abs(ratio) > 3.0:
            continue
        if abs(ratio) <= 1.0:
            close += 1
        weight = 1.0 / (sigma[i] * (1.0 + ratio * ratio)) ** 2
        _design(hkl[i, 0], hkl[i, 1], hkl[i, 2], system, row)
        if with_zero:
            row[p] = slope_zero[i]
        for a in range(q):
            rhs[a] += weight * row[a] * miss[i]
            for b in range(a + 1):
                matrix[a, b] += weight * row[a] * row[b]
        matched += 1
    return matched, close


@njit(cache=True)
def _refine(parameters, zero, system, centring, s, sigma, slope_zero, zero_sigma, with_zero, cuts):
    # Refine parameters (in place) and the zero shift [degrees]; returns the zero shift and the
    # log determinant of the normal matrix at the end, NaN where the refinement fails.
    p = len(parameters)
    q = p + 1 if with_zero else p
    n = len(s)
    form = np.zeros(6)
    miss = np.empty(n)
    hkl = np.empty((n, 3), dtype=np.int64)
    matrix = np.zeros((MAX_FREE, MAX_FREE))
    rhs = np.zeros(MAX_FREE)
    step = np.zeros(MAX_FREE)
    shifted = np.empty(n)
    log_det = np.nan
    for turn in range(len(cuts)):
        cut = cuts[turn]
        _form(parameters, system, form)
        for i in range(n):
            shifted[i] = s[i] - zero * slope_zero[i]
        if _assign(form, system, centring, shifted, miss, hkl) == 0:
            return zero, np.nan
        matched, close = _normal(
            s, sigma, slope_zero, zero_sigma, system, p, with_zero, miss, hkl, cut, matrix, rhs
        )
        if matched < q or (turn >= 3 and 2 * close < n):
            return zero, np.nan
        if with_zero:
            matrix[p, p] += 1.0 / zero_sigma**2
            rhs[p] -= zero / zero_sigma**2
        log_det = _solve(matrix, rhs, q, step)
        if np.isnan(log_det):
            return zero, np.nan
        for a in range(p):
            parameters[a] += step[a]
        if with_zero:
            zero += step[p]
    return zero, log_det


@njit(cache=True)
def _refine_many(parameters, zero, system, centring, s, sigma, slope_zero, zero_sigma, cuts):
    # Refine each row in place without a zero shift of its own; log determinants (NaN: failed).
    n = len(parameters)
    log_det = np.empty(n)
    for i in range(n):
        row = parameters[i].copy()
        _, log_det[i] = _refine(
            row, zero, system, centring, s, sigma, slope_zero, zero_sigma, False, cuts
        )
        parameters[i] = row
    return log_det
