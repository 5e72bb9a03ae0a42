"""Bonds from distances, by rules that suit frameworks.

Two atoms are bonded where they are nearer than the sum of their covalent radii
(https://doi.org/10.1039/B801115J) and an allowance that depends on the pair; then chemistry
removes what distances alone get wrong about large cations: an atom that is hidden behind the
donor atom, as carbon in a chelating carboxylate or silicon beside sodium in a zeolite, is not
bonded to the metal. Metals are joined through ligands only. Hydrogen has one bond.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.crystal.elements import N_NUMBERS, covalent_radii, is_metal
from porescope.crystal.neighbours import NeighbourList, neighbour_list
from porescope.crystal.structure import Crystal

_OVERLAP = 0.55
"""Atoms nearer than this share of the sum of their radii are alternatives, not bonded."""
_HIDDEN = 0.2
"""An atom this much farther from the metal than its bonded donor is hidden behind it [Å]."""


@cache
def _longest(*, metallic: bool) -> Float[np.ndarray, "numbers numbers"]:
    """Longest bond between two elements [Å], 0 where there is none."""
    radii, metal = covalent_radii(), is_metal()
    allowance = np.full((N_NUMBERS, N_NUMBERS), 0.3)
    mixed = metal[:, None] ^ metal[None, :]
    allowance[mixed] = 0.4
    # Carbon behind a donor atom lies as near as pi-bonded carbon does.
    carbon = np.arange(N_NUMBERS) == 6
    allowance[mixed & (carbon[:, None] | carbon[None, :])] = 0.2
    longest = radii[:, None] + radii[None, :] + allowance
    if not metallic:
        longest[np.ix_(metal, metal)] = 0.0
    longest[1, 1] = 0.9
    return longest


def bonds_of(crystal: Crystal) -> NeighbourList:
    """Bonds of a crystal, each in both directions.

    Parameters
    ----------
    crystal:
        A structure. Of places that overlap, as in disorder, none is bonded to another.

    Returns
    -------
    :
        The bonded pairs, sorted by the first atom and the distance.
    """
    numbers = crystal.numbers
    present = np.unique(numbers)
    longest = _longest(metallic=bool(np.all(is_metal()[present])))
    cutoff = float(longest[np.ix_(present, present)].max())
    near = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=max(cutoff, 0.1))
    first, second = numbers[near.first], numbers[near.second]
    radii = covalent_radii()
    keep = near.distance < longest[first, second]
    keep &= near.distance > _OVERLAP * (radii[first] + radii[second])
    pairs = _selected(near, keep)
    pairs = _selected(pairs, _hydrogen_bonded_once(pairs, numbers))
    pairs = _selected(pairs, _within_valence(pairs, numbers))
    return _selected(pairs, ~_hidden(pairs, numbers))


def coordination_numbers(crystal: Crystal) -> Int[np.ndarray, "atoms"]:
    """Number of bonds of each atom, by :func:`bonds_of`."""
    return np.bincount(bonds_of(crystal).first, minlength=crystal.n_atoms)


def _selected(pairs: NeighbourList, keep: Bool[np.ndarray, "pairs"]) -> NeighbourList:
    if bool(np.all(keep)):
        return pairs
    return NeighbourList(
        first=pairs.first[keep],
        second=pairs.second[keep],
        image=pairs.image[keep],
        distance=pairs.distance[keep],
    )


def _hydrogen_bonded_once(
    pairs: NeighbourList, numbers: Int[np.ndarray, "atoms"]
) -> Bool[np.ndarray, "pairs"]:
    """False for all bonds of a hydrogen atom but the best one, which is to a non-metal."""
    from_h, to_h = numbers[pairs.first] == 1, numbers[pairs.second] == 1
    keep = ~(from_h | to_h)
    rows = np.flatnonzero(from_h)
    if not len(rows):
        return keep
    partner = numbers[pairs.second[rows]]
    excess = pairs.distance[rows] - covalent_radii()[partner]
    # Metals and other hydrogen atoms only where nothing else is there.
    excess = excess + 10.0 * (is_metal()[partner] | (partner == 1))
    order = np.lexsort((excess, pairs.first[rows]))
    atoms = pairs.first[rows][order]
    best = rows[order][np.concatenate([[True], atoms[1:] != atoms[:-1]])]
    forward = _keys(pairs.first[best], pairs.second[best], pairs.image[best], len(numbers))
    backward = _keys(pairs.second[best], pairs.first[best], -pairs.image[best], len(numbers))
    rows = np.flatnonzero(from_h | to_h)
    found = _keys(pairs.first[rows], pairs.second[rows], pairs.image[rows], len(numbers))
    keep[rows] = np.isin(found, np.concatenate([forward, backward]))
    return keep


def _within_valence(
    pairs: NeighbourList, numbers: Int[np.ndarray, "atoms"]
) -> Bool[np.ndarray, "pairs"]:
    """False for what is beyond the four nearest non-metal neighbours of a carbon atom.

    Hydrogen comes last: a disordered methyl group states six, and stays bonded to its carbon.
    """
    keep = np.ones(pairs.n_pairs, dtype=bool)
    metal = is_metal()[numbers]
    rows = np.flatnonzero((numbers[pairs.first] == 6) & ~metal[pairs.second])
    counts = np.bincount(pairs.first[rows], minlength=len(numbers))
    if not len(rows) or counts.max() <= 4:
        return keep
    # The pairs of an atom stand in the order of distance; the sort keeps that.
    rows = rows[np.lexsort((numbers[pairs.second[rows]] == 1, pairs.first[rows]))]
    atoms = pairs.first[rows]
    rank = np.arange(len(rows)) - (np.cumsum(counts) - counts)[atoms]
    lost = rows[rank >= 4]
    one, other = pairs.first[lost], pairs.second[lost]
    gone = np.concatenate(
        [
            _keys(one, other, pairs.image[lost], len(numbers)),
            _keys(other, one, -pairs.image[lost], len(numbers)),
        ]
    )
    return ~np.isin(_keys(pairs.first, pairs.second, pairs.image, len(numbers)), gone)


def _keys(
    first: Int[np.ndarray, "pairs"],
    second: Int[np.ndarray, "pairs"],
    image: Int[np.ndarray, "pairs 3"],
    n_atoms: int,
) -> Int[np.ndarray, "pairs"]:
    """One integer for each directed pair; images lie within 511 cells."""
    cell = ((image[:, 0] + 512) * 1024 + image[:, 1] + 512) * 1024 + image[:, 2] + 512
    # Wraps around beyond 2**63 for huge cells, where a chance equality is still out of reach.
    return (first * n_atoms + second) * np.int64(1 << 30) + cell


def _hidden(pairs: NeighbourList, numbers: Int[np.ndarray, "atoms"]) -> Bool[np.ndarray, "pairs"]:
    """True for bonds between a metal and an atom that lies behind its own donor atom."""
    metal = is_metal()[numbers]
    hidden = np.zeros(pairs.n_pairs, dtype=bool)
    rows = np.flatnonzero(metal[pairs.first] & ~metal[pairs.second])
    organic = np.flatnonzero(~metal[pairs.first] & ~metal[pairs.second])
    if not len(rows) or not len(organic):
        return hidden
    n_atoms = len(numbers)
    radii = covalent_radii()
    centre, donor = pairs.first[rows], pairs.second[rows]
    excess = pairs.distance[rows] - radii[numbers[donor]]

    # Each way metal - x - y, with y bonded to x, as a pair metal - y.
    start = np.searchsorted(pairs.first[organic], np.arange(n_atoms + 1))
    counts = start[donor + 1] - start[donor]
    way = np.repeat(np.arange(len(rows)), counts)
    step = np.arange(len(way)) - np.repeat(np.cumsum(counts) - counts, counts)
    link = organic[start[donor[way]] + step]
    image = pairs.image[rows][way] + pairs.image[link]
    wanted = _keys(centre[way], pairs.second[link], image, n_atoms)
    known = _keys(centre, donor, pairs.image[rows], n_atoms)
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)
    match = order[place]
    behind = (known[match] == wanted) & (excess[way] - excess[match] > _HIDDEN)
    lost = np.zeros(len(rows), dtype=bool)
    lost[way[behind]] = True

    # An atom inside a shell of three or more oxygen or fluorine atoms is out of reach.
    outer = np.isin(numbers[pairs.second[organic]], (8, 9))
    shell = np.bincount(pairs.first[organic][outer], minlength=n_atoms)
    lost |= (shell[donor] >= 3) & ~np.isin(numbers[donor], (8, 9))
    gone = np.concatenate(
        [
            known[lost],
            _keys(donor[lost], centre[lost], -pairs.image[rows][lost], n_atoms),
        ]
    )
    if len(gone):
        crossing = np.flatnonzero(metal[pairs.first] ^ metal[pairs.second])
        found = _keys(pairs.first[crossing], pairs.second[crossing], pairs.image[crossing], n_atoms)
        hidden[crossing] = np.isin(found, gone)
    return hidden
