"""The turns of each block on a labelled net."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.elements import is_metal
from porescope.reticular.block import Block
from porescope.reticular.nets.labelling import LabelledNet
from porescope.reticular.placing_turns import (
    Connections,
    Turn,
    best_turns,
    chelate_normal,
    connections_of,
    distinct_turns,
)

_DONORS = (7, 8, 9, 15, 16, 17, 34, 35, 53)
"""Atoms that bind to metals with ports of their own; carbon does so by its acid groups only."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Plan:
    """A labelled net and the turns among which its vertices may choose."""

    labelled: LabelledNet
    """Net and blocks."""
    blocks: tuple[Block, ...]
    """Nodes, then linkers."""
    connections: tuple[Connections, ...]
    """Connections of each block; of nodes single ports."""
    n_nodes: int
    """Number of nodes among the blocks."""
    chelating: int
    """Ports of a node along one edge."""
    ends: tuple[tuple[tuple[int, int], ...], ...]
    """Of each vertex: edge, and 0 or 1 for the end of the edge, of each edge that meets there."""
    turns: tuple[tuple[Turn, ...], ...]
    """Turns of each vertex, the best first."""

    def slots(self, vertex: int, choice: int) -> Int[np.ndarray, "edges per_edge"]:
        """Connections along each edge of a vertex for one of its turns."""
        turn = self.turns[vertex][choice]
        return turn.connections.reshape(len(self.ends[vertex]), -1)


def plan_for(
    labelled: LabelledNet,
    blocks: Sequence[Block],
    *,
    n_nodes: int,
    max_misfit: float = 0.55,
    n_turns: int = 8,
) -> Plan | None:
    """Turns of every vertex, or nothing where a block does not suit its vertex.

    Parameters
    ----------
    labelled:
        Net and blocks.
    blocks:
        Nodes, then linkers.
    n_nodes:
        Number of nodes among them.
    max_misfit:
        Largest root mean square distance of unit vectors along ports and along edges.
    n_turns:
        Most turns of a vertex.
    """
    net = labelled.entry.net
    joined = [connections_of(block) for block in blocks[n_nodes:]]
    sizes = {len(ports) for one in joined for ports in one.ports}
    chelating = sizes.pop() if len(sizes) == 1 else 1
    single = [connections_of(block, chelating=1) for block in blocks[:n_nodes]]
    connections = (*single, *joined)
    ends: list[list[tuple[int, int]]] = [[] for _ in range(net.n_vertices)]
    for edge, (a, b) in enumerate(net.edges[:, :2].tolist()):
        ends[a].append((edge, 0))
        ends[b].append((edge, 1))
    vectors = labelled.entry.edge_vectors
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    known: dict[tuple[object, ...], tuple[Turn, ...]] = {}
    turns = []
    for v in range(net.n_vertices):
        index = int(labelled.blocks[v])
        repeats = chelating if index < n_nodes else 1
        targets = np.array([unit[e] * (1.0, -1.0)[side] for e, side in ends[v]])
        key = (index, *np.round(targets, 3).ravel().tolist())
        if key not in known:
            found = best_turns(connections[index].directions, np.repeat(targets, repeats, axis=0))
            # Chelates spread about their edge: what they miss it by is not a misfit.
            limit = max_misfit if repeats == 1 else max_misfit + 0.4
            found = [turn for turn in found if turn.misfit <= limit]
            known[key] = tuple(
                distinct_turns(blocks[index], found, per_edge=repeats, n_best=n_turns)
            )
        if not known[key]:
            return None
        turns.append(known[key])
    return Plan(
        labelled=labelled,
        blocks=tuple(blocks),
        connections=connections,
        n_nodes=n_nodes,
        chelating=chelating,
        ends=tuple(tuple(e) for e in ends),
        turns=tuple(turns),
    )


def slot_normal(
    connections: Connections, slot: Int[np.ndarray, "per_edge"]
) -> Float[np.ndarray, "3"]:
    """Normal of the plane that a block shows along an edge, zeros where it has none.

    Parameters
    ----------
    connections:
        Of the block.
    slot:
        Its connections along the edge; two of them make the plane themselves.
    """
    if len(slot) == 2:
        return chelate_normal(connections.anchors[slot], connections.vectors[slot])
    return connections.normals[slot[0]]


def ports_suit(plan: Plan, at: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two connections may be linked: donors to metals, the rest to what is no metal.

    Parameters
    ----------
    plan:
        The blocks.
    at, other:
        Block and connection.
    """
    atoms = []
    for index, connection in (at, other):
        block = plan.blocks[index]
        port = plan.connections[index].ports[connection][0]
        atoms.append(int(block.numbers[block.port_atoms[port]]))
    metals = [bool(is_metal()[z]) for z in atoms]
    if all(metals):
        return False
    if any(metals):
        return atoms[1 if metals[0] else 0] in _DONORS
    # Acid groups stay with nodes and are linked to carbon; covalent frameworks to anything.
    node = next((i for i in (at, other) if i[0] < plan.n_nodes), None)
    if node is not None and is_metal()[plan.blocks[node[0]].numbers].any():
        return atoms[1 if node == at else 0] == 6
    return True
