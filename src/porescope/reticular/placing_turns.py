"""How a block is turned so that its ports point along the edges of a net."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.distance import cdist

from porescope.reticular.block import Block

_CHELATE = 1.1
"""Ports whose far ends lie nearer than this go to one atom [Å]."""
_ANGLE = 0.75
"""Pairs of directions whose angles differ by more than this are not laid over one another [rad]."""
_SAME = 0.4
"""Atoms nearer than this are on the same place when turns are compared [Å]."""
_FLAT = 0.3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Turn:
    """One way to turn a block."""

    rotation: Float[np.ndarray, "3 3"]
    """Orthogonal matrix; a determinant of -1 makes a mirror image."""
    connections: Int[np.ndarray, "edges"]
    """Connection of the block that goes along each edge."""
    misfit: float
    """Root mean square distance of unit vectors along connections and along edges."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Connections:
    """The ports of a block, those that chelate one atom taken together."""

    ports: tuple[tuple[int, ...], ...]
    """Ports of each connection."""
    centre: Float[np.ndarray, "3"]
    """Mean of where the connections leave the block [Å]."""
    anchors: Float[np.ndarray, "connections 3"]
    """From the centre to where each connection starts, the mean of its port atoms [Å]."""
    vectors: Float[np.ndarray, "connections 3"]
    """Mean port vector of each connection [Å]."""
    directions: Float[np.ndarray, "connections 3"]
    """Unit vectors from the centre to the middles of the bonds that leave."""
    normals: Float[np.ndarray, "connections 3"]
    """Normal of the plane at the port's atom, zeros where that is not flat."""

    @property
    def n_connections(self) -> int:
        """Number of connections."""
        return len(self.ports)


def connections_of(block: Block, *, chelating: int = 0) -> Connections:
    """Connections of a block.

    Parameters
    ----------
    block:
        A node or a linker.
    chelating:
        Ports in each connection; 0 finds out by where ports meet. Of a metal with several ports
        to one linker nothing can be seen in the block, so it is left with single ports.
    """
    start = block.positions[block.port_atoms]
    ends = start + block.port_vectors
    groups: list[list[int]] = []
    for port in range(block.n_ports):
        near = [
            group
            for group in groups
            if chelating != 1 and np.linalg.norm(ends[group[0]] - ends[port]) < _CHELATE
        ]
        if near and block.port_atoms[near[0][0]] != block.port_atoms[port]:
            near[0].append(port)
        else:
            groups.append([port])
    middles = np.array([(start[g] + 0.5 * block.port_vectors[g]).mean(axis=0) for g in groups])
    centre = middles.mean(axis=0)
    out = middles - centre
    size = np.linalg.norm(out, axis=1, keepdims=True)
    vectors = np.array([block.port_vectors[g].mean(axis=0) for g in groups])
    out = np.where(size > 0.2, out, vectors)
    normals = port_normals(block)
    return Connections(
        ports=tuple(tuple(g) for g in groups),
        centre=centre,
        anchors=np.array([start[g].mean(axis=0) for g in groups]) - centre,
        vectors=vectors,
        directions=out / np.linalg.norm(out, axis=1, keepdims=True),
        normals=np.array(
            [
                normals[g[0]] if len(g) == 1 else chelate_normal(start[g], block.port_vectors[g])
                for g in groups
            ]
        ),
    )


def chelate_normal(
    starts: Float[np.ndarray, "ports 3"], vectors: Float[np.ndarray, "ports 3"]
) -> Float[np.ndarray, "3"]:
    """Unit normal of the plane of two bonds that meet, zeros where they make none.

    Parameters
    ----------
    starts, vectors:
        Where the bonds start, and the bonds [Å]: of donors or of the metal that they chelate.
    """
    normal = np.cross(vectors[0], vectors[1])
    if np.linalg.norm(starts[1] - starts[0]) > _CHELATE:
        normal = np.cross(vectors.mean(axis=0), starts[1] - starts[0])
    size = float(np.linalg.norm(normal))
    return normal / size if size > _FLAT else np.zeros(3)


def port_normals(block: Block) -> Float[np.ndarray, "ports 3"]:
    """Unit normal of the plane at the atom of each port, zeros where it has none.

    Parameters
    ----------
    block:
        Any block. An atom has a plane where it has two neighbours in the block and lies with
        them and the port in one plane.
    """
    found = np.zeros((block.n_ports, 3))
    for port, atom in enumerate(block.port_atoms.tolist()):
        rows = block.bonds[np.any(block.bonds == atom, axis=1)]
        others = rows[rows != atom]
        if len(others) != 2:
            continue
        one, other = block.positions[others] - block.positions[atom]
        normal = np.cross(one, other)
        size = float(np.linalg.norm(normal))
        vector = block.port_vectors[port]
        if size > _FLAT and abs(vector @ normal) < _FLAT * size * np.linalg.norm(vector):
            found[port] = normal / size
    return found


