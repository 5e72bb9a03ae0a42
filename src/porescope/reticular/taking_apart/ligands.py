"""The molecules that organic pieces once were: SMILES and charges."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int
from scipy.spatial import KDTree

from porescope.crystal.elements import covalent_radii, is_metal
from porescope.reticular.block import Block
from porescope.reticular.linkers.to_smiles import smiles_of_fragment
from porescope.reticular.taking_apart.disorder import SHORTEST
from porescope.reticular.taking_apart.pieces import Pieces

_H, _B, _C, _N, _O, _F, _P, _S = 1, 5, 6, 7, 8, 9, 15, 16
_HALOGENS = (9, 17, 35, 53)
_ALKALI = {3: 1, 11: 1, 19: 1, 37: 1, 55: 1, 12: 2, 20: 2, 38: 2, 56: 2}

KNOWN_INORGANIC = {
    "O": ("O", 0),
    "HO": ("O", 0),
    "H2O": ("O", 0),
    "H3O": ("[OH3+]", 1),
    "H3N": ("N", 0),
    "H4N": ("[NH4+]", 1),
    "N": ("N", 0),
    "NO3": ("O=[N+]([O-])[O-]", -1),
    "NO2": ("O=N[O-]", -1),
    "N3": ("[N-]=[N+]=[N-]", -1),
    "N2": ("N#N", 0),
    "O2": ("O=O", 0),
    "H2": ("[H][H]", 0),
    "BF4": ("F[B-](F)(F)F", -1),
    "F6P": ("F[P-](F)(F)(F)(F)F", -1),
    "F6Si": ("F[Si-2](F)(F)(F)(F)F", -2),
    "F6Sb": ("F[Sb-](F)(F)(F)(F)F", -1),
    "AsF6": ("F[As-](F)(F)(F)(F)F", -1),
    "ClO4": ("[O-]Cl(=O)(=O)=O", -1),
    "ClO3": ("[O-]Cl(=O)=O", -1),
    "BrO3": ("[O-]Br(=O)=O", -1),
    "IO3": ("[O-]I(=O)=O", -1),
    "IO4": ("[O-]I(=O)(=O)=O", -1),
    "O4S": ("[O-]S(=O)(=O)[O-]", -2),
    "HO4S": ("OS(=O)(=O)[O-]", -1),
    "O3S": ("[O-]S(=O)[O-]", -2),
    "O4P": ("[O-]P(=O)([O-])[O-]", -3),
    "HO4P": ("OP(=O)([O-])[O-]", -2),
    "H2O4P": ("OP(O)(=O)[O-]", -1),
    "H3O4P": ("OP(O)(O)=O", 0),
    "O4Se": ("[O-][Se](=O)(=O)[O-]", -2),
    "CO3": ("[O-]C(=O)[O-]", -2),
    "CHO3": ("OC(=O)[O-]", -1),
    "CO2": ("O=C=O", 0),
    "CHO2": ("O=C[O-]", -1),
    "CH2O2": ("O=CO", 0),
    "CO": ("[C-]#[O+]", 0),
    "CS2": ("S=C=S", 0),
    "F": ("[F-]", -1),
    "Cl": ("[Cl-]", -1),
    "Br": ("[Br-]", -1),
    "I": ("[I-]", -1),
    "I2": ("II", 0),
    "Br2": ("BrBr", 0),
    "I3": ("I[I-]I", -1),
    "S": ("[S-2]", -2),
    "S8": ("S1SSSSSSS1", 0),
    "B12H12": ("B12H12", -2),
    "B10H10": ("B10H10", -2),
    "BH4": ("[BH4-]", -1),
    "Ar": ("[Ar]", 0),
    "Kr": ("[Kr]", 0),
    "Xe": ("[Xe]", 0),
    "He": ("[He]", 0),
    "Ne": ("[Ne]", 0),
    "ClH": ("Cl", 0),
    "FH": ("F", 0),
    "H4N2": ("NN", 0),
    "H5N2": ("N[NH3+]", 1),
    "SO2": ("O=S=O", 0),
    "O2S": ("O=S=O", 0),
    "H2S": ("S", 0),
    "HS": ("[SH-]", -1),
}
"""Small molecules and ions without an organic skeleton: SMILES and charge [e]."""


def with_smiles(
    block: Block,
    *,
    piece: int,
    pieces: Pieces,
    metal: Bool[np.ndarray, "atoms"],
    acids: dict[int, int],
) -> Block:
    """A block with its SMILES and its charge as cut, where it has such.

    Parameters
    ----------
    block:
        A linker, cap, guest, or the knot of a covalent framework.
    piece:
        Which piece it is.
    pieces:
        The cut graph.
    metal:
        True for metals.
    acids:
        Centre of each acid group that was cut off, and the bond.

    Returns
    -------
    :
        The block as it was where it holds a metal or no sensible bonding is found.
    """
    members = pieces.atoms[piece]
    if metal[members].any():
        z = int(block.numbers[0])
        ion = block.n_atoms == 1 and block.kind == "guest" and z in _ALKALI
        return replace(block, charge=_ALKALI[z], smiles="") if ion else block
    if _C not in block.numbers or block.formula in KNOWN_INORGANIC:
        if block.kind == "guest" and block.formula in KNOWN_INORGANIC:
            smiles, charge = KNOWN_INORGANIC[block.formula]
            return replace(block, smiles=smiles, charge=charge)
        if block.n_atoms == 1 and block.kind in ("linker", "node"):
            return block
        if _C not in block.numbers and block.kind == "guest":
            return block
    graph = pieces.graph
    place = {int(atom): k for k, atom in enumerate(members)}
    attached = np.zeros(len(members), dtype=bool)
    removed, added = [], []
    for port, atom in enumerate(block.port_atoms.tolist()):
        bond = _bond_of_port(pieces, int(members[atom]), block.port_vectors[port])
        outside = int(
            graph.second[bond] if graph.first[bond] == members[atom] else graph.first[bond]
        )
        if acids.get(outside) == bond:
            removed.append((atom, _group_name(pieces, outside)))
        elif metal[outside]:
            attached[atom] = True
        else:
            added.append((atom, port, outside))
            attached[atom] |= int(block.numbers[atom]) not in (_B, _C)
    numbers, positions, bonds = _with_monomer_ends(block, added, graph.numbers)
    found = smiles_of_fragment(
        numbers,
        positions,
        bonds,
        attached=np.concatenate([attached, np.zeros(len(numbers) - len(attached), dtype=bool)]),
        removed=removed,
    )
    assert len(place) == block.n_atoms
    if not found.smiles:
        return block
    covalent = bool(added)
    return replace(block, smiles=found.smiles, charge=0 if covalent else found.charge_as_cut)


def _bond_of_port(pieces: Pieces, atom: int, vector: np.ndarray) -> int:
    """The bond at an atom whose other end lies where a port points."""
    graph = pieces.graph
    cart = graph.frac @ graph.lattice
    best, least = -1, np.inf
    for bond in graph.bonds_at[atom]:
        i, j = int(graph.first[bond]), int(graph.second[bond])
        step = cart[j] + graph.image[bond] @ graph.lattice - cart[i]
        for start, way in ((i, step), (j, -step)):
            away = float(np.abs(way - vector).sum())
            if start == atom and away < least:
                best, least = bond, away
    return best


def _with_monomer_ends(
    block: Block, added: list[tuple[int, int, int]], all_numbers: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A piece of a covalent framework with the oxygen or boron that its monomer had."""
    numbers, positions = block.numbers.tolist(), list(block.positions)
    bonds = block.bonds.tolist()
    for atom, port, outside in added:
        if block.numbers[atom] not in (_B, _C):
            continue
        way = block.port_vectors[port] / np.linalg.norm(block.port_vectors[port])
        start = block.positions[atom]
        if block.numbers[atom] == _B:
            bonds.append([atom, len(numbers)])
            numbers.append(_O)
            positions.append(start + 1.36 * way)
        elif all_numbers[outside] == _N:
            acid = any(
                int(block.numbers[k]) == _O
                for i, j in block.bonds.tolist()
                for k in ((j,) if i == atom else (i,) if j == atom else ())
            )
            bonds.append([atom, len(numbers)])
            numbers.append(_O)
            positions.append(start + (1.35 if acid else 1.21) * way)
        elif all_numbers[outside] == _B:
            side = np.cross(way, [0.3, 0.5, 0.8])
            side /= np.linalg.norm(side)
            centre = len(numbers)
            bonds += [[atom, centre], [centre, centre + 1], [centre, centre + 2]]
            numbers += [_B, _O, _O]
            middle = start + 1.56 * way
            ends = (middle + 0.68 * way + s * 1.18 * side for s in (1, -1))
            positions += [middle, *ends]
    return (
        np.array(numbers, dtype=np.int64),
        np.array(positions, dtype=np.float64).reshape(-1, 3),
        np.array(bonds, dtype=np.int64).reshape(-1, 2),
    )


