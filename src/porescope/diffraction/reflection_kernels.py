"""Compiled loop that lists reflections; the public functions are in ``reflections``."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def _limits(laue):
    # What the representatives obey: 1 for k >= 0, l >= 0, k <= h, l <= k.
    flags = np.zeros(4, np.int64)
    for i in range(len(laue)):
        r = laue[i]
        if abs(r[0, 0]) == 1 and abs(r[1, 1]) == 1 and abs(r[2, 2]) == 1:
            off = 0
            for a in range(3):
                for b in range(3):
                    if a != b:
                        off += abs(r[a, b])
            if off == 0 and r[0, 0] == 1 and r[1, 1] == -1:
                flags[0] = 1  # h, -k, +-l
            if off == 0 and r[0, 0] == 1 and r[1, 1] == 1 and r[2, 2] == -1:
                flags[1] = 1  # h, k, -l
        keeps_h = r[0, 0] == 1 and r[1, 0] == 0 and r[2, 0] == 0
        first_is_k = r[0, 0] == 0 and r[1, 0] == 1 and r[2, 0] == 0
        if first_is_k:
            flags[2] = 1  # k, ...
        if keeps_h and r[0, 1] == 0 and r[1, 1] == 0 and r[2, 1] == 1:
            flags[3] = 1  # h, l, ...
    return flags


@njit(cache=True)
def _enumerate(lattice, q_max, q_min, laue, centrings, screws, shifts):
    # q = 1/d². Representatives are the greatest of their set in the order of h, k, l.
    m00 = m01 = m02 = m11 = m12 = m22 = 0.0
    for x in range(3):
        m00 += lattice[0, x] * lattice[0, x]
        m01 += lattice[0, x] * lattice[1, x]
        m02 += lattice[0, x] * lattice[2, x]
        m11 += lattice[1, x] * lattice[1, x]
        m12 += lattice[1, x] * lattice[2, x]
        m22 += lattice[2, x] * lattice[2, x]
    cofactor0 = m11 * m22 - m12 * m12
    cofactor1 = m02 * m12 - m01 * m22
    cofactor2 = m01 * m12 - m02 * m11
    determinant = m00 * cofactor0 + m01 * cofactor1 + m02 * cofactor2
    if not determinant > 1e-9 or not q_max > 0.0:
        raise ValueError
    a11, a12, a13 = cofactor0 / determinant, cofactor1 / determinant, cofactor2 / determinant
    a22 = (m00 * m22 - m02 * m02) / determinant
    a23 = (m01 * m02 - m00 * m12) / determinant
    a33 = (m00 * m11 - m01 * m01) / determinant
    limit = q_max * (1.0 + 1e-12)
    n_laue = len(laue)
    flags = _limits(laue)
    # no more than half of the points whose cells fit into the sphere made larger by a cell
    longer = np.sqrt(limit) + 0.5 * (np.sqrt(a11) + np.sqrt(a22) + np.sqrt(a33))
    most = int(2.1 * np.sqrt(determinant) * longer**3) + 8
    hkl = np.empty((most, 3), np.int64)
    multiplicity = np.empty(most, np.int64)
    s_squared = np.empty(most, np.float64)
    n = 0
    # k range for each h from the 2x2 Schur complement, l range from the quadratic
    g22 = a22 - a23 * a23 / a33
    g12 = a12 - a13 * a23 / a33
    g11 = a11 - a13 * a13 / a33
    for h in range(int(np.sqrt(m00 * limit)) + 1):
        half_k = g12 * h / g22
        disc_k = half_k**2 - (g11 * h * h - limit) / g22
        if disc_k < 0.0:
            continue
        root_k = np.sqrt(disc_k)
        k_low = int(np.ceil(-half_k - root_k - 1e-9))
        k_high = int(np.floor(-half_k + root_k + 1e-9))
        if (h == 0 or flags[0]) and k_low < 0:
            k_low = 0
        if flags[2]:
            k_high = min(k_high, h)
        for k in range(k_low, k_high + 1):
            half_l = (a13 * h + a23 * k) / a33
            plane = a11 * h * h + a22 * k * k + 2.0 * a12 * h * k
            disc_l = half_l**2 - (plane - limit) / a33
            if disc_l < 0.0:
                continue
            root_l = np.sqrt(disc_l)
            l_low = int(np.ceil(-half_l - root_l - 1e-9))
            l_high = int(np.floor(-half_l + root_l + 1e-9))
            if flags[1] and l_low < 0:
                l_low = 0
            if h == 0 and k == 0 and l_low < 1:
                l_low = 1
            if flags[3]:
                l_high = min(l_high, k)
            for m in range(l_low, l_high + 1):
                q = plane + a33 * m * m + 2.0 * m * (a13 * h + a23 * k)
                if q > limit or q < q_min:
                    continue
                gone = False
                for i in range(len(centrings)):
                    phase = h * centrings[i, 0] + k * centrings[i, 1] + m * centrings[i, 2]
                    if abs(phase - np.rint(phase)) > 1e-6:
                        gone = True
                        break
                if gone:
                    continue
                fixed = 0
                for i in range(n_laue):
                    a = h * laue[i, 0, 0] + k * laue[i, 1, 0] + m * laue[i, 2, 0]
                    if a < h:
                        continue
                    b = h * laue[i, 0, 1] + k * laue[i, 1, 1] + m * laue[i, 2, 1]
                    if a == h and b < k:
                        continue
                    c = h * laue[i, 0, 2] + k * laue[i, 1, 2] + m * laue[i, 2, 2]
                    if a > h or b > k or c > m:
                        gone = True
                        break
                    if c == m:
                        fixed += 1
                if gone:
                    continue
                for i in range(len(screws)):
                    phase = h * shifts[i, 0] + k * shifts[i, 1] + m * shifts[i, 2]
                    if abs(phase - np.rint(phase)) < 1e-6:
                        continue
                    if (
                        h * screws[i, 0, 0] + k * screws[i, 1, 0] + m * screws[i, 2, 0] == h
                        and h * screws[i, 0, 1] + k * screws[i, 1, 1] + m * screws[i, 2, 1] == k
                        and h * screws[i, 0, 2] + k * screws[i, 1, 2] + m * screws[i, 2, 2] == m
                    ):
                        gone = True
                        break
                if gone:
                    continue
                hkl[n, 0] = h
                hkl[n, 1] = k
                hkl[n, 2] = m
                multiplicity[n] = n_laue // fixed
                s_squared[n] = 0.25 * q
                n += 1
    out_hkl = np.empty((n, 3), np.int64)
    out_multiplicity = np.empty(n, np.int64)
    out_s_squared = np.empty(n, np.float64)
    for i in range(n):
        out_hkl[i, 0] = hkl[i, 0]
        out_hkl[i, 1] = hkl[i, 1]
        out_hkl[i, 2] = hkl[i, 2]
        out_multiplicity[i] = multiplicity[i]
        out_s_squared[i] = s_squared[i]
    return out_hkl, out_multiplicity, out_s_squared
