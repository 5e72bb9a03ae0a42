"""Pieces that are the same block: equal graphs that can be laid on one another."""

from __future__ import annotations

from dataclasses import replace
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int

from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block

_LARGEST_RMSD = 0.05
_NEAR = 0.3
"""Two atoms this near may be the same one when blocks are laid on one another [Å]."""
_MOST_TRIALS = 2000
_MOST_COMPARED = 24
"""Blocks of the same graph that a piece is compared with before it becomes its own."""


def with_shared_blocks(
    assembly: Assembly, *, largest_rmsd: float = _LARGEST_RMSD
) -> tuple[Assembly, list[int], list[int]]:
    """The same assembly with each block once that several pieces have in common.

    Two pieces share a block when their graphs with elements and ports are equal and one can be
    turned, or turned and mirrored, onto the other. The pieces keep their places within the
    tolerance.

    Parameters
    ----------
    assembly:
        Pieces, each with its own block, not turned.
    largest_rmsd:
        Largest root mean square distance of atoms and of the ports' far ends [Å].

    Returns
    -------
    :
        The assembly; of each of its blocks, the piece that it was taken from; and the class of
        equal graphs that it belongs to.
    """
    classes: dict[tuple[object, ...], list[int]] = {}
    points = [_points(block) for block in assembly.blocks]
    colours = [_colours(block) for block in assembly.blocks]
    blocks: list[Block] = []
    n = assembly.n_pieces
    kinds = np.zeros(n, dtype=np.int64)
    rotations = assembly.rotations.copy()
    origins = assembly.origins.copy()
    ports: dict[int, np.ndarray] = {}
    first_piece: list[int] = []
    for piece, block in enumerate(assembly.blocks):
        mark = (block.kind, block.n_ports, *sorted(colours[piece].tolist()))
        found = None
        for kind in classes.get(mark, [])[:_MOST_COMPARED]:
            other = first_piece[kind]
            found = _laid_on(
                points[other], colours[other], points[piece], colours[piece], largest_rmsd
            )
            if found is not None:
                rotation, shift, place = found
                kinds[piece], rotations[piece] = kind, rotation
                origins[piece] = assembly.origins[piece] + shift
                ports[piece] = place[block.n_atoms :] - block.n_atoms
                break
        if found is None:
            classes.setdefault(mark, []).append(len(blocks))
            kinds[piece] = len(blocks)
            blocks.append(block)
            first_piece.append(piece)
    graphs = [0] * len(blocks)
    for graph, members in enumerate(classes.values()):
        for kind in members:
            graphs[kind] = graph
    if len(blocks) == n:
        return assembly, first_piece, graphs
    links = assembly.links.copy()
    for piece, place in ports.items():
        # ``place[k]`` is the piece's own port where the block has its port k.
        back = np.argsort(place)
        rows = np.flatnonzero(links[:, 0] == piece)
        links[rows, 1] = back[links[rows, 1]]
        rows = np.flatnonzero(links[:, 2] == piece)
        links[rows, 3] = back[links[rows, 3]]
    shared = replace(
        assembly,
        blocks=tuple(blocks),
        kinds=kinds,
        origins=origins,
        rotations=rotations,
        links=links,
    )
    return shared, first_piece, graphs


def _points(block: Block) -> Float[np.ndarray, "points 3"]:
    """Atoms, and the far ends of the ports."""
    return np.concatenate([block.positions, block.positions[block.port_atoms] + block.port_vectors])


def _colours(block: Block) -> Int[np.ndarray, "points"]:
    """Colours of atoms and ports, refined along the bonds."""
    n = block.n_atoms
    first = np.concatenate([block.bonds[:, 0], block.port_atoms])
    second = np.concatenate([block.bonds[:, 1], np.arange(n, n + block.n_ports)])
    start = np.concatenate([block.numbers, np.full(block.n_ports, 200, dtype=np.int64)])
    return _refined(start.astype(np.int64), first.astype(np.int64), second.astype(np.int64))


@numba.njit(cache=True)
@no_type_check
def _refined(numbers, first, second):
    n = len(numbers)
    mask = (1 << 61) - 1
    colours = (numbers * 0x9E3779B97F4A7C1 + 12345) & mask
    for _ in range(8):
        total = np.zeros(n, dtype=np.int64)
        for k in range(len(first)):
            i, j = first[k], second[k]
            a = colours[i] ^ (colours[i] >> 29)
            b = colours[j] ^ (colours[j] >> 29)
            total[i] += (b * 0xBF58476D1CE4E5) & mask
            total[j] += (a * 0xBF58476D1CE4E5) & mask
        for i in range(n):
            mixed = (colours[i] * 0x94D049BB133111 + total[i]) & mask
            colours[i] = (mixed ^ (mixed >> 31)) & mask
    return colours


