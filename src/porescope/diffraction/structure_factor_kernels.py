"""Compiled loops behind the structure factors; arrays in, arrays out, no checks.

The public functions, with shapes and units, are in :mod:`porescope.diffraction.structure_factors`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from porescope.diffraction.reflection_kernels import _enumerate

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
    for i in range(len(numbers)):
        if numbers[i] < 1 or numbers[i] >= len(table) or np.isnan(table[numbers[i], 8]):
            raise ValueError
    out = np.empty((len(numbers), len(s_squared)), np.float64)
    for i in range(len(numbers)):
        row = table[numbers[i]]
        for r in range(len(s_squared)):
            total = row[8]
            for k in range(4):
                total += row[k] * np.exp(-row[4 + k] * s_squared[r])
            out[i, r] = total
    return out


@njit(cache=True, fastmath=_FAST)
def _cos_sin(turns, factor, cosine, sine):
    # cos and sin of 2 pi factor turns, by Taylor series on -pi/2..pi/2: free of branches, so
    # that the compiler uses vector instructions; errors stay below 1e-15 + 1e-16 |factor turns|.
    for j in range(len(turns)):
        x = factor * turns[j]
        half = np.rint(2.0 * x)
        a = 2.0 * np.pi * (x - 0.5 * half)
        z = a * a
        s = 1.0 / 51090942171709440000.0
        s = s * z - 1.0 / 121645100408832000.0
        s = s * z + 1.0 / 355687428096000.0
        s = s * z - 1.0 / 1307674368000.0
        s = s * z + 1.0 / 6227020800.0
        s = s * z - 1.0 / 39916800.0
        s = s * z + 1.0 / 362880.0
        s = s * z - 1.0 / 5040.0
        s = s * z + 1.0 / 120.0
        s = s * z - 1.0 / 6.0
        c = -1.0 / 1124000727777607680000.0
        c = c * z + 1.0 / 2432902008176640000.0
        c = c * z - 1.0 / 6402373705728000.0
        c = c * z + 1.0 / 20922789888000.0
        c = c * z - 1.0 / 87178291200.0
        c = c * z + 1.0 / 479001600.0
        c = c * z - 1.0 / 3628800.0
        c = c * z + 1.0 / 40320.0
        c = c * z - 1.0 / 720.0
        c = c * z + 1.0 / 24.0
        c = c * z - 0.5
        sign = 1.0 - 2.0 * (half - 2.0 * np.floor(0.5 * half))
        cosine[j] = sign * (1.0 + c * z)
        sine[j] = sign * (a + a * z * s)


@njit(cache=True, fastmath=_FAST)
def _rotate(real, imag, row, step_r, step_i, n):
    for j in range(n):
        a = real[row - 1, j]
        b = imag[row - 1, j]
        real[row, j] = a * step_r[j] - b * step_i[j]
        imag[row, j] = a * step_i[j] + b * step_r[j]


@njit(cache=True)
def _power_table(x, low, high, real, imag, step_r, step_i):
    # exp(2 pi i m x) for m = low..high, row by row: by recurrence from exact values every
    # 32 steps, so that errors stay near 1e-14.
    n = len(x)
    _cos_sin(x, 1.0, step_r, step_i)
    for row in range(high - low + 1):
        m = low + row
        if m == 0:
            for j in range(n):
                real[row, j] = 1.0
                imag[row, j] = 0.0
        elif row % 32 == 0:
            _cos_sin(x, float(m), real[row], imag[row])
        else:
            _rotate(real, imag, row, step_r, step_i, n)


@njit(cache=True, fastmath=_FAST)
def _direct(frac, weight, start, group_species, group_u, hkl, s_squared, factors, centric, block):
    # Sum over atoms, in blocks whose phase tables stay in the cache, for indices sorted by
    # h, k; the product of the first two tables is kept while h and k stay the same. One
    # function on purpose: calls with many arrays cost more here than the loops themselves.
    n_refl = len(hkl)
    n_atoms = len(weight)
    real = np.zeros(n_refl)
    imag = np.zeros(n_refl)
    if n_refl == 0 or n_atoms == 0:
        return real, imag
    h0 = h1 = hkl[0, 0]
    k0 = k1 = hkl[0, 1]
    l0 = l1 = hkl[0, 2]
    for r in range(n_refl):
        h0, h1 = min(h0, hkl[r, 0]), max(h1, hkl[r, 0])
        k0, k1 = min(k0, hkl[r, 1]), max(k1, hkl[r, 1])
        l0, l1 = min(l0, hkl[r, 2]), max(l1, hkl[r, 2])
    width = min(block, n_atoms)
    xr = np.empty((h1 - h0 + 1, width))
    xi = np.empty((h1 - h0 + 1, width))
    yr = np.empty((k1 - k0 + 1, width))
    yi = np.empty((k1 - k0 + 1, width))
    zr = np.empty((l1 - l0 + 1, width))
    zi = np.empty((l1 - l0 + 1, width))
    pr = np.empty(width)
    pi = np.empty(width)
    column = np.empty((3, width))
    step_r = np.empty(width)
    step_i = np.empty(width)
    first_group = 0
    for begin in range(0, n_atoms, block):
        end = min(begin + block, n_atoms)
        n = end - begin
        for j in range(n):
            column[0, j] = frac[begin + j, 0]
            column[1, j] = frac[begin + j, 1]
            column[2, j] = frac[begin + j, 2]
        _power_table(column[0, :n], h0, h1, xr, xi, step_r, step_i)
        _power_table(column[1, :n], k0, k1, yr, yi, step_r, step_i)
        _power_table(column[2, :n], l0, l1, zr, zi, step_r, step_i)
        for row in range(l1 - l0 + 1):
            for j in range(n):
                zr[row, j] *= weight[begin + j]
                zi[row, j] *= weight[begin + j]
        while start[first_group + 1] <= begin:
            first_group += 1
        last_h = h0 - 1
        last_k = 0
        for r in range(n_refl):
            h, k = hkl[r, 0], hkl[r, 1]
            if h != last_h or k != last_k:
                last_h, last_k = h, k
                x, y = h - h0, k - k0
                for j in range(n):
                    pr[j] = xr[x, j] * yr[y, j] - xi[x, j] * yi[y, j]
                    pi[j] = xr[x, j] * yi[y, j] + xi[x, j] * yr[y, j]
            row = hkl[r, 2] - l0
            thermal = -78.95683520871486 * s_squared[r]  # -8 pi^2 s^2
            g = first_group
            while g < len(group_u) and start[g] < end:
                low = max(start[g] - begin, 0)
                high = min(start[g + 1], end) - begin
                f = factors[group_species[g], r]
                if group_u[g] != 0.0:
                    f *= np.exp(thermal * group_u[g])
                # views, as the compiler vectorises loops that begin at zero only
                ar, ai = pr[low:high], pi[low:high]
                br, bi = zr[row, low:high], zi[row, low:high]
                cosines = 0.0
                if centric:
                    for j in range(high - low):
                        cosines += ar[j] * br[j] - ai[j] * bi[j]
                else:
                    sines = 0.0
                    for j in range(high - low):
                        cosines += ar[j] * br[j] - ai[j] * bi[j]
                        sines += ar[j] * bi[j] + ai[j] * br[j]
                    imag[r] += f * sines
                real[r] += f * cosines
                g += 1
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


@njit(cache=True)
def _xray_reflections(
    lattice,
    q_max,
    q_min,
    laue,
    centrings,
    screws,
    screw_shifts,
    frac,
    orbit,
    numbers,
    isotopes,
    u_iso,
    occupancy,
    rotations,
    shifts,
    centre,
    centric,
    default_u,
    table,
    max_work,
    block,
):
    # Everything for X-rays without anomalous terms in one call, as calls cost more than the
    # sums for small cells. Where the sums are larger than max_work they are left to the caller,
    # and the last array is empty.
    hkl, multiplicity, s_squared = _enumerate(
        lattice, q_max, q_min, laue, centrings, screws, screw_shifts
    )
    positions, weight, start, species, u, kinds, _ = _fold(
        frac,
        orbit,
        numbers,
        isotopes,
        u_iso,
        occupancy,
        rotations,
        shifts,
        centre,
        1.0 / len(rotations),
        default_u,
    )
    if len(hkl) * len(weight) > max_work:
        return hkl, s_squared, multiplicity, np.empty(0)
    factors = _it92(table, kinds, s_squared)
    real, imag = _direct(
        positions, weight, start, species, u, hkl, s_squared, factors, centric, block
    )
    for r in range(len(hkl)):
        real[r] = real[r] * real[r] + imag[r] * imag[r]
    return _sorted_by_d(hkl, s_squared, multiplicity, real)
