"""Basins of the distance to atoms on a grid and the passes between them, compiled."""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit

from porescope.adsorption.distance_kernels import (
    MAX_NEAR,
    least_distance,
    nearest_surface,
    surfaces_near,
)


@njit(cache=True)
def uphill(distance, lengths, steps, uphill_step):
    """For each point the neighbour of 26 in the steepest direction up; -1 at a maximum.

    Points inside atoms get -2. ``steps`` are the 26 neighbours and ``lengths`` their distances.
    """
    na, nb, nc = distance.shape
    for i in range(na):
        for j in range(nb):
            for k in range(nc):
                here = distance[i, j, k]
                if here <= 0.0:
                    uphill_step[i, j, k] = -2
                    continue
                best, which = 0.0, -1
                for m in range(26):
                    a, b, c = i + steps[m, 0], j + steps[m, 1], k + steps[m, 2]
                    a = a - na if a >= na else (a + na if a < 0 else a)
                    b = b - nb if b >= nb else (b + nb if b < 0 else b)
                    c = c - nc if c >= nc else (c + nc if c < 0 else c)
                    slope = (distance[a, b, c] - here) / lengths[m]
                    if slope > best:
                        best, which = slope, m
                uphill_step[i, j, k] = which


@njit(cache=True)
def basins(uphill_step, steps, label, shift):
    """Label each point by the maximum above it and by the cell in which that maximum lies.

    Returns the flat indices of the maxima.
    """
    na, nb, nc = uphill_step.shape
    flat = uphill_step.reshape(-1)
    maxima = np.empty(256, np.int64)
    n_maxima = 0
    trail = np.empty(len(flat), np.int64)
    label[:] = -1
    for point in range(len(flat)):
        if flat[point] == -2 or label[point] >= 0:
            continue
        n_trail = 0
        at = point
        while label[at] < 0 and flat[at] >= 0:
            trail[n_trail] = at
            n_trail += 1
            at = moved(at, steps[flat[at]], na, nb, nc)[0]
        if label[at] < 0:
            if n_maxima == len(maxima):
                maxima = np.concatenate((maxima, np.empty(len(maxima), np.int64)))
            maxima[n_maxima] = at
            label[at] = n_maxima
            shift[at] = 0
            n_maxima += 1
        for n in range(n_trail - 1, -1, -1):
            here = trail[n]
            there, sa, sb, sc = moved(here, steps[flat[here]], na, nb, nc)
            label[here] = label[there]
            shift[here, 0] = shift[there, 0] + sa
            shift[here, 1] = shift[there, 1] + sb
            shift[here, 2] = shift[there, 2] + sc
    return maxima[:n_maxima].copy()


