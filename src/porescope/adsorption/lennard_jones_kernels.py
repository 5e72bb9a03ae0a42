"""Compiled sums of Lennard-Jones pairs over blocks of points and lists of periodic images.

All points of a block share one list of images. Images that lie inside the cutoff of every point
of the block need no test of the distance; those about the cutoff sphere stand in a second list.
Squared distances come from |p|² - 2 p·a + |a|² about the centre of the block, two images at a
time, whose reciprocals cost one division. The loops over the points of a block are those that the
compiler turns into vector instructions.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MIN_R2 = 1e-4
"""Squared distance below which a pair counts as being at it [Å²]."""

_PAD = 1e3  # [Å²] squared distance of the images without energy that fill a list up


@njit(cache=True, nogil=True)
def centre_of_block(points, first, last, box):
    """Centre, half edges and radius of the box about points; into ``box``."""
    radius2 = 0.0
    for axis in range(3):
        low = points[first, axis]
        high = low
        for i in range(first + 1, last):
            low = min(low, points[i, axis])
            high = max(high, points[i, axis])
        box[axis] = 0.5 * (low + high)
        box[3 + axis] = 0.5 * (high - low)
    for i in range(first, last):
        r2 = 0.0
        for axis in range(3):
            r2 += (points[i, axis] - box[axis]) ** 2
        radius2 = max(radius2, r2)
    box[6] = np.sqrt(radius2)


@njit(cache=True, nogil=True)
def neighbours_of_block(x, y, z, starts, bins, origin, width, cutoff, box, inner, shell):
    """Images inside the cutoff of all points of a box, and those that may be inside of some.

    Returns the numbers of both, or -1 where an array is too short.
    """
    cx, cy, cz = box[0], box[1], box[2]
    hx, hy, hz, radius = box[3], box[4], box[5], box[6]
    cut2 = cutoff * cutoff
    far2 = (cutoff + radius) ** 2
    near2 = max(cutoff - radius, 0.0) ** 2
    low = np.empty(3, np.int64)
    high = np.empty(3, np.int64)
    for axis in range(3):
        middle = box[axis] - origin[axis]
        half = box[3 + axis] + cutoff
        low[axis] = max(0, int(np.floor((middle - half) / width)))
        high[axis] = min(bins[axis] - 1, int(np.floor((middle + half) / width)))
    n_inner = 0
    n_shell = 0
    for bx in range(low[0], high[0] + 1):
        gap_x = abs(origin[0] + (bx + 0.5) * width - cx) - hx - 0.5 * width
        gap_x = max(gap_x, 0.0)
        for by in range(low[1], high[1] + 1):
            gap_y = abs(origin[1] + (by + 0.5) * width - cy) - hy - 0.5 * width
            gap_y = max(gap_y, 0.0)
            left2 = cut2 - gap_x * gap_x - gap_y * gap_y
            if left2 <= 0.0:
                continue
            left = np.sqrt(left2) + hz
            bz0 = max(low[2], int(np.floor((cz - left - origin[2]) / width)))
            bz1 = min(high[2], int(np.floor((cz + left - origin[2]) / width)))
            if bz1 < bz0:
                continue
            row = (bx * bins[1] + by) * bins[2]
            begin, end = starts[row + bz0], starts[row + bz1 + 1]
            if max(n_inner, n_shell) + end - begin > min(len(inner), len(shell)):
                return -1, 0
            # Written always and counted where it holds: a branch would be guessed wrongly.
            for i in range(begin, end):
                dx = abs(x[i] - cx)
                dy = abs(y[i] - cy)
                dz = abs(z[i] - cz)
                gx = max(dx - hx, 0.0)
                gy = max(dy - hy, 0.0)
                gz = max(dz - hz, 0.0)
                r2 = dx * dx + dy * dy + dz * dz
                gap2 = gx * gx + gy * gy + gz * gz
                is_inner = r2 < near2
                inner[n_inner] = i
                n_inner += is_inner
                shell[n_shell] = i
                n_shell += (gap2 < cut2) & (r2 < far2) & (not is_inner)
    return n_inner, n_shell


@njit(cache=True, nogil=True)
def _load(rows, n, x, y, z, c12, c6, shift, box, out):
    # Images relative to the centre of the block: -2x, -2y, -2z, r², c12, c6, shift; by twos.
    cx, cy, cz = box[0], box[1], box[2]
    for j in range(n):
        i = rows[j]
        dx = x[i] - cx
        dy = y[i] - cy
        dz = z[i] - cz
        out[0, j] = -2.0 * dx
        out[1, j] = -2.0 * dy
        out[2, j] = -2.0 * dz
        out[3, j] = dx * dx + dy * dy + dz * dz
        out[4, j] = c12[i]
        out[5, j] = c6[i]
        out[6, j] = shift[i]
    padded = (n + 1) // 2 * 2
    for j in range(n, padded):
        out[0, j] = 0.0
        out[1, j] = 0.0
        out[2, j] = 0.0
        out[3, j] = _PAD
        out[4, j] = 0.0
        out[5, j] = 0.0
        out[6, j] = 0.0
    return padded


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _add_inner(n_points, px, py, pz, pp, energy, n_images, image):
    for j in range(0, n_images, 2):
        x0, y0, z0 = image[0, j], image[1, j], image[2, j]
        r0, a0, b0 = image[3, j], image[4, j], image[5, j]
        x1, y1, z1 = image[0, j + 1], image[1, j + 1], image[2, j + 1]
        r1, a1, b1 = image[3, j + 1], image[4, j + 1], image[5, j + 1]
        for k in range(n_points):
            d0 = max(px[k] * x0 + (py[k] * y0 + (pz[k] * z0 + (pp[k] + r0))), MIN_R2)
            d1 = max(px[k] * x1 + (py[k] * y1 + (pz[k] * z1 + (pp[k] + r1))), MIN_R2)
            inverse = 1.0 / (d0 * d1)
            i0 = inverse * d1
            i1 = inverse * d0
            s0 = i0 * i0 * i0
            s1 = i1 * i1 * i1
            energy[k] += s0 * (a0 * s0 - b0) + s1 * (a1 * s1 - b1)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _add_shell(n_points, px, py, pz, pp, energy, n_images, image, cut2):
    for j in range(0, n_images, 2):
        x0, y0, z0 = image[0, j], image[1, j], image[2, j]
        r0, a0, b0, e0 = image[3, j], image[4, j], image[5, j], image[6, j]
        x1, y1, z1 = image[0, j + 1], image[1, j + 1], image[2, j + 1]
        r1, a1, b1, e1 = image[3, j + 1], image[4, j + 1], image[5, j + 1], image[6, j + 1]
        for k in range(n_points):
            d0 = max(px[k] * x0 + (py[k] * y0 + (pz[k] * z0 + (pp[k] + r0))), MIN_R2)
            d1 = max(px[k] * x1 + (py[k] * y1 + (pz[k] * z1 + (pp[k] + r1))), MIN_R2)
            inverse = 1.0 / (d0 * d1)
            i0 = inverse * d1
            i1 = inverse * d0
            s0 = i0 * i0 * i0
            s1 = i1 * i1 * i1
            u0 = s0 * (a0 * s0 - b0) - e0
            u1 = s1 * (a1 * s1 - b1) - e1
            energy[k] += (u0 if d0 < cut2 else 0.0) + (u1 if d1 < cut2 else 0.0)


@njit(cache=True, nogil=True)
def place_points(points, first, n, box, px, py, pz, pp):
    """Points relative to the centre of their block; the last one fills up a multiple of eight."""
    n_padded = (n + 7) // 8 * 8
    for k in range(n_padded):
        i = first + min(k, n - 1)
        px[k] = points[i, 0] - box[0]
        py[k] = points[i, 1] - box[1]
        pz[k] = points[i, 2] - box[2]
        pp[k] = px[k] * px[k] + py[k] * py[k] + pz[k] * pz[k]
    return n_padded


@njit(cache=True, nogil=True)
def block_energies(
    points, block_starts, first_block, last_block,
    x, y, z, starts, bins, origin, width,
    c12, c6, shift, cutoff, capacity, out,
):  # fmt: skip
    """Energies of the points of some blocks, into ``out``.

    Returns False where a list of images held more than ``capacity``.
    """
    inner = np.empty(capacity, np.int64)
    shell = np.empty(capacity, np.int64)
    image = np.empty((7, capacity + 4))
    local = np.empty((5, 64))
    px, py, pz, pp, energy = local[0], local[1], local[2], local[3], local[4]
    box = np.empty(7)
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
        energy[:] = 0.0
        n_images = _load(inner, n_inner, x, y, z, c12, c6, shift, box, image)
        _add_inner(n_padded, px, py, pz, pp, energy, n_images, image)
        constant = 0.0
        for j in range(n_inner):
            constant += image[6, j]
        n_images = _load(shell, n_shell, x, y, z, c12, c6, shift, box, image)
        _add_shell(n_padded, px, py, pz, pp, energy, n_images, image, cutoff * cutoff)
        for k in range(n):
            out[first + k] = energy[k] - constant
    return True


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _add_slopes(n_points, px, py, pz, pp, sums, n_images, image, cut2):
    # Energy, and sums of g, g x, g y, g z: the gradient is p times the first less the others.
    energy, all_g, gx, gy, gz = sums[0], sums[1], sums[2], sums[3], sums[4]
    for j in range(n_images):
        x0, y0, z0 = image[0, j], image[1, j], image[2, j]
        r0, a0, b0, e0 = image[3, j], image[4, j], image[5, j], image[6, j]
        for k in range(n_points):
            d0 = max(px[k] * x0 + (py[k] * y0 + (pz[k] * z0 + (pp[k] + r0))), MIN_R2)
            inverse = 1.0 / d0
            s0 = inverse * inverse * inverse
            u0 = s0 * (a0 * s0 - b0) - e0
            g0 = -6.0 * inverse * s0 * (2.0 * a0 * s0 - b0)
            u0 = u0 if d0 < cut2 else 0.0
            g0 = g0 if d0 < cut2 else 0.0
            energy[k] += u0
            all_g[k] += g0
            gx[k] -= 0.5 * g0 * x0
            gy[k] -= 0.5 * g0 * y0
            gz[k] -= 0.5 * g0 * z0


@njit(cache=True, nogil=True)
def block_gradients(
    points, block_starts, first_block, last_block,
    x, y, z, starts, bins, origin, width,
    c12, c6, shift, cutoff, capacity, out,
):  # fmt: skip
    """As :func:`block_energies`; ``out`` has the energy and its gradient along x, y and z."""
    inner = np.empty(capacity, np.int64)
    shell = np.empty(capacity, np.int64)
    image = np.empty((7, capacity + 4))
    local = np.empty((4, 64))
    px, py, pz, pp = local[0], local[1], local[2], local[3]
    sums = np.empty((5, 64))
    box = np.empty(7)
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
        sums[:] = 0.0
        for part in range(2):
            rows, count = (inner, n_inner) if part == 0 else (shell, n_shell)
            n_images = _load(rows, count, x, y, z, c12, c6, shift, box, image)
            _add_slopes(n_padded, px, py, pz, pp, sums, n_images, image, cutoff * cutoff)
        for k in range(n):
            out[first + k, 0] = sums[0, k]
            out[first + k, 1] = px[k] * sums[1, k] - sums[2, k]
            out[first + k, 2] = py[k] * sums[1, k] - sums[3, k]
            out[first + k, 3] = pz[k] * sums[1, k] - sums[4, k]
    return True