def _laid_on(
    one: Float[np.ndarray, "points 3"],
    colours: Int[np.ndarray, "points"],
    other: Float[np.ndarray, "points 3"],
    other_colours: Int[np.ndarray, "points"],
    largest_rmsd: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Rotation and shift that lay one set of points on another, and which point each one is."""
    anchors = _anchors(one, colours)
    rotation, shift, place, rmsd = _best(
        one, colours, other, other_colours, anchors, _NEAR, largest_rmsd, _MOST_TRIALS
    )
    return (rotation, shift, place) if rmsd <= largest_rmsd else None


def _anchors(
    points: Float[np.ndarray, "points 3"], colours: Int[np.ndarray, "points"]
) -> Int[np.ndarray, "3"]:
    """Three points of rare colours that span a plane; repeated where there are not so many."""
    _, which, counts = np.unique(colours, return_inverse=True, return_counts=True)
    rarity = counts[which.reshape(-1)].astype(np.float64)
    middle = points - points.mean(axis=0)
    first = int(np.argmin(rarity - 0.01 * np.linalg.norm(middle, axis=1)))
    away = np.linalg.norm(points - points[first], axis=1)
    if away.max() < 0.5:
        return np.array([first, first, first], dtype=np.int64)
    second = int(np.argmin(np.where(away > 0.5, rarity - 0.01 * away, np.inf)))
    axis = (points[second] - points[first]) / away[second]
    off = points - points[first]
    off = np.linalg.norm(off - np.outer(off @ axis, axis), axis=1)
    if off.max() < 0.4:
        return np.array([first, second, second], dtype=np.int64)
    third = int(np.argmin(np.where(off > 0.4, rarity - 0.01 * off, np.inf)))
    return np.array([first, second, third], dtype=np.int64)


@numba.njit(cache=True)
@no_type_check
def _frame(a, b, c, side):
    frame = np.eye(3)
    x = b - a
    length = np.sqrt((x * x).sum())
    if length < 1e-6:
        frame[2] *= side
        return frame
    x = x / length
    y = c - a
    y = y - (y * x).sum() * x
    if np.sqrt((y * y).sum()) < 1e-3:
        k = np.argmin(np.abs(x))
        y = np.zeros(3)
        y[k] = 1.0
        y = y - (y * x).sum() * x
    y = y / np.sqrt((y * y).sum())
    frame[0] = x
    frame[1] = y
    frame[2, 0] = side * (x[1] * y[2] - x[2] * y[1])
    frame[2, 1] = side * (x[2] * y[0] - x[0] * y[2])
    frame[2, 2] = side * (x[0] * y[1] - x[1] * y[0])
    return frame


@numba.njit(cache=True)
@no_type_check
def _distance(a, b):
    return np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)


@numba.njit(cache=True)
@no_type_check
def _matched(points, colours, other, other_colours, place, near):
    """Which point of the other set lies at each point; False where one has none of its own."""
    n = len(points)
    taken = np.zeros(n, dtype=np.bool_)
    for i in range(n):
        best, least = -1, near
        for j in range(n):
            if taken[j] or other_colours[j] != colours[i]:
                continue
            away = _distance(points[i], other[j])
            if away < least:
                best, least = j, away
        if best < 0:
            return False
        taken[best] = True
        place[i] = best
    return True


@numba.njit(cache=True)
@no_type_check
def _best(one, colours, other, other_colours, anchors, near, enough, most):
    n = len(one)
    a, b, c = anchors
    d_ab, d_ac, d_bc = (
        _distance(one[a], one[b]),
        _distance(one[a], one[c]),
        _distance(one[b], one[c]),
    )
    best_rotation, best_shift = np.eye(3), np.zeros(3)
    best_place = np.arange(n)
    best = np.inf
    place = np.empty(n, dtype=np.int64)
    trials = 0
    for side in (1.0, -1.0):
        own = _frame(one[a], one[b], one[c], 1.0)
        for i in range(n):
            if other_colours[i] != colours[a]:
                continue
            for j in range(n):
                if (a == b) != (i == j) or other_colours[j] != colours[b]:
                    continue
                if abs(_distance(other[i], other[j]) - d_ab) > near:
                    continue
                for k in range(n):
                    if (b == c) != (j == k) or other_colours[k] != colours[c]:
                        continue
                    if abs(_distance(other[i], other[k]) - d_ac) > near:
                        continue
                    if abs(_distance(other[j], other[k]) - d_bc) > near:
                        continue
                    trials += 1
                    if trials > most:
                        return best_rotation, best_shift, best_place, best
                    theirs = _frame(other[i], other[j], other[k], side)
                    rotation = theirs.T @ own
                    turned = (one - one[a]) @ rotation.T + other[i]
                    if not _matched(turned, colours, other, other_colours, place, near):
                        continue
                    fitted, shift, rmsd = _fitted(one, other, place, side)
                    if rmsd < best:
                        best = rmsd
                        best_rotation, best_shift = fitted, shift
                        best_place = place.copy()
                    if best <= enough:
                        return best_rotation, best_shift, best_place, best
    return best_rotation, best_shift, best_place, best


@numba.njit(cache=True)
@no_type_check
def _fitted(one, other, place, side):
    """The rotation of least squares (Kabsch), with the determinant that is asked for."""
    n = len(one)
    mean_one, mean_other = np.zeros(3), np.zeros(3)
    for i in range(n):
        mean_one += one[i] / n
        mean_other += other[place[i]] / n
    cross = np.zeros((3, 3))
    for i in range(n):
        for p in range(3):
            for q in range(3):
                cross[p, q] += (other[place[i], p] - mean_other[p]) * (one[i, q] - mean_one[q])
    u, _, vt = np.linalg.svd(cross)
    if np.linalg.det(u) * np.linalg.det(vt) * side < 0:
        u[:, 2] = -u[:, 2]
    rotation = u @ vt
    shift = mean_other - rotation @ mean_one
    total = 0.0
    for i in range(n):
        turned = rotation @ one[i] + shift
        total += _distance(turned, other[place[i]]) ** 2
    return rotation, shift, np.sqrt(total / n)
