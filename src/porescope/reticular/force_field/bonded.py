"""Compiled energies, gradients and virials of the bonded terms.

Each term depends on a few vectors between atoms only. With g the derivative of the energy by such
a vector d, the gradient takes +g and -g at its ends, and the virial d ⊗ g.
"""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np

_TINY = 1e-12


@numba.njit(cache=True, inline="always")
@no_type_check
def _step(cart, lattice, i, j, x, y, z, out):
    for c in range(3):
        out[c] = cart[j, c] - cart[i, c] + x * lattice[0, c] + y * lattice[1, c] + z * lattice[2, c]


@numba.njit(cache=True, inline="always")
@no_type_check
def _add(gradient, virial, i, j, d, g):
    for c in range(3):
        gradient[j, c] += g[c]
        gradient[i, c] -= g[c]
        for e in range(3):
            virial[c, e] += d[c] * g[e]


@numba.njit(cache=True)
@no_type_check
def bond_energy(cart, lattice, atoms, cells, values, gradient, virial):
    energy = 0.0
    d, g = np.empty(3), np.empty(3)
    for t in range(len(atoms)):
        i, j = atoms[t, 0], atoms[t, 1]
        _step(cart, lattice, i, j, cells[t, 0], cells[t, 1], cells[t, 2], d)
        r = np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
        off = r - values[t, 0]
        energy += 0.5 * values[t, 1] * off * off
        slope = values[t, 1] * off / max(r, 1e-6)
        for c in range(3):
            g[c] = slope * d[c]
        _add(gradient, virial, i, j, d, g)
    return energy


@numba.njit(cache=True)
@no_type_check
def angle_energy(cart, lattice, atoms, cells, values, gradient, virial):
    energy = 0.0
    a, b, ga, gb = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for t in range(len(atoms)):
        i, j, k = atoms[t, 0], atoms[t, 1], atoms[t, 2]
        _step(cart, lattice, j, i, cells[t, 0], cells[t, 1], cells[t, 2], a)
        _step(cart, lattice, j, k, cells[t, 3], cells[t, 4], cells[t, 5], b)
        ra = np.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2] + _TINY)
        rb = np.sqrt(b[0] * b[0] + b[1] * b[1] + b[2] * b[2] + _TINY)
        x = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (ra * rb)
        v = values[t]
        energy += v[0] + x * (v[1] + x * (v[2] + x * (v[3] + x * v[4])))
        slope = v[1] + x * (2.0 * v[2] + x * (3.0 * v[3] + x * 4.0 * v[4]))
        over = x - v[5]
        if over > 0.0:
            energy += v[6] * over * over
            slope += 2.0 * v[6] * over
        for c in range(3):
            ga[c] = slope * (b[c] / rb - x * a[c] / ra) / ra
            gb[c] = slope * (a[c] / ra - x * b[c] / rb) / rb
        _add(gradient, virial, j, i, a, ga)
        _add(gradient, virial, j, k, b, gb)
    return energy


@numba.njit(cache=True, inline="always")
@no_type_check
def _cross(a, b, out):
    out[0] = a[1] * b[2] - a[2] * b[1]
    out[1] = a[2] * b[0] - a[0] * b[2]
    out[2] = a[0] * b[1] - a[1] * b[0]


@numba.njit(cache=True)
@no_type_check
def torsion_energy(cart, lattice, atoms, cells, values, gradient, virial):
    # p = i - j, q = k - j, s = l - k; normals m = p x q and n = s x q, so that the cosine of
    # the torsion is m.n / |m||n|, which is 1 where i and l are on one side.
    energy = 0.0
    p, q, w, s = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    m, n, gm, gn = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    gp, gq, gs, more = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for t in range(len(atoms)):
        i, j, k, l = atoms[t, 0], atoms[t, 1], atoms[t, 2], atoms[t, 3]
        _step(cart, lattice, j, i, cells[t, 0], cells[t, 1], cells[t, 2], p)
        _step(cart, lattice, j, k, cells[t, 3], cells[t, 4], cells[t, 5], q)
        _step(cart, lattice, j, l, cells[t, 6], cells[t, 7], cells[t, 8], w)
        for c in range(3):
            s[c] = w[c] - q[c]
        _cross(p, q, m)
        _cross(s, q, n)
        rm = np.sqrt(m[0] * m[0] + m[1] * m[1] + m[2] * m[2] + 1e-6)
        rn = np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2] + 1e-6)
        x = (m[0] * n[0] + m[1] * n[1] + m[2] * n[2]) / (rm * rn)
        v = values[t]
        energy += v[0] + x * (v[1] + x * (v[2] + x * (v[3] + x * (v[4] + x * (v[5] + x * v[6])))))
        slope = v[1] + x * (
            2.0 * v[2] + x * (3.0 * v[3] + x * (4.0 * v[4] + x * (5.0 * v[5] + x * 6.0 * v[6])))
        )
        for c in range(3):
            gm[c] = slope * (n[c] / rn - x * m[c] / rm) / rm
            gn[c] = slope * (m[c] / rm - x * n[c] / rn) / rn
        _cross(q, gm, gp)
        _cross(q, gn, gs)
        _cross(gm, p, gq)
        _cross(gn, s, more)
        for c in range(3):
            gq[c] += more[c]
            # s = w - q, so that l and k share its derivative; k - j carries q.
        for c in range(3):
            gradient[i, c] += gp[c]
            gradient[l, c] += gs[c]
            gradient[k, c] += gq[c] - gs[c]
            gradient[j, c] -= gp[c] + gq[c]
            for e in range(3):
                virial[c, e] += p[c] * gp[e] + q[c] * gq[e] + s[c] * gs[e]
    return energy


@numba.njit(cache=True)
@no_type_check
def inversion_energy(cart, lattice, atoms, cells, values, gradient, virial):
    # The sine of the angle between the bond d and the plane of a and b.
    energy = 0.0
    a, b, d, m = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    gm, gd, ga, gb = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for t in range(len(atoms)):
        i = atoms[t, 0]
        _step(cart, lattice, i, atoms[t, 1], cells[t, 0], cells[t, 1], cells[t, 2], a)
        _step(cart, lattice, i, atoms[t, 2], cells[t, 3], cells[t, 4], cells[t, 5], b)
        _step(cart, lattice, i, atoms[t, 3], cells[t, 6], cells[t, 7], cells[t, 8], d)
        _cross(a, b, m)
        rm = np.sqrt(m[0] * m[0] + m[1] * m[1] + m[2] * m[2] + 1e-8)
        rd = np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + _TINY)
        x = (m[0] * d[0] + m[1] * d[1] + m[2] * d[2]) / (rm * rd)
        square = max(1.0 - x * x, 1e-8)
        cosine = np.sqrt(square)
        energy += values[t, 0] + values[t, 1] * cosine + values[t, 2] * (2.0 * square - 1.0)
        slope = -values[t, 1] * x / cosine - 4.0 * values[t, 2] * x
        for c in range(3):
            gm[c] = slope * (d[c] / rd - x * m[c] / rm) / rm
            gd[c] = slope * (m[c] / rm - x * d[c] / rd) / rd
        _cross(b, gm, ga)
        _cross(gm, a, gb)
        _add(gradient, virial, i, atoms[t, 1], a, ga)
        _add(gradient, virial, i, atoms[t, 2], b, gb)
        _add(gradient, virial, i, atoms[t, 3], d, gd)
    return energy
