"""Which bonds a framework is cut at: acid groups, organic donors, metals."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from porescope.crystal.elements import is_metal
from porescope.reticular.taking_apart.bond_graph import BondGraph, parts_of

_H, _C, _O, _P, _S = 1, 6, 8, 15, 16
_ACIDS = {_C: 2, _P: 3, _S: 3}
"""Number of oxygen atoms of an acid group about each element."""


def metal_atoms(graph: BondGraph) -> Bool[np.ndarray, "atoms"]:
    """True for metals, and for silicon and germanium with six bonds.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    """
    metal = is_metal()[graph.numbers]
    for atom in np.flatnonzero(np.isin(graph.numbers, (14, 32))).tolist():
        around = [int(graph.numbers[j]) for j in graph.neighbours[atom]]
        metal[atom] = len(around) >= 6 and not any(z == 9 for z in around)
    return metal


def acid_bonds(graph: BondGraph, *, metal: Bool[np.ndarray, "atoms"]) -> dict[int, int]:
    """Bonds that join a bound carboxylate, phosphonate or sulfonate to the organic rest.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    metal:
        True for metals.

    Returns
    -------
    :
        The atom at the centre of each group, and the bond to cut.
    """
    found = {}
    for atom in np.flatnonzero(np.isin(graph.numbers, list(_ACIDS))).tolist():
        bond = _acid_bond(graph, metal, atom)
        if bond is not None:
            found[atom] = bond
    # Oxalate and its like are linkers as a whole.
    whole = {
        atom
        for atom, bond in found.items()
        if graph.first[bond] in found and graph.second[bond] in found
    }
    return {atom: bond for atom, bond in found.items() if atom not in whole}


def _acid_bond(graph: BondGraph, metal: Bool[np.ndarray, "atoms"], atom: int) -> int | None:
    """The bond to the organic rest where the atom is the centre of a bound acid group."""
    z = int(graph.numbers[atom])
    outer, inner = [], []
    for other, bond in zip(graph.neighbours[atom], graph.bonds_at[atom], strict=True):
        if metal[other]:
            continue
        arm = int(graph.numbers[other])
        alone = all(
            k == atom or metal[k] or graph.numbers[k] == _H for k in graph.neighbours[other]
        )
        if alone and (arm == _O or (z == _C and arm == _S)):
            outer.append(other)
        else:
            inner.append((other, bond))
    if len(outer) != _ACIDS[z] or len(inner) != 1:
        return None
    rest = int(graph.numbers[inner[0][0]])
    if rest == _H or rest in (_O, 9, 17, 35) or (z != _C and rest != _C):
        return None
    bound = any(metal[k] for other in outer for k in graph.neighbours[other])
    return inner[0][1] if bound else None


def inorganic_atoms(
    graph: BondGraph, *, kept: Bool[np.ndarray, "bonds"], metal: Bool[np.ndarray, "atoms"]
) -> Bool[np.ndarray, "atoms"]:
    """True for non-metals of pieces without an organic skeleton.

    That is: no carbon, or carbon with oxygen alone, as in carbonate, formate and the cut
    carboxylate.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    kept:
        False for the bonds of acid groups that are cut.
    metal:
        True for metals.
    """
    between = kept & ~metal[graph.first] & ~metal[graph.second]
    parts = parts_of(graph, kept=between)
    organic = np.zeros(parts.n_parts, dtype=bool)
    near: list[list[int]] = [[] for _ in range(graph.n_atoms)]
    for bond in np.flatnonzero(between).tolist():
        i, j = int(graph.first[bond]), int(graph.second[bond])
        near[i].append(int(graph.numbers[j]))
        near[j].append(int(graph.numbers[i]))
    for atom in np.flatnonzero(graph.numbers == _C).tolist():
        around = near[atom]
        n_oxygen = sum(z in (_O, _S) for z in around)
        n_hydrogen = around.count(_H)
        formate = n_oxygen == 2 and n_hydrogen <= 1 and len(around) == n_oxygen + n_hydrogen
        bare = n_oxygen == len(around) and n_oxygen != 0
        carbide = not around
        if not (formate or bare or carbide):
            organic[parts.part[atom]] = True
    return ~organic[parts.part] & ~metal
