"""Points sorted into compact blocks, so that the points of a block share a list of neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numba import njit

BLOCK = 64
"""Largest number of points of a block."""

_GRID_BLOCK = 4  # points along each edge of a block of a grid


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PointBlocks:
    """An order of points and the first point of each block in it."""

    order: Int[np.ndarray, "points"]
    """Indices of the points, block after block."""
    starts: Int[np.ndarray, "blocks_and_one"]
    """First point of each block, and the number of points."""


def blocks_of_points(
    cart: Float[np.ndarray, "points 3"], *, smallest: float = 1.0, largest: float = 6.0
) -> PointBlocks:
    """Blocks of points that lie near one another.

    Parameters
    ----------
    cart:
        Cartesian coordinates [Å].
    smallest, largest:
        Bounds of the edge of the cubes that the points are sorted into [Å]; between them it is
        chosen so that a cube holds half a block on average.
    """
    if len(cart) == 0:
        return _blocks(np.zeros(0, dtype=np.int64), 0)
    low = cart.min(axis=0)
    extent = cart.max(axis=0) - low
    volume = float(np.prod(np.maximum(extent, smallest)))
    edge = float(np.clip((0.5 * BLOCK * volume / len(cart)) ** (1.0 / 3.0), smallest, largest))
    place = ((cart - low) / edge).astype(np.int64)
    n = place.max(axis=0) + 1
    key = (place[:, 0] * n[1] + place[:, 1]) * n[2] + place[:, 2]
    return _blocks(key, int(np.prod(n)))


def blocks_of_grid(
    points: Int[np.ndarray, "points"],
    *,
    shape: tuple[int, int, int],
    lattice: Float[np.ndarray, "3 3"],
) -> tuple[Float[np.ndarray, "points 3"], PointBlocks]:
    """Places of points of a grid [Å], and their blocks: 4 × 4 × 4 where all of them are there.

    Parameters
    ----------
    points:
        Indices of the points in the flattened grid.
    shape:
        Points of the grid along a, b and c.
    lattice:
        Cell vectors as rows [Å].
    """
    steps = lattice / np.array(shape)[:, None]
    home, key = _grid_places(points, shape[1], shape[2], steps)
    na, nb, nc = (-(-n // _GRID_BLOCK) for n in shape)
    return home, _blocks(key, na * nb * nc)


def _blocks(key: Int[np.ndarray, "points"], n_keys: int) -> PointBlocks:
    if n_keys <= 4 * len(key) + 1024:
        order, lengths = _counting_sort(key, n_keys)
        lengths = lengths[lengths > 0]
    else:
        order = np.argsort(key, kind="stable")
        lengths = np.unique(key, return_counts=True)[1]
    parts = -(-lengths // BLOCK)
    first_parts = np.cumsum(parts) - parts
    starts = np.arange(int(parts.sum()) + 1) * BLOCK
    starts[:-1] += np.repeat(np.cumsum(lengths) - lengths - first_parts * BLOCK, parts)
    starts[-1] = len(key)
    return PointBlocks(order=order, starts=starts)


@njit(cache=True, nogil=True)
def _counting_sort(key, n_keys):
    lengths = np.zeros(n_keys, np.int64)
    for i in range(len(key)):
        lengths[key[i]] += 1
    place = np.zeros(n_keys, np.int64)
    for k in range(1, n_keys):
        place[k] = place[k - 1] + lengths[k - 1]
    order = np.empty(len(key), np.int64)
    for i in range(len(key)):
        order[place[key[i]]] = i
        place[key[i]] += 1
    return order, lengths


@njit(cache=True, nogil=True)
def _grid_places(points, n_b, n_c, steps):
    home = np.empty((len(points), 3))
    key = np.empty(len(points), np.int64)
    blocks_b = (n_b + _GRID_BLOCK - 1) // _GRID_BLOCK
    blocks_c = (n_c + _GRID_BLOCK - 1) // _GRID_BLOCK
    for row in range(len(points)):
        k = points[row] % n_c
        j = points[row] // n_c % n_b
        i = points[row] // (n_c * n_b)
        for axis in range(3):
            home[row, axis] = i * steps[0, axis] + j * steps[1, axis] + k * steps[2, axis]
        block = (i // _GRID_BLOCK) * blocks_b + j // _GRID_BLOCK
        key[row] = block * blocks_c + k // _GRID_BLOCK
    return home, key
