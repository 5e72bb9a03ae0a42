"""Ways to see the net of a framework: what its vertices stand for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Int

from porescope.reticular.taking_apart.bond_graph import (
    BondGraph,
    parts_of,
)
from porescope.reticular.taking_apart.piece_net import (
    Edge,
    NetPart,
    canonical_edge,
    net_parts,
    simplified,
)
from porescope.reticular.taking_apart.pieces import Pieces
from porescope.reticular.translations import translation_lattice

_N = 7
_ALKALI = (3, 11, 19, 37, 55)


def net_views(
    pieces: Pieces, *, metal: Bool[np.ndarray, "atoms"], acids: dict[int, int]
) -> Iterator[tuple[str, NetPart]]:
    """Nets of a framework by one simplification after another, each in one connected part.

    - ``metals of rods``: endless nodes metal by metal, their carboxylates with the linkers;
    - ``rods``: the same, but each carboxylate a vertex;
    - ``clusters``: nodes that two neighbouring nitrogen atoms or one donor atom of a linker join
      count as one;
    - ``pieces``: nodes and linkers as they are cut;
    - ``branches``: linkers with four ports and more as their rings and branching atoms;
    - ``without alkali metals``: the pieces when the bonds of alkali metals are forgotten;
    - ``metals``: all nodes metal by metal;
    - ``along rods``: parallel rods seen along their axis, a net in two directions;
    - ``repeat units``: the pieces where there are endless nodes. Where a rod is cut is a choice,
      so this net is not unique.

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
    with_metal = np.zeros(parts.n_parts, dtype=bool)
    with_metal[parts.part[metal]] = True
    endless = parts.endless & with_metal
    for name, whole_linkers in (("metals of rods", True), ("rods", False)):
        if endless.any():
            yield name, _metal_edges(pieces, base, metal, acids, endless, whole_linkers)
    joined = _clustered(pieces, plain, metal) if metal.any() else None
    if joined is not None:
        yield "clusters", joined
    if not endless.any():
        yield "pieces", plain
    branched = _branch_bonds(pieces, with_metal)
    if branched.any():
        yield "branches", _cut_edges(graph, base | branched)
    heavy = metal & ~np.isin(graph.numbers, _ALKALI)
    if heavy.any() and heavy.sum() < metal.sum():
        yield "without alkali metals", _without_alkali(pieces, metal & ~heavy)
    if metal.any():
        yield "metals", _metal_edges(pieces, base, metal, acids, with_metal, True)
    if endless.any() and branched.any():
        cut = _metal_cut(pieces, base, metal, acids, endless, True)
        yield "metals of rods, branches", _cut_edges(graph, cut | branched)
    if endless.any():
        flat = _along_rods(pieces, plain, endless)
        if flat:
            yield "along rods", flat
        yield "repeat units", plain


def _along_rods(pieces: Pieces, plain: set[Edge], endless: Bool[np.ndarray, "parts"]) -> set[Edge]:
    """Edges between pieces up to steps along parallel rods; nothing where they are not parallel."""
    own = [e[2:] for e in plain if e[0] == e[1] and endless[e[0]]]
    axes = translation_lattice(np.array(own, dtype=np.int64).reshape(-1, 3))
    if len(axes) != 1:
        return set()
    axis = axes[0] // np.gcd.reduce(axes[0])
    across = _across(axis)
    found: set[Edge] = set()
    for i, j, x, y, z in plain:
        p, q = (np.array([x, y, z]) @ across).tolist()
        if i != j or p or q:
            found.add(canonical_edge(i, j, (p, q, 0)))
    return found


