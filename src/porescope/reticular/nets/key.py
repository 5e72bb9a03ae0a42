"""A key of a periodic net, equal for equal nets and for no others.

As Systre does (O. Delgado-Friedrichs, M. O'Keeffe, Acta Cryst. A59 (2003) 351,
https://doi.org/10.1107/S0108767303012017): the net is placed barycentrically and reduced to its
smallest cell; then its edges are listed in frames that the net itself provides, and the list that
comes first is the net. Frames are first thinned out by the net's own scalar product, so that
hardly more remain than the net has symmetries.

Where vertices fall on one place (an unstable net) no such list exists. The key then is a hash of
refined colours and says ``unstable``: equal nets still have equal keys, but different nets of
this kind are told apart only as far as the refinement sees.
"""

from __future__ import annotations

import hashlib
from math import gcd

import numpy as np
from jaxtyping import Int, UInt64

from porescope.errors import ConfigError
from porescope.reticular.net import PeriodicNet
from porescope.reticular.nets.key_kernels import (
    ball,
    colours,
    frames,
    metric,
    numbering,
    shaded,
)
from porescope.reticular.nets.placement import (
    PlacedNet,
    components_of,
    placed_net,
    restricted,
    translation_classes,
)

_DIGITS = 24
_ROUNDS = 6
_SHADES = 12
_BALL = 2000
_FRAMES = 200_000


def net_key(net: PeriodicNet, *, merge_double_edges: bool = False) -> str:
    """Key of a net, such as ``3d-1v-3e-…``: dimension, vertices and edges of its smallest cell.

    The same for any numbering, choice of representatives, basis, supercell and for the mirror
    image. Of a net in several parts, as where nets interpenetrate, the keys of the different
    parts, joined by a plus sign.

    Parameters
    ----------
    net:
        Any net, of any periodicity.
    merge_double_edges:
        Count edges that join the same two vertices as one.

    Returns
    -------
    :
        The key. ``unstable`` stands in it where vertices share a place in the barycentric
        placement, as the two ends of a dangling edge do.

    Raises
    ------
    ConfigError
        Where the net has no vertex, or an edge to a vertex that is not there.
    """
    edges = net.edges
    if net.n_vertices < 1:
        raise ConfigError("a net without vertices has no key; give at least one vertex")
    if len(edges) and (edges[:, :2].min() < 0 or edges[:, :2].max() >= net.n_vertices):
        raise ConfigError(
            f"an edge names vertex {int(edges[:, :2].max())} of a net of {net.n_vertices} "
            "vertices; number vertices from 0"
        )
    parts = components_of(net)
    if len(parts) == 1:
        return _connected_key(net, merge_double_edges=merge_double_edges)
    keys = {
        _connected_key(restricted(net, part), merge_double_edges=merge_double_edges)
        for part in parts
    }
    return "+".join(sorted(keys))


def _connected_key(net: PeriodicNet, *, merge_double_edges: bool) -> str:
    placed = placed_net(net)
    multiplicity = placed.multiplicity
    if merge_double_edges and np.any(multiplicity > 1):
        placed = placed_net(without_double_edges(net))
        multiplicity = placed.multiplicity
    n, d = placed.n_vertices, placed.dimension
    if d == 0:
        return _finite_key(placed)
    start, target, vector = placed.start, placed.target, placed.vector
    if placed.stable:
        classes = translation_classes(placed)
        start, target, vector, multiplicity = reduced(placed, classes)
        n = len(start) - 1
    table = _table(start, target, vector, multiplicity, stable=placed.stable)
    n_edges = int(multiplicity.sum()) // 2
    if placed.stable:
        return f"{d}d-{n}v-{n_edges}e-{_digest(table)}"
    # Cells are not reduced here: the ratio of edges to vertices stands for them.
    shared = gcd(n, n_edges)
    return f"{d}d-{n // shared}v-{n_edges // shared}e-unstable-{_digest(table)}"


