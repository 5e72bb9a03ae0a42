"""Which building block stands at which vertex of a net.

Links join nodes to linkers. So a linker of two connections lies on an edge between nodes, and
where linkers have more, nodes and linkers take turns along every path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Float, Int

from porescope.reticular.net import PeriodicNet
from porescope.reticular.nets.branches import with_branches_merged
from porescope.reticular.nets.catalogue import CatalogueNet

_MOST = 32
"""Labellings after which the search ends."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabelledNet:
    """A net with a block at each vertex."""

    entry: CatalogueNet
    """The net, in a doubled cell where nodes and linkers take turns across cells."""
    blocks: Int[np.ndarray, "vertices"]
    """Number of the block at each vertex: nodes first, then linkers, as they were given."""
    bridged: bool
    """Whether edges between nodes carry a linker of two connections."""


def labellings(
    entry: CatalogueNet, *, nodes: Sequence[int], linkers: Sequence[int]
) -> list[LabelledNet]:
    """All sensible ways to spread blocks over the vertices of a net.

    Every block is used. Vertices of one kind carry one block, but where nodes and linkers have
    the same number of connections they may share a kind and take turns. Where no linker has so
    few connections as the net asks for, neighbouring vertices may belong to one branched linker.

    Parameters
    ----------
    entry:
        The net.
    nodes:
        Number of connections of each node.
    linkers:
        Number of connections of each linker; 2 for those on edges.
    """
    found = _whole_labellings(entry, nodes=nodes, linkers=linkers)
    if found or max(linkers, default=0) < 4:
        return found
    merged = with_branches_merged(entry, nodes=nodes)
    return [] if merged is None else _whole_labellings(merged, nodes=nodes, linkers=linkers)


def _whole_labellings(
    entry: CatalogueNet, *, nodes: Sequence[int], linkers: Sequence[int]
) -> list[LabelledNet]:
    """Labellings that give each vertex a block of its own."""
    counts = [*nodes, *linkers]
    at_vertices = [i for i, n in enumerate(counts) if i < len(nodes) or n > 2]
    degrees = entry.net.degrees()
    if not set(degrees.tolist()) <= {counts[i] for i in at_vertices}:
        return []
    if any(counts[i] not in degrees for i in at_vertices):
        return []
    if any(n == 2 for n in linkers):
        return _by_kind(entry, counts, at_vertices, n_nodes=len(nodes))
    return _by_turns(entry, counts, at_vertices, n_nodes=len(nodes))


def _by_kind(
    entry: CatalogueNet, counts: list[int], at_vertices: list[int], *, n_nodes: int
) -> list[LabelledNet]:
    """One block to each kind of vertex; linkers never beside linkers."""
    kinds = np.unique(entry.kinds)
    degrees = entry.net.degrees()
    choices = [
        [i for i in at_vertices if counts[i] == degrees[np.argmax(entry.kinds == kind)]]
        for kind in kinds
    ]
    found = []
    for trial, chosen in enumerate(product(*choices)):
        if trial > 4096 or len(found) >= _MOST:
            break
        if set(chosen) != set(at_vertices):
            continue
        blocks = np.array(chosen, dtype=np.int64)[np.searchsorted(kinds, entry.kinds)]
        ends = blocks[entry.net.edges[:, :2]]
        bridges = np.all(ends < n_nodes, axis=1)
        if np.any(np.all(ends >= n_nodes, axis=1)) or not bridges.any():
            continue
        found.append(LabelledNet(entry=entry, blocks=blocks, bridged=True))
    return found


def _by_turns(
    entry: CatalogueNet, counts: list[int], at_vertices: list[int], *, n_nodes: int
) -> list[LabelledNet]:
    """Nodes and linkers, or two sorts of nodes where there are no linkers, take turns.

    One sort of node without linkers is bound to itself.
    """
    first = [i for i in at_vertices if i < n_nodes]
    second = [i for i in at_vertices if i >= n_nodes]
    if not second and len(first) == 1:
        # Blocks of one sort that are bound to one another.
        blocks = np.full(entry.net.n_vertices, first[0], dtype=np.int64)
        return [LabelledNet(entry=entry, blocks=blocks, bridged=False)]
    splits = [(first, second)] if second else [([i], [j]) for i in first for j in first if i < j]
    coloured = two_coloured(entry)
    if coloured is None:
        return []
    entry, colours = coloured
    degrees = entry.net.degrees()
    found = []
    for one, other in splits:
        if set(one) | set(other) != set(at_vertices):
            continue
        for turn in (0, 1):
            sides = [one if c == turn else other for c in colours.tolist()]
            slots = sorted(set(zip(entry.kinds.tolist(), colours.tolist(), strict=True)))
            at = [
                slots.index(pair)
                for pair in zip(entry.kinds.tolist(), colours.tolist(), strict=True)
            ]
            choices = []
            for slot in range(len(slots)):
                v = at.index(slot)
                choices.append([i for i in sides[v] if counts[i] == degrees[v]])
            for chosen in product(*choices):
                if len(found) >= _MOST:
                    break
                if set(chosen) == set(at_vertices):
                    blocks = np.array([chosen[slot] for slot in at], dtype=np.int64)
                    found.append(LabelledNet(entry=entry, blocks=blocks, bridged=False))
    return _without_twins(found)


