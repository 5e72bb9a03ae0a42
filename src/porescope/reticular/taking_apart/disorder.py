"""One alternative of each disordered group, where a file states all of them with full occupancy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from porescope.crystal.elements import covalent_radii, is_metal
from porescope.crystal.neighbours import NeighbourList, neighbour_list
from porescope.crystal.structure import Crystal

OVERLAP = 0.70
"""Heavy atoms nearer than this share of the sum of their radii are alternatives."""
SHORTEST = 0.62
"""Nearer than this share not even triple bonds in poor files are."""
_METAL_OVERLAP = 0.5
"""The same for metals, whose multiple bonds to oxygen and to one another are short."""
_ALLOWANCE = 0.2
_SHARP = np.radians(80.0)
_USUAL = np.radians(115.0)
_TETRAHEDRAL = np.radians(109.47)
_H_APART = 0.75
"""Hydrogen atoms nearer to each other, or to a heavy atom of no bond, are alternatives [Å]."""
_CLUSTERS = (5, 14, 15, 16, 17, 35, 53)
"""Elements about which sharp angles are usual."""


def one_alternative(crystal: Crystal) -> tuple[Crystal, Bool[np.ndarray, "atoms"]]:
    """A crystal without all but one of the atoms that cannot be there at the same time.

    Atoms that overlap, or that stand at a sharp angle on one atom with more neighbours than it can
    have, are alternatives. What goes well in length and angle with the atoms that are sure is kept,
    atom after atom outwards.

    Parameters
    ----------
    crystal:
        A structure.

    Returns
    -------
    :
        The crystal itself where nothing overlaps; and True for the atoms that are kept.
    """
    keep = np.ones(crystal.n_atoms, dtype=bool)
    heavy = crystal.numbers > 1
    if not heavy.any():
        return crystal, keep
    near = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=_reach(crystal))
    rivals = _rivals(crystal, near)
    if rivals:
        keep = _chosen(crystal, near, rivals)
        keep &= ~_stray_hydrogen(crystal, near, keep)
    keep &= ~_surplus_hydrogen(crystal, near, keep)
    if keep.all():
        return crystal, keep
    return _with_atoms(crystal, keep), keep


def _reach(crystal: Crystal) -> float:
    radii = covalent_radii()[np.unique(crystal.numbers[~is_metal()[crystal.numbers]])]
    return 2.0 * float(radii.max(initial=0.7)) + _ALLOWANCE


def _rivals(crystal: Crystal, near: NeighbourList) -> dict[int, set[int]]:
    """Of each heavy atom: those that cannot be there beside it."""
    numbers, radii = crystal.numbers, covalent_radii()
    one, two = numbers[near.first], numbers[near.second]
    usual = radii[one] + radii[two]
    nonmetal = ~is_metal()[one] & ~is_metal()[two] & (one > 1) & (two > 1)
    overlap = near.distance < np.where(nonmetal, OVERLAP, _METAL_OVERLAP) * usual
    overlap &= (one > 1) & (two > 1)
    touching = nonmetal & (near.distance < usual + _ALLOWANCE)
    overlap &= ~_short_triple(near, touching, usual, crystal.n_atoms)
    bonded = touching & ~overlap
    found: dict[int, set[int]] = {}
    for i, j in zip(near.first[overlap].tolist(), near.second[overlap].tolist(), strict=True):
        if i != j:
            found.setdefault(i, set()).add(j)
    counts = np.bincount(near.first[bonded], minlength=crystal.n_atoms)
    touched = np.zeros(crystal.n_atoms, dtype=bool)
    touched[list(found)] = True
    near_touched = np.zeros(crystal.n_atoms, dtype=bool)
    near_touched[near.first[bonded & touched[near.second]]] = True
    sure = (counts > 4) | near_touched
    full = (counts > 3) & ~np.isin(numbers, _CLUSTERS)
    step = (crystal.frac[near.second] + near.image - crystal.frac[near.first]) @ crystal.lattice
    start = np.searchsorted(near.first, np.arange(crystal.n_atoms + 1))
    for atom in np.flatnonzero(full & (numbers > 1)).tolist():
        rows = np.arange(start[atom], start[atom + 1])
        rows = rows[bonded[rows]]
        unit = step[rows] / near.distance[rows][:, None]
        angles = np.arccos(np.clip(unit @ unit.T, -1.0, 1.0))
        sharp = np.argwhere(np.triu(angles < _SHARP, 1)).tolist()
        if not sure[atom] and len(sharp) < 2:
            continue  # the corner of a ring of three
        for p, q in sharp:
            i, j = int(near.second[rows[p]]), int(near.second[rows[q]])
            if i != j:
                found.setdefault(i, set()).add(j)
                found.setdefault(j, set()).add(i)
    return found


def _short_triple(
    near: NeighbourList,
    touching: Bool[np.ndarray, "pairs"],
    usual: Float[np.ndarray, "pairs"],
    n_atoms: int,
) -> Bool[np.ndarray, "pairs"]:
    """True for pairs like the two atoms of a triple bond that a file states too short."""
    n_heavy = np.bincount(near.first[touching], minlength=n_atoms)
    lonely = (n_heavy[near.first] <= 2) & (n_heavy[near.second] <= 2)
    return touching & lonely & (near.distance > SHORTEST * usual)


def _chosen(
    crystal: Crystal, near: NeighbourList, rivals: dict[int, set[int]]
) -> Bool[np.ndarray, "atoms"]:
    """True for atoms that are kept, from those that are sure outwards."""
    numbers, radii = crystal.numbers, covalent_radii()
    start = np.searchsorted(near.first, np.arange(crystal.n_atoms + 1))
    step = (crystal.frac[near.second] + near.image - crystal.frac[near.first]) @ crystal.lattice
    usual = radii[numbers[near.first]] + radii[numbers[near.second]]
    low, high = OVERLAP * usual, usual + _ALLOWANCE
    bonded = (near.distance > low) & (near.distance < high)
    bonded &= (numbers[near.first] > 1) & (numbers[near.second] > 1)
    keep = np.ones(crystal.n_atoms, dtype=bool)
    keep[list(rivals)] = False
    open_atoms = dict.fromkeys(sorted(rivals))

    def score(atom: int) -> float | None:
        """How badly an atom goes with those that are kept; nothing where it touches none."""
        rows = np.arange(start[atom], start[atom + 1])
        rows = rows[bonded[rows] & keep[near.second[rows]]]
        if not len(rows):
            return None
        off = [float(abs(near.distance[r] - 0.95 * usual[r])) for r in rows]
        worst = min(off)
        bends = []
        for row in rows.tolist():
            other = int(near.second[row])
            around = np.arange(start[other], start[other + 1])
            around = around[bonded[around] & keep[near.second[around]]]
            if not len(around):
                continue
            back = -step[row] / near.distance[row]
            unit = step[around] / near.distance[around][:, None]
            angles = np.arccos(np.clip(unit @ back, -1.0, 1.0))
            bends += np.abs(angles - _USUAL).tolist()
        return worst + (float(np.mean(bends)) if bends else 0.2)

    scores = {atom: score(atom) for atom in open_atoms}
    while open_atoms:
        known = [(s, a) for a in open_atoms if (s := scores[a]) is not None]
        atom = min(known)[1] if known else next(iter(open_atoms))
        keep[atom] = True
        for gone in (atom, *rivals[atom]):
            open_atoms.pop(gone, None)
        beside = set(near.second[start[atom] : start[atom + 1]].tolist())
        beside |= {
            int(k) for b in tuple(beside) for k in near.second[start[b] : start[b + 1]].tolist()
        }
        for other in beside & set(open_atoms):
            scores[other] = score(other)
    return keep


def _stray_hydrogen(
    crystal: Crystal, near: NeighbourList, keep: Bool[np.ndarray, "atoms"]
) -> Bool[np.ndarray, "atoms"]:
    """True for hydrogen atoms that were bound to what is gone, or are too many."""
    numbers, radii = crystal.numbers, covalent_radii()
    start = np.searchsorted(near.first, np.arange(crystal.n_atoms + 1))
    stray = np.zeros(crystal.n_atoms, dtype=bool)
    for atom in np.flatnonzero(numbers == 1).tolist():
        rows = np.arange(start[atom], start[atom + 1])
        rows = rows[numbers[near.second[rows]] > 1]
        reach = radii[numbers[near.second[rows]]] + radii[1] + _ALLOWANCE
        rows = rows[near.distance[rows] < reach]
        if not len(rows):
            continue
        nearest = int(near.second[rows[0]])
        bound = rows[keep[near.second[rows]]]
        too_near = len(bound) and near.distance[bound[0]] < _H_APART
        stray[atom] = not keep[nearest] or bool(too_near)
    # Of hydrogen atoms too near to one another the first stays.
    for row in np.flatnonzero(
        (numbers[near.first] == 1) & (numbers[near.second] == 1) & (near.distance < _H_APART)
    ).tolist():
        i, j = int(near.first[row]), int(near.second[row])
        if i < j and not stray[i]:
            stray[j] = True
    return stray


def _surplus_hydrogen(
    crystal: Crystal, near: NeighbourList, keep: Bool[np.ndarray, "atoms"]
) -> Bool[np.ndarray, "atoms"]:
    """True for hydrogen atoms that a carbon or nitrogen atom has beyond four neighbours."""
    numbers, radii = crystal.numbers, covalent_radii()
    usual = radii[numbers[near.first]] + radii[numbers[near.second]]
    bonded = (near.distance < usual + np.where(numbers[near.second] == 1, 0.2, _ALLOWANCE)) & keep[
        near.first
    ]
    bonded &= keep[near.second] & np.isin(numbers[near.first], (6, 7))
    bonded &= ~is_metal()[numbers[near.second]]
    surplus = np.zeros(crystal.n_atoms, dtype=bool)
    counts = np.bincount(near.first[bonded], minlength=crystal.n_atoms)
    rows_of = np.flatnonzero(bonded & (counts > 4)[near.first])
    for atom in np.unique(near.first[rows_of]).tolist():
        rows = rows_of[near.first[rows_of] == atom]
        to_h = numbers[near.second[rows]] == 1
        step = crystal.frac[near.second[rows]] + near.image[rows] - crystal.frac[atom]
        unit = step @ crystal.lattice / near.distance[rows][:, None]
        held = np.flatnonzero(~to_h).tolist()
        left = np.flatnonzero(to_h).tolist()
        while left and len(held) < 4:
            angles = np.arccos(np.clip(unit[left] @ unit[held].T, -1.0, 1.0))
            off = np.abs(angles - _TETRAHEDRAL).mean(axis=1) if held else np.zeros(len(left))
            held.append(left.pop(int(np.argmin(off))))
        surplus[near.second[rows[left]]] = True
    return surplus


def _with_atoms(crystal: Crystal, keep: Bool[np.ndarray, "atoms"]) -> Crystal:
    """The crystal with some of its atoms, without symmetry."""

    def part(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[keep]

    plain = crystal.without_symmetry()
    return replace(
        plain,
        frac=crystal.frac[keep],
        numbers=crystal.numbers[keep],
        occupancy=crystal.occupancy[keep],
        u_iso=crystal.u_iso[keep],
        u_aniso=part(crystal.u_aniso),
        isotopes=part(crystal.isotopes),
        charges=part(crystal.charges),
        labels=tuple(x for x, k in zip(crystal.labels, keep, strict=True) if k)
        if crystal.labels
        else (),
        orbit=np.arange(int(keep.sum())),
    )
