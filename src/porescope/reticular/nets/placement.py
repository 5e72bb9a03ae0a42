"""The barycentric placement of a net: each vertex at the mean of its neighbours.

The placement is unique up to an affine map (O. Delgado-Friedrichs, M. O'Keeffe, Acta Cryst. A59
(2003) 351, https://doi.org/10.1107/S0108767303012017), so what is computed from it alone belongs
to the net and to nothing else. Here it is exact, in residues; see :mod:`.residues`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int, UInt64

from porescope.reticular.net import PeriodicNet
from porescope.reticular.nets.residues import add, mul, residue, solved, sub

_ZERO = np.uint64(0)
_ROUND = 1e-6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlacedNet:
    """A connected net with the exact vector of each edge, seen from both of its ends.

    The vectors of closed walks make up the lattice, so no cell is stated.
    """

    dimension: int
    """Directions in which it is endless."""
    start: Int[np.ndarray, "vertices_plus_1"]
    """Edge ends of vertex i are ``start[i]`` to ``start[i + 1]``."""
    target: Int[np.ndarray, "ends"]
    """Vertex at the other end."""
    vector: UInt64[np.ndarray, "ends dimension"]
    """Residues of the vector to the other end, ascending at each vertex."""
    multiplicity: Int[np.ndarray, "ends"]
    """Number of edges that run there side by side."""
    frac: Float[np.ndarray, "vertices dimension"]
    """Places of the vertices in the net's own lattice."""
    basis: Int[np.ndarray, "dimension 3"]
    """The net's own lattice in that of the quotient graph."""
    offsets: Int[np.ndarray, "vertices 3"]
    """Cell, in the lattice of the quotient graph, of the copy of each vertex that stands here."""
    stable: bool
    """Whether no two vertices share one place."""

    @property
    def n_vertices(self) -> int:
        """Number of vertices."""
        return len(self.start) - 1


def components_of(net: PeriodicNet) -> list[Int[np.ndarray, "vertices"]]:
    """Vertices of each connected part of the quotient graph.

    Parameters
    ----------
    net:
        Any net.
    """
    label = np.arange(net.n_vertices)
    _joined(label, net.edges.astype(np.int64))
    return [np.flatnonzero(label == i) for i in np.unique(label)]


def restricted(net: PeriodicNet, vertices: Int[np.ndarray, "some"]) -> PeriodicNet:
    """The net of some of the vertices.

    Parameters
    ----------
    net:
        Any net.
    vertices:
        The vertices to keep, in their new order.
    """
    new = np.full(net.n_vertices, -1, dtype=np.int64)
    new[vertices] = np.arange(len(vertices))
    edges = net.edges[(new[net.edges[:, 0]] >= 0) & (new[net.edges[:, 1]] >= 0)].copy()
    edges[:, :2] = new[edges[:, :2]]
    return PeriodicNet(n_vertices=len(vertices), edges=edges, name=net.name)


def placed_net(net: PeriodicNet) -> PlacedNet:
    """Place a connected net.

    Parameters
    ----------
    net:
        A net whose quotient graph is connected. Edges from a vertex to itself within one cell
        are left out.

    Returns
    -------
    :
        The placement, before any reduction to the smallest cell.
    """
    offsets, closed = _gauged(net.n_vertices, net.edges.astype(np.int64))
    basis, columns = lattice_basis(np.concatenate([closed, np.zeros((0, 3), dtype=np.int64)]))
    d = len(basis)
    shifts = _in_basis(closed, basis, columns)
    ends = np.concatenate(
        [
            np.concatenate([net.edges[:, :2], shifts], axis=1),
            np.concatenate([net.edges[:, 1::-1], -shifts], axis=1),
        ]
    ).astype(np.int64)
    ends = ends[(ends[:, 0] != ends[:, 1]) | np.any(ends[:, 2:] != 0, axis=1)]
    ends, multiplicity = np.unique(ends, axis=0, return_counts=True)
    places = np.zeros((net.n_vertices, d), dtype=np.uint64)
    if not _barycentric(ends, multiplicity, places):
        raise AssertionError("the Laplacian of a connected graph is regular")
    frac = _float_places(ends, multiplicity, net.n_vertices)
    vector = _vectors(ends, places)
    order = np.lexsort((*vector.T[::-1], ends[:, 0]))
    start = np.searchsorted(ends[order, 0], np.arange(net.n_vertices + 1))
    return PlacedNet(
        dimension=d,
        start=start,
        target=ends[order, 1].copy(),
        vector=vector[order],
        multiplicity=multiplicity[order],
        frac=frac,
        basis=basis,
        offsets=offsets,
        stable=not _collide(places, frac),
    )