@njit(cache=True)
def moved(point, step, na, nb, nc):
    """Flat index of a neighbour and the cell in which it lies."""
    a = point // (nb * nc) + step[0]
    b = (point // nc) % nb + step[1]
    c = point % nc + step[2]
    sa, sb, sc = a // na, b // nb, c // nc
    return ((a - sa * na) * nb + b - sb * nb) * nc + c - sc * nc, sa, sb, sc


@njit(cache=True)
def passes(distance, label, shift, steps):
    """The highest pair of neighbours between each two basins (and cells).

    Returns the flat index of the lower-labelled side, the number of the step to the other, and
    the least distance of both, one row for each pair of basins.
    """
    na, nb, nc = distance.shape
    flat = distance.reshape(-1)
    row_of = {(0, 0, 0): 0}
    row_of.clear()
    first = np.empty(1024, np.int64)
    which = np.empty(1024, np.int64)
    value = np.empty(1024)
    n_rows = 0
    for point in range(len(flat)):
        if label[point] < 0:
            continue
        for m in range(13):
            other, sa, sb, sc = moved(point, steps[m], na, nb, nc)
            if label[other] < 0:
                continue
            a, b = label[point], label[other]
            ta = sa + shift[other, 0] - shift[point, 0]
            tb = sb + shift[other, 1] - shift[point, 1]
            tc = sc + shift[other, 2] - shift[point, 2]
            if a == b and ta == 0 and tb == 0 and tc == 0:
                continue
            if a > b or (a == b and (ta, tb, tc) < (0, 0, 0)):
                a, b, ta, tb, tc = b, a, -ta, -tb, -tc
            least = min(flat[point], flat[other])
            key = (np.int64(a), np.int64(b), np.int64(((ta + 512) * 1024 + tb + 512) * 1024 + tc))
            if key in row_of:
                row = row_of[key]  # pyright: ignore[reportArgumentType]
                if least > value[row]:
                    first[row], which[row], value[row] = point, m, least
                continue
            if n_rows == len(value):
                first = np.concatenate((first, np.empty(n_rows, np.int64)))
                which = np.concatenate((which, np.empty(n_rows, np.int64)))
                value = np.concatenate((value, np.empty(n_rows)))
            row_of[key] = n_rows  # pyright: ignore[reportArgumentType]
            first[n_rows], which[n_rows], value[n_rows] = point, m, least
            n_rows += 1
    return first[:n_rows].copy(), which[:n_rows].copy(), value[:n_rows].copy()


@njit(cache=True)
def join(a, b, cells, order, n_nodes):
    """Union of basins over passes, in a given order.

    Pass ``row`` ties basin ``a`` in cell 0 to basin ``b`` in cell ``cells``. Returns for each basin
    its component and its cell relative to the component's root, for each pass that closes a loop
    the cell by which the loop misses its start (zeros elsewhere), and whether the pass joined two
    components.
    """
    parent = np.arange(n_nodes)
    offset = np.zeros((n_nodes, 3), np.int64)
    loop = np.zeros((len(a), 3), np.int64)
    joined = np.zeros(len(a), np.bool_)
    for row in order:
        ra, rb = _root(a[row], parent, offset), _root(b[row], parent, offset)
        gap = cells[row] + offset[a[row]] - offset[b[row]]
        if ra == rb:
            loop[row] = gap
        else:
            parent[rb] = ra
            offset[rb] = gap
            joined[row] = True
    for n in range(n_nodes):
        _root(n, parent, offset)
    return parent, offset, loop, joined


@njit(cache=True)
def _root(node, parent, offset):
    """Root of a basin; the path to it is shortened, offsets are kept."""
    root = node
    total = np.zeros(3, np.int64)
    while parent[root] != root:
        total += offset[root]
        root = parent[root]
    at = node
    while at != root:
        above, step = parent[at], offset[at].copy()
        parent[at] = root
        offset[at] = total
        total = total - step
        at = above
    return root


@njit(cache=True)
def refined_maximum(start, spacing, atoms):
    """Local maximum of the distance near a grid point: points on the way to it, and its value."""
    near = np.empty((MAX_NEAR, 4))
    here = start.copy()
    best = nearest_surface(here, atoms)
    half = spacing
    trial = np.empty(3)
    way = np.empty((200, 3))
    way[0] = start
    n_way = 1
    while half > 2e-4:
        n_near, _ = surfaces_near(here, half * 1.7321, atoms, near)
        centre = here.copy()
        for i in range(-4, 5):
            for j in range(-4, 5):
                for k in range(-4, 5):
                    trial[0] = centre[0] + i * half / 4.0
                    trial[1] = centre[1] + j * half / 4.0
                    trial[2] = centre[2] + k * half / 4.0
                    d = least_distance(trial[0], trial[1], trial[2], near, n_near)
                    if d > best:
                        best = d
                        here[:] = trial
        moved_by = np.max(np.abs(here - centre))
        if moved_by > 0.0 and n_way < len(way):
            way[n_way] = here
            n_way += 1
        if moved_by < 0.9 * half:
            half *= 0.6
    return way[:n_way].copy(), nearest_surface(way[n_way - 1], atoms)


@njit(cache=True)
def _widest(start, end, origin, n, step, near, n_near):
    """Path between two points through a cube of n³ fine points that keeps farthest from atoms.

    Returns the fine points of the path in order, without start and end.
    """
    size = n * n * n
    width = np.full(size, -np.inf)
    previous = np.full(size, -1, np.int64)
    done = np.zeros(size, np.bool_)
    heap = [(0.0, np.int64(0))]
    heap.clear()
    goal = np.empty(3, np.int64)
    source = np.empty(3, np.int64)
    for k in range(3):
        goal[k] = min(max(int(np.floor((end[k] - origin[k]) / step)), 0), n - 2)
        source[k] = min(max(int(np.floor((start[k] - origin[k]) / step)), 0), n - 2)
    for i in range(2):
        for j in range(2):
            for k in range(2):
                a, b, c = source[0] + i, source[1] + j, source[2] + k
                at = (a * n + b) * n + c
                width[at] = least_distance(
                    origin[0] + a * step, origin[1] + b * step, origin[2] + c * step, near, n_near
                )
                heapq.heappush(heap, (-float(width[at]), np.int64(at)))
    last = -1
    while len(heap) > 0:
        _, at = heapq.heappop(heap)
        if done[at]:
            continue
        done[at] = True
        i, j, k = at // (n * n), (at // n) % n, at % n
        if 0 <= i - goal[0] <= 1 and 0 <= j - goal[1] <= 1 and 0 <= k - goal[2] <= 1:
            last = at
            break
        for a in range(max(i - 1, 0), min(i + 2, n)):
            for b in range(max(j - 1, 0), min(j + 2, n)):
                for c in range(max(k - 1, 0), min(k + 2, n)):
                    other = (a * n + b) * n + c
                    if done[other]:
                        continue
                    d = least_distance(
                        origin[0] + a * step,
                        origin[1] + b * step,
                        origin[2] + c * step,
                        near,
                        n_near,
                    )
                    d = min(d, width[at])
                    if d > width[other]:
                        width[other] = d
                        previous[other] = at
                        heapq.heappush(heap, (-d, np.int64(other)))
    count = 0
    at = last
    while at >= 0:
        count += 1
        at = previous[at]
    path = np.empty((count, 3))
    at = last
    for m in range(count - 1, -1, -1):
        path[m, 0] = origin[0] + (at // (n * n)) * step
        path[m, 1] = origin[1] + ((at // n) % n) * step
        path[m, 2] = origin[2] + (at % n) * step
        at = previous[at]
    return path


@njit(cache=True)
def _denser(path, value, level, atoms):
    """The path with a point more in each segment that may dip below its narrowest point."""
    limit = np.min(value) - 0.002
    wanted = np.zeros(len(path), np.bool_)
    for m in range(len(path) - 1):
        length = np.sqrt(np.sum((path[m + 1] - path[m]) ** 2))
        wanted[m] = 0.5 * (value[m] + value[m + 1] - length) < limit
    count = len(path) + np.sum(wanted)
    points, values = np.empty((count, 3)), np.empty(count)
    levels = np.empty(count, np.int64)
    at = 0
    for m in range(len(path)):
        points[at], values[at], levels[at] = path[m], value[m], level[m]
        at += 1
        if wanted[m]:
            points[at] = 0.5 * (path[m] + path[m + 1])
            values[at] = nearest_surface(points[at], atoms)
            levels[at] = min(level[m], level[m + 1])
            at += 1
    return points, values, levels


@njit(cache=True)
def refined_pass(path, spacing, atoms):
    """Widest way along a path of grid points: the place where it is narrowest, and the distance.

    The narrowest point is looked at again and again in cubes of finer points, until the fourth
    level; each cube is three times as fine as the one before.
    """
    near = np.empty((MAX_NEAR, 4))
    level = np.zeros(len(path), np.int64)
    value = np.empty(len(path))
    for m in range(len(path)):
        value[m] = nearest_surface(path[m], atoms)
    for _ in range(80):
        at = np.argmin(value)
        if level[at] >= 4 or at == 0 or at == len(path) - 1:
            count = len(path)
            path, value, level = _denser(path, value, level, atoms)
            if len(path) == count:
                break
            continue
        # The first cube is wide, so that the way may move to the other side of a grid point.
        half, n = 4.0 * spacing, 25
        if level[at] > 0:
            half, n = 2.5 * spacing / 3.0 ** level[at], 17
        step = 2.0 * half / (n - 1)
        low, high = at - 1, at + 1
        while low > 0 and np.max(np.abs(path[low - 1] - path[at])) <= half:
            low -= 1
        while high < len(path) - 1 and np.max(np.abs(path[high + 1] - path[at])) <= half:
            high += 1
        n_near, _ = surfaces_near(path[at], half * 2.0, atoms, near)
        fine = _widest(path[low], path[high], path[at] - half, n, step, near, n_near)
        found = np.empty(len(fine))
        for m in range(len(fine)):
            found[m] = least_distance(fine[m, 0], fine[m, 1], fine[m, 2], near, n_near)
        if len(fine) == 0 or np.min(found) < np.min(value[low : high + 1]):
            level[at] += 1
            continue
        levels = np.full(len(fine), level[at] + 1)
        path = np.concatenate((path[: low + 1], fine, path[high:]))
        value = np.concatenate((value[: low + 1], found, value[high:]))
        level = np.concatenate((level[: low + 1], levels, level[high:]))
    at = np.argmin(value)
    return path[at].copy(), value[at]
