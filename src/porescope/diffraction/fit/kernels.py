"""Compiled kernels: peak shapes, their derivatives, and sums over reflections and points.

The peak shape is the pseudo-Voigt of Thompson, Cox and Hastings (J. Appl. Cryst. 20 (1987) 79,
https://doi.org/10.1107/S0021889887087090). Low-angle asymmetry is the axial divergence of Finger,
Cox and Jephcoat (J. Appl. Cryst. 27 (1994) 892, https://doi.org/10.1107/S0021889894004218) for
equal heights of sample and detector: with ``u`` the axial offset as a share of its largest value,
its density is 2(1-u) and it moves the intensity by ``a u²`` towards lower angles, where
``a = K/2 cot 2θ`` and ``K = ((H + S)/L)²``. The convolution is a Gauss-Jacobi sum over ``u``.

The array ``shape`` holds zero [°], displacement [°], U, V, W [°²], X, Y [°] and K, in this order.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.special import roots_jacobi

N_SHAPE = 8
"""Number of shape parameters."""

_DEG = 180.0 / np.pi
_LN2 = np.log(2.0)
_GAUSS = 2.0 * np.sqrt(_LN2 / np.pi)
_LORENTZ = 2.0 / np.pi
_MIN_GAUSS2 = 1e-6  # (0.001°)², keeps widths real
_MIN_LORENTZ = 1e-5


def _axial_rules():
    # Rows: number of nodes, then nodes u² and weights for the density 2(1-u) on [0, 1].
    sizes = (1, 3, 5, 8, 16, 32)
    shifts = np.zeros((len(sizes), 32))
    weights = np.zeros((len(sizes), 32))
    for row, size in enumerate(sizes):
        if size == 1:
            shifts[row, 0], weights[row, 0] = 1.0 / 6.0, 1.0
            continue
        x, w = roots_jacobi(size, 1.0, 0.0)
        shifts[row, :size] = (0.5 * (x + 1.0)) ** 2
        weights[row, :size] = w / np.sum(w)
    return np.array(sizes), shifts, weights


_AXIAL_SIZE, _AXIAL_SHIFT, _AXIAL_WEIGHT = _axial_rules()


@njit(cache=True, inline="always")
def _axial_rule(ratio):
    # Which quadrature rule suits a shift of `ratio` widths.
    if ratio < 1e-4:
        return 0
    if ratio < 0.3:
        return 1
    if ratio < 1.0:
        return 2
    if ratio < 3.0:
        return 3
    if ratio < 12.0:
        return 4
    return 5


@njit(cache=True)
def _line(s2, wavelength, shape):
    # Position, width, mixing and asymmetry of one line, with derivatives.
    # Returns pos, H, eta, a, dpos/ds2, dH/dG2, dH/dL, deta/dG2, deta/dL, dG2/ds2, dL/ds2, da/ds2,
    # tan, 1/cos, cos, da/dK.
    sin = min(0.5 * wavelength * np.sqrt(s2), 0.9999)
    cos = np.sqrt(1.0 - sin * sin)
    tan = sin / cos
    theta = np.arcsin(sin)
    dtheta = wavelength * wavelength / (8.0 * sin * cos)
    pos = 2.0 * theta * _DEG + shape[0] + shape[1] * cos
    dpos = (2.0 * _DEG - shape[1] * sin) * dtheta
    g2 = shape[2] * tan * tan + shape[3] * tan + shape[4]
    dg2 = (2.0 * shape[2] * tan + shape[3]) * (1.0 + tan * tan) * dtheta
    if g2 < _MIN_GAUSS2:
        g2 = _MIN_GAUSS2
        dg2 = 0.0
    lor = shape[5] / cos + shape[6] * tan
    dlor = (shape[5] * tan / cos + shape[6] / (cos * cos)) * dtheta
    if lor < _MIN_LORENTZ:
        lor = _MIN_LORENTZ
        dlor = 0.0
    g = np.sqrt(g2)
    h5 = (
        g**5
        + 2.69269 * g**4 * lor
        + 2.42843 * g**3 * lor**2
        + 4.47163 * g**2 * lor**3
        + 0.07842 * g * lor**4
        + lor**5
    )
    h = h5**0.2
    h4 = 5.0 * h5 / h
    dh_dg = (
        5.0 * g**4
        + 4.0 * 2.69269 * g**3 * lor
        + 3.0 * 2.42843 * g**2 * lor**2
        + 2.0 * 4.47163 * g * lor**3
        + 0.07842 * lor**4
    ) / h4
    dh_dl = (
        2.69269 * g**4
        + 2.0 * 2.42843 * g**3 * lor
        + 3.0 * 4.47163 * g**2 * lor**2
        + 4.0 * 0.07842 * g * lor**3
        + 5.0 * lor**4
    ) / h4
    q = lor / h
    eta = q * (1.36603 - q * (0.47719 - 0.11116 * q))
    slope = 1.36603 - q * (2.0 * 0.47719 - 3.0 * 0.11116 * q)
    half_over_g = 0.5 / g
    dh_dg2 = dh_dg * half_over_g
    deta_dg2 = -slope * q / h * dh_dg2
    deta_dl = slope * (1.0 - q * dh_dl) / h
    sin2 = 2.0 * sin * cos
    da_dk = 0.5 * _DEG * (1.0 - 2.0 * sin * sin) / sin2
    a = shape[7] * da_dk
    da = -shape[7] * _DEG / (sin2 * sin2) * dtheta
    return (
        pos, h, eta, a, dpos, dh_dg2, dh_dl, deta_dg2, deta_dl, dg2, dlor, da,
        tan, 1.0 / cos, cos, da_dk,
    )  # fmt: skip


@njit(cache=True)
def _windows(two_theta, s2, wavelengths, shape, cut):
    # First and last point of each reflection, and the offsets into the packed values.
    n = len(s2)
    start = np.empty(n, np.int64)
    stop = np.empty(n, np.int64)
    offset = np.empty(n + 1, np.int64)
    offset[0] = 0
    for k in range(n):
        low = 1e9
        high = -1e9
        for wavelength in wavelengths:
            line = _line(s2[k], wavelength, shape)
            reach = cut * line[1]
            low = min(low, line[0] - reach - max(line[3], 0.0))
            high = max(high, line[0] + reach - min(line[3], 0.0))
        start[k] = np.searchsorted(two_theta, low)
        stop[k] = max(np.searchsorted(two_theta, high), start[k])
        offset[k + 1] = offset[k] + stop[k] - start[k]
    return start, stop, offset


@njit(cache=True)
def _points_of(two_theta, centre, reach, start, stop):
    # Points of a window that lie within the reach of one line.
    first = start + np.searchsorted(two_theta[start:stop], centre - reach)
    last = start + np.searchsorted(two_theta[start:stop], centre + reach)
    return first, last


@njit(cache=True, fastmath=True, error_model="numpy")
def _profiles(two_theta, s2, wavelengths, line_weight, shape, cut, start, stop, offset):
    # Packed profile values of all reflections, every line weighted.
    values = np.zeros(offset[-1])
    for k in range(len(s2)):
        for line in range(len(wavelengths)):
            weight = line_weight[k, line]
            pos, h, eta, a = _line(s2[k], wavelengths[line], shape)[:4]
            inv = 1.0 / h
            gauss = weight * (1.0 - eta) * _GAUSS * inv
            lorentz = weight * eta * _LORENTZ * inv
            rule = _axial_rule(abs(a) * inv)
            for node in range(_AXIAL_SIZE[rule]):
                share = _AXIAL_WEIGHT[rule, node]
                centre = pos - a * _AXIAL_SHIFT[rule, node]
                first, last = _points_of(two_theta, centre, cut * h, start[k], stop[k])
                shift = offset[k] - start[k]
                for i in range(first, last):
                    z = (two_theta[i] - centre) * inv
                    z2 = z * z
                    value = lorentz / (1.0 + 4.0 * z2)
                    if z2 < 13.0:
                        value += gauss * np.exp(-4.0 * _LN2 * z2)
                    values[shift + i] += share * value
    return values


@njit(cache=True, fastmath=True)
def _sum_peaks(area, phase, n_phases, start, stop, offset, values, n_points):
    # Peak intensity of every phase on the grid.
    out = np.zeros((n_phases, n_points))
    for k in range(len(area)):
        row = out[phase[k]]
        at = offset[k] - start[k]
        scale = area[k]
        for i in range(start[k], stop[k]):
            row[i] += scale * values[at + i]
    return out


@njit(cache=True, fastmath=True)
def _sum_weighted(areas, start, stop, offset, values, n_points):
    # Sums of all profiles for several sets of areas, one row each.
    out = np.zeros((len(areas), n_points))
    for m in range(len(areas)):
        row = out[m]
        for k in range(areas.shape[1]):
            scale = areas[m, k]
            if scale == 0.0:
                continue
            at = offset[k] - start[k]
            for i in range(start[k], stop[k]):
                row[i] += scale * values[at + i]
    return out


@njit(cache=True, fastmath=True)
def _gram(rows, weight, target):
    # Weighted products of all rows with one another and with a target. By hand, since the threads
    # of a BLAS cost more than they bring at this size, and much more on a busy machine.
    m, n = rows.shape
    out = np.empty((m, m))
    right = np.empty(m)
    scaled = np.empty(n)
    for i in range(m):
        total = 0.0
        for x in range(n):
            scaled[x] = rows[i, x] * weight[x]
            total += scaled[x] * target[x]
        right[i] = total
        for j in range(i, m):
            total = 0.0
            for x in range(n):
                total += scaled[x] * rows[j, x]
            out[i, j] = total
            out[j, i] = total
    return out, right


@njit(cache=True, fastmath=True)
def _redistribute(area, free, peaks, target, start, stop, offset, values):
    # One Le Bail step: share out `target` (observed less background) in the calculated ratio.
    # `peaks` is the present sum of all reflections. Returns the new areas.
    n_points = len(target)
    ratio = np.empty(n_points)
    for i in range(n_points):
        ratio[i] = max(target[i], 0.0) / peaks[i] if peaks[i] > 1e-300 else 1.0
    new = area.copy()
    for k in range(len(area)):
        if not free[k] or stop[k] <= start[k]:
            continue
        at = offset[k] - start[k]
        total = 0.0
        shared = 0.0
        for i in range(start[k], stop[k]):
            value = values[at + i]
            total += value
            shared += value * ratio[i]
        if total > 0.0:
            new[k] = area[k] * shared / total
    return new


@njit(cache=True, fastmath=True, error_model="numpy")
def _shape_slopes(two_theta, first, last, line, cut, slopes):
    # Profile of one line and its derivatives on points first to last: rows of `slopes` are the
    # value and the derivatives by position, H, eta and a.
    pos, h, eta, a = line[:4]
    inv = 1.0 / h
    height_g = _GAUSS * inv
    height_l = _LORENTZ * inv
    slopes[:, : last - first] = 0.0
    rule = _axial_rule(abs(a) * inv)
    for node in range(_AXIAL_SIZE[rule]):
        share_g = _AXIAL_WEIGHT[rule, node] * height_g
        share_l = _AXIAL_WEIGHT[rule, node] * height_l
        move = _AXIAL_SHIFT[rule, node]
        centre = pos - a * move
        low, high = _points_of(two_theta, centre, cut * h, first, last)
        for i in range(low - first, high - first):
            z = (two_theta[first + i] - centre) * inv
            z2 = z * z
            denominator = 1.0 / (1.0 + 4.0 * z2)
            lorentz = share_l * denominator
            gauss = 0.0
            if z2 < 13.0:
                gauss = share_g * np.exp(-4.0 * _LN2 * z2)
            value = (1.0 - eta) * gauss + eta * lorentz
            slope = -8.0 * z * inv * ((1.0 - eta) * _LN2 * gauss + eta * lorentz * denominator)
            slopes[0, i] += value
            slopes[1, i] -= slope
            slopes[2, i] -= (value + z * h * slope) * inv
            slopes[3, i] += lorentz - gauss
            slopes[4, i] += slope * move


@njit(cache=True, fastmath=True)
def _add(row, first, slopes, length, c_value, c_pos, c_h, c_eta, c_a):
    # row += combination of the slopes; the axial term only where it is used.
    for i in range(length):
        row[first + i] += (
            c_value * slopes[0, i]
            + c_pos * slopes[1, i]
            + c_h * slopes[2, i]
            + c_eta * slopes[3, i]
        )
    if c_a != 0.0:
        for i in range(length):
            row[first + i] += c_a * slopes[4, i]


@njit(cache=True, fastmath=True, error_model="numpy")
def _jacobian(
    two_theta, s2, phase, area, dlog_area, cell_terms, cell_columns, cell_sizes,
    wavelengths, line_weight, shape, shape_columns, march_columns, dlog_march,
    debye_columns, cut, start, stop, n_columns,
):  # fmt: skip
    # Derivatives of the sum of peaks by the nonlinear parameters, (columns, points).
    # cell_terms[k, j] = d s2 / d (cell parameter j of its phase); columns of -1 are fixed.
    # dlog_area[k, line] = d ln(area) / d s2, from the angle factors of the intensity.
    out = np.zeros((n_columns, len(two_theta)))
    longest = 1
    for k in range(len(s2)):
        longest = max(longest, stop[k] - start[k])
    slopes = np.empty((5, longest))
    for k in range(len(s2)):
        ph = phase[k]
        first = start[k]
        length = stop[k] - first
        if length <= 0 or area[k] == 0.0:
            continue
        for which in range(len(wavelengths)):
            w = area[k] * line_weight[k, which]
            if w == 0.0:
                continue
            line = _line(s2[k], wavelengths[which], shape)
            (
                dpos, dh_dg2, dh_dl, deta_dg2, deta_dl, dg2, dlor, da, tan, sec, cos, da_dk,
            ) = line[4:]  # fmt: skip
            _shape_slopes(two_theta, first, stop[k], line, cut, slopes)
            if cell_columns[ph] >= 0:
                s_h = dh_dg2 * dg2 + dh_dl * dlor
                s_eta = deta_dg2 * dg2 + deta_dl * dlor
                for j in range(cell_sizes[ph]):
                    t = w * cell_terms[k, j]
                    row = out[cell_columns[ph] + j]
                    _add(
                        row, first, slopes, length,
                        t * dlog_area[k, which], t * dpos, t * s_h, t * s_eta, t * da,
                    )  # fmt: skip
            if shape_columns[0] >= 0:
                _add(out[shape_columns[0]], first, slopes, length, 0.0, w, 0.0, 0.0, 0.0)
            if shape_columns[1] >= 0:
                _add(out[shape_columns[1]], first, slopes, length, 0.0, w * cos, 0.0, 0.0, 0.0)
            for j in range(2, 7):
                if shape_columns[j] < 0:
                    continue
                if j < 5:
                    factor = w * (tan * tan if j == 2 else (tan if j == 3 else 1.0))
                    c_h, c_eta = factor * dh_dg2, factor * deta_dg2
                else:
                    factor = w * (sec if j == 5 else tan)
                    c_h, c_eta = factor * dh_dl, factor * deta_dl
                _add(out[shape_columns[j]], first, slopes, length, 0.0, 0.0, c_h, c_eta, 0.0)
            if shape_columns[7] >= 0:
                _add(out[shape_columns[7]], first, slopes, length, 0.0, 0.0, 0.0, 0.0, w * da_dk)
            if march_columns[ph] >= 0:
                c = w * dlog_march[k]
                _add(out[march_columns[ph]], first, slopes, length, c, 0.0, 0.0, 0.0, 0.0)
            if debye_columns[ph] >= 0:
                c = -4.0 * np.pi * np.pi * w * s2[k]
                _add(out[debye_columns[ph]], first, slopes, length, c, 0.0, 0.0, 0.0, 0.0)
    return out


@njit(cache=True, fastmath=True)
def _overlap_band(weight, start, stop, offset, values, width):
    # Lower band of the normal matrix of the reflections' areas; rows sorted by start.
    n = len(start)
    band = np.zeros((width + 1, n))
    for k in range(n):
        for j in range(k, min(n, k + width + 1)):
            low = max(start[k], start[j])
            high = min(stop[k], stop[j])
            if high <= low:
                continue
            at_k = offset[k] - start[k]
            at_j = offset[j] - start[j]
            total = 0.0
            for i in range(low, high):
                total += weight[i] * values[at_k + i] * values[at_j + i]
            band[j - k, k] = total
    return band


@njit(cache=True, fastmath=True)
def _project(columns, start, stop, offset, values):
    # Profiles times the columns of a (points, columns) array.
    n, m = len(start), columns.shape[1]
    out = np.zeros((n, m))
    for k in range(n):
        at = offset[k] - start[k]
        for i in range(start[k], stop[k]):
            value = values[at + i]
            for j in range(m):
                out[k, j] += value * columns[i, j]
    return out
