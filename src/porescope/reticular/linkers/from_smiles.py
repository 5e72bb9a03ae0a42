"""Linkers from SMILES: rigid blocks with ports, in a few shapes, the symmetric ones first."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from rdkit import Chem

from porescope.errors import ConfigError
from porescope.reticular.block import Block
from porescope.reticular.linkers.conformers import (
    Shape,
    distance_mark,
    is_new_shape,
    isomers_of,
    shapes_of,
)
from porescope.reticular.linkers.groups import (
    ACIDS,
    CHARGES,
    Ends,
    Group,
    covalent_groups,
    metal_groups,
    variants,
)
from porescope.reticular.linkers.molecule import canonical_smiles, parsed
from porescope.reticular.linkers.ports import TWO_SIDED, ports_of_group, with_closed_diols
from porescope.reticular.linkers.regular import regularised, self_maps

_NEUTRAL = ("pyridyl", "nitrile", "amine", "aldehyde", "oxide", "donor")
"""Groups that bind without losing hydrogen."""
_MOST_SIDES = 64
"""Sets of sides of donors that are looked at."""
_MOST_ATOMS = 400
"""Molecules beyond this are taken for a mistake."""


def linkers_from_smiles(
    smiles: str, *, n_conformers: int = 4, seed: int = 0, ends: Ends = "metal"
) -> list[Block]:
    """Blocks of a linker that is known by its SMILES.

    Carboxylic, phosphonic and sulfonic groups are left to the node: the port starts at the atom
    that bore them. Nitrogen, oxygen and sulfur donors keep their place and get a port along a
    lone pair. With ``ends="covalent"``, boronic acids, aldehydes, amines, hydrazides and diols
    condense: the linkage C=N is cut between its atoms, a boronate keeps its ring with the diol.

    Parameters
    ----------
    smiles:
        The protonated molecule; salts' charges on acids are taken off.
    n_conformers:
        Shapes for each choice of groups.
    seed:
        Seed of the embedding in space.
    ends:
        Whether the groups meet metals or other molecules.

    Returns
    -------
    :
        Blocks with the likeliest groups bound first, then other choices; of each choice the
        shapes, the most symmetric first. The name says which groups are bound.

    Raises
    ------
    ParseError
        Where the SMILES does not parse.
    ConfigError
        Where the molecule has no connecting group, or is none.
    """
    return list(_linkers(smiles, n_conformers, seed, ends))


@lru_cache(maxsize=512)
def _linkers(smiles: str, n_conformers: int, seed: int, ends: Ends) -> tuple[Block, ...]:
    plain = _one_molecule(smiles)
    mol = Chem.AddHs(plain)
    choices = [covalent_groups(plain)] if ends == "covalent" else variants(metal_groups(plain))
    choices = [c for c in choices if c]
    if not choices:
        expected = (
            "boronic acid, aldehyde, amine, hydrazide or catechol groups"
            if ends == "covalent"
            else "carboxylic, phosphonic or sulfonic acid, azole, pyridyl, hydroxyl, thiol, "
            "nitrile or amine groups"
        )
        raise ConfigError(
            f"expected a linker with {expected}, got {smiles!r}, which has none that could "
            "connect; give the protonated molecule with its groups, or name another linker"
        )
    shapes = [
        shape
        for isomer in isomers_of(mol)
        for shape in shapes_of(isomer, n_shapes=max(2, n_conformers), seed=seed)
    ]
    canonical = canonical_smiles(Chem.MolToSmiles(plain, isomericSmiles=False))
    return tuple(
        block
        for groups in choices
        for block in _blocks(mol, groups, shapes, n_conformers, canonical)
    )


def _one_molecule(smiles: str) -> Chem.Mol:
    """The parsed molecule with its acids protonated and nothing beside it."""
    mol = parsed(smiles)
    if mol.GetNumAtoms() > _MOST_ATOMS:
        raise ConfigError(
            f"expected a linker of at most {_MOST_ATOMS} atoms without hydrogen, got "
            f"{mol.GetNumAtoms()}; give one repeat unit, not a whole framework"
        )
    parts = Chem.GetMolFrags(mol, asMols=True)
    heavy = [p for p in parts if p.GetNumHeavyAtoms() > 1]
    if len(heavy) != 1:
        raise ConfigError(
            f"expected the SMILES of one molecule, got {len(parts)} parts in {smiles!r}; "
            "give linkers one by one, without counter-ions and solvent"
        )
    acid = Chem.MolFromSmarts("[O,S;X1;-;!$([O-]~[#7+])]")
    work = Chem.RWMol(heavy[0])
    for (atom,) in work.GetSubstructMatches(acid):
        work.GetAtomWithIdx(atom).SetFormalCharge(0)
        work.GetAtomWithIdx(atom).SetNumExplicitHs(0)
    for (atom,) in work.GetSubstructMatches(Chem.MolFromSmarts("[n-]")):
        work.GetAtomWithIdx(atom).SetFormalCharge(0)
        work.GetAtomWithIdx(atom).SetNumExplicitHs(1)
    Chem.SanitizeMol(work)
    return work.GetMol()


def _blocks(
    mol: Chem.Mol, groups: list[Group], shapes: list[Shape], n_conformers: int, smiles: str
) -> list[Block]:
    """One choice of groups in its distinct shapes, the most symmetric first."""
    cut = _Cut(mol, groups)
    ranked: list[tuple[int, float, Block]] = []
    marks: list[np.ndarray] = []
    for shape in shapes:
        for block, count in cut.blocks(shape.positions, smiles):
            tips = block.positions[block.port_atoms] + block.port_vectors
            mark = distance_mark(np.concatenate([block.positions[block.numbers > 1], tips]))
            if not is_new_shape(mark, marks, tolerance=0.08):
                continue
            marks.append(mark)
            ranked.append((count, shape.energy_ev, block))
    ranked.sort(key=lambda r: (-min(r[0], 48), round(r[1], 3)))
    return [block for _, _, block in ranked[:n_conformers]]


class _Cut:
    """What stays of a molecule in its block, the same for every shape."""

    def __init__(self, mol: Chem.Mol, groups: list[Group]) -> None:
        self.mol, self.groups = mol, groups
        removed = {a for g in groups for a in g.removed}
        acid = _acid_hydrogens(mol, groups)
        atoms = [a.GetIdx() for a in mol.GetAtoms() if a.GetIdx() not in removed]
        self.heavy = [a for a in atoms if mol.GetAtomWithIdx(a).GetAtomicNum() > 1]
        kept = set(self.heavy)
        self.hydrogens = [
            a
            for a in atoms
            if mol.GetAtomWithIdx(a).GetAtomicNum() == 1
            and a not in acid
            and mol.GetAtomWithIdx(a).GetNeighbors()[0].GetIdx() in kept
        ]
        self.partners = [g.partner for g in groups if g.partner >= 0]
        self.shaped = self.heavy + self.partners
        place = {a: i for i, a in enumerate(self.shaped)}
        pairs = [
            (place[b.GetBeginAtomIdx()], place[b.GetEndAtomIdx()])
            for b in mol.GetBonds()
            if b.GetBeginAtomIdx() in place and b.GetEndAtomIdx() in place
        ]
        numbers = np.array([mol.GetAtomWithIdx(a).GetAtomicNum() for a in self.shaped])
        ported = {a for g in groups for a in g.atoms}
        on = {mol.GetAtomWithIdx(h).GetNeighbors()[0].GetIdx() for h in self.hydrogens}
        counts = {
            a: sum(mol.GetAtomWithIdx(h).GetNeighbors()[0].GetIdx() == a for h in self.hydrogens)
            for a in on
        }
        marks = np.array([2 * counts.get(a, 0) + (a in ported) for a in self.shaped])
        pairs_array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        self.maps = self_maps(numbers.astype(np.int64), pairs_array, marks.astype(np.int64))

    def blocks(
        self, positions: Float[np.ndarray, "atoms 3"], smiles: str
    ) -> list[tuple[Block, int]]:
        """The block in one shape, regularised, with the number of its symmetries.

        Two blocks where donors have two sides: with the most even and the next set of sides.
        """
        whole = with_closed_diols(self.mol, self.groups, positions)
        shaped, count = regularised(whole[self.shaped], maps=self.maps)
        whole[self.shaped] = shaped + whole[self.shaped].mean(axis=0)
        if count > 1:
            whole = self._with_hydrogens(whole)
        bridging = any(g.kind in ACIDS for g in self.groups)
        two_sided = [
            g.kind in TWO_SIDED and not (bridging and g.kind == "phenolate") for g in self.groups
        ]
        choices = list(product(*[(0, 1) if two else (0,) for two in two_sided]))[:_MOST_SIDES]
        ranked = []
        for sides in choices:
            block = self._with_ports(whole, smiles, sides=sides, bridging=bridging)
            tips = block.positions[block.port_atoms] + block.port_vectors
            sums = np.linalg.norm(tips[:, None] - tips[None], axis=-1).sum(axis=1)
            ranked.append((len(np.unique(sums.round(1))), -float(sums.mean()), block))
        ranked.sort(key=lambda r: r[:2])
        return [(block, count) for _, _, block in ranked[:2]]

    def _with_ports(
        self,
        whole: Float[np.ndarray, "atoms 3"],
        smiles: str,
        *,
        sides: tuple[int, ...],
        bridging: bool,
    ) -> Block:
        """The block with its ports on given sides."""
        numbers, coordinates, bonds, place = self._atoms(whole)
        ports: list[tuple[int, np.ndarray]] = []
        extra: list[np.ndarray] = []
        kept = self.heavy + self.hydrogens
        for group, side in zip(_cis_oxalates(self.groups, whole), sides, strict=True):
            made = ports_of_group(self.mol, group, whole, kept=kept, bridging=bridging, side=side)
            if made.boron is not None:
                boron = len(numbers) + len(extra)
                extra.append(made.boron)
                bonds = np.concatenate([bonds, [[place[a], boron] for a in group.atoms]])
                ports.append((boron, made.vectors[0]))
                continue
            ports += [(place[a], v) for a, v in zip(made.atoms, made.vectors, strict=True)]
        if extra:
            numbers = np.concatenate([numbers, np.full(len(extra), 5)])
            coordinates = np.concatenate([coordinates, np.array(extra)])
        return _framed(
            numbers=numbers,
            positions=coordinates,
            bonds=bonds,
            ports=ports,
            smiles=smiles,
            charge=_charge(self.mol, self.groups),
            name=_name(self.groups),
        )

    def _with_hydrogens(self, whole: Float[np.ndarray, "atoms 3"]) -> Float[np.ndarray, "atoms 3"]:
        """Hydrogen atoms placed anew on the regular skeleton."""
        bare = Chem.RWMol(self.mol)
        conformer = Chem.Conformer(self.mol.GetNumAtoms())
        for i, position in enumerate(whole):
            conformer.SetAtomPosition(i, position.tolist())
        bare.RemoveAllConformers()
        bare.AddConformer(conformer)
        for hydrogen in self.hydrogens:
            atom = self.mol.GetAtomWithIdx(hydrogen).GetNeighbors()[0]
            if (
                atom.GetHybridization()
                in (
                    Chem.HybridizationType.SP2,
                    Chem.HybridizationType.SP,
                )
                and atom.GetTotalNumHs(includeNeighbors=True) == 1
                and atom.GetAtomicNum() == 6
            ):
                Chem.SetTerminalAtomCoords(bare, hydrogen, atom.GetIdx())
        return bare.GetConformer().GetPositions()

    def _atoms(
        self, whole: Float[np.ndarray, "atoms 3"]
    ) -> tuple[
        Int[np.ndarray, "kept"],
        Float[np.ndarray, "kept 3"],
        Int[np.ndarray, "bonds 2"],
        dict[int, int],
    ]:
        kept = self.heavy + self.hydrogens
        place = {a: i for i, a in enumerate(kept)}
        bonds = sorted(
            (
                min(place[b.GetBeginAtomIdx()], place[b.GetEndAtomIdx()]),
                max(place[b.GetBeginAtomIdx()], place[b.GetEndAtomIdx()]),
            )
            for b in self.mol.GetBonds()
            if b.GetBeginAtomIdx() in place and b.GetEndAtomIdx() in place
        )
        numbers = np.array([self.mol.GetAtomWithIdx(a).GetAtomicNum() for a in kept])
        pairs = np.array(bonds, dtype=np.int64).reshape(-1, 2)
        return numbers.astype(np.int64), whole[kept], pairs, place


def _cis_oxalates(groups: list[Group], positions: Float[np.ndarray, "atoms 3"]) -> list[Group]:
    """The groups, the two chelates of an oxalate taken between oxygen atoms on the same side."""
    found = list(groups)
    places = [i for i, g in enumerate(groups) if g.kind == "oxalate"]
    for i, j in zip(places[::2], places[1::2], strict=True):
        (a, b), (c, d) = groups[i].atoms, groups[j].atoms
        near = np.linalg.norm(positions[a] - positions[b])
        if np.linalg.norm(positions[a] - positions[d]) < near:
            found[i] = replace(groups[i], atoms=(a, d))
            found[j] = replace(groups[j], atoms=(c, b))
    return found


def _acid_hydrogens(mol: Chem.Mol, groups: list[Group]) -> set[int]:
    """Hydrogen atoms that a molecule loses when its groups are bound."""
    lost: set[int] = set()
    for group in groups:
        one_each = group.kind in ("diamine",)
        if group.kind in _NEUTRAL or group.kind in ACIDS:
            continue
        for a in group.atoms:
            mine = [
                n.GetIdx() for n in mol.GetAtomWithIdx(a).GetNeighbors() if n.GetAtomicNum() == 1
            ]
            if group.kind == "boronic acid":
                continue
            lost |= set(mine[:1] if one_each else mine)
    return lost


def _charge(mol: Chem.Mol, groups: list[Group]) -> int:
    """Charge of the block, acids counted as the node's."""
    total = Chem.GetFormalCharge(mol)
    for group in groups:
        if group.kind in ("catecholate", "diamine"):
            total -= len(_acid_hydrogens(mol, [group]))
        elif group.kind == "porphyrin":
            total -= 2
        elif group.kind == "oxalate":
            total -= 1
        else:
            total += CHARGES.get(group.kind, 0)
    return total