def translation_classes(placed: PlacedNet) -> Int[np.ndarray, "vertices"]:
    """Smallest vertex that a translation of the net carries each vertex to.

    Parameters
    ----------
    placed:
        A stable net in any cell.
    """
    return _translation_classes(placed.start, placed.target, placed.vector, placed.multiplicity)


def lattice_basis(
    vectors: Int[np.ndarray, "n 3"],
) -> tuple[Int[np.ndarray, "d 3"], list[int]]:
    """Basis, in echelon form, of the lattice that integer vectors generate.

    Parameters
    ----------
    vectors:
        Any vectors, zero among them.

    Returns
    -------
    :
        The basis, and the column at which each of its rows starts.
    """
    rows = np.unique(vectors, axis=0)
    basis: list[list[int]] = []
    columns: list[int] = []
    left = [row for row in rows.tolist() if any(row)]
    for column in range(3):
        pivot = [0, 0, 0]
        rest: list[list[int]] = []
        for row in left:
            if not pivot[column]:
                pivot, row = row, pivot
            while row[column]:
                q = pivot[column] // row[column]
                pivot, row = row, [a - q * b for a, b in zip(pivot, row, strict=True)]
            if any(row):
                rest.append(row)
        if pivot[column]:
            sign = 1 if pivot[column] > 0 else -1
            basis.append([sign * a for a in pivot])
            columns.append(column)
        elif any(pivot):
            rest.append(pivot)
        left = [list(row) for row in {tuple(row) for row in rest}]
    return np.array(basis, dtype=np.int64).reshape(-1, 3), columns


def _in_basis(
    vectors: Int[np.ndarray, "n 3"], basis: Int[np.ndarray, "d 3"], columns: list[int]
) -> Int[np.ndarray, "n d"]:
    """Integer coordinates of lattice vectors in an echelon basis."""
    found = np.zeros((len(vectors), len(basis)), dtype=np.int64)
    left = vectors.copy()
    for i, column in enumerate(columns):
        found[:, i] = left[:, column] // basis[i, column]
        left -= found[:, i : i + 1] * basis[i]
    return found


