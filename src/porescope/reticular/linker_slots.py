"""Places of linkers in a framework: the directions they lie in, and other linkers in them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import gcd

import numpy as np
from jaxtyping import Float

from porescope.crystal.elements import is_metal
from porescope.reticular.assembly import Assembly

_PARALLEL = 0.9
"""Cosine from which directions count as parallel; 26 degrees, since linkers tilt."""
_ROUNDS = 4


def directions_of_slots(assembly: Assembly, slots: Sequence[int]) -> Float[np.ndarray, "slots 3"]:
    """The line on which the ends of each linker lie, or the normal of their plane.

    Parameters
    ----------
    assembly:
        A framework.
    slots:
        Pieces that are linkers.
    """
    found = np.zeros((len(slots), 3))
    for row, slot in enumerate(slots):
        block = assembly.blocks[int(assembly.kinds[slot])]
        ends = assembly.piece_positions(slot)[np.unique(block.port_atoms)]
        if len(ends) < 2:
            ends = np.concatenate([ends, ends + assembly.piece_port_vectors(slot)[:1]])
        axes = np.linalg.svd(ends - ends.mean(axis=0), full_matrices=True)[2]
        found[row] = axes[0] if len(ends) == 2 else axes[2]
    return found


def parallel_groups(directions: Float[np.ndarray, "slots 3"]) -> list[int]:
    """For each slot the number of its group: those that lie parallel, from 0.

    Parameters
    ----------
    directions:
        Unit vectors; their signs do not count.
    """
    leaders: list[np.ndarray] = []
    groups = []
    for one in directions:
        near = [abs(float(one @ other)) for other in leaders]
        if near and max(near) > _PARALLEL:
            groups.append(int(np.argmax(near)))
        else:
            leaders.append(one)
            groups.append(len(leaders) - 1)
    return groups


def with_linkers_in_slots(assembly: Assembly, names: Mapping[int, str]) -> Assembly:
    """The same framework with each slot's block under the name of the linker that will take it.

    Blocks that several pieces share are told apart where their linkers differ.

    Parameters
    ----------
    assembly:
        A framework.
    names:
        For pieces that are slots, the SMILES of the linker.
    """
    places: dict[tuple[int, str], int] = {}
    blocks = []
    kinds = assembly.kinds.copy()
    for piece, kind in enumerate(assembly.kinds.tolist()):
        name = names.get(piece, assembly.blocks[kind].smiles)
        if (kind, name) not in places:
            places[kind, name] = len(blocks)
            blocks.append(replace(assembly.blocks[kind], smiles=name))
        kinds[piece] = places[kind, name]
    return replace(assembly, blocks=tuple(blocks), kinds=kinds)


def kind_of_arrangement(assembly: Assembly, names: Mapping[int, str]) -> str:
    """A hash that is equal where the same linkers hang together in the same way.

    All metals count as alike; the size of the cell does not count.

    Parameters
    ----------
    assembly:
        A framework.
    names:
        For pieces that are slots, the SMILES of the linker.
    """
    near: list[list[int]] = [[] for _ in range(assembly.n_pieces)]
    for one, _, other, *_ in assembly.links.tolist():
        near[one].append(other)
        near[other].append(one)
    marks = [
        names.get(piece) or _mark(assembly, int(kind))
        for piece, kind in enumerate(assembly.kinds.tolist())
    ]
    for _ in range(_ROUNDS):
        marks = [
            _digest(marks[piece] + "".join(sorted(marks[other] for other in near[piece])))
            for piece in range(assembly.n_pieces)
        ]
    counts = Counter(marks)
    share = gcd(*counts.values()) if counts else 1
    return _digest(str(sorted((mark, count // share) for mark, count in counts.items())))


def _mark(assembly: Assembly, kind: int) -> str:
    """What tells a block that is no slot from others."""
    block = assembly.blocks[kind]
    numbers = np.where(is_metal()[block.numbers], 0, block.numbers)
    return f"{block.kind} {sorted(numbers.tolist())} {block.n_ports}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