def _name(groups: list[Group]) -> str:
    """Groups with their counts, such as ``2 carboxylate``."""
    kinds = [g.kind for g in groups]
    return " + ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))


def _framed(
    *,
    numbers: Int[np.ndarray, "atoms"],
    positions: Float[np.ndarray, "atoms 3"],
    bonds: Int[np.ndarray, "bonds 2"],
    ports: list[tuple[int, np.ndarray]],
    smiles: str,
    charge: int,
    name: str,
) -> Block:
    """The block about the centre of its ports, the longest axis along x, the flat side along z."""
    atoms = np.array([a for a, _ in ports], dtype=np.int64)
    vectors = np.array([v for _, v in ports]).reshape(-1, 3)
    tips = positions[atoms] + vectors
    centre = tips.mean(axis=0) if len(tips) > 1 else positions.mean(axis=0)
    heavy = positions[numbers > 1]
    spread = np.concatenate([(tips - centre) * 3.0, heavy - centre])
    _, _, axes = np.linalg.svd(spread, full_matrices=True)
    if np.linalg.det(axes) < 0:
        axes[2] *= -1
    kind: Literal["linker", "cap"] = "linker" if len(np.unique(atoms)) > 1 else "cap"
    return Block(
        kind=kind,
        numbers=numbers.astype(np.int64),
        positions=(positions - centre) @ axes.T,
        bonds=np.sort(bonds, axis=1).astype(np.int64),
        port_atoms=atoms,
        port_vectors=vectors @ axes.T,
        charge=charge,
        smiles=smiles,
        name=name,
    )
