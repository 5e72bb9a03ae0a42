"""Ways to see the net of a framework: what its vertices stand for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Int

from porescope.reticular.taking_apart.bond_graph import BondGraph, parts_of
from porescope.reticular.taking_apart.piece_net import (
    Edge,
    NetPart,
    canonical_edge,
    net_parts,
    simplified,
)
from porescope.reticular.taking_apart.pieces import Pieces

_N = 7


def net_views(
    pieces: Pieces, *, metal: Bool[np.ndarray, "atoms"], acids: dict[int, int]
) -> Iterator[tuple[str, NetPart]]:
    """Nets of a framework by one simplification after another, each in one connected part.

    ``clusters``: nodes joined by two neighbouring nitrogen atoms or by one donor atom of a linker
    count as one; ``pieces``: nodes and linkers as they are cut; ``metals of rods``: endless nodes
    metal by metal, their carboxylates with the linkers; ``rods``: the same, but each carboxylate
    a vertex; ``metals``: all nodes metal by metal.

    Parameters
    ----------
    pieces:
        The cut graph.
    metal:
        True for metals.
    acids:
        Centre of each acid group that was cut off, and the bond.
    """
    graph, parts = pieces.graph, pieces.parts
    cut = np.zeros(graph.n_bonds, dtype=bool)
    cut[pieces.link_bonds] = True
    # Links of an endless piece to itself are edges, not cuts.
    base = cut & (parts.part[graph.first] != parts.part[graph.second])
    seen: set[tuple[Edge, ...]] = set()
    for name, edges in _views(pieces, base, metal, acids):
        vertices = {e[0] for e in edges} | {e[1] for e in edges}
        left, alive = simplified(edges, n_vertices=max(vertices, default=-1) + 1)
        mark = tuple(sorted(left))
        if not left or mark in seen:
            continue
        seen.add(mark)
        yield name, net_parts(left, vertices=alive)[0]


def _views(
    pieces: Pieces,
    base: Bool[np.ndarray, "bonds"],
    metal: Bool[np.ndarray, "atoms"],
    acids: dict[int, int],
) -> Iterator[tuple[str, set[Edge]]]:
    graph, parts = pieces.graph, pieces.parts
    plain = piece_edges(pieces)
    if metal.any():
        joined = _clustered(pieces, plain, metal)
        if joined is not None:
            yield "clusters", joined
    yield "pieces", plain
    if not metal.any():
        return
    with_metal = np.zeros(parts.n_parts, dtype=bool)
    with_metal[parts.part[metal]] = True
    endless = parts.endless & with_metal
    acid_bonds = np.zeros(graph.n_bonds, dtype=bool)
    acid_bonds[list(acids.values())] = True
    at_metal = metal[graph.first] ^ metal[graph.second]
    for name, chosen, whole_linkers in (
        ("metals of rods", endless, True),
        ("rods", endless, False),
        ("metals", with_metal, True),
    ):
        if not chosen.any():
            continue
        inside = chosen[parts.part]
        near = inside[graph.first] | inside[graph.second]
        cut = base | (at_metal & near)
        if whole_linkers:
            cut &= ~(acid_bonds & near)
        yield name, _cut_edges(graph, cut)


def piece_edges(pieces: Pieces) -> set[Edge]:
    """Links between pieces as edges, each pair of neighbours once.

    Parameters
    ----------
    pieces:
        The cut graph.
    """
    graph, parts = pieces.graph, pieces.parts
    rows = pieces.link_bonds
    return _edge_set(
        parts.part[graph.first[rows]], parts.part[graph.second[rows]], parts.shift[rows]
    )


def _cut_edges(graph: BondGraph, cut: Bool[np.ndarray, "bonds"]) -> set[Edge]:
    """Edges between the parts that other cuts leave."""
    parts = parts_of(graph, kept=~cut)
    return _edge_set(parts.part[graph.first], parts.part[graph.second], parts.shift)


def _edge_set(
    first: Int[np.ndarray, "edges"],
    second: Int[np.ndarray, "edges"],
    shift: Int[np.ndarray, "edges 3"],
) -> set[Edge]:
    apart = (first != second) | np.any(shift != 0, axis=1)
    rows = np.concatenate([first[:, None], second[:, None], shift], axis=1)[apart]
    if not len(rows):
        return set()
    return {canonical_edge(i, j, (x, y, z)) for i, j, x, y, z in np.unique(rows, axis=0).tolist()}


def _clustered(
    pieces: Pieces, plain: set[Edge], metal: Bool[np.ndarray, "atoms"]
) -> set[Edge] | None:
    """Edges between clusters of nodes; nothing where no nodes join, or without end."""
    parts = pieces.parts
    joins = _joined_nodes(pieces, metal)
    if not joins:
        return None
    near: dict[int, list[tuple[int, tuple[int, int, int]]]] = {}
    for i, j, x, y, z in joins:
        near.setdefault(i, []).append((j, (x, y, z)))
        near.setdefault(j, []).append((i, (-x, -y, -z)))
    home = {v: (v, (0, 0, 0)) for v in range(parts.n_parts)}
    found = False
    done: set[int] = set()
    for root in sorted(near):
        if root in done:
            continue
        place = {root: (0, 0, 0)}
        stack, closed = [root], True
        while stack:
            v = stack.pop()
            at = place[v]
            for other, step in near[v]:
                there = (at[0] + step[0], at[1] + step[1], at[2] + step[2])
                if other not in place:
                    place[other] = there
                    stack.append(other)
                elif place[other] != there:
                    closed = False
        done |= set(place)
        if closed and not any(parts.endless[v] for v in place):
            found = True
            home |= {v: (root, there) for v, there in place.items()}
    if not found:
        return None
    edges: set[Edge] = set()
    for i, j, x, y, z in plain:
        (a, p), (b, q) = home[i], home[j]
        cell = (x + p[0] - q[0], y + p[1] - q[1], z + p[2] - q[2])
        if a != b or any(cell):
            edges.add(canonical_edge(a, b, cell))
    return edges


def _joined_nodes(pieces: Pieces, metal: Bool[np.ndarray, "atoms"]) -> set[Edge]:
    """Pairs of nodes that one donor atom, or two neighbouring nitrogen atoms, of a linker join."""
    graph, parts = pieces.graph, pieces.parts
    arms: dict[int, list[tuple[int, tuple[int, int, int]]]] = {}
    for bond in pieces.link_bonds.tolist():
        i, j = int(graph.first[bond]), int(graph.second[bond])
        if metal[i] == metal[j]:
            continue
        x, y, z = parts.shift[bond].tolist()
        donor, node = (i, j) if metal[j] else (j, i)
        cell = (x, y, z) if metal[j] else (-x, -y, -z)
        arms.setdefault(donor, []).append((int(parts.part[node]), cell))
    found: set[Edge] = set()
    for donor, nodes in arms.items():
        groups = [nodes]
        if graph.numbers[donor] == _N:
            groups += [
                nodes + [(n, c) for n, c in arms[other]]
                for other, bond in zip(graph.neighbours[donor], graph.bonds_at[donor], strict=True)
                if other in arms
                and graph.numbers[other] == _N
                and parts.part[other] == parts.part[donor]
                and not parts.shift[bond].any()
            ]
        for group in groups:
            (one, a), *rest = group
            for other, b in rest:
                cell = (b[0] - a[0], b[1] - a[1], b[2] - a[2])
                if one != other or any(cell):
                    found.add(canonical_edge(one, other, cell))
    return found
