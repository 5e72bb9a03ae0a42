"""Blocks on a net: starting points from which links are closed.

Each vertex gets a block whose ports point along the edges, each edge between nodes a linker of
two connections; the cell and the places are scaled so that all links have room. What remains is
for :mod:`porescope.reticular.fit_assembly`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.errors import ConfigError
from porescope.reticular.assembly import Assembly, link_gaps
from porescope.reticular.block import Block
from porescope.reticular.nets.catalogue import CatalogueNet, net_named
from porescope.reticular.nets.labelling import labellings
from porescope.reticular.placing_choices import Choice, choices
from porescope.reticular.placing_edges import (
    EdgeEnd,
    linked_ports,
    posed_linker,
    turned_end,
)
from porescope.reticular.placing_linkers import linkers_of_edges, sides_of_edges
from porescope.reticular.placing_plan import plan_for, ports_suit, slot_normal
from porescope.reticular.placing_turns import Connections, connections_of

_ROUNDS = 12
_LAYER_GAP = 3.4
"""From the atoms of one layer to those of the next [Å]."""
_CHAIN_GAP = 4.0
_FEW_VERTICES = 16
"""Vertices of a cell up to which many combinations of turns are posed and compared."""
_MOST_TRIED = 12
"""Combinations of turns that are posed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacingConfig:
    """How blocks are put on a net."""

    max_misfit: float = 0.55
    """Largest root mean square distance of unit vectors along ports and along edges; 0.5 is about
    30 degrees."""
    n_best: int = 4
    """Most starting points."""
    n_turns: int = 8
    """Most turns of each vertex that are compared."""
    layer_spacing: float | None = None
    """Distance between layers [Å]; ``None`` takes their thickness and 3.4 Å."""
    seed: int = 0
    """Of the search for turns that go together."""


def place_on_net(
    net: str | CatalogueNet,
    *,
    nodes: Sequence[Block],
    linkers: Sequence[Block] = (),
    config: PlacingConfig | None = None,
) -> list[Assembly]:
    """Starting points of frameworks of given blocks on a net.

    Parameters
    ----------
    net:
        The net or its name.
    nodes, linkers:
        Blocks, each of which is used. Linkers with two connections lie on edges, others stand
        at vertices. Ports of a linker that chelate one metal are one connection.
    config:
        Limits.

    Returns
    -------
    :
        Posed blocks, the most promising first; empty where the blocks do not suit the net. Layers
        and chains lie in the middle of cells that leave room for the next.

    Raises
    ------
    ConfigError
        Where no net has the name, or there is no node.
    """
    config = config or PlacingConfig()
    entry = net_named(net) if isinstance(net, str) else net
    if not nodes:
        raise ConfigError("a framework needs at least one node; give the blocks that join linkers")
    blocks = [*nodes, *linkers]
    counts = connection_counts(nodes, linkers)
    if counts is None:
        return []
    found: list[tuple[float, Choice]] = []
    for labelled in labellings(entry, nodes=counts[0], linkers=counts[1]):
        plan = plan_for(
            labelled,
            blocks,
            n_nodes=len(nodes),
            max_misfit=config.max_misfit,
            n_turns=config.n_turns,
        )
        if plan is not None:
            few = labelled.entry.net.n_vertices <= _FEW_VERTICES
            n_best = max(config.n_best, _MOST_TRIED if few else config.n_best)
            found += [(c.cost, c) for c in choices(plan, n_best=n_best, seed=config.seed)]
    found.sort(key=lambda item: item[0])
    scored: list[tuple[float, int, Assembly]] = []
    for cost, choice in found[:_MOST_TRIED]:
        for flipped in sides_of_edges(choice) if cost < 100.0 else ():
            assembly = _assembled(choice, config, flipped)
            if assembly is not None:
                gap = float(link_gaps(assembly).mean())
                scored.append((round(cost + gap, 4), len(scored), assembly))
    return _different(sorted(scored, key=lambda s: s[:2]), n_best=config.n_best)


def _different(scored: list[tuple[float, int, Assembly]], *, n_best: int) -> list[Assembly]:
    """The first of each score and volume: others are images of one another."""
    kept: list[Assembly] = []
    seen: list[tuple[float, float]] = []
    for score, _, assembly in scored:
        volume = float(abs(np.linalg.det(assembly.lattice)))
        alike = any(abs(s - score) < 2e-3 and abs(v / volume - 1) < 2e-3 for s, v in seen)
        if not alike:
            seen.append((score, volume))
            kept.append(assembly)
        if len(kept) >= n_best:
            break
    return kept


