"""Distances from points to the nearest atom surface in any periodic cell, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit

MAX_NEAR = 512
"""Most surfaces kept around one block of points; where there are more, each point looks itself."""


@njit(cache=True)
def binned_atoms(frac, n_bins):
    """Atoms sorted by bin: first index of each bin, and the order."""
    n_cells = n_bins[0] * n_bins[1] * n_bins[2]
    where = np.empty(len(frac), np.int64)
    count = np.zeros(n_cells + 1, np.int64)
    for i in range(len(frac)):
        cell = 0
        for k in range(3):
            b = int(frac[i, k] * n_bins[k])
            cell = cell * n_bins[k] + min(max(b, 0), n_bins[k] - 1)
        where[i] = cell
        count[cell + 1] += 1
    start = np.cumsum(count)
    order = np.empty(len(frac), np.int64)
    fill = start[:-1].copy()
    for i in range(len(frac)):
        order[fill[where[i]]] = i
        fill[where[i]] += 1
    return start, order


@njit(cache=True)
def _shell(point, shell, base, limit, lattice, frac, radii, start, order, n_bins, near, n_near):
    """Scan one cubic shell of bins around a point.

    Returns the least surface distance of the shell. Surfaces nearer than ``limit`` are stored
    in ``near`` (x, y, z relative to the origin of the cell, radius) from row ``n_near`` on when
    that is not negative.
    """
    best = np.inf
    for da in range(-shell, shell + 1):
        for db in range(-shell, shell + 1):
            edge = abs(da) == shell or abs(db) == shell
            step = 1 if edge or shell == 0 else 2 * shell
            for dc in range(-shell, shell + 1, step):
                ia, ib, ic = base[0] + da, base[1] + db, base[2] + dc
                sa, sb, sc = ia // n_bins[0], ib // n_bins[1], ic // n_bins[2]
                cell = ((ia - sa * n_bins[0]) * n_bins[1] + ib - sb * n_bins[1]) * n_bins[2]
                cell += ic - sc * n_bins[2]
                for m in range(start[cell], start[cell + 1]):
                    i = order[m]
                    fa, fb, fc = frac[i, 0] + sa, frac[i, 1] + sb, frac[i, 2] + sc
                    x = fa * lattice[0, 0] + fb * lattice[1, 0] + fc * lattice[2, 0]
                    y = fa * lattice[0, 1] + fb * lattice[1, 1] + fc * lattice[2, 1]
                    z = fa * lattice[0, 2] + fb * lattice[1, 2] + fc * lattice[2, 2]
                    d = (x - point[0]) ** 2 + (y - point[1]) ** 2 + (z - point[2]) ** 2
                    d = np.sqrt(d) - radii[i]
                    best = min(best, d)
                    if n_near >= 0 and d <= limit and n_near < len(near):
                        near[n_near, 0], near[n_near, 1], near[n_near, 2] = x, y, z
                        near[n_near, 3] = radii[i]
                        n_near += 1
    return best, n_near


@njit(cache=True)
def _bin_of(point, inverse, n_bins):
    base = np.empty(3, np.int64)
    for k in range(3):
        f = point[0] * inverse[0, k] + point[1] * inverse[1, k] + point[2] * inverse[2, k]
        base[k] = int(np.floor(f * n_bins[k]))
    return base


@njit(cache=True)
def nearest_surface(point, atoms):
    """Distance from a point to the nearest atom surface, negative inside an atom."""
    lattice, inverse, width, frac, radii, start, order, n_bins, r_max = atoms
    base = _bin_of(point, inverse, n_bins)
    near = np.empty((0, 4))
    best = np.inf
    shell = 0
    while True:
        found, _ = _shell(
            point, shell, base, 0.0, lattice, frac, radii, start, order, n_bins, near, -1
        )
        best = min(best, found)
        if shell * width - r_max >= best:
            return best
        shell += 1


@njit(cache=True)
def surfaces_near(point, reach, atoms, near):
    """Every surface that can be the nearest one to some point within ``reach`` of a point.

    Fills ``near`` and returns the number of rows and the distance at the point.
    """
    lattice, inverse, width, frac, radii, start, order, n_bins, r_max = atoms
    best = nearest_surface(point, atoms)
    limit = best + 2.0 * reach + 1e-9
    base = _bin_of(point, inverse, n_bins)
    n_near = 0
    shell = 0
    while shell == 0 or (shell - 1) * width - r_max < limit:
        _, n_near = _shell(
            point, shell, base, limit, lattice, frac, radii, start, order, n_bins, near, n_near
        )
        shell += 1
    return n_near, best


@njit(cache=True)
def least_distance(x, y, z, near, n_near):
    """Distance to the nearest of a few surfaces."""
    best = np.inf
    for m in range(n_near):
        d = (x - near[m, 0]) ** 2 + (y - near[m, 1]) ** 2 + (z - near[m, 2]) ** 2
        best = min(best, np.sqrt(d) - near[m, 3])
    return best


@njit(cache=True)
def fill_distances(shape, atoms, out):
    """Distance to the nearest surface at the points (i/na, j/nb, k/nc), by blocks of 4³."""
    lattice = atoms[0]
    near = np.empty((MAX_NEAR, 4))
    point = np.empty(3)
    step = np.empty((3, 3))
    for k in range(3):
        step[k] = lattice[k] / shape[k]
    reach = 0.0
    for sa in (-1.5, 1.5):
        for sb in (-1.5, 1.5):
            corner = sa * step[0] + sb * step[1] + 1.5 * step[2]
            reach = max(reach, np.sqrt(np.sum(corner * corner)))
    for ia in range(0, shape[0], 4):
        for ib in range(0, shape[1], 4):
            for ic in range(0, shape[2], 4):
                centre = (ia + 1.5) * step[0] + (ib + 1.5) * step[1] + (ic + 1.5) * step[2]
                n_near, _ = surfaces_near(centre, reach, atoms, near)
                for ja in range(ia, min(ia + 4, shape[0])):
                    for jb in range(ib, min(ib + 4, shape[1])):
                        for jc in range(ic, min(ic + 4, shape[2])):
                            x = ja * step[0, 0] + jb * step[1, 0] + jc * step[2, 0]
                            y = ja * step[0, 1] + jb * step[1, 1] + jc * step[2, 1]
                            z = ja * step[0, 2] + jb * step[1, 2] + jc * step[2, 2]
                            if n_near < MAX_NEAR:
                                out[ja, jb, jc] = least_distance(x, y, z, near, n_near)
                            else:
                                point[0], point[1], point[2] = x, y, z
                                out[ja, jb, jc] = nearest_surface(point, atoms)


@njit(cache=True)
def distances_at(points, atoms, out):
    """Distance to the nearest surface at Cartesian points."""
    for m in range(len(points)):
        out[m] = nearest_surface(points[m], atoms)


@njit(cache=True)
def surfaces_within(point, limit, atoms, near):
    """Fills ``near`` with every surface nearer to a point than ``limit``; returns their number."""
    lattice, inverse, width, frac, radii, start, order, n_bins, r_max = atoms
    base = _bin_of(point, inverse, n_bins)
    n_near = 0
    shell = 0
    while shell == 0 or (shell - 1) * width - r_max < limit:
        _, n_near = _shell(
            point, shell, base, limit, lattice, frac, radii, start, order, n_bins, near, n_near
        )
        shell += 1
    return n_near
