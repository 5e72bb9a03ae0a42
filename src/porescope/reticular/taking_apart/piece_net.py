"""The net of pieces that are linked to one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from porescope.reticular.net import PeriodicNet
from porescope.reticular.taking_apart.bond_graph import reduced_by
from porescope.reticular.translations import translation_lattice

Edge = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NetPart:
    """One connected part of a net."""

    net: PeriodicNet
    """In a primitive cell of its own translations."""
    dimension: int
    """Directions in which it is endless."""
    copies: int
    """Number of equal parts that its quotient graph stands for, each a translate."""
    vertices: tuple[int, ...]
    """Which vertices of the whole graph it has."""


def canonical_edge(one: int, other: int, cell: tuple[int, int, int]) -> Edge:
    """An edge in the direction in which it is counted once.

    Parameters
    ----------
    one, other:
        Its ends.
    cell:
        Cell of the other end.
    """
    back = (-cell[0], -cell[1], -cell[2])
    if one > other or (one == other and cell < back):
        return (other, one, *back)
    return (one, other, *cell)


def simplified(edges: set[Edge], *, n_vertices: int) -> tuple[set[Edge], set[int]]:
    """What is left when hanging vertices go and vertices with two neighbours become edges.

    Parameters
    ----------
    edges:
        Each once, from :func:`canonical_edge`.
    n_vertices:
        Number of vertices.

    Returns
    -------
    :
        The edges and the vertices left.
    """
    at: list[set[tuple[int, int, int, int]]] = [set() for _ in range(n_vertices)]

    def join(i: int, j: int, cell: tuple[int, int, int]) -> None:
        if i == j and not any(cell):
            return
        at[i].add((j, *cell))
        at[j].add((i, -cell[0], -cell[1], -cell[2]))

    def part(i: int, j: int, cell: tuple[int, int, int]) -> None:
        at[i].discard((j, *cell))
        at[j].discard((i, -cell[0], -cell[1], -cell[2]))

    for i, j, x, y, z in edges:
        join(i, j, (x, y, z))
    alive = {v for v in range(n_vertices) if at[v]}
    queue = sorted(alive)
    while queue:
        v = queue.pop()
        if v not in alive or len(at[v]) > 2:
            continue
        ends = sorted(at[v])
        if len(ends) == 2 and any(end[0] == v for end in ends):
            continue  # a chain of images of itself: nothing to simplify
        for j, x, y, z in ends:
            part(v, j, (x, y, z))
        alive.discard(v)
        if len(ends) == 2:
            (i, *a), (j, *b) = ends
            join(i, j, (b[0] - a[0], b[1] - a[1], b[2] - a[2]))
        queue += [end[0] for end in ends]
        alive -= {end[0] for end in ends if not at[end[0]]}
    left: set[Edge] = set()
    for i in alive:
        left |= {canonical_edge(i, j, (x, y, z)) for j, x, y, z in at[i]}
    return left, alive


def net_parts(edges: set[Edge], *, vertices: set[int]) -> list[NetPart]:
    """The connected parts, the largest dimension and then the most vertices first.

    Parameters
    ----------
    edges:
        Each once.
    vertices:
        The vertices.
    """
    near: dict[int, list[tuple[int, tuple[int, int, int]]]] = {v: [] for v in vertices}
    for i, j, x, y, z in edges:
        near[i].append((j, (x, y, z)))
        near[j].append((i, (-x, -y, -z)))
    place: dict[int, tuple[int, int, int]] = {}
    parts = []
    for root in sorted(vertices):
        if root in place:
            continue
        place[root] = (0, 0, 0)
        members, stack = [root], [root]
        while stack:
            v = stack.pop()
            x, y, z = place[v]
            for other, (a, b, c) in near[v]:
                if other not in place:
                    place[other] = (x + a, y + b, z + c)
                    members.append(other)
                    stack.append(other)
        parts.append(_part(sorted(members), near, place))
    return sorted(parts, key=lambda p: (-p.dimension, -p.net.n_vertices))


def _part(
    members: list[int],
    near: dict[int, list[tuple[int, tuple[int, int, int]]]],
    place: dict[int, tuple[int, int, int]],
) -> NetPart:
    """One part in a cell of its own translations."""
    number = {v: k for k, v in enumerate(members)}
    rows: set[Edge] = set()
    for v in members:
        for other, cell in near[v]:
            step = tuple(c + a - b for c, a, b in zip(cell, place[v], place[other], strict=True))
            rows.add(canonical_edge(number[v], number[other], (step[0], step[1], step[2])))
    edges = np.array(sorted(rows), dtype=np.int64).reshape(-1, 5)
    basis = translation_lattice(edges[:, 2:])
    rank = len(basis)
    own = np.zeros((len(edges), 3), dtype=np.int64)
    for row, vector in enumerate(edges[:, 2:]):
        own[row, :rank] = _coordinates(vector, basis)
    copies = abs(round(float(np.linalg.det(basis)))) if rank == 3 else 1
    net = PeriodicNet(n_vertices=len(members), edges=np.concatenate([edges[:, :2], own], axis=1))
    return NetPart(net=net, dimension=rank, copies=copies, vertices=tuple(members))


def _coordinates(vector: Int[np.ndarray, "3"], basis: Int[np.ndarray, "rank 3"]) -> list[int]:
    """A lattice vector in terms of a basis in Hermite form."""
    left = vector.copy()
    found = []
    for row in basis:
        column = int(np.flatnonzero(row)[0])
        factor = int(left[column]) // int(row[column])
        left = left - factor * row
        found.append(factor)
    return found


def distinct_neighbours(
    links: Int[np.ndarray, "links 7"], *, n_pieces: int, lattices: dict[int, np.ndarray]
) -> list[set[tuple[int, int, int, int]]]:
    """Of each piece: the other pieces that it is linked to, an endless one counted once.

    Parameters
    ----------
    links:
        Rows of piece, port, other piece, other port, cell.
    n_pieces:
        Number of pieces.
    lattices:
        Of endless pieces: the translations along which they go on.
    """
    found: list[set[tuple[int, int, int, int]]] = [set() for _ in range(n_pieces)]
    for one, _, other, _, x, y, z in links.tolist():
        if one == other and one in lattices:
            continue
        there = reduced_by(np.array([x, y, z]), basis=lattices.get(other, _NONE))
        back = reduced_by(np.array([-x, -y, -z]), basis=lattices.get(one, _NONE))
        found[one].add((other, *there))
        found[other].add((one, *back))
    return found


_NONE = np.zeros((0, 3), dtype=np.int64)
