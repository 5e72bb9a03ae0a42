"""The net of a framework: a hash of its periodic bond graph.

Colours are refined after Weisfeiler and Leman: each atom's colour takes in the colours of its
neighbours, round after round. That alone cannot tell one four-connected net from another, so the
colour of each branching atom also takes in its coordination sequence: what lies one bond away,
two bonds away, and so on. The hash is that of the colours' relative frequencies, so it is the
same in each cell, supercell, setting and order of atoms. Hydrogen is ignored.
"""

from __future__ import annotations

from dataclasses import replace
from math import gcd
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Bool, Int

from porescope.crystal.bonds import bonds_of
from porescope.crystal.elements import is_metal
from porescope.crystal.neighbours import NeighbourList, coincident_pairs
from porescope.crystal.orbits import wrapped
from porescope.crystal.structure import Crystal

_ROUNDS = 6
_SHELLS = 40
_REACH = 1000
"""Atoms after which a coordination sequence ends, at the end of that shell."""
_TABLE = 8192
_METAL_LABEL = 200
_SAME_PLACE = 0.8
"""Places nearer than this are alternatives, of which the most occupied counts [Å]."""


_ORGANIC = (6, 7)
"""Carbon and nitrogen."""
_TETRAHEDRAL = (5, 14, 15, 32, 33)
"""Atoms beside metals at the centres of zeolites' tetrahedra: B, Si, P, Ge, As."""


def net_hash(crystal: Crystal, *, metals_alike: bool = False, framework_only: bool = True) -> str:
    """Hash of the periodic, element-labelled bond graph, hydrogen ignored.

    Equal for the same net in any cell, setting, order of atoms and origin, and for small changes
    of the coordinates. Chirality and interpenetration do not show in it.

    Parameters
    ----------
    crystal:
        A structure.
    metals_alike:
        Give all metals one label, so that ZIF-8 and ZIF-67 are equal; in crystals without carbon
        and nitrogen the other tetrahedral atoms of zeolites too, so that SSZ-13 and SAPO-34 are.
    framework_only:
        Leave out finite molecules and lone atoms, unless there is nothing else.

    Returns
    -------
    :
        32 hexadecimal digits.
    """
    pairs, atoms = _net_atoms(crystal, framework_only=framework_only)
    labels = crystal.numbers.astype(np.int64)
    if metals_alike:
        alike = is_metal()[labels]
        if not np.isin(labels, _ORGANIC).any():
            alike = alike | np.isin(labels, _TETRAHEDRAL)
        labels = np.where(alike, _METAL_LABEL, labels)
    if not len(atoms):
        return f"{0:032x}"
    start = np.searchsorted(pairs.first, np.arange(len(atoms) + 1))
    colours = _refined(labels[atoms].astype(np.uint64), start, pairs.second, _ROUNDS)
    colours = _with_shells(
        colours, start, pairs.second, pairs.image.astype(np.int64), _REACH, _SHELLS, _TABLE
    )
    colours = _refined(colours, start, pairs.second, _ROUNDS)
    kinds, counts = np.unique(colours, return_counts=True)
    counts = counts // gcd(*counts.tolist())
    return _digest(kinds, counts.astype(np.uint64))


def framework_atoms(crystal: Crystal) -> Bool[np.ndarray, "atoms"]:
    """True for the atoms, hydrogen included, of what is connected from cell to cell.

    Parameters
    ----------
    crystal:
        A structure; finite molecules and lone atoms in its pores are not framework.
    """
    pairs = bonds_of(crystal)
    start = np.searchsorted(pairs.first, np.arange(crystal.n_atoms + 1))
    return _periodic(start, pairs.second, pairs.image.astype(np.int64))


def _net_atoms(
    crystal: Crystal, *, framework_only: bool
) -> tuple[NeighbourList, Int[np.ndarray, "nodes"]]:
    """Bonds among the atoms that count, numbered among themselves, and those atoms."""
    # Atoms far from the cell would overflow the search's keys.
    pairs = bonds_of(replace(crystal, frac=wrapped(crystal.frac)))
    keep = crystal.numbers != 1
    for i, j in coincident_pairs(
        crystal.frac, lattice=crystal.lattice, tolerance=_SAME_PLACE
    ).tolist():
        if keep[i] and keep[j]:
            keep[j if crystal.occupancy[i] >= crystal.occupancy[j] else i] = False
    pairs, atoms = _induced(pairs, keep)
    if framework_only:
        start = np.searchsorted(pairs.first, np.arange(len(atoms) + 1))
        periodic = _periodic(start, pairs.second, pairs.image.astype(np.int64))
        if np.any(periodic):
            pairs, inner = _induced(pairs, periodic)
            atoms = atoms[inner]
    return pairs, atoms


def _induced(
    pairs: NeighbourList, keep: Bool[np.ndarray, "atoms"]
) -> tuple[NeighbourList, Int[np.ndarray, "nodes"]]:
    """The graph on some of the atoms."""
    atoms = np.flatnonzero(keep)
    if len(atoms) == len(keep):
        return pairs, atoms
    new = np.cumsum(keep) - 1
    rows = keep[pairs.first] & keep[pairs.second]
    inner = NeighbourList(
        first=new[pairs.first[rows]],
        second=new[pairs.second[rows]],
        image=pairs.image[rows],
        distance=pairs.distance[rows],
    )
    return inner, atoms


def _digest(kinds: np.ndarray, counts: np.ndarray) -> str:
    """Two independent 64-bit sums over the sorted colours and their frequencies."""
    high = _fold(kinds, counts, np.uint64(0x243F6A8885A308D3))
    low = _fold(kinds, counts, np.uint64(0x13198A2E03707344))
    return f"{int(high):016x}{int(low):016x}"


