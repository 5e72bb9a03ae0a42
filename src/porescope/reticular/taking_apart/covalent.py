"""Where covalent frameworks are cut: the linkages that formed them, and zeolites' oxygen."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from porescope.reticular.taking_apart.bond_graph import BondGraph, parts_of

_H, _B, _C, _N, _O, _SI = 1, 5, 6, 7, 8, 14
_TETRAHEDRAL = (4, 5, 12, 13, 14, 15, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 40, 50)


def linkage_bonds(
    graph: BondGraph, *, kept: Bool[np.ndarray, "bonds"], metal: Bool[np.ndarray, "atoms"]
) -> Bool[np.ndarray, "bonds"]:
    """Bonds at which endless covalent parts are cut.

    First the linkages that close in a synthesis: boronate esters and boroxines at boron, imines,
    enamines, amides and imides at nitrogen, alkenes; where a part stays endless, triazine rings;
    where it still does, every bond between rings or at a branching tetrahedral atom.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    kept:
        False for bonds that are cut already, those of metals among them.
    metal:
        True for metals.
    """
    cut = np.zeros(graph.n_bonds, dtype=bool)
    open_bonds = kept & ~metal[graph.first] & ~metal[graph.second]
    for choice in (_formed_bonds, _triazine_bonds, _between_rings):
        parts = parts_of(graph, kept=open_bonds & ~cut)
        endless = parts.endless[parts.part]
        if not endless.any():
            break
        rows = choice(graph, endless)
        cut[[bond for bond in rows if open_bonds[bond]]] = True
    return cut


def in_ring(graph: BondGraph, bond: int, *, largest: int = 7) -> bool:
    """Whether a bond is part of a ring of few atoms.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    bond:
        The bond.
    largest:
        Most atoms of the ring.
    """
    start, goal = int(graph.first[bond]), int(graph.second[bond])
    target = (goal, *graph.image[bond].tolist())
    seen = {(start, 0, 0, 0)}
    shell = [(start, 0, 0, 0)]
    for _ in range(largest - 1):
        outer = []
        for atom, *cell in shell:
            for other, way in zip(graph.neighbours[atom], graph.bonds_at[atom], strict=True):
                if way == bond and atom in (start, goal):
                    continue
                image = _step(graph, way, atom)
                at = (other, cell[0] + image[0], cell[1] + image[1], cell[2] + image[2])
                if at == target:
                    return True
                if at not in seen:
                    seen.add(at)
                    outer.append(at)
        shell = outer
    return False


def _step(graph: BondGraph, bond: int, atom: int) -> tuple[int, int, int]:
    x, y, z = graph.image[bond].tolist()
    return (x, y, z) if graph.first[bond] == atom else (-x, -y, -z)


def _around(graph: BondGraph, atom: int) -> list[int]:
    return sorted(int(graph.numbers[j]) for j in graph.neighbours[atom])


def _formed_bonds(graph: BondGraph, endless: Bool[np.ndarray, "atoms"]) -> list[int]:
    """Bonds of the linkages that form in syntheses."""
    numbers = graph.numbers
    found: list[int] = []
    for atom in np.flatnonzero(endless & np.isin(numbers, (_B, _N, _C))).tolist():
        around = _around(graph, atom)
        bonds = list(zip(graph.neighbours[atom], graph.bonds_at[atom], strict=True))
        z = int(numbers[atom])
        if z == _B and around == [_C, _O, _O]:
            found += [bond for other, bond in bonds if numbers[other] == _C]
        elif z == _B and around.count(_O) == 4:
            found += [bond for _, bond in bonds]
        elif z == _N and len([x for x in around if x != _H]) >= 2:
            found += _nitrogen_bonds(graph, atom)
        elif z == _C and around == [_C, _C, _H]:
            found += _alkene_bonds(graph, atom)
    return found


def _nitrogen_bonds(graph: BondGraph, atom: int) -> list[int]:
    """The bond at which an imine, hydrazone, azine, enamine, amide or imide is cut."""
    numbers = graph.numbers
    bonds = list(zip(graph.neighbours[atom], graph.bonds_at[atom], strict=True))
    carbons = [(other, bond) for other, bond in bonds if numbers[other] == _C]
    n_hydrogen = sum(numbers[other] == _H for other, _ in bonds)
    carbonyls = [(o, b) for o, b in carbons if _is_carbonyl(graph, o)]
    if len(carbons) == 3 and len(carbonyls) == 2 and in_ring(graph, carbonyls[0][1]):
        return [b for o, b in carbons if (o, b) not in carbonyls and not in_ring(graph, b)]
    if len(bonds) != 2 + n_hydrogen or n_hydrogen > 1 or not carbons:
        return []
    if n_hydrogen == 0 or not carbonyls:
        # The carbon of the aldehyde: one hydrogen, one carbon, this nitrogen.
        chosen = [(o, b) for o, b in carbons if _around(graph, o) == [_H, _C, _N]]
        if not chosen and n_hydrogen == 0:
            chosen = [(o, b) for o, b in carbons if _around(graph, o) == [_C, _C, _N]]
            chosen = [min(chosen, key=lambda row: graph.distance[row[1]])] if chosen else []
            chosen = [(o, b) for o, b in chosen if graph.distance[b] < 1.36]
    else:
        chosen = [(o, b) for o, b in carbonyls if _around(graph, o) == [_C, _N, _O]]
        if len(chosen) != 1 or len(carbons) != 2:
            return []
    return [b for _, b in chosen if not in_ring(graph, b)]


def _is_carbonyl(graph: BondGraph, atom: int) -> bool:
    return any(
        graph.numbers[j] == _O and len(graph.neighbours[j]) == 1 for j in graph.neighbours[atom]
    )


def _alkene_bonds(graph: BondGraph, atom: int) -> list[int]:
    """The double bond of an alkene that joins two rings."""
    found = []
    for other, bond in zip(graph.neighbours[atom], graph.bonds_at[atom], strict=True):
        if graph.numbers[other] != _C or graph.distance[bond] > 1.40:
            continue
        if _around(graph, other) in ([_H, _C, _C], [_C, _C, _C]) and not in_ring(graph, bond):
            found.append(bond)
    return found


def _triazine_bonds(graph: BondGraph, endless: Bool[np.ndarray, "atoms"]) -> list[int]:
    """Bonds from the carbon atoms of triazine rings to what is outside."""
    numbers = graph.numbers
    found = []
    for atom in np.flatnonzero(endless & (numbers == _C)).tolist():
        if len(graph.neighbours[atom]) != 3:
            continue
        bonds = list(zip(graph.neighbours[atom], graph.bonds_at[atom], strict=True))
        rings = [(o, b) for o, b in bonds if numbers[o] == _N and in_ring(graph, b, largest=6)]
        if len(rings) != 2:
            continue
        if not all(_around(graph, o) == [_C, _C] for o, _ in rings):
            continue
        found += [b for o, b in bonds if (o, b) not in rings]
    return found


def _between_rings(graph: BondGraph, endless: Bool[np.ndarray, "atoms"]) -> list[int]:
    """Bonds that leave rings towards other rings, and bonds of branching tetrahedral atoms."""
    numbers = graph.numbers
    heavy = numbers != _H
    ring: dict[int, bool] = {}
    for bond in np.flatnonzero(endless[graph.first] & heavy[graph.first] & heavy[graph.second]):
        ring[int(bond)] = in_ring(graph, int(bond))
    in_some = np.zeros(graph.n_atoms, dtype=bool)
    for bond, closed in ring.items():
        if closed:
            in_some[[graph.first[bond], graph.second[bond]]] = True
    found = []
    for bond, closed in ring.items():
        if closed:
            continue
        i, j = int(graph.first[bond]), int(graph.second[bond])
        n_i = sum(heavy[k] for k in graph.neighbours[i])
        n_j = sum(heavy[k] for k in graph.neighbours[j])
        branching = (n_i >= 3 and not in_some[i]) or (n_j >= 3 and not in_some[j])
        if n_i > 1 and n_j > 1 and ((in_some[i] and in_some[j]) or branching):
            found.append(bond)
    return found


def is_zeolite(graph: BondGraph) -> bool:
    """Whether the framework is one of tetrahedra that share oxygen.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    """
    tetrahedral = zeolite_atoms(graph)
    n_centres = int(tetrahedral.sum())
    n_silicon_like = int(tetrahedral[np.isin(graph.numbers, (13, 14, 15, 32))].sum())
    shared = [
        atom
        for atom in np.flatnonzero(graph.numbers == _O).tolist()
        if sum(tetrahedral[j] for j in graph.neighbours[atom]) == 2
    ]
    return n_centres > 0 and 2 * n_silicon_like >= n_centres and len(shared) >= 1.5 * n_centres


def zeolite_atoms(graph: BondGraph) -> Bool[np.ndarray, "atoms"]:
    """True for atoms with four oxygen neighbours, at the centres of tetrahedra.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    """
    found = np.zeros(graph.n_atoms, dtype=bool)
    for atom in np.flatnonzero(np.isin(graph.numbers, _TETRAHEDRAL)).tolist():
        found[atom] = _around(graph, atom) == [_O, _O, _O, _O]
    return found


def zeolite_bonds(graph: BondGraph) -> Bool[np.ndarray, "bonds"]:
    """All bonds between oxygen and what is neither hydrogen nor carbon.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    """
    z_i, z_j = graph.numbers[graph.first], graph.numbers[graph.second]
    oxygen_i = (z_i == _O) & ~np.isin(z_j, (_H, _C, _N, _O))
    oxygen_j = (z_j == _O) & ~np.isin(z_i, (_H, _C, _N, _O))
    return oxygen_i | oxygen_j
