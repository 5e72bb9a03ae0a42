"""Which nets suit given building blocks.

First by numbers of connections alone, then by how far the blocks' ports point from the edges at
the vertices. Nets with few kinds of vertices and edges come first: most frameworks take them
(M. O'Keeffe, M. Eddaoudi, H. Li, T. Reineke, O. M. Yaghi, J. Solid State Chem. 152 (2000) 3,
https://doi.org/10.1006/jssc.2000.8723).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from porescope.reticular.block import Block
from porescope.reticular.nets.branches import with_branches_merged
from porescope.reticular.nets.catalogue import CatalogueNet, net_named, net_names
from porescope.reticular.nets.labelling import LabelledNet, labellings
from porescope.reticular.placing_turns import Connections, best_turns, connections_of

_LENGTH = 0.02
"""Edges whose lengths differ by more than this share are of two kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittingNet:
    """A net that given blocks may form."""

    name: str
    """RCSR symbol or zeolite code."""
    dimension: int
    """Directions in which it is endless."""
    n_vertices: int
    """Vertices in the smallest cell."""
    n_vertex_kinds: int
    """Kinds of vertices."""
    n_edge_kinds: int
    """Kinds of edges, told apart by their ends and lengths."""
    misfit: float = float("nan")
    """Root mean square distance between unit vectors along ports and along edges, of the block
    that fits worst; NaN where only numbers of connections were compared."""


def fitting_nets(
    nodes: Sequence[int],
    *,
    linkers: Sequence[int],
    dimensions: Sequence[int] = (2, 3),
    max_vertices: int = 60,
    max_kinds: int = 4,
) -> list[FittingNet]:
    """Nets that suit numbers of connections, the simplest first.

    Parameters
    ----------
    nodes:
        Number of connections of each node.
    linkers:
        Number of connections of each linker: 2 makes it an edge, more a vertex.
    dimensions:
        Directions in which the net is endless.
    max_vertices:
        Most vertices in the smallest cell.
    max_kinds:
        Most kinds of vertices.
    """
    found = []
    for name in _candidates(frozenset(nodes), frozenset(linkers), max_vertices, max_kinds):
        summary = _summary(name)
        if summary.dimension in dimensions and labellings(
            net_named(name), nodes=nodes, linkers=linkers
        ):
            found.append(summary)
    return sorted(found, key=_simplicity)


