"""Branched linkers: several vertices of a net that one linker takes.

A hexacarboxylate of three isophthalates on a core is one linker of six connections, but four
vertices of three in the net ``ntt``. Here such vertices become one again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from jaxtyping import Int

from porescope.reticular.net import PeriodicNet
from porescope.reticular.nets.catalogue import CatalogueNet


def with_branches_merged(entry: CatalogueNet, *, nodes: Collection[int]) -> CatalogueNet | None:
    """The net with neighbouring vertices that are no nodes made one vertex.

    Parameters
    ----------
    entry:
        A net.
    nodes:
        Numbers of edges by which nodes are known; all other vertices are parts of linkers.

    Returns
    -------
    :
        The net, or nothing where no two parts of a linker are neighbours or where they go on
        without end.
    """
    net = entry.net
    part = ~np.isin(net.degrees(), list(nodes))
    inner = part[net.edges[:, 0]] & part[net.edges[:, 1]]
    if not inner.any() or part.all():
        return None
    walked = _walked(net, inner)
    if walked is None:
        return None
    root, cell = walked
    roots, new = np.unique(root, return_inverse=True)
    outer = net.edges[~inner].copy()
    # A vertex of a cluster stands in the cell that its way from the root leads to.
    outer[:, 2:] += cell[outer[:, 0]] - cell[outer[:, 1]]
    outer[:, :2] = new[outer[:, :2]]
    places = entry.frac + cell
    frac = np.array([places[root == r].mean(axis=0) for r in roots])
    kinds = [tuple(sorted(entry.kinds[root == r].tolist())) for r in roots]
    order = sorted(set(kinds), key=kinds.index)
    return replace(
        entry,
        net=PeriodicNet(n_vertices=len(roots), edges=outer, name=net.name),
        frac=frac,
        kinds=np.array([order.index(kind) for kind in kinds], dtype=np.int64),
    )


def _walked(
    net: PeriodicNet, inner: np.ndarray
) -> tuple[Int[np.ndarray, "vertices"], Int[np.ndarray, "vertices 3"]] | None:
    """Root of each vertex along inner edges, and its cell seen from there."""
    ends = np.concatenate(
        [
            net.edges[inner],
            np.concatenate([net.edges[inner][:, 1::-1], -net.edges[inner][:, 2:]], axis=1),
        ]
    )
    root = np.full(net.n_vertices, -1, dtype=np.int64)
    cell = np.zeros((net.n_vertices, 3), dtype=np.int64)
    for start in range(net.n_vertices):
        if root[start] >= 0:
            continue
        root[start] = start
        stack = [start]
        while stack:
            v = stack.pop()
            for row in ends[ends[:, 0] == v]:
                w, there = int(row[1]), cell[v] + row[2:]
                if root[w] < 0:
                    root[w], cell[w] = start, there
                    stack.append(w)
                elif np.any(cell[w] != there):
                    return None
    return root, cell
