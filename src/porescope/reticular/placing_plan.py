"""Which turns of the blocks go together on a labelled net."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.elements import is_metal
from porescope.reticular.block import Block
from porescope.reticular.nets.labelling import LabelledNet, doubled, parities
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
_FORBIDDEN = 1e3
_WORTH = 0.05
"""Gain for each edge that is worth a doubled cell."""
_RESTARTS = 24
_MOST_DOUBLED = 12
"""Vertices in the smallest cell beyond which no doubled cell is tried."""


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


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Choice:
    """One turn for each vertex."""

    plan: Plan
    """Where the turns are listed."""
    turns: Int[np.ndarray, "vertices"]
    """The turn of each vertex."""
    cost: float
    """Misfit of the turns, and of planes that ought to be parallel, for each edge."""


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


def choices(plan: Plan, *, n_best: int = 4, seed: int = 0) -> list[Choice]:
    """The best combinations of turns, in a doubled cell where that is worth it.

    As in MOF-5, where like nodes on one net are turned in two ways.

    Parameters
    ----------
    plan:
        Turns of each vertex.
    n_best:
        Most combinations to return.
    seed:
        Of the search's restarts.
    """
    costs = _costs_of(plan)
    found = _optimised(plan, costs, n_best=n_best, seed=seed)
    n = plan.labelled.entry.net.n_vertices
    if max(len(t) for t in plan.turns) == 1 or n > _MOST_DOUBLED:
        return found
    if found[0].cost - _misfit_floor(plan, costs) < _WORTH:
        return found
    best = found
    for parity in parities(plan.labelled.entry.dimension)[1:]:
        twice = _doubled_plan(plan, parity)
        trial = _optimised(twice, costs.twice(), n_best=n_best, seed=seed)
        if trial[0].cost < best[0].cost - 1e-6:
            best = trial
    return [*best, *found[:1]] if best[0].cost < found[0].cost - _WORTH else found


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Costs:
    """Costs as arrays, padded to the largest number of turns."""

    own: Float[np.ndarray, "vertices turns"]
    """Of each turn by itself; infinite beyond a vertex's turns."""
    pair: Float[np.ndarray, "edges turns turns"]
    """Of each edge for the turns at its ends."""

    def twice(self) -> _Costs:
        """The same in a doubled cell, where each edge comes twice in a row."""
        return _Costs(own=np.tile(self.own, (2, 1)), pair=np.repeat(self.pair, 2, axis=0))


def _costs_of(plan: Plan) -> _Costs:
    """All costs of a plan."""
    most = max(len(t) for t in plan.turns)
    own = np.full((len(plan.turns), most), np.inf)
    for v, turns in enumerate(plan.turns):
        own[v, : len(turns)] = [turn.misfit**2 * len(plan.ends[v]) for turn in turns]
    tables = _pair_costs(plan)
    pair = np.full((len(tables), most, most), _FORBIDDEN)
    for e, table in enumerate(tables):
        pair[e, : table.shape[0], : table.shape[1]] = table
    return _Costs(own=own, pair=pair)


def _misfit_floor(plan: Plan, costs: _Costs) -> float:
    """The least that the turns cost by themselves, for each edge."""
    return float(costs.own.min(axis=1).sum()) / plan.labelled.entry.net.n_edges


