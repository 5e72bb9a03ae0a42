"""Compiled sums of the electrostatic potential: pairs in real space, waves in reciprocal space.

erfc(alpha r)/r is read from a table over r² with cubic interpolation, as the function itself costs
ten times the rest of a pair.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from porescope.adsorption.lennard_jones_kernels import (
    MIN_R2,
    centre_of_block,
    neighbours_of_block,
)


@njit(cache=True, nogil=True)
def _table_value(table, r2, low, per_r2):
    place = (r2 - low) * per_r2
    cell = int(place)
    t = place - cell
    return table[cell, 0] + t * (table[cell, 1] + t * (table[cell, 2] + t * table[cell, 3]))


@njit(cache=True, nogil=True)
def block_potentials(
    points, block_starts, first_block, last_block,
    x, y, z, charge, starts, bins, origin, width,
    table, low, per_r2, alpha, cutoff, skip_r2, capacity, out,
):  # fmt: skip
    """Real-space part of the potential at the points of some blocks [e/Å], into ``out``.

    Pairs nearer than ``skip_r2`` are an ion with itself and left out. Returns False where a list
    of images held more than ``capacity``.
    """
    inner = np.empty(capacity, np.int64)
    shell = np.empty(capacity, np.int64)
    box = np.empty(7)
    cut2 = cutoff * cutoff
    for block in range(first_block, last_block):
        first, last = block_starts[block], block_starts[block + 1]
        centre_of_block(points, first, last, box)
        n_inner, n_shell = neighbours_of_block(
            x, y, z, starts, bins, origin, width, cutoff, box, inner, shell
        )
        if n_inner < 0:
            return False
        for i in range(first, last):
            total = 0.0
            for part in range(2):
                rows = inner if part == 0 else shell
                for j in range(n_inner if part == 0 else n_shell):
                    other = rows[j]
                    dx = x[other] - points[i, 0]
                    dy = y[other] - points[i, 1]
                    dz = z[other] - points[i, 2]
                    r2 = dx * dx + dy * dy + dz * dz
                    if r2 >= cut2 or r2 < skip_r2:
                        continue
                    r2 = max(r2, MIN_R2)
                    if r2 < low:
                        r = np.sqrt(r2)
                        total += charge[other] * math.erfc(alpha * r) / r
                    else:
                        total += charge[other] * _table_value(table, r2, low, per_r2)
            out[i] = total
    return True


@njit(cache=True, nogil=True)
def structure_factors(frac, charge, h_max, k_max, l_max, first, last, out):
    """Sums of q exp(-2 pi i (h x + k y + l z)) for h from ``first`` to ``last``, into ``out``.

    ``out`` has the axes h from 0, k from -k_max, l from -l_max.
    """
    n = len(frac)
    chunk = 256
    along_k = np.empty((2 * k_max + 1, chunk), np.complex128)
    along_l = np.empty((2 * l_max + 1, chunk), np.complex128)
    lead = np.empty(chunk, np.complex128)
    pair = np.empty(chunk, np.complex128)
    for start in range(0, n, chunk):
        size = min(chunk, n - start)
        for j in range(size):
            _, y, z = frac[start + j, 0], frac[start + j, 1], frac[start + j, 2]
            for k in range(-k_max, k_max + 1):
                along_k[k + k_max, j] = np.exp(-2j * np.pi * (k * y))
            for l in range(-l_max, l_max + 1):
                along_l[l + l_max, j] = np.exp(-2j * np.pi * (l * z))
        for h in range(first, last):
            for j in range(size):
                lead[j] = charge[start + j] * np.exp(-2j * np.pi * (h * frac[start + j, 0]))
            for k in range(2 * k_max + 1):
                for j in range(size):
                    pair[j] = lead[j] * along_k[k, j]
                for l in range(2 * l_max + 1):
                    re = 0.0
                    im = 0.0
                    for j in range(size):
                        re += pair[j].real * along_l[l, j].real - pair[j].imag * along_l[l, j].imag
                        im += pair[j].real * along_l[l, j].imag + pair[j].imag * along_l[l, j].real
                    out[h, k, l] += complex(re, im)


@njit(cache=True, nogil=True)
def wave_sums(frac, coefficients, h_max, k_max, l_max, first, last, out):
    """Real parts of the sums of coefficients exp(2 pi i (h x + k y + l z)) at points."""
    wave_l = np.empty(2 * l_max + 1, np.complex128)
    for i in range(first, last):
        step = np.exp(2j * np.pi * frac[i, 2])
        wave = np.exp(-2j * np.pi * (l_max * frac[i, 2]))
        for l in range(2 * l_max + 1):
            wave_l[l] = wave
            wave *= step
        total = 0.0
        for h in range(h_max + 1):
            for k in range(2 * k_max + 1):
                re = 0.0
                im = 0.0
                row = coefficients[h, k]
                for l in range(2 * l_max + 1):
                    re += row[l].real * wave_l[l].real - row[l].imag * wave_l[l].imag
                    im += row[l].real * wave_l[l].imag + row[l].imag * wave_l[l].real
                lead = np.exp(2j * np.pi * (h * frac[i, 0] + (k - k_max) * frac[i, 1]))
                total += re * lead.real - im * lead.imag
        out[i] = total
