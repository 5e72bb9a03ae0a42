"""Whether an arrangement of blocks is chemically worse than another: bonds and contacts."""

from __future__ import annotations

import numpy as np

from porescope.crystal.bonds import bonds_of
from porescope.crystal.elements import covalent_radii
from porescope.crystal.neighbours import neighbour_list
from porescope.reticular.assembly import Assembly, bonds_of_assembly, crystal_of_assembly


def chemically_worse(assembly: Assembly, before: Assembly) -> str:
    """What is worse about a framework than it was: bonds or contacts; empty if nothing.

    Parameters
    ----------
    assembly, before:
        The same pieces in two arrangements.
    """
    wrong, was_wrong = wrong_bonds(assembly), wrong_bonds(before)
    if wrong > was_wrong:
        return f"{wrong - was_wrong} more bonds would be broken or made"
    near, was_near = _closest(assembly), _closest(before)
    if near < min(was_near, 1.0) - 0.02:
        return f"two atoms would come as near as {near:.2f} of their contact distance"
    return ""


def wrong_bonds(assembly: Assembly) -> int:
    """Number of bonds that distances show and the graph has not, and the other way round.

    Parameters
    ----------
    assembly:
        Posed blocks.
    """
    meant = _both_ways(bonds_of_assembly(assembly))
    near = bonds_of(crystal_of_assembly(assembly))
    seen = np.column_stack([near.first, near.second, near.image])
    keys = [set(map(tuple, rows.tolist())) for rows in (meant, seen)]
    return len(keys[0] ^ keys[1]) // 2


def _both_ways(bonds: np.ndarray) -> np.ndarray:
    back = np.column_stack([bonds[:, 1], bonds[:, 0], -bonds[:, 2:]])
    return np.concatenate([bonds, back])


def _closest(assembly: Assembly) -> float:
    """Shortest distance of atoms without a bond or a common neighbour, over a contact distance."""
    crystal = crystal_of_assembly(assembly)
    near = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=3.0)
    bonds = _both_ways(bonds_of_assembly(assembly))
    skip = set(map(tuple, bonds.tolist()))
    by_atom: dict[int, list[tuple[int, ...]]] = {}
    for a, *rest in bonds.tolist():
        by_atom.setdefault(a, []).append(tuple(rest))
    for a, steps in by_atom.items():
        for b, *cell in steps:
            for c, *more in by_atom.get(b, []):
                skip.add((a, c, *(x + y for x, y in zip(cell, more, strict=True))))
    pairs = np.column_stack([near.first, near.second, near.image])
    radii = covalent_radii()[crystal.numbers]
    # two radii and 0.9 Å: the closest that atoms of different molecules come
    contact = radii[near.first] + radii[near.second] + 0.9
    ratio = near.distance / contact
    order = np.argsort(ratio)
    for row in order.tolist():
        if tuple(pairs[row].tolist()) not in skip:
            return float(ratio[row])
    return 1.0