def fitting_nets_of_blocks(
    nodes: Sequence[Block],
    *,
    linkers: Sequence[Block],
    dimensions: Sequence[int] = (2, 3),
    max_vertices: int = 60,
    max_kinds: int = 4,
    max_misfit: float = 0.5,
) -> list[FittingNet]:
    """Nets that suit blocks by the directions of their ports, the best first.

    Parameters
    ----------
    nodes, linkers:
        The blocks.
    dimensions, max_vertices, max_kinds:
        As in :func:`fitting_nets`.
    max_misfit:
        Largest misfit; 0.5 is about 30 degrees.
    """
    joined = [connections_of(block) for block in linkers]
    sizes = {len(ports) for one in joined for ports in one.ports}
    chelating = sizes.pop() if len(sizes) == 1 else 1
    single = [connections_of(block, chelating=1) for block in nodes]
    if any(one.n_connections % chelating for one in single):
        return []
    counts = [one.n_connections // chelating for one in single]
    numbers = [one.n_connections for one in joined]
    found = []
    for net in fitting_nets(
        counts,
        linkers=numbers,
        dimensions=dimensions,
        max_vertices=max_vertices,
        max_kinds=max_kinds,
    ):
        misfit = min(
            net_misfit(labelled, [*single, *joined], n_nodes=len(nodes), chelating=chelating)
            for labelled in labellings(net_named(net.name), nodes=counts, linkers=numbers)
        )
        limit = max_misfit if chelating == 1 else max_misfit + 0.4
        if misfit <= limit:
            found.append(replace(net, misfit=misfit))
    # A tenth, six degrees, is less than blocks bend by.
    return sorted(found, key=lambda net: (round(net.misfit / 0.1), *_simplicity(net)))


def net_misfit(
    labelled: LabelledNet,
    connections: Sequence[Connections],
    *,
    n_nodes: int,
    chelating: int = 1,
) -> float:
    """How far ports point from edges at the vertex where they do worst.

    Parameters
    ----------
    labelled:
        A net with a block at each vertex.
    connections:
        Connections of the blocks.
    n_nodes:
        Number of nodes among them.
    chelating:
        Ports of a node along one edge.
    """
    net = labelled.entry.net
    vectors = labelled.entry.edge_vectors
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    worst = 0.0
    for pair in sorted(set(zip(labelled.entry.kinds, labelled.blocks, strict=True))):
        v = int(np.flatnonzero((labelled.entry.kinds == pair[0]) & (labelled.blocks == pair[1]))[0])
        targets = np.concatenate([unit[net.edges[:, 0] == v], -unit[net.edges[:, 1] == v]])
        index = int(pair[1])
        repeats = chelating if index < n_nodes else 1
        own = connections[index].directions
        turns = best_turns(own, np.repeat(targets, repeats, axis=0), n_best=1)
        worst = max(worst, turns[0].misfit if turns else np.inf)
    return worst


def _simplicity(net: FittingNet) -> tuple[int, int, int, bool, int, str]:
    """Order of nets: few kinds, layers after frameworks, plain names, few vertices."""
    kinds = net.n_vertex_kinds + net.n_edge_kinds
    return (
        kinds,
        net.n_vertex_kinds,
        -net.dimension,
        "-" in net.name or net.name.isupper(),
        net.n_vertices,
        net.name,
    )


@lru_cache(maxsize=4096)
def _summary(name: str) -> FittingNet:
    """What is said of a net of the catalogue."""
    entry = net_named(name)
    return FittingNet(
        name=name,
        dimension=entry.dimension,
        n_vertices=entry.net.n_vertices,
        n_vertex_kinds=len(np.unique(entry.kinds)),
        n_edge_kinds=edge_kinds(entry),
    )


def edge_kinds(entry: CatalogueNet) -> int:
    """Number of kinds of edges, told apart by the kinds of their ends and by their lengths.

    Parameters
    ----------
    entry:
        A net.
    """
    ends = np.sort(entry.kinds[entry.net.edges[:, :2]], axis=1)
    lengths = np.linalg.norm(entry.edge_vectors, axis=1)
    total = 0
    for pair in np.unique(ends, axis=0):
        these = np.sort(lengths[np.all(ends == pair, axis=1)])
        total += 1 + int(np.sum(np.diff(these) > _LENGTH * these[:-1]))
    return total


@lru_cache(maxsize=1)
def _degrees() -> dict[str, tuple[frozenset[int], int, int]]:
    """Numbers of connections in each net, its vertices and its kinds of vertices."""
    found = {}
    for name in net_names():
        entry = net_named(name)
        found[name] = (
            frozenset(entry.net.degrees().tolist()),
            entry.net.n_vertices,
            int(entry.kinds.max()) + 1,
        )
    return found


@lru_cache(maxsize=512)
def _candidates(
    nodes: frozenset[int], linkers: frozenset[int], max_vertices: int, max_kinds: int
) -> tuple[str, ...]:
    """Nets with just the right numbers of connections, or whose branches make them up."""
    wanted = nodes | {n for n in linkers if n > 2}
    largest = max(linkers, default=0)
    found = []
    for name, (degrees, n_vertices, n_kinds) in _degrees().items():
        if n_vertices > max_vertices or n_kinds > max_kinds:
            continue
        rest = degrees - nodes
        if degrees == wanted:
            found.append(name)
        elif nodes < degrees and largest > 3 and max(rest) < largest and min(rest) > 2:
            merged = with_branches_merged(net_named(name), nodes=nodes)
            if merged is not None and set(merged.net.degrees().tolist()) == wanted:
                found.append(name)
    return tuple(found)