def vertex_kinds(net: PeriodicNet) -> Int[np.ndarray, "vertices"]:
    """Kinds of vertices, numbered from 0 in the order in which they come.

    Parameters
    ----------
    net:
        A connected net that is endless somewhere. Vertices of one orbit are of one kind; the
        converse holds as far as the distances to their surroundings tell vertices apart.
    """
    placed = placed_net(net)
    parts = placed.start, placed.target, placed.vector, placed.multiplicity
    form = metric(placed.vector, placed.multiplicity)
    colour = colours(*parts, form, _SHADES)
    _, first, kinds = np.unique(colour, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[kinds]


def without_double_edges(net: PeriodicNet) -> PeriodicNet:
    """The net with edges that join the same two vertices made one.

    Parameters
    ----------
    net:
        Any net. Edges from a vertex to itself within one cell are left out.
    """
    edges = net.edges.copy()
    first = next_nonzero_sign(edges[:, 2:])
    flip = (edges[:, 0] > edges[:, 1]) | ((edges[:, 0] == edges[:, 1]) & (first < 0))
    edges[flip] = np.concatenate([edges[flip][:, 1::-1], -edges[flip][:, 2:]], axis=1)
    keep = (edges[:, 0] != edges[:, 1]) | np.any(edges[:, 2:] != 0, axis=1)
    return PeriodicNet(
        n_vertices=net.n_vertices, edges=np.unique(edges[keep], axis=0), name=net.name
    )


def next_nonzero_sign(cells: Int[np.ndarray, "n 3"]) -> Int[np.ndarray, "n"]:
    """Sign of the first coordinate of each row that is not zero."""
    signs = np.sign(cells)
    return np.where(signs[:, 0] != 0, signs[:, 0], np.where(signs[:, 1], signs[:, 1], signs[:, 2]))


def reduced(
    placed: PlacedNet, classes: Int[np.ndarray, "vertices"]
) -> tuple[
    Int[np.ndarray, "some_plus_1"],
    Int[np.ndarray, "ends"],
    UInt64[np.ndarray, "ends d"],
    Int[np.ndarray, "ends"],
]:
    """Edge ends of one vertex of each translation class.

    Parameters
    ----------
    placed:
        A stable net.
    classes:
        Lowest vertex of each vertex's class.
    """
    keep, new = np.unique(classes, return_inverse=True)
    if len(keep) == placed.n_vertices:
        return placed.start, placed.target, placed.vector, placed.multiplicity
    counts = placed.start[keep + 1] - placed.start[keep]
    start = np.concatenate([[0], np.cumsum(counts)])
    within = np.arange(start[-1]) - np.repeat(start[:-1], counts)
    rows = np.repeat(placed.start[keep], counts) + within
    return start, new[placed.target[rows]], placed.vector[rows], placed.multiplicity[rows]


def _table(
    start: Int[np.ndarray, "n_plus_1"],
    target: Int[np.ndarray, "ends"],
    vector: UInt64[np.ndarray, "ends d"],
    multiplicity: Int[np.ndarray, "ends"],
    *,
    stable: bool,
) -> np.ndarray:
    """The list of edges that comes first, or the colours that do where places are shared."""
    d = vector.shape[1]
    form = metric(vector, multiplicity)
    colour = colours(start, target, vector, multiplicity, form, _ROUNDS)
    best = np.zeros(6, dtype=np.uint64)
    found: list[tuple[int, np.ndarray, np.ndarray]] = []
    have = False
    for v in _start_vertices(start, target, vector, colour):
        vectors, ends, _ = ball(start, target, vector, v, _BALL)
        before = best.copy()
        kept, complete = frames(vectors, ends, form, best, have, _FRAMES)
        if not complete:
            raise ConfigError(
                f"a vertex of this net offers more than {_FRAMES} equivalent frames; "
                "such a net has no key here"
            )
        if have and not np.array_equal(before, best):
            found = []
        have = True
        found.append((v, vectors, kept))
    if not stable:
        shades = [
            shaded(start, target, vector, multiplicity, colour, vectors[row], _SHADES)
            for _, vectors, kept in found
            for row in kept
        ]
        return _proportions(min(shades, key=lambda s: s.tobytes()))
    table = np.zeros((len(target), d + 2), dtype=np.uint64)
    have = False
    for v, vectors, kept in found:
        for row in kept:
            numbering(start, target, vector, multiplicity, v, vectors[row], table, have)
            have = True
    return table


def _start_vertices(
    start: Int[np.ndarray, "n_plus_1"],
    target: Int[np.ndarray, "ends"],
    vector: UInt64[np.ndarray, "ends d"],
    colour: UInt64[np.ndarray, "n"],
) -> list[int]:
    """All vertices of the colour that promises the fewest frames."""
    kinds, first, counts = np.unique(colour, return_index=True, return_counts=True)
    divisor = gcd(*counts.tolist())
    costs = []
    for kind, v, count in zip(kinds.tolist(), first.tolist(), counts.tolist(), strict=True):
        vectors, ends, rank = ball(start, target, vector, v, _BALL)
        if rank == vector.shape[1] and len(ends):
            costs.append((len(ends), count // divisor * len(vectors) ** rank, kind))
    if not costs:
        raise ConfigError(
            f"no vertex of this net reaches {vector.shape[1]} directions within {_BALL} "
            "neighbours; such a net has no key here"
        )
    return np.flatnonzero(colour == np.uint64(min(costs)[2])).tolist()


def _proportions(shades: UInt64[np.ndarray, "n"]) -> UInt64[np.ndarray, "kinds 2"]:
    """Colours and how often each comes, the same in a supercell."""
    kinds, counts = np.unique(shades, return_counts=True)
    return np.stack([kinds, (counts // gcd(*counts.tolist())).astype(np.uint64)], axis=1)


def _finite_key(placed: PlacedNet) -> str:
    """Key of a finite graph, by colours alone."""
    n = placed.n_vertices
    n_edges = int(placed.multiplicity.sum()) // 2
    form = np.zeros((0, 0), dtype=np.uint64)
    colour = colours(
        placed.start, placed.target, placed.vector, placed.multiplicity, form, n + _ROUNDS
    )
    return f"0d-{n}v-{n_edges}e-unstable-{_digest(np.sort(colour))}"


def _digest(table: np.ndarray) -> str:
    """The first hexadecimal digits of a SHA-256 hash."""
    data = np.ascontiguousarray(table).astype("<u8").tobytes()
    return hashlib.sha256(repr(table.shape).encode() + data).hexdigest()[:_DIGITS]
