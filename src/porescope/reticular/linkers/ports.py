"""Where a connecting group expects its metal, or the atom across a covalent linkage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from rdkit import Chem

from porescope.reticular.linkers.groups import ACIDS, Group

LENGTHS = {
    "azolate": 2.02,
    "pyridyl": 2.10,
    "nitrile": 2.12,
    "amine": 2.15,
    "diamine": 1.90,
    "phenolate": 2.00,
    "catecholate": 1.98,
    "thiolate": 2.30,
    "diketonate": 2.00,
    "oxalate": 2.08,
    "oxide": 2.10,
    "donor": 2.30,
    "aldehyde": 1.28,
    "primary amine": 1.28,
    "hydrazide": 1.28,
}
"""Typical lengths of the bond that a port stands for [Å]: medians over first-row transition metals
of the bonds in the Cambridge Structural Database as tabulated by A. G. Orpen et al., J. Chem.
Soc. Dalton Trans. (1989) S1, https://doi.org/10.1039/DT98900000S1; C=N of imines by F. H. Allen
et al., https://doi.org/10.1039/P298700000S1."""
_ANGLES = {"phenolate": 122.0, "thiolate": 106.0, "oxide": 120.0, "amine": 110.0, "donor": 122.0}
"""Angle at a terminal donor between its one neighbour and the metal [°]."""
TWO_SIDED = ("phenolate", "thiolate", "oxide", "primary amine", "hydrazide")
"""Kinds whose one port may leave on either side."""
_BORON_CARBON = 1.55
_OXYGEN_HEIGHT, _OXYGEN_HALF, _BORON_HEIGHT = 1.317, 1.14, 2.11
"""Oxygen above and beside the middle of the C-C bond of a benzodioxaborole, and boron above it [Å]:
C-C, C-O and B-O of 1.39 Å, O-O of 2.28 Å, means over boronate esters by F. H. Allen et al.,
https://doi.org/10.1039/P298700000S1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PortsMade:
    """Ports of one group."""

    atoms: tuple[int, ...]
    """Atom of the molecule for each."""
    vectors: Float[np.ndarray, "ports 3"]
    """Towards the atom outside [Å]."""
    boron: Float[np.ndarray, "3"] | None = None
    """Place of a boron atom that belongs to the block and bears the port."""


def ports_of_group(
    mol: Chem.Mol,
    group: Group,
    positions: Float[np.ndarray, "atoms 3"],
    *,
    kept: list[int],
    bridging: bool,
    side: int = 0,
) -> PortsMade:
    """Ports of a group of a molecule in its place.

    Parameters
    ----------
    mol:
        The molecule.
    group:
        One of its groups.
    positions:
        Cartesian coordinates of all its atoms [Å].
    kept:
        Atoms of the block, which a port should keep clear of.
    bridging:
        Whether a phenolate binds two metals, one on each side.
    side:
        Of a donor with one neighbour, on which side of it the port leaves.
    """
    if group.kind in (*ACIDS, "boronic acid"):
        step = positions[group.partner] - positions[group.atoms[0]]
        return PortsMade(atoms=group.atoms, vectors=step[None])
    if group.kind == "aldehyde":
        step = positions[group.partner] - positions[group.atoms[0]]
        step *= LENGTHS["aldehyde"] / np.linalg.norm(step)
        return PortsMade(atoms=group.atoms, vectors=step[None])
    if group.kind == "porphyrin":
        centre = positions[list(group.atoms)].mean(axis=0)
        return PortsMade(atoms=group.atoms, vectors=centre - positions[list(group.atoms)])
    if group.chelate:
        return _chelating(mol, group, positions)
    atoms: list[int] = []
    vectors: list[np.ndarray] = []
    for atom in group.atoms:
        found = _lone_pairs(mol, atom, positions, kind=group.kind, kept=kept)
        if not (bridging and group.kind == "phenolate"):
            found = found[side % len(found) :][:1]
        atoms += [atom] * len(found)
        vectors += [v * LENGTHS[group.kind] for v in found]
    return PortsMade(atoms=tuple(atoms), vectors=np.array(vectors))


def with_closed_diols(
    mol: Chem.Mol, groups: list[Group], positions: Float[np.ndarray, "atoms 3"]
) -> Float[np.ndarray, "atoms 3"]:
    """The shape with the oxygen atoms of diols drawn together, as boron holds them.

    Parameters
    ----------
    mol:
        The molecule.
    groups:
        Groups that are bound.
    positions:
        Cartesian coordinates of all its atoms [Å].
    """
    found = positions.copy()
    for group in groups:
        if group.kind != "diol":
            continue
        one, other = group.atoms
        hosts = [
            next(n.GetIdx() for n in mol.GetAtomWithIdx(a).GetNeighbors() if n.GetAtomicNum() == 6)
            for a in group.atoms
        ]
        base = positions[hosts].mean(axis=0)
        along = positions[hosts[1]] - positions[hosts[0]]
        along /= np.linalg.norm(along)
        outward = 0.5 * (positions[one] + positions[other]) - base
        outward -= (outward @ along) * along
        outward /= np.linalg.norm(outward)
        found[one] = base + _OXYGEN_HEIGHT * outward - _OXYGEN_HALF * along
        found[other] = base + _OXYGEN_HEIGHT * outward + _OXYGEN_HALF * along
    return found


def _chelating(mol: Chem.Mol, group: Group, positions: Float[np.ndarray, "atoms 3"]) -> PortsMade:
    """Two ports that end at one atom in the plane of the chelate ring."""
    one, other = group.atoms
    hosts = [
        n.GetIdx()
        for a in group.atoms
        for n in mol.GetAtomWithIdx(a).GetNeighbors()
        if n.GetAtomicNum() > 1
    ]
    middle = 0.5 * (positions[one] + positions[other])
    outward = middle - positions[hosts].mean(axis=0)
    along = positions[other] - positions[one]
    outward -= (outward @ along) / (along @ along) * along
    outward /= np.linalg.norm(outward)
    bite = float(np.linalg.norm(along))
    if group.kind == "diol":
        base = positions[hosts].mean(axis=0)
        ring = base + _BORON_HEIGHT * outward
        return PortsMade(atoms=group.atoms, vectors=(_BORON_CARBON * outward)[None], boron=ring)
    reach = LENGTHS[group.kind]
    height = np.sqrt(max(reach**2 - 0.25 * bite**2, 0.25))
    tip = middle + height * outward
    return PortsMade(
        atoms=group.atoms, vectors=np.array([tip - positions[one], tip - positions[other]])
    )


def _lone_pairs(
    mol: Chem.Mol,
    atom: int,
    positions: Float[np.ndarray, "atoms 3"],
    *,
    kind: str,
    kept: list[int],
) -> list[Float[np.ndarray, "3"]]:
    """Unit vectors along the lone pairs of an atom, the one with most room first."""
    inside = set(kept)
    near = [n.GetIdx() for n in mol.GetAtomWithIdx(atom).GetNeighbors() if n.GetIdx() in inside]
    steps = positions[near] - positions[atom]
    steps /= np.linalg.norm(steps, axis=1)[:, None]
    total = -steps.sum(axis=0)
    if len(near) > 1 and np.linalg.norm(total) > 0.2:
        return [total / np.linalg.norm(total)]
    if kind == "nitrile" or len(near) != 1:
        return [-steps[0]]
    host = near[0]
    angle = np.deg2rad(_ANGLES.get(kind, 120.0))
    beyond = [
        n.GetIdx()
        for n in mol.GetAtomWithIdx(host).GetNeighbors()
        if n.GetIdx() != atom and n.GetIdx() in inside
    ]
    plane = positions[beyond[0]] - positions[host]
    side = plane - (plane @ steps[0]) * steps[0]
    side /= np.linalg.norm(side)
    choices = [np.cos(angle) * steps[0] + sign * np.sin(angle) * side for sign in (1.0, -1.0)]
    others = positions[[a for a in kept if a not in (atom, host)]]

    def room(direction: Float[np.ndarray, "3"]) -> float:
        spot = positions[atom] + 2.0 * direction
        return float(np.linalg.norm(others - spot, axis=1).min())

    return sorted(choices, key=room, reverse=True)