def _gauged(n: int, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells that make a spanning tree's edges stay in one cell, and all edges' cells then."""
    offsets = np.zeros((n, 3), dtype=np.int64)
    _spanning_tree(edges, offsets)
    return offsets, edges[:, 2:] + offsets[edges[:, 1]] * -1 + offsets[edges[:, 0]]


@numba.njit(cache=True)
@no_type_check
def _joined(label, edges):
    changed = True
    while changed:
        changed = False
        for e in range(len(edges)):
            a, b = edges[e, 0], edges[e, 1]
            low = min(label[a], label[b])
            if label[a] != low or label[b] != low:
                label[a] = label[b] = low
                changed = True


@numba.njit(cache=True)
@no_type_check
def _spanning_tree(edges, offsets):
    n = len(offsets)
    start = np.zeros(n + 1, dtype=np.int64)
    for e in range(len(edges)):
        start[edges[e, 0] + 1] += 1
        start[edges[e, 1] + 1] += 1
    start = np.cumsum(start)
    fill = start[:-1].copy()
    ends = np.empty(2 * len(edges), dtype=np.int64)
    for e in range(len(edges)):
        for side in range(2):
            v = edges[e, side]
            ends[fill[v]] = 2 * e + side
            fill[v] += 1
    met = np.zeros(n, dtype=np.bool_)
    queue = np.empty(n, dtype=np.int64)
    met[0] = True
    queue[0] = 0
    size = 1
    for q in range(n):
        if q >= size:
            break
        v = queue[q]
        for k in range(start[v], start[v + 1]):
            e, side = ends[k] // 2, ends[k] % 2
            w = edges[e, 1 - side]
            if met[w]:
                continue
            met[w] = True
            sign = 1 if side == 0 else -1
            for i in range(3):
                offsets[w, i] = offsets[v, i] + sign * edges[e, 2 + i]
            queue[size] = w
            size += 1


@numba.njit(cache=True)
@no_type_check
def _barycentric(ends, multiplicity, places):
    n, d = places.shape
    matrix = np.zeros((n - 1, n - 1), dtype=np.uint64)
    right = np.zeros((n - 1, d), dtype=np.uint64)
    for k in range(len(ends)):
        i, j = ends[k, 0] - 1, ends[k, 1] - 1
        if i < 0:
            continue
        weight = residue(multiplicity[k])
        matrix[i, i] = add(matrix[i, i], weight)
        if j >= 0:
            matrix[i, j] = sub(matrix[i, j], weight)
        for c in range(d):
            right[i, c] = add(right[i, c], mul(weight, residue(ends[k, 2 + c])))
    if not solved(matrix, right):
        return False
    places[1:] = right
    return True


@numba.njit(cache=True)
@no_type_check
def _float_places(ends, multiplicity, n):
    # Elimination without pivots: the matrix is positive definite, and sparse.
    d = ends.shape[1] - 2
    matrix = np.zeros((n, n))
    right = np.zeros((n, d))
    for k in range(len(ends)):
        i, j = ends[k, 0], ends[k, 1]
        matrix[i, i] += multiplicity[k]
        matrix[i, j] -= multiplicity[k]
        for c in range(d):
            right[i, c] += multiplicity[k] * ends[k, 2 + c]
    for c in range(n - 1, 0, -1):
        for r in range(1, c):
            factor = matrix[r, c] / matrix[c, c]
            if factor == 0.0:
                continue
            for k in range(1, c):
                matrix[r, k] -= factor * matrix[c, k]
            for k in range(d):
                right[r, k] -= factor * right[c, k]
    found = np.zeros((n, d))
    for r in range(1, n):
        for k in range(d):
            total = right[r, k]
            for c in range(1, r):
                total -= matrix[r, c] * found[c, k]
            found[r, k] = total / matrix[r, r]
    return found


@numba.njit(cache=True)
@no_type_check
def _vectors(ends, places):
    d = places.shape[1]
    found = np.zeros((len(ends), d), dtype=np.uint64)
    for k in range(len(ends)):
        for c in range(d):
            to = add(places[ends[k, 1], c], residue(ends[k, 2 + c]))
            found[k, c] = sub(to, places[ends[k, 0], c])
    return found


@numba.njit(cache=True)
@no_type_check
def _collide(places, frac):
    n, d = places.shape
    for i in range(n):
        for j in range(i):
            same = True
            for c in range(d):
                delta = frac[i, c] - frac[j, c]
                whole = np.rint(delta)
                if abs(delta - whole) > _ROUND:
                    same = False
                    break
                if sub(places[i, c], places[j, c]) != residue(np.int64(whole)):
                    same = False
                    break
            if same:
                return True
    return False


@numba.njit(cache=True)
@no_type_check
def _translation_classes(start, target, vector, multiplicity):
    n, d = len(start) - 1, vector.shape[1]
    lowest = np.arange(n)
    image = np.empty(n, dtype=np.int64)
    queue = np.empty(n, dtype=np.int64)
    for candidate in range(1, n):
        image[:] = -1
        image[0] = candidate
        queue[0] = 0
        size, q, good = 1, 0, True
        while good and q < size:
            v = queue[q]
            w = image[v]
            q += 1
            if start[v + 1] - start[v] != start[w + 1] - start[w]:
                good = False
                break
            for k in range(start[v + 1] - start[v]):
                a, b = start[v] + k, start[w] + k
                if multiplicity[a] != multiplicity[b]:
                    good = False
                for c in range(d):
                    if vector[a, c] != vector[b, c]:
                        good = False
                if not good:
                    break
                if image[target[a]] < 0:
                    image[target[a]] = target[b]
                    queue[size] = target[a]
                    size += 1
                elif image[target[a]] != target[b]:
                    good = False
                    break
        if good:
            for v in range(n):
                lowest[v] = min(lowest[v], image[v])
    return lowest