def _across(axis: Int[np.ndarray, "3"]) -> Int[np.ndarray, "3 2"]:
    """Whole-number coordinates of a cell in two directions that leave out an axis.

    The columns of a unimodular matrix that takes the axis to a unit vector, but for one.
    """
    matrix, left = np.eye(3, dtype=np.int64), axis.copy()
    while np.count_nonzero(left) > 1:
        filled = np.flatnonzero(left)
        pivot = filled[int(np.argmin(np.abs(left[filled])))]
        for other in filled:
            if other != pivot:
                factor = int(left[other] // left[pivot])
                left[other] -= factor * left[pivot]
                matrix[:, other] -= factor * matrix[:, pivot]
    rest = [k for k in range(3) if k != int(np.flatnonzero(left)[0])]
    return matrix[:, rest]


def _metal_edges(
    pieces: Pieces,
    base: Bool[np.ndarray, "bonds"],
    metal: Bool[np.ndarray, "atoms"],
    acids: dict[int, int],
    chosen: Bool[np.ndarray, "parts"],
    whole_linkers: bool,
) -> set[Edge]:
    """Edges where chosen nodes are taken apart metal by metal."""
    cut = _metal_cut(pieces, base, metal, acids, chosen, whole_linkers)
    return _cut_edges(pieces.graph, cut)


def _metal_cut(
    pieces: Pieces,
    base: Bool[np.ndarray, "bonds"],
    metal: Bool[np.ndarray, "atoms"],
    acids: dict[int, int],
    chosen: Bool[np.ndarray, "parts"],
    whole_linkers: bool,
) -> Bool[np.ndarray, "bonds"]:
    graph, parts = pieces.graph, pieces.parts
    inside = chosen[parts.part]
    near = inside[graph.first] | inside[graph.second]
    cut = base | ((metal[graph.first] ^ metal[graph.second]) & near)
    if whole_linkers:
        acid_bonds = np.zeros(graph.n_bonds, dtype=bool)
        acid_bonds[list(acids.values())] = True
        cut &= ~(acid_bonds & near)
    return cut


def _branch_bonds(
    pieces: Pieces, with_metal: Bool[np.ndarray, "parts"]
) -> Bool[np.ndarray, "bonds"]:
    """Bonds outside rings within organic pieces of four ports and more."""
    graph, parts = pieces.graph, pieces.parts
    ends = np.concatenate([graph.first[pieces.link_bonds], graph.second[pieces.link_bonds]])
    n_ports = np.bincount(parts.part[ends], minlength=parts.n_parts)
    wide = (n_ports >= 4) & ~with_metal
    found = np.zeros(graph.n_bonds, dtype=bool)
    inner = wide[parts.part[graph.first]] & (parts.part[graph.first] == parts.part[graph.second])
    rows = np.flatnonzero(
        inner & (graph.numbers[graph.first] > 1) & (graph.numbers[graph.second] > 1)
    )
    found[rows] = _bridges(graph.first[rows], graph.second[rows])
    return found


def _bridges(
    first: Int[np.ndarray, "bonds"], second: Int[np.ndarray, "bonds"]
) -> Bool[np.ndarray, "bonds"]:
    """True for bonds whose loss takes a molecule apart (R. E. Tarjan, 1974)."""
    near: dict[int, list[tuple[int, int]]] = {}
    for bond, (i, j) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        near.setdefault(i, []).append((j, bond))
        near.setdefault(j, []).append((i, bond))
    found = np.zeros(len(first), dtype=bool)
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    for root in near:
        if root in order:
            continue
        order[root] = lowest[root] = len(order)
        stack = [(root, -1, iter(near[root]))]
        while stack:
            atom, came, ways = stack[-1]
            step = next(ways, None)
            if step is None:
                stack.pop()
                if stack:
                    before = stack[-1][0]
                    lowest[before] = min(lowest[before], lowest[atom])
                    found[came] = lowest[atom] > order[before]
                continue
            other, bond = step
            if bond == came:
                continue
            if other in order:
                lowest[atom] = min(lowest[atom], order[other])
            else:
                order[other] = lowest[other] = len(order)
                stack.append((other, bond, iter(near[other])))
    return found


def _without_alkali(pieces: Pieces, alkali: Bool[np.ndarray, "atoms"]) -> set[Edge]:
    """Edges between pieces when the bonds of alkali metals are forgotten."""
    graph = pieces.graph
    linked = np.zeros(graph.n_bonds, dtype=bool)
    linked[pieces.link_bonds] = True
    gone = alkali[graph.first] | alkali[graph.second]
    whole = parts_of(graph, kept=~linked & ~gone)
    cross = (whole.part[graph.first] != whole.part[graph.second]) | np.any(whole.shift != 0, axis=1)
    rows = np.flatnonzero(cross & ~gone)
    return _edge_set(
        whole.part[graph.first[rows]], whole.part[graph.second[rows]], whole.shift[rows]
    )


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
