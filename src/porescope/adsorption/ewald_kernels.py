"""Compiled sums of the electrostatic potential: pairs in real space, waves in reciprocal space.

A pair costs erfc(alpha r)/r = 1/r - erf(alpha r)/r, whose second term is an entire function of r²:
inside the cutoff it is a polynomial, which vector instructions evaluate for many points at once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from porescope.adsorption.lennard_jones_kernels import (
    MIN_R2,
    centre_of_block,
    neighbours_of_block,
    place_points,
)

DEGREE = 27
"""Degree of the polynomial for erf(alpha r)/r; it is written out in ``_add_potentials``."""


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _add_potentials(n_points, px, py, pz, pp, potential, n_images, image, c, cut2, skip_r2):
    # Even and odd powers of t in [-1, 1] are two chains, so that more is under way at once.
    scale = 2.0 / cut2
    for j in range(n_images):
        x0, y0, z0, r0, charge = image[0, j], image[1, j], image[2, j], image[3, j], image[4, j]
        for k in range(n_points):
            r2 = px[k] * x0 + (py[k] * y0 + (pz[k] * z0 + (pp[k] + r0)))
            t = r2 * scale - 1.0
            u = t * t
            even = c[26]
            even = even * u + c[24]
            even = even * u + c[22]
            even = even * u + c[20]
            even = even * u + c[18]
            even = even * u + c[16]
            even = even * u + c[14]
            even = even * u + c[12]
            even = even * u + c[10]
            even = even * u + c[8]
            even = even * u + c[6]
            even = even * u + c[4]
            even = even * u + c[2]
            even = even * u + c[0]
            odd = c[27]
            odd = odd * u + c[25]
            odd = odd * u + c[23]
            odd = odd * u + c[21]
            odd = odd * u + c[19]
            odd = odd * u + c[17]
            odd = odd * u + c[15]
            odd = odd * u + c[13]
            odd = odd * u + c[11]
            odd = odd * u + c[9]
            odd = odd * u + c[7]
            odd = odd * u + c[5]
            odd = odd * u + c[3]
            odd = odd * u + c[1]
            value = charge * (1.0 / np.sqrt(max(r2, MIN_R2)) - (even + t * odd))
            potential[k] += value if (r2 < cut2) & (r2 >= skip_r2) else 0.0


@njit(cache=True, nogil=True)
def block_potentials(
    points, block_starts, first_block, last_block,
    x, y, z, charge, starts, bins, origin, width,
    polynomial, cutoff, skip_r2, capacity, out,
):  # fmt: skip
    """Real-space part of the potential at the points of some blocks [e/Å], into ``out``.

    Pairs nearer than ``skip_r2`` are an ion with itself and left out. Returns False where a list
    of images held more than ``capacity``.
    """
    inner = np.empty(capacity, np.int64)
    shell = np.empty(capacity, np.int64)
    image = np.empty((5, capacity))
    local = np.empty((5, 64))
    px, py, pz, pp, potential = local[0], local[1], local[2], local[3], local[4]
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
        n = last - first
        n_padded = place_points(points, first, n, box, px, py, pz, pp)
        potential[:] = 0.0
        for part in range(2):
            rows, count = (inner, n_inner) if part == 0 else (shell, n_shell)
            for j in range(count):
                i = rows[j]
                dx = x[i] - box[0]
                dy = y[i] - box[1]
                dz = z[i] - box[2]
                image[0, j] = -2.0 * dx
                image[1, j] = -2.0 * dy
                image[2, j] = -2.0 * dz
                image[3, j] = dx * dx + dy * dy + dz * dz
                image[4, j] = charge[i]
            _add_potentials(
                n_padded, px, py, pz, pp, potential, count, image, polynomial, cut2, skip_r2
            )
        for k in range(n):
            out[first + k] = potential[k]
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


@njit(cache=True, nogil=True, fastmath=True)
def rows_of_waves(c_re, c_im, b_re, b_im, l_re, l_im, first, last, out_re, out_im):
    """Sums over k and l of some planes h, at all points along b and c, into ``out``.

    Factors along b have the axes point and k, those along c the axes l and point.
    """
    n_k, n_l, n_b, n_c = c_re.shape[1], c_re.shape[2], b_re.shape[0], l_re.shape[1]
    re = np.empty((n_k, n_c))
    im = np.empty((n_k, n_c))
    for h in range(first, last):
        re[:] = 0.0
        im[:] = 0.0
        for k in range(n_k):
            for l in range(n_l):
                x, y = c_re[h, k, l], c_im[h, k, l]
                for c in range(n_c):
                    re[k, c] += x * l_re[l, c] - y * l_im[l, c]
                    im[k, c] += x * l_im[l, c] + y * l_re[l, c]
        for b in range(n_b):
            for k in range(n_k):
                x, y = b_re[b, k], b_im[b, k]
                for c in range(n_c):
                    out_re[h, b * n_c + c] += x * re[k, c] - y * im[k, c]
                    out_im[h, b * n_c + c] += x * im[k, c] + y * re[k, c]


@njit(cache=True, nogil=True, fastmath=True)
def planes_of_rows(a_re, a_im, row_re, row_im, first, last, out):
    """Real parts of the sums over h at some points along a, into ``out``."""
    n_h, n = row_re.shape
    for a in range(first, last):
        # Parts of a row that stay in the cache.
        for start in range(0, n, 1024):
            end = min(start + 1024, n)
            for h in range(n_h):
                x, y = a_re[a, h], a_im[a, h]
                for i in range(start, end):
                    out[a, i] += x * row_re[h, i] - y * row_im[h, i]