def _group_name(pieces: Pieces, centre: int) -> str:
    """Name of an acid group by its atoms."""
    graph = pieces.graph
    around = [j for j in graph.neighbours[centre] if graph.numbers[j] in (_O, _S)]
    z = int(graph.numbers[centre])
    if z == _C:
        n_sulfur = sum(graph.numbers[j] == _S for j in around)
        return ("CO2", "COS", "CS2")[n_sulfur]
    if z == _P and any(graph.numbers[k] == _H for j in around for k in graph.neighbours[j]):
        return "PO3H"
    return "SO3" if z == _S else "PO3"


def agreed(
    blocks: list[Block], *, graphs: list[int], counts: Int[np.ndarray, "blocks"]
) -> list[Block]:
    """Blocks of one graph with one SMILES: that of most pieces.

    Parameters
    ----------
    blocks:
        Blocks, SMILES filled in where they could be told.
    graphs:
        Class of equal graphs of each block.
    counts:
        Number of pieces of each block.
    """
    votes: dict[int, Counter[tuple[str, int | None]]] = {}
    for block, graph, n in zip(blocks, graphs, counts.tolist(), strict=True):
        if block.smiles:
            votes.setdefault(graph, Counter())[block.smiles, block.charge] += n
    done = []
    for block, graph in zip(blocks, graphs, strict=True):
        if graph in votes:
            smiles, charge = max(votes[graph].items(), key=lambda item: (item[1], item[0][0]))[0]
            block = replace(block, smiles=smiles, charge=charge)
        done.append(block)
    return done


