"""Compiled sums of Lennard-Jones pairs over blocks of points and lists of periodic images.

All points of a block share one list of images. Images that lie inside the cutoff of every point
of the block need no test of the distance; those about the cutoff sphere stand in a second list.
Squared distances come from |p|² - 2 p·a + |a|² about the centre of the block, four images at a
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
        begin = box[axis] - box[3 + axis] - cutoff - origin[axis]
        end = box[axis] + box[3 + axis] + cutoff - origin[axis]
        low[axis] = max(0, int(np.floor(begin / width)))
        high[axis] = min(bins[axis] - 1, int(np.floor(end / width)))
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
            for i in range(starts[row + bz0], starts[row + bz1 + 1]):
                dx = abs(x[i] - cx)
                dy = abs(y[i] - cy)
                dz = abs(z[i] - cz)
                r2 = dx * dx + dy * dy + dz * dz
                if r2 < near2:
                    if n_inner == len(inner):
                        return -1, 0
                    inner[n_inner] = i
                    n_inner += 1
                elif r2 < far2:
                    gx = max(dx - hx, 0.0)
                    gy = max(dy - hy, 0.0)
                    gz = max(dz - hz, 0.0)
                    if gx * gx + gy * gy + gz * gz < cut2:
                        if n_shell == len(shell):
                            return -1, 0
                        shell[n_shell] = i
                        n_shell += 1
    return n_inner, n_shell


@njit(cache=True, nogil=True)
def _load(rows, n, x, y, z, type_of, c12, c6, shift, box, out):
    # Images relative to the centre of the block: -2x, -2y, -2z, r², c12, c6, shift; by fours.
    cx, cy, cz = box[0], box[1], box[2]
    for j in range(n):
        i = rows[j]
        dx = x[i] - cx
        dy = y[i] - cy
        dz = z[i] - cz
        kind = type_of[i]
        out[0, j] = -2.0 * dx
        out[1, j] = -2.0 * dy
        out[2, j] = -2.0 * dz
        out[3, j] = dx * dx + dy * dy + dz * dz
        out[4, j] = c12[kind]
        out[5, j] = c6[kind]
        out[6, j] = shift[kind]
    padded = (n + 3) // 4 * 4
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
    for j in range(0, n_images, 4):
        x0, x1, x2, x3 = image[0, j], image[0, j + 1], image[0, j + 2], image[0, j + 3]
        y0, y1, y2, y3 = image[1, j], image[1, j + 1], image[1, j + 2], image[1, j + 3]
        z0, z1, z2, z3 = image[2, j], image[2, j + 1], image[2, j + 2], image[2, j + 3]
        r0, r1, r2, r3 = image[3, j], image[3, j + 1], image[3, j + 2], image[3, j + 3]
        a0, a1, a2, a3 = image[4, j], image[4, j + 1], image[4, j + 2], image[4, j + 3]
        b0, b1, b2, b3 = image[5, j], image[5, j + 1], image[5, j + 2], image[5, j + 3]
        for k in range(n_points):
            d0 = max(px[k] * x0 + (py[k] * y0 + (pz[k] * z0 + (pp[k] + r0))), MIN_R2)
            d1 = max(px[k] * x1 + (py[k] * y1 + (pz[k] * z1 + (pp[k] + r1))), MIN_R2)
            d2 = max(px[k] * x2 + (py[k] * y2 + (pz[k] * z2 + (pp[k] + r2))), MIN_R2)
            d3 = max(px[k] * x3 + (py[k] * y3 + (pz[k] * z3 + (pp[k] + r3))), MIN_R2)
            d01 = d0 * d1
            d23 = d2 * d3
            inverse = 1.0 / (d01 * d23)
            i01 = inverse * d23
            i23 = inverse * d01
            i0 = i01 * d1
            i1 = i01 * d0
            i2 = i23 * d3
            i3 = i23 * d2
            s0 = i0 * i0 * i0
            s1 = i1 * i1 * i1
            s2 = i2 * i2 * i2
            s3 = i3 * i3 * i3
            energy[k] += (
                s0 * (a0 * s0 - b0)
                + s1 * (a1 * s1 - b1)
                + s2 * (a2 * s2 - b2)
                + s3 * (a3 * s3 - b3)
            )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _add_shell(n_points, px, py, pz, pp, energy, n_images, image, cut2):
    for j in range(0, n_images, 4):
        x0, x1, x2, x3 = image[0, j], image[0, j + 1], image[0, j + 2], image[0, j + 3]
        y0, y1, y2, y3 = image[1, j], image[1, j + 1], image[1, j + 2], image[1, j + 3]
        z0, z1, z2, z3 = image[2, j], image[2, j + 1], image[2, j + 2], image[2, j + 3]
        r0, r1, r2, r3 = image[3, j], image[3, j + 1], image[3, j + 2], image[3, j + 3]
        a0, a1, a2, a3 = image[4, j], image[4, j + 1], image[4, j + 2], image[4, j + 3]
        b0, b1, b2, b3 = image[5, j], image[5, j + 1], image[5, j + 2], image[5, j + 3]
        e0, e1, e2, e3 = image[6, j], image[6, j + 1], image[6, j + 2], image[6, j + 3]
        for k in range(n_points):
            d0 = max(px[k] * x0 + (py[k] * y0 + (pz[k] * z0 + (pp[k] + r0))), MIN_R2)
            d1 = max(px[k] * x1 + (py[k] * y1 + (pz[k] * z1 + (pp[k] + r1))), MIN_R2)
            d2 = max(px[k] * x2 + (py[k] * y2 + (pz[k] * z2 + (pp[k] + r2))), MIN_R2)
            d3 = max(px[k] * x3 + (py[k] * y3 + (pz[k] * z3 + (pp[k] + r3))), MIN_R2)
            d01 = d0 * d1
            d23 = d2 * d3
            inverse = 1.0 / (d01 * d23)
            i01 = inverse * d23
            i23 = inverse * d01
            i0 = i01 * d1
            i1 = i01 * d0
            i2 = i23 * d3
            i3 = i23 * d2
            s0 = i0 * i0 * i0
            s1 = i1 * i1 * i1
            s2 = i2 * i2 * i2
            s3 = i3 * i3 * i3
            u0 = s0 * (a0 * s0 - b0) - e0
            u1 = s1 * (a1 * s1 - b1) - e1
            u2 = s2 * (a2 * s2 - b2) - e2
            u3 = s3 * (a3 * s3 - b3) - e3
            energy[k] += (
                (u0 if d0 < cut2 else 0.0)
                + (u1 if d1 < cut2 else 0.0)
                + (u2 if d2 < cut2 else 0.0)
                + (u3 if d3 < cut2 else 0.0)
            )


@njit(cache=True, nogil=True)
def block_energies(
    points, block_starts, first_block, last_block,
    x, y, z, type_of, starts, bins, origin, width,
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
        n_padded = (n + 7) // 8 * 8
        for k in range(n_padded):
            i = first + min(k, n - 1)
            px[k] = points[i, 0] - box[0]
            py[k] = points[i, 1] - box[1]
            pz[k] = points[i, 2] - box[2]
            pp[k] = px[k] * px[k] + py[k] * py[k] + pz[k] * pz[k]
            energy[k] = 0.0
        n_images = _load(inner, n_inner, x, y, z, type_of, c12, c6, shift, box, image)
        _add_inner(n_padded, px, py, pz, pp, energy, n_images, image)
        constant = 0.0
        for j in range(n_inner):
            constant += image[6, j]
        n_images = _load(shell, n_shell, x, y, z, type_of, c12, c6, shift, box, image)
        _add_shell(n_padded, px, py, pz, pp, energy, n_images, image, cutoff * cutoff)
        for k in range(n):
            out[first + k] = energy[k] - constant
    return True
