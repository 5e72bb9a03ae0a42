"""Linkers on edges, and which port is linked to which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from jaxtyping import Float

from porescope.reticular.block import Block
from porescope.reticular.placing_turns import Connections, rotation_between, rotations_about

_ANGLES = np.arange(24) * (2.0 * np.pi / 24)
_FINER = np.deg2rad(np.linspace(-7.5, 7.5, 61))
_OPPOSITE = np.pi + np.deg2rad(np.linspace(-60.0, 60.0, 17))
_PLANE = 0.5
"""Squared misses [Å²] that planes at right angles count as."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EdgeEnd:
    """What a vertex offers to an edge, in its block's frame or as it is turned."""

    piece: int
    """Its number."""
    block: int
    """Its block."""
    connection: int
    """First connection of the block along the edge."""
    ports: tuple[int, ...]
    """Ports along the edge."""
    anchor: Float[np.ndarray, "3"]
    """From the vertex to where the edge starts [Å]."""
    vector: Float[np.ndarray, "3"]
    """From there to where the partner is expected [Å]."""
    normal: Float[np.ndarray, "3"]
    """Normal of the plane there, or zeros."""


def turned_end(end: EdgeEnd, rotations: Float[np.ndarray, "vertices 3 3"]) -> EdgeEnd:
    """What a vertex offers once it is turned.

    Parameters
    ----------
    end:
        The same in the block's frame.
    rotations:
        Of all vertices.
    """
    turn = rotations[end.piece]
    return replace(
        end, anchor=turn @ end.anchor, vector=turn @ end.vector, normal=turn @ end.normal
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PosedLinker:
    """A linker laid on an edge."""

    rotation: Float[np.ndarray, "3 3"]
    """How it is turned."""
    origin: Float[np.ndarray, "3"]
    """Where its origin is [Å]."""
    first: list[tuple[int, int]]
    """Port of the first vertex and port of the linker, of each link there."""
    second: list[tuple[int, int]]
    """The same at the second vertex."""


def posed_linker(
    blocks: Sequence[Block],
    connections: Sequence[Connections],
    linker: int,
    ends: tuple[EdgeEnd, EdgeEnd],
    places: tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]],
    rotations: Float[np.ndarray, "vertices 3 3"],
    *,
    suits: Callable[[tuple[int, int], tuple[int, int]], bool],
    flipped: bool = False,
) -> PosedLinker:
    """Lay a linker of two connections between two vertices.

    Both ways round and at 24 angles about its axis; the one is taken whose ports come nearest
    to where the vertices expect them, planes being parallel where both sides have one.

    Parameters
    ----------
    blocks, connections:
        All blocks.
    linker:
        The linker's number among them.
    ends, places:
        What the two vertices offer, and where they are [Å].
    rotations:
        How the vertices are turned.
    suits:
        Whether two connections, each a block and its connection, may be linked.
    flipped:
        Take the best angle on the other side of the axis, for linkers that are bent.
    """
    own = connections[linker]
    a, b = ends
    from_a, from_b = places[0] + a.anchor, places[1] + b.anchor
    axis = from_b - from_a
    outer = own.anchors + own.vectors
    best: tuple[float, np.ndarray, np.ndarray, int] | None = None
    for one in (0, 1):
        two = 1 - one
        fits = suits((a.block, a.connection), (linker, one))
        fits = fits and suits((b.block, b.connection), (linker, two))
        if not fits and (best is not None or one == 0):
            continue
        turns = rotation_between(outer[two] - outer[one], axis)[None]
        found = np.inf, turns[0], axis, one
        for angles in (_ANGLES, *((_OPPOSITE,) if flipped else ()), _FINER):
            turns = rotations_about(axis, angles) @ turns
            middle = 0.5 * (from_a + from_b) - turns @ (0.5 * (outer[one] + outer[two]))
            at_a = middle + turns @ own.anchors[one] - from_a - a.vector
            at_b = middle + turns @ own.anchors[two] - from_b - b.vector
            cost = np.sum(at_a**2 + at_b**2, axis=1)
            for normal, mine in ((a.normal, own.normals[one]), (b.normal, own.normals[two])):
                if normal.any() and mine.any():
                    cost = cost + _PLANE * (1.0 - ((turns @ mine) @ normal) ** 2)
            least = int(np.argmin(np.round(cost, 6)))
            found = float(cost[least]), turns[least], middle[least], one
            turns = turns[least][None]
        if best is None or found[0] < best[0] - 1e-6:
            best = found
    assert best is not None
    _, turn, centre, one = best
    origin = centre - turn @ own.centre
    block = blocks[linker]
    starts = origin + (block.positions[block.port_atoms]) @ turn.T
    arrows = block.port_vectors @ turn.T
    pairs = []
    for end, place, connection in ((a, places[0], one), (b, places[1], 1 - one)):
        mine = own.ports[connection]
        offered = _offered(blocks, connections, end, place, rotations)
        pairs.append(_paired(offered, [(p, starts[p], arrows[p]) for p in mine]))
    return PosedLinker(rotation=turn, origin=origin, first=pairs[0], second=pairs[1])


def linked_ports(
    blocks: Sequence[Block],
    ends: tuple[EdgeEnd, EdgeEnd],
    place: Float[np.ndarray, "3"],
    other_place: Float[np.ndarray, "3"],
    rotations: Float[np.ndarray, "vertices 3 3"],
    connections: Sequence[Connections],
) -> list[tuple[int, int]]:
    """Ports that are linked where two vertices meet without a linker between them.

    Parameters
    ----------
    blocks, connections:
        All blocks.
    ends:
        What the two vertices offer.
    place, other_place:
        Where they are [Å].
    rotations:
        How the vertices are turned.
    """
    one = _offered(blocks, connections, ends[0], place, rotations)
    two = _offered(blocks, connections, ends[1], other_place, rotations)
    return _paired(one, two)


_Port = tuple[int, Float[np.ndarray, "3"], Float[np.ndarray, "3"]]


def _offered(
    blocks: Sequence[Block],
    connections: Sequence[Connections],
    end: EdgeEnd,
    place: Float[np.ndarray, "3"],
    rotations: Float[np.ndarray, "vertices 3 3"],
) -> list[_Port]:
    """Ports of a vertex along an edge: number, where it starts, and its vector."""
    block, turn = blocks[end.block], rotations[end.piece]
    centre = connections[end.block].centre
    return [
        (
            port,
            place + turn @ (block.positions[block.port_atoms[port]] - centre),
            turn @ block.port_vectors[port],
        )
        for port in end.ports
    ]


def _paired(one: list[_Port], two: list[_Port]) -> list[tuple[int, int]]:
    """Pairs of ports with the smallest misses; of unequal numbers, the first of the longer."""
    size = min(len(one), len(two))
    best: tuple[float, list[tuple[int, int]]] | None = None
    for order in permutations(range(len(two)), size):
        miss = 0.0
        for k, j in enumerate(order):
            between = two[j][1] - one[k][1]
            miss += float(np.sum((between - one[k][2]) ** 2) + np.sum((between + two[j][2]) ** 2))
        if best is None or miss < best[0]:
            best = miss, [(one[k][0], two[j][0]) for k, j in enumerate(order)]
    assert best is not None
    return best[1]