def problems_of(blocks: list[Block]) -> tuple[str, ...]:
    """What could not be made out about pieces, each kind of problem once.

    Parameters
    ----------
    blocks:
        The pieces, SMILES filled in.
    """
    found: dict[str, None] = {}
    for block in blocks:
        with_metal = bool(is_metal()[block.numbers].any())
        if _overlaps(block):
            found[f"unknown {block.kind}: overlapping atoms in {block.formula}"] = None
            continue
        salt = with_metal and _C not in block.numbers and block.n_atoms > 1
        if salt or (block.kind == "node" and (with_metal or block.smiles)):
            continue
        if block.smiles or (block.kind == "guest" and block.charge is not None):
            continue
        if _C not in block.numbers and block.kind != "guest" and not with_metal:
            continue
        found[f"unknown {block.kind}: {block.formula}"] = None
    return tuple(found)


def _overlaps(block: Block) -> bool:
    """Whether heavy atoms lie nearer than any bond, as those of alternatives in disorder do."""
    heavy = np.flatnonzero((block.numbers > 1) & ~is_metal()[block.numbers])
    if len(heavy) < 2:
        return False
    near = np.array(sorted(KDTree(block.positions[heavy]).query_pairs(1.2)), dtype=np.int64)
    if not len(near):
        return False
    i, j = heavy[near[:, 0]], heavy[near[:, 1]]
    radii = covalent_radii()[block.numbers]
    away = np.linalg.norm(block.positions[i] - block.positions[j], axis=1)
    return bool(np.any(away < SHORTEST * (radii[i] + radii[j])))
