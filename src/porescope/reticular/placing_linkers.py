"""Which linker lies on which edge, and on which side of it where linkers are bent."""

from __future__ import annotations

from itertools import product

import numpy as np
from jaxtyping import Bool

from porescope.reticular.placing_choices import Choice
from porescope.reticular.placing_plan import ports_suit
from porescope.reticular.placing_turns import Connections

_BENT = 0.15
"""Angle [rad] by which a bond may leave a linker's axis before it counts as bent."""
_MOST_SIDES = 3
"""Kinds of edges whose linkers are tried on either side."""


def sides_of_edges(choice: Choice) -> list[Bool[np.ndarray, "edges"]]:
    """On which edges a bent linker takes the other side, kind by kind of edge.

    As in zeolitic imidazolate frameworks, where either side of an edge is as good.

    Parameters
    ----------
    choice:
        Turns of the vertices.
    """
    plan = choice.plan
    entry = plan.labelled.entry
    straight = np.zeros(entry.net.n_edges, dtype=bool)
    bent = any(
        own.n_connections == 2 and _bend(own) > _BENT for own in plan.connections[plan.n_nodes :]
    )
    if not bent or not plan.labelled.bridged:
        return [straight]
    ends = np.sort(entry.kinds[entry.net.edges[:, :2]], axis=1)
    lengths = np.linalg.norm(entry.edge_vectors, axis=1)
    rows = np.concatenate([ends, np.round(lengths, 2)[:, None]], axis=1)
    _, kinds = np.unique(rows, axis=0, return_inverse=True)
    n_kinds = min(int(kinds.max()) + 1, _MOST_SIDES)
    return [np.isin(kinds, np.flatnonzero(m)) for m in product((0, 1), repeat=n_kinds)]


def _bend(own: Connections) -> float:
    """Angle between the two bonds that leave a linker and the line between their ends [rad]."""
    outer = own.anchors + own.vectors
    axis = outer[1] - outer[0]
    vectors = own.vectors / np.linalg.norm(own.vectors, axis=1, keepdims=True)
    cosines = np.clip(vectors @ axis / np.linalg.norm(axis) * [-1.0, 1.0], -1.0, 1.0)
    return float(np.arccos(cosines).max())


def linkers_of_edges(choice: Choice, sides: dict[tuple[int, int], int]) -> list[int] | None:
    """The linker on each edge, -1 where the blocks at its ends are linked directly.

    Where several linkers suit, parallel edges carry the same and others take turns.

    Parameters
    ----------
    choice:
        Turns of the vertices.
    sides:
        Of each edge and end, the place of the edge among those of its vertex.

    Returns
    -------
    :
        Blocks; nothing where a linker finds no edge or an edge no linker.
    """
    plan = choice.plan
    edges = plan.labelled.entry.net.edges
    vectors = plan.labelled.entry.edge_vectors
    two = [
        i for i in range(plan.n_nodes, len(plan.blocks)) if plan.connections[i].n_connections == 2
    ]
    groups: list[np.ndarray] = []
    found = []
    for i, (a, b) in enumerate(edges[:, :2].tolist()):
        if not plan.labelled.bridged or max(plan.labelled.blocks[[a, b]]) >= plan.n_nodes:
            found.append(-1)
            continue
        ends = []
        for v, side in ((a, 0), (b, 1)):
            slot = plan.slots(v, int(choice.turns[v]))[sides[i, side]]
            ends.append((int(plan.labelled.blocks[v]), int(slot[0])))
        suited = [
            linker
            for linker in two
            if any(
                ports_suit(plan, ends[0], (linker, c))
                and ports_suit(plan, ends[1], (linker, 1 - c))
                for c in (0, 1)
            )
        ]
        if not suited:
            return None
        unit = vectors[i] / np.linalg.norm(vectors[i])
        group = next((g for g, u in enumerate(groups) if abs(u @ unit) > 0.97), len(groups))
        if group == len(groups):
            groups.append(unit)
        found.append(suited[group % len(suited)])
    return found if set(two) <= set(found) else None