def best_turns(
    directions: Float[np.ndarray, "connections 3"],
    targets: Float[np.ndarray, "edges 3"],
    *,
    n_best: int = 48,
    mirrored: bool = True,
) -> list[Turn]:
    """Turns that lay unit vectors onto others, the best first.

    Parameters
    ----------
    directions:
        Unit vectors of the block.
    targets:
        As many unit vectors along edges, in the order of the edges; of other numbers there are
        no turns.
    n_best:
        Most turns to return.
    mirrored:
        Turn the mirror image as well.

    Returns
    -------
    :
        Turns that give the edges to the connections in different ways.
    """
    if len(directions) != len(targets):
        return []
    if len(targets) < 3:
        return _turns_of_two(directions, targets)
    found = _turns_of_many(
        np.ascontiguousarray(directions).tobytes(),
        np.ascontiguousarray(targets).tobytes(),
        mirrored,
    )
    return list(found[:n_best])


@lru_cache(maxsize=2048)
def _turns_of_many(directions_: bytes, targets_: bytes, mirrored: bool) -> tuple[Turn, ...]:
    """All turns of three directions or more, the best first."""
    directions = np.frombuffer(directions_).reshape(-1, 3)
    targets = np.frombuffer(targets_).reshape(-1, 3)
    first, second = _broadest_pair(directions)
    hands = np.array([1.0, -1.0]) if mirrored else np.array([1.0])
    rotations, orders, misfits = _settled(directions.copy(), targets.copy(), first, second, hands)
    found: dict[tuple[int, ...], int] = {}
    for i in np.lexsort((*orders.T[::-1], np.round(misfits, 4))).tolist():
        key = (*orders[i].tolist(), int(np.linalg.det(rotations[i]) > 0))
        found.setdefault(key, i)
    return tuple(
        Turn(rotation=rotations[i], connections=orders[i], misfit=float(misfits[i]))
        for i in found.values()
    )