def _periodic(start: np.ndarray, second: np.ndarray, image: np.ndarray) -> np.ndarray:
    """True for atoms whose component reaches its own image in another cell."""
    return _periodic_kernel(start.astype(np.int64), second.astype(np.int64), image)


# The kernels below are compiled, and called only from here: nothing checks their types.
# The mixing function is splitmix64 (Steele, Lea, Flood, https://doi.org/10.1145/2714064.2660195).


@numba.njit(cache=True, inline="always")
@no_type_check
def _mix(x):
    x = np.uint64(x) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@numba.njit(cache=True)
@no_type_check
def _fold(kinds, counts, seed):
    state = seed
    for i in range(len(kinds)):
        state = _mix(state ^ _mix(kinds[i]))
        state = _mix(state + counts[i])
    return state


@numba.njit(cache=True)
@no_type_check
def _refined(colours, start, second, rounds):
    n = len(colours)
    now = np.empty(n, dtype=np.uint64)
    for i in range(n):
        now[i] = _mix(colours[i])
    new = np.empty(n, dtype=np.uint64)
    for _ in range(rounds):
        for i in range(n):
            total = np.uint64(0)
            for k in range(start[i], start[i + 1]):
                total += _mix(now[second[k]])
            new[i] = _mix(_mix(now[i]) * np.uint64(3) + total)
        now, new = new, now
    return now


@numba.njit(cache=True)
@no_type_check
def _periodic_kernel(start, second, image):
    n = len(start) - 1
    cell = np.zeros((n, 3), dtype=np.int64)
    component = np.full(n, -1, dtype=np.int64)
    endless = np.zeros(n, dtype=np.bool_)
    stack = np.empty(n, dtype=np.int64)
    for root in range(n):
        if component[root] >= 0:
            continue
        component[root] = root
        stack[0] = root
        size = 1
        while size > 0:
            size -= 1
            i = stack[size]
            for k in range(start[i], start[i + 1]):
                j = second[k]
                if component[j] < 0:
                    component[j] = root
                    for axis in range(3):
                        cell[j, axis] = cell[i, axis] + image[k, axis]
                    stack[size] = j
                    size += 1
                else:
                    for axis in range(3):
                        if cell[j, axis] != cell[i, axis] + image[k, axis]:
                            endless[root] = True
    found = np.empty(n, dtype=np.bool_)
    for i in range(n):
        found[i] = endless[component[i]]
    return found


@numba.njit(cache=True, inline="always")
@no_type_check
def _key(atom, x, y, z):
    return np.int64(atom) * np.int64(1 << 24) + (x + 128) * 65536 + (y + 128) * 256 + (z + 128)


@numba.njit(cache=True)
@no_type_check
def _with_shells(colours, start, second, image, reach, max_shells, table_size):
    # Breadth-first search from each branching atom through the periodic graph. The state of a
    # place is its colour with the states of the places before it, so that rings count; each
    # shell adds the sum of its states and of its inner bonds. Visited places are kept in an
    # open-addressing table that a stamp empties; a shell that does not fit is left out whole,
    # so that the result depends on the graph alone.
    n = len(colours)
    found = colours.copy()
    limit = table_size // 2
    keys = np.zeros(table_size, dtype=np.int64)
    places = np.zeros(table_size, dtype=np.int64)
    stamps = np.full(table_size, -1, dtype=np.int64)
    mask = np.uint64(table_size - 1)
    queue = np.empty(limit, dtype=np.int64)
    cells = np.empty((limit, 3), dtype=np.int64)
    states = np.empty(limit, dtype=np.uint64)
    for root in range(n):
        if start[root + 1] - start[root] < 3:
            continue
        queue[0] = root
        cells[0, 0] = cells[0, 1] = cells[0, 2] = 0
        states[0] = _mix(colours[root])
        key = _key(root, 0, 0, 0)
        slot = np.int64(_mix(np.uint64(key)) & mask)
        keys[slot], places[slot], stamps[slot] = key, 0, root
        begin, end, size = 0, 1, 1
        state = _mix(colours[root])
        for _ in range(max_shells):
            inner = np.uint64(0)
            full = False
            for q in range(begin, end):
                i = queue[q]
                for k in range(start[i], start[i + 1]):
                    j = second[k]
                    x = cells[q, 0] + image[k, 0]
                    y = cells[q, 1] + image[k, 1]
                    z = cells[q, 2] + image[k, 2]
                    key = _key(j, x, y, z)
                    slot = np.int64(_mix(np.uint64(key)) & mask)
                    known = False
                    while stamps[slot] == root:
                        if keys[slot] == key:
                            known = True
                            break
                        slot = (slot + 1) & np.int64(table_size - 1)
                    if known:
                        place = places[slot]
                        if place >= end:
                            states[place] += _mix(states[q])
                        elif place >= begin:
                            inner += _mix(states[q] + states[place])
                        continue
                    if size >= limit:
                        full = True
                        break
                    keys[slot], places[slot], stamps[slot] = key, size, root
                    queue[size] = j
                    cells[size, 0], cells[size, 1], cells[size, 2] = x, y, z
                    states[size] = _mix(states[q])
                    size += 1
                if full:
                    break
            if full or size == end:
                break
            total = np.uint64(0)
            for q in range(end, size):
                states[q] = _mix(states[q] + _mix(colours[queue[q]]))
                total += _mix(states[q])
            state = _mix(state ^ _mix(total + _mix(inner + np.uint64(size - end))))
            begin, end = end, size
            if size >= reach:
                break
        found[root] = state
    return found