def _doubled_plan(plan: Plan, parity: Int[np.ndarray, "3"]) -> Plan:
    """The same turns in a doubled cell."""
    labelled = plan.labelled
    entry, _ = doubled(labelled.entry, parity)
    n_edges = labelled.entry.net.n_edges
    # Each edge comes twice in a row, its first end in the even and then in the odd cell.
    ends: list[list[tuple[int, int]]] = [[] for _ in range(entry.net.n_vertices)]
    lookup: dict[tuple[int, int, int], int] = {}
    for edge, (a, b) in enumerate(entry.net.edges[:, :2].tolist()):
        lookup[edge // 2, 0, a] = edge
        lookup[edge // 2, 1, b] = edge
    n = labelled.entry.net.n_vertices
    for copy in (0, 1):
        for v in range(n):
            for edge, side in plan.ends[v]:
                ends[v + copy * n].append((lookup[edge, side, v + copy * n], side))
    assert len(entry.net.edges) == 2 * n_edges
    return replace(
        plan,
        labelled=LabelledNet(
            entry=entry, blocks=np.tile(labelled.blocks, 2), bridged=labelled.bridged
        ),
        ends=tuple(tuple(e) for e in ends),
        turns=plan.turns * 2,
    )


def _optimised(plan: Plan, costs: _Costs, *, n_best: int, seed: int) -> list[Choice]:
    """Combinations of low cost by improving one vertex after another from random starts."""
    edges = np.ascontiguousarray(plan.labelled.entry.net.edges[:, :2])
    rng = np.random.default_rng(seed)
    sizes = np.array([len(t) for t in plan.turns])
    starts = np.zeros((1 if sizes.max() == 1 else 1 + _RESTARTS, len(sizes)), dtype=np.int64)
    starts[1:] = rng.integers(0, sizes, size=(len(starts) - 1, len(sizes)))
    totals = _improved(starts, costs.own, costs.pair, edges)
    order = np.lexsort((*starts.T[::-1], np.round(totals, 6)))
    kept: list[Choice] = []
    for i in order:
        cost = float(totals[i]) / len(edges)
        if len(kept) >= n_best:
            break
        # Combinations of one cost are mostly images of one another; two of them are enough.
        like = [one for one in kept if abs(one.cost - cost) < 1e-4]
        if len(like) < 2 and not any(np.array_equal(one.turns, starts[i]) for one in like):
            kept.append(Choice(plan=plan, turns=starts[i].copy(), cost=cost))
    return kept


@numba.njit(cache=True)
@no_type_check
def _improved(states, own, pair, edges):
    # Each state in place; returns the totals.
    n, most = own.shape
    start = np.zeros(n + 1, dtype=np.int64)
    for e in range(len(edges)):
        for side in range(2):
            start[edges[e, side] + 1] += 1
    start = np.cumsum(start)
    fill = start[:-1].copy()
    ends = np.empty(2 * len(edges), dtype=np.int64)
    for e in range(len(edges)):
        for side in range(2):
            v = edges[e, side]
            ends[fill[v]] = 2 * e + side
            fill[v] += 1
    totals = np.zeros(len(states))
    cost = np.empty(most)
    for s in range(len(states)):
        state = states[s]
        changed, rounds = True, 0
        while changed and rounds < 50:
            changed = False
            rounds += 1
            for v in range(n):
                cost[:] = own[v]
                for k in range(start[v], start[v + 1]):
                    e, side = ends[k] // 2, ends[k] % 2
                    w = edges[e, 1 - side]
                    for t in range(most):
                        if w == v:
                            cost[t] += 0.5 * pair[e, t, t]
                        elif side == 0:
                            cost[t] += pair[e, t, state[w]]
                        else:
                            cost[t] += pair[e, state[w], t]
                best = np.argmin(cost)
                if cost[state[v]] > cost[best] + 1e-9:
                    state[v] = best
                    changed = True
        for v in range(n):
            totals[s] += own[v, state[v]]
        for e in range(len(edges)):
            totals[s] += pair[e, state[edges[e, 0]], state[edges[e, 1]]]
    return totals


def _pair_costs(plan: Plan) -> list[Float[np.ndarray, "turns others"]]:
    """Cost of each edge for each pair of turns at its two ends."""
    net = plan.labelled.entry.net
    vectors = plan.labelled.entry.edge_vectors
    found = []
    sides: dict[tuple[int, int], int] = {}
    for v, ends in enumerate(plan.ends):
        for k, end in enumerate(ends):
            sides[end] = k
        assert v < net.n_vertices
    for edge, (a, b) in enumerate(net.edges[:, :2].tolist()):
        axis = vectors[edge] / np.linalg.norm(vectors[edge])
        first = _end_states(plan, a, sides[edge, 0], axis)
        second = _end_states(plan, b, sides[edge, 1], axis)
        table = np.zeros((len(first), len(second)))
        for i, (normal, atom) in enumerate(first):
            for j, (other_normal, other_atom) in enumerate(second):
                table[i, j] = _edge_cost(plan, edge, normal, atom, other_normal, other_atom)
        found.append(table)
    return found


def _end_states(
    plan: Plan, vertex: int, k: int, axis: Float[np.ndarray, "3"]
) -> list[tuple[Float[np.ndarray, "3"], tuple[int, int]]]:
    """Plane across the edge, and block and connection, for each turn of a vertex."""
    index = int(plan.labelled.blocks[vertex])
    connections = plan.connections[index]
    found = []
    for choice, turn in enumerate(plan.turns[vertex]):
        slot = plan.slots(vertex, choice)[k]
        normal = turn.rotation @ slot_normal(connections, slot)
        normal = normal - (normal @ axis) * axis
        size = float(np.linalg.norm(normal))
        found.append((normal / size if size > 0.5 else np.zeros(3), (index, int(slot[0]))))
    return found


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


def _edge_cost(
    plan: Plan,
    edge: int,
    normal: Float[np.ndarray, "3"],
    at: tuple[int, int],
    other_normal: Float[np.ndarray, "3"],
    other_at: tuple[int, int],
) -> float:
    """Squared sine of the angle by which two planes miss each other, or that nothing fits."""
    between = plan.labelled.blocks[plan.labelled.entry.net.edges[edge, :2]]
    bridged = plan.labelled.bridged and bool(np.all(between < plan.n_nodes))
    twist = float(np.arccos(np.clip(abs(normal @ other_normal), 0.0, 1.0)))
    flat = bool(normal.any() and other_normal.any())
    if not bridged:
        if not ports_suit(plan, at, other_at):
            return _FORBIDDEN
        return float(np.sin(twist) ** 2) if flat else 0.0
    costs = []
    for linker in range(plan.n_nodes, len(plan.blocks)):
        own = plan.connections[linker]
        for one, two in ((0, 1), (1, 0)):
            if own.n_connections != 2:
                continue
            if ports_suit(plan, at, (linker, one)) and ports_suit(plan, other_at, (linker, two)):
                bend = float(np.clip(abs(own.normals[one] @ own.normals[two]), 0.0, 1.0))
                both = own.normals[one].any() and own.normals[two].any()
                costs.append(np.sin(twist - np.arccos(bend)) ** 2 if flat and both else 0.0)
    return float(min(costs)) if costs else _FORBIDDEN


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
