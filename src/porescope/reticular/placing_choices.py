"""Which turns of blocks go together: planes along edges ought to be parallel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int

from porescope.reticular.nets.labelling import LabelledNet, doubled, parities
from porescope.reticular.placing_plan import Plan, ports_suit, slot_normal

_FORBIDDEN = 1e3
_WORTH = 0.05
"""Gain for each edge that is worth a doubled cell."""
_RESTARTS = 24
_MOST_ALIKE = 6
_MOST_DOUBLED = 12
"""Vertices in the smallest cell beyond which no doubled cell is tried."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Choice:
    """One turn for each vertex."""

    plan: Plan
    """Where the turns are listed."""
    turns: Int[np.ndarray, "vertices"]
    """The turn of each vertex."""
    cost: float
    """Misfit of the turns, and of planes that ought to be parallel, for each edge."""


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
        # Combinations of one cost are mostly images of one another; some of them are enough.
        like = [one for one in kept if abs(one.cost - cost) < 1e-4]
        if len(like) < _MOST_ALIKE and not any(
            np.array_equal(one.turns, starts[i]) for one in like
        ):
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
