"""Compiled loops behind the structure factors; arrays in, arrays out, no checks.

The public functions, with shapes and units, are in :mod:`porescope.diffraction.structure_factors`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_FAST = {"reassoc", "contract", "arcp", "nsz"}


@njit(cache=True)
def _fold(
    frac, orbit, numbers, isotopes, u_iso, occupancy, rotations, shifts, centre, factor, default_u
):
    # One atom per orbit and coset, sorted into groups of equal species and U.
    n = len(numbers)
    n_orbits = 0
    for i in range(n):
        n_orbits = max(n_orbits, orbit[i] + 1)
    first = np.full(n_orbits, -1, np.int64)
    size = np.zeros(n_orbits, np.int64)
    for i in range(n):
        if first[orbit[i]] < 0:
            first[orbit[i]] = i
        size[orbit[i]] += 1
    # species and groups of the orbits; the last group is tried first, as neighbours are alike
    group_of = np.empty(n_orbits, np.int64)
    g_number = np.empty(n_orbits, np.int64)
    g_isotope = np.empty(n_orbits, np.int64)
    g_u = np.empty(n_orbits, np.float64)
    counts = np.zeros(n_orbits + 1, np.int64)
    n_groups = 0
    for o in range(n_orbits):
        i = first[o]
        if i < 0:
            continue
        u = u_iso[i]
        if np.isnan(u):
            u = default_u
        found = -1
        for g in range(min(n_groups, 64)):
            if g_number[g] == numbers[i] and g_isotope[g] == isotopes[i] and g_u[g] == u:
                found = g
                break
        if found < 0 and n_groups > 64:
            g = n_groups - 1
            if g_number[g] == numbers[i] and g_isotope[g] == isotopes[i] and g_u[g] == u:
                found = g
        if found < 0:
            found = n_groups
            g_number[found] = numbers[i]
            g_isotope[found] = isotopes[i]
            g_u[found] = u
            n_groups += 1
        group_of[o] = found
        counts[found + 1] += len(rotations)
    start = np.zeros(n_groups + 1, np.int64)
    for g in range(n_groups):
        start[g + 1] = start[g] + counts[g + 1]
    fill = start.copy()
    out = np.empty((start[n_groups], 3), np.float64)
    weight = np.empty(start[n_groups], np.float64)
    for o in range(n_orbits):
        i = first[o]
        if i < 0:
            continue
        x, y, z = frac[i, 0], frac[i, 1], frac[i, 2]
        for c in range(len(rotations)):
            j = fill[group_of[o]]
            fill[group_of[o]] += 1
            for k in range(3):
                out[j, k] = (
                    rotations[c, k, 0] * x
                    + rotations[c, k, 1] * y
                    + rotations[c, k, 2] * z
                    + shifts[c, k]
                    - centre[k]
                )
            weight[j] = occupancy[i] * size[o] * factor
    # species
    s_number = np.empty(n_groups, np.int64)
    s_isotope = np.empty(n_groups, np.int64)
    species = np.empty(n_groups, np.int64)
    n_species = 0
    for g in range(n_groups):
        found = -1
        for s in range(n_species):
            if s_number[s] == g_number[g] and s_isotope[s] == g_isotope[g]:
                found = s
                break
        if found < 0:
            found = n_species
            s_number[found] = g_number[g]
            s_isotope[found] = g_isotope[g]
            n_species += 1
        species[g] = found
    return out, weight, start, species, g_u[:n_groups], s_number[:n_species], s_isotope[:n_species]


@njit(cache=True)
def _it92(table, numbers, s_squared):
    out = np.empty((len(numbers), len(s_squared)), np.float64)
    for i in range(len(numbers)):
        row = table[numbers[i]]
        for r in range(len(s_squared)):
            total = row[8]
            for k in range(4):
                total += row[k] * np.exp(-row[4 + k] * s_squared[r])
            out[i, r] = total
    return out


@njit(cache=True)
def _power_table(x, low, high, real, imag):
    # exp(2 pi i n x) for n = low..high (low <= 0 <= high or not), row by row, by recurrence
    # from exact values every 16 steps, so that errors stay near 1e-15.
    n = len(x)
    step_r = np.empty(n)
    step_i = np.empty(n)
    for j in range(n):
        step_r[j] = np.cos(2.0 * np.pi * x[j])
        step_i[j] = np.sin(2.0 * np.pi * x[j])
    for row in range(high - low + 1):
        m = low + row
        if row % 32 == 0:
            for j in range(n):
                turn = m * x[j]
                turn = 2.0 * np.pi * (turn - np.rint(turn))
                real[row, j] = np.cos(turn)
                imag[row, j] = np.sin(turn)
        else:
            for j in range(n):
                a = real[row - 1, j]
                b = imag[row - 1, j]
                real[row, j] = a * step_r[j] - b * step_i[j]
                imag[row, j] = a * step_i[j] + b * step_r[j]


@njit(cache=True, fastmath=_FAST)
def _dot_real(xr, xi, zr, zi, low, high):
    total = 0.0
    for j in range(low, high):
        total += xr[j] * zr[j] - xi[j] * zi[j]
    return total


@njit(cache=True, fastmath=_FAST)
def _dot_complex(xr, xi, zr, zi, low, high):
    a = 0.0
    b = 0.0
    for j in range(low, high):
        a += xr[j] * zr[j] - xi[j] * zi[j]
        b += xr[j] * zi[j] + xi[j] * zr[j]
    return a, b


@njit(cache=True)
def _direct(
    frac, weight, start, group_species, group_u, hkl, s_squared, spans, factors, centric, block
):
    # Sum over atoms, in blocks whose phase tables stay in the cache, for indices sorted by
    # h, k; the product of the first two tables is kept while h and k stay the same.
    n_refl = len(hkl)
    n_atoms = len(weight)
    real = np.zeros(n_refl)
    imag = np.zeros(n_refl)
    if n_refl == 0 or n_atoms == 0:
        return real, imag
    width = min(block, n_atoms)
    xr = np.empty((spans[3] - spans[0] + 1, width))
    xi = np.empty_like(xr)
    yr = np.empty((spans[4] - spans[1] + 1, width))
    yi = np.empty_like(yr)
    zr = np.empty((spans[5] - spans[2] + 1, width))
    zi = np.empty_like(zr)
    pr = np.empty(width)
    pi = np.empty(width)
    column = np.empty(width)
    first_group = 0
    for begin in range(0, n_atoms, block):
        end = min(begin + block, n_atoms)
        n = end - begin
        for axis in range(3):
            for j in range(n):
                column[j] = frac[begin + j, axis]
            if axis == 0:
                _power_table(column[:n], spans[0], spans[3], xr, xi)
            elif axis == 1:
                _power_table(column[:n], spans[1], spans[4], yr, yi)
            else:
                _power_table(column[:n], spans[2], spans[5], zr, zi)
        for row in range(spans[3] - spans[0] + 1):
            for j in range(n):
                xr[row, j] *= weight[begin + j]
                xi[row, j] *= weight[begin + j]
        while start[first_group + 1] <= begin:
            first_group += 1
        last_h = hkl[0, 0] - 1
        last_k = 0
        for r in range(n_refl):
            h, k = hkl[r, 0], hkl[r, 1]
            if h != last_h or k != last_k:
                last_h, last_k = h, k
                ar, ai = xr[h - spans[0]], xi[h - spans[0]]
                br, bi = yr[k - spans[1]], yi[k - spans[1]]
                for j in range(n):
                    pr[j] = ar[j] * br[j] - ai[j] * bi[j]
                    pi[j] = ar[j] * bi[j] + ai[j] * br[j]
            m = hkl[r, 2] - spans[2]
            cr, ci = zr[m], zi[m]
            thermal = -78.95683520871486 * s_squared[r]
            g = first_group
            total_a = 0.0
            total_b = 0.0
            while g < len(group_u) and start[g] < end:
                low = max(start[g] - begin, 0)
                high = min(start[g + 1], end) - begin
                f = factors[group_species[g], r]
                if group_u[g] != 0.0:
                    f *= np.exp(thermal * group_u[g])
                if centric:
                    total_a += f * _dot_real(pr, pi, cr, ci, low, high)
                else:
                    a, b = _dot_complex(pr, pi, cr, ci, low, high)
                    total_a += f * a
                    total_b += f * b
                g += 1
            real[r] += total_a
            imag[r] += total_b
    return real, imag


@njit(cache=True)
def _direct_anisotropic(frac, occupancy, beta, species, hkl, factors, imaginary):
    n_refl = len(hkl)
    p_real = np.zeros(n_refl)
    p_imag = np.zeros(n_refl)
    q_real = np.zeros(n_refl)
    q_imag = np.zeros(n_refl)
    two_pi = 2.0 * np.pi
    for r in range(n_refl):
        h, k, m = hkl[r, 0], hkl[r, 1], hkl[r, 2]
        for j in range(len(occupancy)):
            b = beta[j]
            exponent = (
                b[0, 0] * h * h
                + b[1, 1] * k * k
                + b[2, 2] * m * m
                + (b[0, 1] + b[1, 0]) * h * k
                + (b[0, 2] + b[2, 0]) * h * m
                + (b[1, 2] + b[2, 1]) * k * m
            )
            size = occupancy[j] * np.exp(-0.5 * two_pi * two_pi * exponent)
            turn = two_pi * (frac[j, 0] * h + frac[j, 1] * k + frac[j, 2] * m)
            c = size * np.cos(turn)
            s = size * np.sin(turn)
            f = factors[species[j], r]
            f2 = imaginary[species[j]]
            p_real[r] += f * c
            p_imag[r] += f * s
            q_real[r] += f2 * c
            q_imag[r] += f2 * s
    return p_real, p_imag, q_real, q_imag


@njit(cache=True)
def _sorted_by_d(hkl, s_squared, multiplicity, values):
    order = np.argsort(s_squared, kind="mergesort")
    n = len(order)
    out_hkl = np.empty((n, 3), np.int64)
    d = np.empty(n)
    out_m = np.empty(n, np.int64)
    out_v = np.empty(n)
    for i in range(n):
        j = order[i]
        out_hkl[i, 0] = hkl[j, 0]
        out_hkl[i, 1] = hkl[j, 1]
        out_hkl[i, 2] = hkl[j, 2]
        d[i] = 0.5 / np.sqrt(s_squared[j])
        out_m[i] = multiplicity[j]
        out_v[i] = values[j]
    return out_hkl, d, out_m, out_v
