"""Pores as basins of the distance to the atoms, and the windows between them.

Every local maximum of the distance on the grid is a basin; two basins that touch have a pass. What
the grid says of a maximum or a pass is a lower bound that lies within one spacing of the truth;
those that decide a result, and only those, are refined: results do not depend on the grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order

from porescope.adsorption.distance_grid import DistanceGrid
from porescope.adsorption.pore_kernels import (
    basins,
    join,
    moved,
    passes,
    refined_maximum,
    refined_pass,
    uphill,
)

_STEPS = np.array(
    sorted(
        [
            (i, j, k)
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            for k in (-1, 0, 1)
            if (i, j, k) != (0, 0, 0)
        ],
        key=lambda s: s < (0, 0, 0),
    ),
    dtype=np.int64,
)
_CORNERS = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)])
_SLACK = 0.9
"""Largest underestimate of a maximum or a pass by the grid, in spacings."""


@dataclass(slots=True, eq=False, kw_only=True)
class PoreNetwork:
    """Basins and passes of one distance grid; refined values are kept as they are found."""

    grid: DistanceGrid
    """The distances."""
    label: Int[np.ndarray, "points"]
    """Basin of each grid point; -1 inside atoms."""
    shift: Int[np.ndarray, "points 3"]
    """Cell in which the highest point of its basin lies."""
    direction: Int[np.ndarray, "points"]
    """Number of the step to the next point up; -1 at maxima."""
    maxima: Int[np.ndarray, "basins"]
    """Flat index of the highest grid point of each basin."""
    top: Float[np.ndarray, "basins"]
    """Distance to the nearest surface at the maximum [Å]."""
    top_known: Bool[np.ndarray, "basins"]
    """Whether ``top`` is refined."""
    first: Int[np.ndarray, "passes"]
    """Flat index of the grid point on one side of each pass."""
    step: Int[np.ndarray, "passes"]
    """Number of the step to the other side."""
    ends: Int[np.ndarray, "passes 2"]
    """The two basins of each pass."""
    cells: Int[np.ndarray, "passes 3"]
    """Cell of the second basin where the first is in cell 0."""
    height: Float[np.ndarray, "passes"]
    """Distance to the nearest surface at the narrowest point [Å]."""
    height_known: Bool[np.ndarray, "passes"]
    """Whether ``height`` is refined."""
    slack: float
    """Largest underestimate of a value that is not refined [Å]."""
    _ways: dict[int, Float[np.ndarray, "points 3"]] = field(default_factory=dict)

    def hopeful(self) -> Float[np.ndarray, "passes"]:
        """Upper bound of the height of each pass [Å]."""
        return self.height + np.where(self.height_known, 0.0, self.slack)

    def refine_top(self, basin: int) -> float:
        """Exact distance at the maximum of a basin [Å].

        Where the way up from the highest grid point leads into another basin, the two are one:
        a pass as high as the maximum is added between them.
        """
        if not self.top_known[basin]:
            self.top_known[basin] = True
            start = _cart(self.grid, np.array([self.maxima[basin]]))[0]
            way, value = refined_maximum(start, self.grid.spacing, self.grid.atoms)
            self._ways[basin] = way - start
            self.top[basin] = max(value, self.top[basin])
            other, cell = self._basin_at(way[-1])
            if other != basin:
                height = min(float(self.top[basin]), self.refine_top(other))
                self._add_pass(basin, other, cell=cell, height=height)
        return float(self.top[basin])

    def _add_pass(
        self, basin: int, other: int, *, cell: Int[np.ndarray, "3"], height: float
    ) -> None:
        self.first = np.append(self.first, -1)
        self.step = np.append(self.step, -1)
        self.ends = np.vstack([self.ends, [[basin, other]]])
        self.cells = np.vstack([self.cells, cell[None]])
        self.height = np.append(self.height, height)
        self.height_known = np.append(self.height_known, True)

    def _basin_at(self, point: Float[np.ndarray, "3"]) -> tuple[int, Int[np.ndarray, "3"]]:
        """Basin of the highest of the eight grid points around a place, and its cell."""
        shape = np.array(self.grid.distance.shape)
        low = np.floor(point @ np.linalg.inv(self.grid.lattice) * shape).astype(np.int64)
        cells = np.asarray((low + _CORNERS) // shape)
        corners = np.asarray(low + _CORNERS - cells * shape)
        flat = np.asarray(np.ravel_multi_index(tuple(corners.T), self.grid.distance.shape))
        best = int(np.argmax(self.grid.distance.reshape(-1)[flat]))
        cell = cells[best] + self.shift[flat[best]].astype(np.int64)
        return int(self.label[flat[best]]), cell

    def refine_pass(self, row: int) -> float:
        """Exact distance at the narrowest point of a pass [Å]."""
        if not self.height_known[row]:
            path = self._path(row)
            _, value = refined_pass(path, self.grid.spacing, self.grid.atoms)
            self.height[row] = value
            self.height_known[row] = True
        return float(self.height[row])

    def _path(self, row: int) -> Float[np.ndarray, "points 3"]:
        """Grid points from one maximum over the pass to the other [Å]."""
        shape = self.grid.distance.shape
        start = int(self.first[row])
        zero = np.zeros(3, dtype=np.int64)
        other, *cell = moved(start, _STEPS[self.step[row]], *shape)
        left = self._climb(start, zero)
        right = self._climb(int(other), np.array(cell))
        points = np.array(left[::-1] + right, dtype=np.float64)
        path = points / np.array(shape) @ self.grid.lattice
        a, b = (int(basin) for basin in self.ends[row])
        self.refine_top(a)
        self.refine_top(b)
        return np.concatenate([path[0] + self._ways[a][:0:-1], path, path[-1] + self._ways[b][1:]])

    def _climb(self, point: int, cell: Int[np.ndarray, "3"]) -> list[list[int]]:
        """Points from one up to its maximum, as unwrapped grid indices."""
        shape = self.grid.distance.shape
        points = []
        while True:
            index = np.array(np.unravel_index(point, shape)) + cell * np.array(shape)
            points.append([int(i) for i in index])
            if self.direction[point] < 0:
                return points
            point, *step = moved(point, _STEPS[self.direction[point]], *shape)
            point, cell = int(point), cell + np.array(step)


def pore_network(grid: DistanceGrid) -> PoreNetwork:
    """Find the basins of a distance grid and the passes between them."""
    shape = grid.distance.shape
    steps = _STEPS
    lengths = np.linalg.norm(steps / np.array(shape) @ grid.lattice, axis=1)
    direction = np.empty(shape, dtype=np.int8)
    uphill(grid.distance, lengths, steps, direction)
    label = np.empty(grid.distance.size, dtype=np.int32)
    shift = np.zeros((grid.distance.size, 3), dtype=np.int8)
    maxima = basins(direction, steps, label, shift)
    first, step, height = passes(grid.distance, label, shift, steps)
    ends, cells = _ends(first, step, label=label, shift=shift, shape=shape)
    return PoreNetwork(
        grid=grid,
        label=label,
        shift=shift,
        direction=direction.reshape(-1),
        maxima=maxima,
        top=grid.distance.reshape(-1)[maxima],
        top_known=np.zeros(len(maxima), dtype=bool),
        first=first,
        step=step,
        ends=ends,
        cells=cells,
        height=height,
        height_known=np.zeros(len(height), dtype=bool),
        slack=_SLACK * grid.spacing,
    )


def _ends(
    first: Int[np.ndarray, "passes"],
    step: Int[np.ndarray, "passes"],
    *,
    label: Int[np.ndarray, "points"],
    shift: Int[np.ndarray, "points 3"],
    shape: tuple[int, ...],
) -> tuple[Int[np.ndarray, "passes 2"], Int[np.ndarray, "passes 3"]]:
    """Basins on both sides of each pass, and the cell of the second relative to the first."""
    index = np.stack(np.unravel_index(first, shape), axis=1) + _STEPS[step]
    cell = np.floor_divide(index, np.array(shape))
    index = index - cell * np.array(shape)
    other = np.ravel_multi_index(tuple(index.T), shape)
    ends = np.stack([label[first], label[other]], axis=1).astype(np.int64)
    return ends, cell + shift[other].astype(np.int64) - shift[first].astype(np.int64)


def _cart(grid: DistanceGrid, points: Int[np.ndarray, "points"]) -> Float[np.ndarray, "points 3"]:
    """Cartesian coordinates of flat grid indices [Å]."""
    index = np.stack(np.unravel_index(points, grid.distance.shape), axis=1)
    return np.ascontiguousarray(index / np.array(grid.distance.shape) @ grid.lattice)


def largest_included(
    network: PoreNetwork, *, among: Bool[np.ndarray, "basins"] | None = None
) -> float:
    """Radius of the largest sphere that fits anywhere, or in some of the basins [Å]; 0 for none."""
    chosen = np.ones(len(network.top), dtype=bool) if among is None else among
    if not chosen.any():
        return 0.0
    best = 0.0
    for basin in np.argsort(-network.top):
        if not chosen[basin]:
            continue
        if network.top[basin] + network.slack < best:
            break
        best = max(best, network.refine_top(int(basin)))
    return best


def largest_free(network: PoreNetwork) -> float:
    """Radius of the largest sphere that passes through the crystal in some direction [Å].

    Zero where no point sphere passes.
    """
    while True:
        order = np.argsort(-network.hopeful(), kind="stable")
        ends = network.ends
        _, _, loop, joined = join(ends[:, 0], ends[:, 1], network.cells, order, len(network.top))
        winding = np.flatnonzero(np.any(loop[order] != 0, axis=1))
        if len(winding) == 0:
            return 0.0
        closing = int(order[winding[0]])
        before = order[: winding[0]]
        ring = [*_tree_path(network, rows=before[joined[before]], closing=closing), closing]
        unknown = [row for row in ring if not network.height_known[row]]
        if not unknown:
            return max(float(network.height[closing]), 0.0)
        for row in unknown:
            network.refine_pass(row)


def _tree_path(network: PoreNetwork, *, rows: Int[np.ndarray, "rows"], closing: int) -> list[int]:
    """Passes of a tree that lead from one side of a further pass to the other."""
    start, goal = (int(basin) for basin in network.ends[closing])
    n = len(network.top)
    if start == goal or len(rows) == 0:
        return []
    a, b = network.ends[rows].T
    tree = csr_matrix((rows + 1, (a, b)), shape=(n, n))
    _, above = breadth_first_order(tree, start, directed=False)
    path = []
    while goal != start:
        up = int(above[goal])
        path.append(int(max(tree[up, goal], tree[goal, up])) - 1)
        goal = up
    return path