def connection_counts(
    nodes: Sequence[Block], linkers: Sequence[Block]
) -> tuple[list[int], list[int]] | None:
    """Number of connections of each node and of each linker, or nothing where they do not agree.

    Parameters
    ----------
    nodes, linkers:
        Blocks. Where linkers chelate, a node's ports are shared out among them evenly.
    """
    joined = [connections_of(block) for block in linkers]
    sizes = {len(ports) for one in joined for ports in one.ports}
    size = sizes.pop() if len(sizes) == 1 else 1
    if any(block.n_ports % size for block in nodes):
        return None
    return [b.n_ports // size for b in nodes], [one.n_connections for one in joined]


@dataclass(slots=True, eq=False)
class _Posing:
    """Vertices while they settle: places, turns and cell; ends of edges in the blocks' frames."""

    choice: Choice
    places: Float[np.ndarray, "vertices 3"]
    lattice: Float[np.ndarray, "3 3"]
    rotations: Float[np.ndarray, "vertices 3 3"]
    ends: list[tuple[EdgeEnd, EdgeEnd]]
    anchors: Float[np.ndarray, "edges 2 3"]
    vectors: Float[np.ndarray, "edges 2 3"]
    directions: Float[np.ndarray, "edges 2 3"]
    hands: Float[np.ndarray, "vertices"]

    @property
    def edges(self) -> Int[np.ndarray, "edges 5"]:
        """Edges of the net."""
        return self.choice.plan.labelled.entry.net.edges

    def edge_vectors(self) -> Float[np.ndarray, "edges 3"]:
        """From vertex to vertex [Å]."""
        edges = self.edges
        return self.places[edges[:, 1]] + edges[:, 2:] @ self.lattice - self.places[edges[:, 0]]

    def turn_to(self, vectors: Float[np.ndarray, "edges 3"]) -> None:
        """Turn each block that has three edges or more to the edges as they are."""
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        targets = np.stack([unit, -unit], axis=1)
        outer = np.zeros((len(self.places), 3, 3))
        at = self.edges[:, :2]
        np.add.at(outer, at, targets[..., :, None] * self.directions[..., None, :])
        left, _, right = np.linalg.svd(outer)
        right[:, 2] *= (np.linalg.det(left @ right) * self.hands)[:, None]
        many = np.bincount(at.ravel(), minlength=len(self.places)) > 2
        self.rotations[many] = (left @ right)[many]

    def turned(self, rows: Float[np.ndarray, "edges 2 3"]) -> Float[np.ndarray, "edges 2 3"]:
        """Vectors at the ends of edges, as the blocks are turned."""
        return np.einsum("esij,esj->esi", self.rotations[self.edges[:, :2]], rows)


def _posing(choice: Choice, sides: dict[tuple[int, int], int]) -> _Posing:
    """Blocks at the places that the net has in the catalogue."""
    plan = choice.plan
    entry = plan.labelled.entry
    ends: list[tuple[EdgeEnd, EdgeEnd]] = []
    directions = np.zeros((entry.net.n_edges, 2, 3))
    for i, pair in enumerate(entry.net.edges[:, :2].tolist()):
        both = []
        for side, v in enumerate(pair):
            block = int(plan.labelled.blocks[v])
            own = plan.connections[block]
            slot = plan.slots(v, int(choice.turns[v]))[sides[i, side]]
            directions[i, side] = own.directions[slot].sum(axis=0)
            both.append(
                EdgeEnd(
                    piece=v,
                    block=block,
                    connection=int(slot[0]),
                    ports=tuple(p for c in slot.tolist() for p in own.ports[c]),
                    anchor=own.anchors[slot].mean(axis=0),
                    vector=own.vectors[slot].mean(axis=0),
                    normal=slot_normal(own, slot),
                )
            )
        ends.append((both[0], both[1]))
    rotations = np.array(
        [t[int(c)].rotation for t, c in zip(plan.turns, choice.turns, strict=True)]
    )
    return _Posing(
        choice=choice,
        places=entry.frac @ entry.lattice,
        lattice=entry.lattice.copy(),
        rotations=rotations,
        ends=ends,
        anchors=np.array([[e.anchor for e in pair] for pair in ends]),
        vectors=np.array([[e.vector for e in pair] for pair in ends]),
        directions=directions,
        hands=np.sign(np.linalg.det(rotations)),
    )


def _assembled(
    choice: Choice, config: PlacingConfig, flipped: Bool[np.ndarray, "edges"]
) -> Assembly | None:
    """Settle the vertices, then lay linkers on the edges."""
    plan = choice.plan
    entry = plan.labelled.entry
    edges = entry.net.edges
    sides = {end: k for ends in plan.ends for k, end in enumerate(ends)}
    linkers = linkers_of_edges(choice, sides)
    if linkers is None:
        return None
    posing = _posing(choice, sides)
    _settle(posing, linkers)
    ends = [
        (turned_end(a, posing.rotations), turned_end(b, posing.rotations)) for a, b in posing.ends
    ]
    kinds = plan.labelled.blocks.tolist()
    rotations = list(posing.rotations)
    origins = [
        place - turn @ plan.connections[kind].centre
        for place, turn, kind in zip(posing.places, posing.rotations, kinds, strict=True)
    ]
    links: list[list[int]] = []
    for i, (a, b) in enumerate(ends):
        cell = edges[i, 2:].tolist()
        there = posing.places[b.piece] + edges[i, 2:] @ posing.lattice
        if linkers[i] < 0:
            pairs = linked_ports(
                plan.blocks,
                (a, b),
                posing.places[a.piece],
                there,
                posing.rotations,
                plan.connections,
            )
            links += [[a.piece, p, b.piece, q, *cell] for p, q in pairs]
            continue
        posed = posed_linker(
            plan.blocks,
            plan.connections,
            linkers[i],
            (a, b),
            (posing.places[a.piece], there),
            posing.rotations,
            suits=lambda at, other: ports_suit(plan, at, other),
            flipped=bool(flipped[i]),
        )
        piece = len(kinds)
        kinds.append(linkers[i])
        rotations.append(posed.rotation)
        origins.append(posed.origin)
        links += [[a.piece, p, piece, q, 0, 0, 0] for p, q in posed.first]
        links += [[piece, q, b.piece, p, *cell] for p, q in posed.second]
    return _roomy(
        Assembly(
            lattice=posing.lattice,
            blocks=plan.blocks,
            kinds=np.array(kinds, dtype=np.int64),
            origins=np.array(origins),
            rotations=np.array(rotations),
            links=np.array(links, dtype=np.int64),
            name=entry.name,
        ),
        dimension=entry.dimension,
        spacing=config.layer_spacing,
    )


def _settle(posing: _Posing, linkers: list[int]) -> None:
    """Scale the cell and move the vertices until edges are as long as their blocks want."""
    plan = posing.choice.plan
    net, dimension = plan.labelled.entry.net, plan.labelled.entry.dimension
    edges, n = net.edges, net.n_vertices
    design = np.zeros((len(edges) + 1, n + dimension))
    rows = np.arange(len(edges))
    np.add.at(design, (rows, edges[:, 1]), 1.0)
    np.add.at(design, (rows, edges[:, 0]), -1.0)
    design[: len(edges), n:] = edges[:, 2 : 2 + dimension]
    design[-1, :n] = 1.0
    solver = np.linalg.pinv(design)
    bare = np.array(linkers) < 0
    lengths = np.array([0.0 if i < 0 else _length(plan.connections[i]) for i in linkers])
    wanted = np.zeros((len(edges) + 1, 3))
    for round_ in range(_ROUNDS):
        vectors = posing.edge_vectors()
        posing.turn_to(vectors)
        anchors, ports = posing.turned(posing.anchors), posing.turned(posing.vectors)
        # The first edges have no length yet, only directions.
        between = vectors - anchors[:, 0] + anchors[:, 1] if round_ else vectors
        between = between / np.linalg.norm(between, axis=1, keepdims=True)
        span = lengths[:, None] * between
        span[bare] = 0.5 * (ports[bare, 0] - ports[bare, 1])
        wanted[:-1] = anchors[:, 0] + span - anchors[:, 1]
        solved = solver @ wanted
        moved = float(np.abs(posing.lattice[:dimension] - solved[n:]).max())
        posing.places = solved[:n]
        posing.lattice[:dimension] = solved[n:]
        if moved < 1e-3:
            break


def _length(connections: Connections) -> float:
    """From where one end of a two-connected linker expects its partner to where the other does."""
    ends = connections.anchors + connections.vectors
    return float(np.linalg.norm(ends[1] - ends[0]))


def _roomy(assembly: Assembly, *, dimension: int, spacing: float | None) -> Assembly:
    """Cells of layers and chains made wide enough for their atoms."""
    if dimension == 3:
        return assembly
    lattice = assembly.lattice.copy()
    places = np.concatenate([assembly.piece_positions(i) for i in range(assembly.n_pieces)])
    if dimension == 2:
        normal = np.cross(lattice[0], lattice[1])
        normal /= np.linalg.norm(normal)
        height = places @ normal
        lattice[2] = normal * (spacing or float(np.ptp(height)) + _LAYER_GAP)
    else:
        axis = lattice[0] / np.linalg.norm(lattice[0])
        side = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
        side /= np.linalg.norm(side)
        for row, direction in ((1, side), (2, np.cross(axis, side))):
            lattice[row] = direction * (float(np.ptp(places @ direction)) + _CHAIN_GAP)
    return Assembly(
        lattice=lattice,
        blocks=assembly.blocks,
        kinds=assembly.kinds,
        origins=assembly.origins,
        rotations=assembly.rotations,
        links=assembly.links,
        name=assembly.name,
    )
