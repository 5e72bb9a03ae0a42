"""What atoms of a piece know of those beyond their neighbours, before bond orders are sought."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from porescope.reticular.linkers.macrocycles import (
    CARBON,
    NITROGEN,
    neighbours,
    opposite_pair,
    porphyrin_fours,
    pyrrole_nitrogens,
)
from porescope.reticular.linkers.valence import PieceAtom

_OXYGEN = 8


def with_roles(atoms: list[PieceAtom], pairs: Int[np.ndarray, "pairs 2"]) -> list[PieceAtom]:
    """Atoms with their parts in nitro groups, oxocarbons, azolates, pyridinium and porphyrins.

    Parameters
    ----------
    atoms:
        Heavy atoms.
    pairs:
        Bonds between them.
    """
    near = neighbours(len(atoms), pairs)
    changed = _with_oxygen_counts(atoms, near)
    numbers = np.array([a.number for a in atoms], dtype=np.int64)
    nitrogen = np.flatnonzero(numbers == NITROGEN).tolist()
    for i in nitrogen:
        atom = atoms[i]
        if atom.n_heavy == 3 and atom.flat > 0 and not atom.n_hydrogens:
            ring = ring_of(i, near, size=6)
            if ring and all(atoms[j].flat != 0 for j in ring):
                ketone = any(
                    atoms[k].number == _OXYGEN and len(near[k]) == 1
                    for j in near[i]
                    for k in near[j]
                )
                oxide = changed[i].n_oxides and not ketone
                changed[i] = changed[i]._replace(role="oxide" if oxide else "pyridinium")
    seen: set[frozenset[int]] = set()
    for i in nitrogen:
        for ring in _azolate_rings(i, atoms, near):
            if ring not in seen:
                seen.add(ring)
                first = min(j for j in ring if numbers[j] == NITROGEN)
                changed[first] = changed[first]._replace(role="azole")
    lone = pyrrole_nitrogens(numbers, pairs)
    if len(lone) >= 4:
        for four in porphyrin_fours(lone, near):
            if any(atoms[i].n_hydrogens for i in four):
                continue
            acid = opposite_pair(four, near)
            for i in four:
                changed[i] = changed[i]._replace(role="NH" if i in acid else "N")
    return changed


def ring_of(start: int, near: list[list[int]], *, size: int) -> tuple[int, ...]:
    """A ring of a given size through an atom, or nothing.

    Parameters
    ----------
    start:
        The atom.
    near:
        Neighbours of each atom.
    size:
        Number of atoms in the ring.
    """
    paths = [(start,)]
    for _ in range(size - 1):
        paths = [(*p, j) for p in paths for j in near[p[-1]] if j not in p]
    for path in paths:
        if start in near[path[-1]]:
            return path
    return ()


def _with_oxygen_counts(atoms: list[PieceAtom], near: list[list[int]]) -> list[PieceAtom]:
    """Oxides of nitrogen counted, oxocarbon rings marked."""
    changed = list(atoms)
    ends = {
        i for i, a in enumerate(atoms) if a.number == _OXYGEN and a.n_heavy + a.n_hydrogens == 1
    }
    keto = {
        j
        for i in ends
        for j in near[i]
        if atoms[j].number == CARBON and sum(k in ends for k in near[j]) == 1
    }
    for i, atom in enumerate(atoms):
        if atom.number == NITROGEN:
            changed[i] = atom._replace(n_oxides=sum(j in ends for j in near[i]))
    for i in ends:
        for host in near[i]:
            if atoms[host].number == NITROGEN:
                changed[i] = changed[i]._replace(n_oxides=changed[host].n_oxides)
            if host in keto and atoms[i].attached:
                ring = ring_of(host, near, size=6)
                flat = bool(ring) and all(atoms[k].flat != 0 for k in ring)
                count = max(sum(k in keto for k in near[host]), int(flat))
                changed[i] = changed[i]._replace(oxo_neighbours=count)
    if any(a.attached for a in atoms):
        changed = _with_oxocarbons(changed, near, ends, keto)
    return changed


def _with_oxocarbons(
    atoms: list[PieceAtom], near: list[list[int]], ends: set[int], keto: set[int]
) -> list[PieceAtom]:
    """Rings in which every carbon atom bears oxygen: two neighbouring ones are acid."""
    closed = {j for j in keto if len(near[j]) == 3 and sum(k in keto for k in near[j]) == 2}
    changed = list(atoms)
    while closed:
        ring = [closed.pop()]
        for j in ring:
            ring += [k for k in near[j] if k in closed]
            closed -= set(ring)
        bare = [k for j in ring for k in near[j] if k in ends]
        if len(ring) not in (4, 5) or any(
            k not in ring for j in ring for k in near[j] if k not in ends
        ):
            continue
        if any(atoms[k].n_hydrogens for k in bare):
            continue
        acid = {ring[0], next(k for k in near[ring[0]] if k in ring)}
        for k in bare:
            role = "enol" if near[k][0] in acid else "keto"
            changed[k] = changed[k]._replace(role=role, attached=True)
    return changed


def _azolate_rings(
    start: int, atoms: list[PieceAtom], near: list[list[int]]
) -> list[frozenset[int]]:
    """Rings of five flat C and N with two N and more, none of which bears hydrogen or a branch."""
    paths = [(start,)]
    for _ in range(4):
        paths = [(*p, j) for p in paths for j in near[p[-1]] if j not in p and _in_azole(atoms[j])]
    found = []
    for path in paths:
        n_nitrogen = sum(atoms[j].number == NITROGEN for j in path)
        if start in near[path[-1]] and _in_azole(atoms[start]) and n_nitrogen > 1:
            found.append(frozenset(path))
    return found


def _in_azole(atom: PieceAtom) -> bool:
    """Whether an atom may stand in the ring of an azolate."""
    if atom.number == NITROGEN:
        return atom.n_heavy == 2 and atom.n_hydrogens == 0
    if atom.number != CARBON:
        return False
    return atom.n_heavy + atom.n_hydrogens == 3 or (atom.n_heavy == 2 and atom.flat > 0)