def _without_twins(found: list[LabelledNet]) -> list[LabelledNet]:
    """Labellings that differ: turns on a net of one kind and one degree are the same twice."""
    kept: list[LabelledNet] = []
    seen: set[tuple[tuple[int, int], ...]] = set()
    for one in found:
        pairs = zip(one.entry.kinds.tolist(), one.blocks.tolist(), strict=True)
        key = tuple(sorted(set(pairs)))
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept


def two_coloured(entry: CatalogueNet) -> tuple[CatalogueNet, Int[np.ndarray, "vertices"]] | None:
    """Colours 0 and 1 such that no edge joins equal ones, in a doubled cell where needed.

    Parameters
    ----------
    entry:
        A net.

    Returns
    -------
    :
        The net and its colours, or nothing where it has a ring of odd length.
    """
    for parity in parities(entry.dimension):
        colours = _coloured(entry.net, parity)
        if colours is None:
            continue
        if not parity.any():
            return entry, colours
        larger, copies = doubled(entry, parity)
        return larger, (np.tile(colours, 2) + copies) % 2
    return None


def parities(dimension: int) -> list[Int[np.ndarray, "3"]]:
    """Ways in which lattice vectors are even or odd, the one without odd vectors first.

    Parameters
    ----------
    dimension:
        Directions in which the net is endless; the others do not count.
    """
    rows = [np.array(p, dtype=np.int64) for p in product((0, 1), repeat=dimension)]
    rows.sort(key=lambda p: (p.any(), -int(p.sum())))
    return [np.concatenate([p, np.zeros(3 - dimension, dtype=np.int64)]) for p in rows]


def _coloured(net: PeriodicNet, parity: Int[np.ndarray, "3"]) -> Int[np.ndarray, "n"] | None:
    """Colours of the vertices in cell 0, a cell of odd parity having them exchanged."""
    flips = (1 + net.edges[:, 2:] @ parity) % 2
    colours = np.full(net.n_vertices, -1, dtype=np.int64)
    colours[0] = 0
    for _ in range(net.n_vertices):
        for a, b, flip in zip(net.edges[:, 0], net.edges[:, 1], flips, strict=True):
            if colours[a] >= 0 and colours[b] < 0:
                colours[b] = (colours[a] + flip) % 2
            elif colours[b] >= 0 and colours[a] < 0:
                colours[a] = (colours[b] + flip) % 2
        if np.all(colours >= 0):
            break
    good = (colours[net.edges[:, 0]] + colours[net.edges[:, 1]] + flips) % 2 == 0
    return colours if np.all(good) and np.all(colours >= 0) else None


def doubled(
    entry: CatalogueNet, parity: Int[np.ndarray, "3"]
) -> tuple[CatalogueNet, Int[np.ndarray, "vertices"]]:
    """The net in the cell of the even lattice vectors.

    Parameters
    ----------
    entry:
        A net.
    parity:
        Which lattice vectors are odd: those whose product with it is.

    Returns
    -------
    :
        The net in twice the cell, its vertices once in an even and then once in an odd cell, and
        0 or 1 for each vertex accordingly.
    """
    odd = [i for i in range(3) if parity[i]]
    step = np.zeros(3, dtype=np.int64)
    step[odd[0]] = 1
    basis = np.eye(3, dtype=np.int64)
    for i in odd[1:]:
        basis[i] += step
    basis[odd[0]] = 2 * step
    basis = _compact(basis, entry.lattice)
    inverse = np.linalg.inv(basis)
    n, edges = entry.net.n_vertices, []
    for a, b, *cell in entry.net.edges.tolist():
        for copy in (0, 1):
            reached = np.array(cell) + copy * step
            other = int(reached @ parity) % 2
            whole = np.rint((reached - other * step) @ inverse).astype(np.int64)
            edges.append([a + copy * n, b + other * n, *whole.tolist()])
    frac: Float[np.ndarray, "vertices 3"] = np.concatenate([entry.frac, entry.frac + step])
    larger = replace(
        entry,
        net=PeriodicNet(n_vertices=2 * n, edges=np.array(edges), name=entry.net.name),
        lattice=basis @ entry.lattice,
        frac=frac @ inverse,
        kinds=np.tile(entry.kinds, 2),
    )
    return larger, np.repeat(np.array([0, 1]), n)


def _compact(
    basis: Int[np.ndarray, "3 3"], lattice: Float[np.ndarray, "3 3"]
) -> Int[np.ndarray, "3 3"]:
    """The same lattice with shorter vectors."""
    rows = basis.copy()
    better = True
    while better:
        better = False
        for i, j in product(range(3), repeat=2):
            for s in (1, -1):
                trial = rows[i] + s * rows[j]
                if i != j and np.linalg.norm(trial @ lattice) < (
                    np.linalg.norm(rows[i] @ lattice) - 1e-6
                ):
                    rows[i] = trial
                    better = True
    if np.linalg.det(rows @ lattice) < 0:
        rows[np.argmax(np.abs(rows).sum(axis=1) > 0)] *= -1
    return rows
