"""Compiled loops behind the line profiles; the public functions are in ``profile``."""

from __future__ import annotations

import numpy as np
from numba import njit

_FAST = {"reassoc", "contract", "arcp", "nsz"}
_LN2_4 = 4.0 * np.log(2.0)
_GAUSS = 2.0 * np.sqrt(np.log(2.0) / np.pi)
_LORENTZ = 2.0 / np.pi
_GAUSS_REACH = 3.6  # full widths; the Gaussian is 2e-16 of its height there


@njit(cache=True)
def _bounds(grid, middle, reach):
    low = np.searchsorted(grid, middle - reach)
    high = np.searchsorted(grid, middle + reach)
    return low, high


@njit(cache=True, fastmath=_FAST)
def _add_peaks(grid, position, fwhm, eta, area, cut):
    y = np.zeros(len(grid))
    for i in range(len(position)):
        width = fwhm[i]
        if not (width > 0.0) or area[i] == 0.0 or not np.isfinite(position[i]):
            continue
        middle = position[i]
        inverse = 1.0 / width
        height = area[i] * eta[i] * _LORENTZ * inverse
        if eta[i] > 0.0:
            low, high = _bounds(grid, middle, cut * width)
            for j in range(low, high):
                x = (grid[j] - middle) * inverse
                y[j] += height / (1.0 + 4.0 * x * x)
        if eta[i] < 1.0:
            height = area[i] * (1.0 - eta[i]) * _GAUSS * inverse
            low, high = _bounds(grid, middle, min(cut, _GAUSS_REACH) * width)
            for j in range(low, high):
                x = (grid[j] - middle) * inverse
                y[j] += height * np.exp(-_LN2_4 * x * x)
    return y


@njit(cache=True)
def _peak_rows(grid, position, fwhm, eta, cut, derivatives):
    n = len(position)
    first = np.zeros(n, np.int64)
    offset = np.zeros(n + 1, np.int64)
    for i in range(n):
        count = 0
        if fwhm[i] > 0.0 and np.isfinite(position[i]):
            low, high = _bounds(grid, position[i], cut * fwhm[i])
            first[i] = low
            count = high - low
        offset[i + 1] = offset[i] + count
    total = offset[n]
    value = np.empty(total)
    rest = total if derivatives else 0
    d_position = np.empty(rest)
    d_fwhm = np.empty(rest)
    d_eta = np.empty(rest)
    for i in range(n):
        if offset[i + 1] == offset[i]:
            continue
        inverse = 1.0 / fwhm[i]
        lorentz_height = _LORENTZ * inverse
        gauss_height = _GAUSS * inverse
        shift = first[i] - offset[i]
        for j in range(offset[i], offset[i + 1]):
            x = (grid[j + shift] - position[i]) * inverse
            x2 = x * x
            bell = 1.0 / (1.0 + 4.0 * x2)
            lorentz = lorentz_height * bell
            gauss = 0.0
            if x2 < _GAUSS_REACH * _GAUSS_REACH:
                gauss = gauss_height * np.exp(-_LN2_4 * x2)
            value[j] = eta[i] * lorentz + (1.0 - eta[i]) * gauss
            if derivatives:
                # d/dx of both parts, over x
                slope = eta[i] * lorentz * 8.0 * bell + (1.0 - eta[i]) * gauss * 2.0 * _LN2_4
                d_position[j] = slope * x * inverse
                d_fwhm[j] = (slope * x2 - value[j]) * inverse
                d_eta[j] = lorentz - gauss
    return first, offset, value, d_position, d_fwhm, d_eta


@njit(cache=True)
def _axial_nodes(position, s, h, nodes, weights):
    # Finger, Cox and Jephcoat (1994), with s = S/L and h = H/L as half heights. A ray that
    # climbs by z (over L) meets the detector at cos 2φ = cos 2θ sqrt(1 + z²); z has the weight
    # W(z) dz / ((1 + z²) sin 2φ), where W is the overlap of sample and slit: flat to |h - s|,
    # then falling to zero at h + s. Each of the two pieces has its own nodes.
    n = len(position)
    m = len(nodes)
    out = np.empty((n, 2 * m))
    w = np.empty((n, 2 * m))
    for i in range(n):
        cosine = np.cos(np.deg2rad(position[i]))
        # cos 2φ must stay below 1: a cone narrower than the slit is seen whole
        reach = np.inf
        if abs(cosine) > 1e-12:
            reach = np.sqrt(max(1.0 / cosine**2 - 1.0, 0.0)) * 0.999999
        kink = min(abs(h - s), reach)
        end = min(h + s, reach)
        total = 0.0
        for k in range(2 * m):
            low, high = (0.0, kink) if k < m else (kink, end)
            z = 0.5 * (low + high) + 0.5 * (high - low) * nodes[k % m]
            phi = np.arccos(max(min(cosine * np.sqrt(1.0 + z * z), 1.0), -1.0))
            overlap = min(2.0 * min(h, s), h + s - z)
            w[i, k] = 0.5 * (high - low) * weights[k % m] * overlap
            w[i, k] /= (1.0 + z * z) * max(np.sin(phi), 1e-12)
            out[i, k] = np.rad2deg(phi)
            total += w[i, k]
        for k in range(2 * m):
            w[i, k] /= total
    return out, w