def distinct_turns(
    block: Block, turns: list[Turn], *, per_edge: int = 1, n_best: int = 12
) -> list[Turn]:
    """Of turns that put like atoms, and like edges' bonds, on the same places only the first.

    Parameters
    ----------
    block:
        The block that is turned.
    turns:
        Turns of it, the best first.
    per_edge:
        Connections along each edge.
    n_best:
        Most turns to return.
    """
    connections = connections_of(block, chelating=1 if per_edge > 1 else 0)
    centred = block.positions - connections.centre
    ends = connections.anchors + connections.vectors
    kept: list[Turn] = []
    places: list[np.ndarray] = []
    label = np.concatenate([block.numbers, 1000 + np.arange(len(ends)) // per_edge])
    apart = (label[:, None] != label[None, :]) * 1e3
    for turn in turns:
        posed = np.concatenate([centred, ends[turn.connections]]) @ turn.rotation.T
        for other in places:
            nearest = (cdist(posed, other) + apart).min(axis=1)
            if nearest.max() < _SAME:
                break
        else:
            kept.append(turn)
            places.append(posed)
            if len(kept) >= n_best:
                break
    return kept


@numba.njit(cache=True)
@no_type_check
def _frame(one, other):
    # Orthonormal rows from two unit vectors, the same whichever of the two is longer.
    rows = np.empty((3, 3))
    rows[0] = (one + other) / np.linalg.norm(one + other)
    rows[1] = (one - other) / np.linalg.norm(one - other)
    rows[2] = np.cross(rows[0], rows[1])
    return rows


@numba.njit(cache=True)
@no_type_check
def _settled(directions, targets, first, second, hands):
    # The pair first, second is laid on each pair of targets at a similar angle; then assignment
    # and rotation in turn, each the best for the other.
    n = len(directions)
    angle = np.arccos(min(1.0, max(-1.0, np.dot(directions[first], directions[second]))))
    frame = _frame(directions[first], directions[second])
    most = n * (n - 1) * len(hands)
    rotations = np.empty((most, 3, 3))
    orders = np.empty((most, n), dtype=np.int64)
    misfits = np.empty(most)
    count = 0
    new = np.empty(n, dtype=np.int64)
    for a in range(n):
        for b in range(n):
            cosine = min(1.0, max(-1.0, np.dot(targets[a], targets[b])))
            if a == b or abs(cosine) > 0.995 or abs(np.arccos(cosine) - angle) > _ANGLE:
                continue
            goal = _frame(targets[a], targets[b])
            for hand in hands:
                first_rows = frame.copy()
                first_rows[2] *= hand
                rotation = goal.T @ first_rows
                order = np.full(n, -1)
                for _ in range(4):
                    _assigned(directions @ rotation.T, targets, new)
                    if np.array_equal(new, order):
                        break
                    order[:] = new
                    left, _, right = np.linalg.svd(targets.T @ directions[order])
                    right[2] *= np.linalg.det(left @ right) * hand
                    rotation = left @ right
                miss = directions[order] @ rotation.T - targets
                rotations[count] = rotation
                orders[count] = order
                misfits[count] = np.sqrt(np.sum(miss**2) / n)
                count += 1
    return rotations[:count], orders[:count], misfits[:count]


@numba.njit(cache=True)
@no_type_check
def _assigned(turned, targets, order):
    # Each target its nearest direction; where that is taken, the pairs that agree best go first.
    n = len(targets)
    likeness = targets @ turned.T
    taken = np.zeros(n, dtype=np.bool_)
    unique = True
    for i in range(n):
        order[i] = np.argmax(likeness[i])
        if taken[order[i]]:
            unique = False
        taken[order[i]] = True
    if unique:
        return
    for _ in range(n):
        best = np.argmax(likeness)
        i, j = best // n, best % n
        order[i] = j
        likeness[i, :] = -9.0
        likeness[:, j] = -9.0


def _turns_of_two(
    directions: Float[np.ndarray, "n 3"], targets: Float[np.ndarray, "n 3"]
) -> list[Turn]:
    """Turns of a block of one or two connections, at quarter turns about its axis."""
    if len(targets) == 0:
        return []
    found = []
    for order in ([0],) if len(targets) == 1 else ([0, 1], [1, 0]):
        turned = directions[order]
        axis = turned[0] - turned[-1] if len(order) > 1 else turned[0]
        goal = targets[0] - targets[-1] if len(order) > 1 else targets[0]
        lay = rotation_between(axis, goal)
        for quarter in rotations_about(goal, 0.5 * np.pi * np.arange(4)):
            rotation = quarter @ lay
            miss = turned @ rotation.T - targets
            misfit = float(np.sqrt(np.mean(np.sum(miss**2, axis=1))))
            found.append(
                Turn(rotation=rotation, connections=np.array(order, np.int64), misfit=misfit)
            )
    return sorted(found, key=lambda t: round(t.misfit, 4))


def rotation_between(
    vector: Float[np.ndarray, "3"], goal: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "3 3"]:
    """The smallest rotation that turns one direction into another.

    Parameters
    ----------
    vector:
        Direction to turn.
    goal:
        Where to.
    """
    a, b = vector / np.linalg.norm(vector), goal / np.linalg.norm(goal)
    if a @ b < -1.0 + 1e-9:
        side = np.cross(a, np.eye(3)[np.argmin(np.abs(a))])
        side /= np.linalg.norm(side)
        return 2.0 * np.outer(side, side) - np.eye(3)
    cross = np.cross(a, b)
    matrix = np.array(
        [[0.0, -cross[2], cross[1]], [cross[2], 0.0, -cross[0]], [-cross[1], cross[0], 0.0]]
    )
    return np.eye(3) + matrix + matrix @ matrix / (1.0 + a @ b)


def rotations_about(
    axis: Float[np.ndarray, "3"], angles: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n 3 3"]:
    """Rotations about one axis.

    Parameters
    ----------
    axis:
        Any length.
    angles:
        Angles [rad].
    """
    x, y, z = axis / np.linalg.norm(axis)
    matrix = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    sine, cosine = np.sin(angles)[:, None, None], np.cos(angles)[:, None, None]
    return np.eye(3) + sine * matrix + (1.0 - cosine) * (matrix @ matrix)


def _broadest_pair(directions: Float[np.ndarray, "n 3"]) -> tuple[int, int]:
    """The two directions that are most nearly at right angles."""
    cosine = np.abs(directions @ directions.T) + np.eye(len(directions)) * 2.0
    first, second = np.unravel_index(int(np.argmin(cosine)), cosine.shape)
    return int(first), int(second)
