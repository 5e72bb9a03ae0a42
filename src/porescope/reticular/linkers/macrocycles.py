"""Porphyrins and their kin: four pyrrole nitrogen atoms that share two hydrogen atoms."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

CARBON, NITROGEN = 6, 7


def pyrrole_nitrogens(
    numbers: Int[np.ndarray, "atoms"], bonds: Int[np.ndarray, "bonds 2"]
) -> list[int]:
    """Nitrogen atoms with two heavy neighbours in a ring with four carbon atoms.

    Parameters
    ----------
    numbers:
        Atomic numbers of heavy atoms.
    bonds:
        Bonded pairs.
    """
    near = neighbours(len(numbers), bonds)
    found = []
    for i in np.flatnonzero(numbers == NITROGEN).tolist():
        if len(near[i]) != 2 or any(numbers[j] != CARBON for j in near[i]):
            continue
        one, other = near[i]
        closed = any(
            b in near[a] and numbers[a] == numbers[b] == CARBON
            for a in near[one]
            for b in near[other]
            if a != i and b != i and a != b
        )
        if closed:
            found.append(i)
    return found


def porphyrin_fours(lone: list[int], near: list[list[int]]) -> list[tuple[int, ...]]:
    """Fours of nitrogen atoms, each joined to two others over three atoms.

    Parameters
    ----------
    lone:
        Pyrrole nitrogen atoms.
    near:
        Neighbours of each atom.

    Returns
    -------
    :
        Each four once, the atoms in rising order.
    """

    def joined(one: int) -> list[int]:
        met = {one: 0}
        edge = [one]
        for step in range(1, 5):
            edge = list({j for i in edge for j in near[i] if j not in met})
            met.update(dict.fromkeys(edge, step))
        return [a for a in lone if met.get(a) == 4]

    around = {a: joined(a) for a in lone}
    found = set()
    for a in lone:
        group = {a, *around[a]}
        group |= {c for b in around[a] for c in around.get(b, [])}
        if len(group) == 4 and all(len(around[b]) == 2 for b in group):
            found.add(tuple(sorted(group)))
    return sorted(found)


def opposite_pair(four: tuple[int, ...], near: list[list[int]]) -> tuple[int, int]:
    """The first atom of a four and the one across the ring from it.

    Parameters
    ----------
    four:
        Nitrogen atoms of one macrocycle.
    near:
        Neighbours of each atom.
    """
    met, edge = {four[0]}, [four[0]]
    for _ in range(4):
        edge = [j for i in edge for j in near[i] if j not in met]
        met.update(edge)
    across = [a for a in four[1:] if a not in met]
    return four[0], across[0] if across else four[2]


def neighbours(n_atoms: int, bonds: Int[np.ndarray, "bonds 2"]) -> list[list[int]]:
    """Neighbours of each atom.

    Parameters
    ----------
    n_atoms:
        Number of atoms.
    bonds:
        Bonded pairs.
    """
    near: list[list[int]] = [[] for _ in range(n_atoms)]
    for i, j in bonds.tolist():
        near[i].append(j)
        near[j].append(i)
    return near
