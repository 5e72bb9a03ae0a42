"""Linkers whose two ends differ, such as chloroterephthalic acid: which way round they lie.

A framework leaves either way open; the regular ones are tried: all parallel linkers the same way
round, or every node with like ends about it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block
from porescope.reticular.linker_match import linker_sites
from porescope.reticular.linker_slots import directions_of_slots, parallel_groups

_ROUNDS = 12
_MOST_WAYS = 4
"""Ways round of several linkers that are tried."""


def head_and_tail(block: Block) -> tuple[int, int] | None:
    """The two atoms at the ends of a linker, if one can tell them apart by its bonds.

    Parameters
    ----------
    block:
        A linker with one port at either end; for others there is nothing to tell.

    Returns
    -------
    :
        The atoms in an order that depends on the molecule alone.
    """
    sites = linker_sites(block)
    if sites.n_sites != 2 or block.n_ports != 2 or sites.kinds[0] != sites.kinds[1]:
        return None
    near: list[list[int]] = [[] for _ in range(block.n_atoms)]
    for one, other in block.bonds.tolist():
        near[one].append(other)
        near[other].append(one)
    marks = [str(z) for z in block.numbers.tolist()]
    for _ in range(_ROUNDS):
        marks = [
            hashlib.sha256(
                (marks[i] + "".join(sorted(marks[j] for j in near[i]))).encode()
            ).hexdigest()[:16]
            for i in range(block.n_atoms)
        ]
    first, second = sorted(sites.atoms.tolist(), key=lambda atom: marks[atom])
    return None if marks[first] == marks[second] else (first, second)


def turned_round(block: Block) -> Block:
    """A linker end for end: it turns by half about the normal of its plane, its ports stay.

    Parameters
    ----------
    block:
        A linker with one port at either end.
    """
    one, other = block.port_atoms.tolist()
    ends = block.positions[[one, other]]
    middle = ends.mean(axis=0)
    along = ends[1] - ends[0]
    along = along / np.linalg.norm(along)
    rest = block.positions - middle
    rest = rest - np.outer(rest @ along, along)
    _, _, axes = np.linalg.svd(np.concatenate([rest, 1e3 * along[None]]), full_matrices=True)
    normal = axes[2]
    turn = 2.0 * np.outer(normal, normal) - np.eye(3)
    return replace(
        block,
        positions=middle + (block.positions - middle) @ turn.T,
        port_atoms=block.port_atoms[::-1].copy(),
        port_vectors=(block.port_vectors @ turn.T)[::-1].copy(),
    )


def regular_ways_round(assembly: Assembly, slots: Collection[int]) -> Iterator[Assembly]:
    """The framework with its linkers turned so that their unlike ends lie in a regular way.

    Parameters
    ----------
    assembly:
        A framework.
    slots:
        Pieces that are linkers; those with like ends stay as they are.

    Returns
    -------
    :
        First all parallel linkers the same way round; then, where the nodes can be shared out in
        two sets that only linkers across join, each kind of linker with its head in one of them.
        Nothing where no linker has unlike ends; a way that the framework has already is left out.
    """
    heads = {}
    for slot in sorted(slots):
        found = head_and_tail(assembly.blocks[int(assembly.kinds[slot])])
        if found is not None:
            heads[slot] = found
    if not heads:
        return
    rows = list(heads)
    groups = parallel_groups(directions_of_slots(assembly, rows))
    lines = directions_of_slots(assembly, rows)
    leaders = {g: lines[groups.index(g)] for g in set(groups)}
    back = []
    for slot, group in zip(rows, groups, strict=True):
        head, tail = assembly.piece_positions(slot)[list(heads[slot])]
        if float((head - tail) @ leaders[group]) < 0.0:
            back.append(slot)
    if back:
        yield _with_turned(assembly, back)
    sides = _two_sets(assembly, rows)
    if sides is None:
        return
    names = sorted({assembly.blocks[int(assembly.kinds[s])].smiles for s in rows})
    for number, want in enumerate(product((0, 1), repeat=len(names) - 1)):
        if number == _MOST_WAYS:
            return
        side_of = dict(zip(names, (0, *want), strict=True))
        back = []
        for slot in rows:
            block = assembly.blocks[int(assembly.kinds[slot])]
            if sides[slot, heads[slot][0]] != side_of[block.smiles]:
                back.append(slot)
        if back:
            yield _with_turned(assembly, back)


def _with_turned(assembly: Assembly, slots: Collection[int]) -> Assembly:
    """The framework with some linkers the other way round."""
    blocks, kinds = list(assembly.blocks), assembly.kinds.copy()
    places: dict[int, int] = {}
    for slot in slots:
        kind = int(assembly.kinds[slot])
        if kind not in places:
            places[kind] = len(blocks)
            blocks.append(turned_round(assembly.blocks[kind]))
        kinds[slot] = places[kind]
    return replace(assembly, blocks=tuple(blocks), kinds=kinds)


def _two_sets(assembly: Assembly, slots: list[int]) -> dict[tuple[int, int], int] | None:
    """For each slot and end atom the set of the node there, or ``None`` where two sets fail."""
    ends: dict[int, list[tuple[int, int]]] = {slot: [] for slot in slots}
    for one, port, other, other_port, *_ in assembly.links.tolist():
        for piece, mine, there in ((one, port, other), (other, other_port, one)):
            if piece in ends:
                atom = int(assembly.blocks[int(assembly.kinds[piece])].port_atoms[mine])
                ends[piece].append((atom, there))
    near: dict[int, set[int]] = {}
    for found in ends.values():
        if len(found) != 2 or found[0][1] == found[1][1]:
            return None
        (_, one), (_, other) = found
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    side: dict[int, int] = {}
    for start in near:
        if start in side:
            continue
        side[start], waiting = 0, [start]
        while waiting:
            node = waiting.pop()
            for other in near[node]:
                if other not in side:
                    side[other] = 1 - side[node]
                    waiting.append(other)
                elif side[other] == side[node]:
                    return None
    if len(Counter(side.values())) != 2:
        return None
    return {(slot, atom): side[node] for slot, found in ends.items() for atom, node in found}
