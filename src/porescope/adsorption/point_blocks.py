"""Points sorted into compact blocks, so that the points of a block share a list of neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

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
        return _blocks(np.zeros(0, dtype=np.int64))
    low = cart.min(axis=0)
    extent = cart.max(axis=0) - low
    volume = float(np.prod(np.maximum(extent, smallest)))
    edge = float(np.clip((0.5 * BLOCK * volume / len(cart)) ** (1.0 / 3.0), smallest, largest))
    place = ((cart - low) / edge).astype(np.int64)
    n = place.max(axis=0) + 1
    return _blocks((place[:, 0] * n[1] + place[:, 1]) * n[2] + place[:, 2])


def blocks_of_grid(
    index: Int[np.ndarray, "points 3"], *, shape: tuple[int, int, int]
) -> PointBlocks:
    """Blocks of points of a grid, 4 × 4 × 4 where all of them are there.

    Parameters
    ----------
    index:
        Indices of the points along a, b and c.
    shape:
        Points of the grid along a, b and c.
    """
    place = index // _GRID_BLOCK
    _, nb, nc = (-(-n // _GRID_BLOCK) for n in shape)
    return _blocks((place[:, 0] * nb + place[:, 1]) * nc + place[:, 2])


def _blocks(key: Int[np.ndarray, "points"]) -> PointBlocks:
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    firsts = np.flatnonzero(np.diff(ordered, prepend=-1))
    lengths = np.diff(firsts, append=len(key))
    parts = -(-lengths // BLOCK)
    within = np.arange(int(parts.sum())) - np.repeat(np.cumsum(parts) - parts, parts)
    starts = np.repeat(firsts, parts) + within * BLOCK
    return PointBlocks(order=order, starts=np.append(starts, len(key)).astype(np.int64))
