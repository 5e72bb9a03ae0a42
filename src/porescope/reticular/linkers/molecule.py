"""A molecule as a graph with hydrogen counts, and the one SMILES that stands for it.

Mobile hydrogen atoms, as of triazoles and porphyrins, are put where a canonical numbering of the
skeleton says, and the Kekulé structure is chosen by the same numbering: two ways of writing one
linker give one SMILES. Stereochemistry is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, islice, product

import numpy as np
from jaxtyping import Int
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from porescope.errors import ParseError
from porescope.reticular.linkers.bond_orders import AtomState, assigned
from porescope.reticular.linkers.macrocycles import neighbours, opposite_pair, porphyrin_fours

CARBON, NITROGEN, OXYGEN, SULFUR = 6, 7, 8, 16
_ORDERS = {0: Chem.BondType.SINGLE, 1: Chem.BondType.DOUBLE, 2: Chem.BondType.TRIPLE}
_SAME_ACID = {"N#CN=C=N": "N#CNC#N", "N#CC(C#N)=C=N": "N#CC(C#N)C#N"}
"""Protonated at an end or in the middle: dicyanamide and tricyanomethanide."""
_MOST_TRIED = 256
"""Places of mobile hydrogen atoms that are tried before the given ones stay."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Molecule:
    """Heavy atoms, the hydrogen atoms on each, and the electrons each has in multiple bonds."""

    numbers: Int[np.ndarray, "atoms"]
    """Atomic numbers."""
    bonds: Int[np.ndarray, "bonds 2"]
    """Bonded pairs of heavy atoms."""
    hydrogens: Int[np.ndarray, "atoms"]
    """Hydrogen atoms on each."""
    charges: Int[np.ndarray, "atoms"]
    """Formal charges [e]."""
    free: Int[np.ndarray, "atoms"]
    """Bond order beyond single bonds at each atom."""

    @property
    def n_atoms(self) -> int:
        """Number of heavy atoms."""
        return len(self.numbers)


def molecule_of_smiles(smiles: str) -> Molecule:
    """The graph of a SMILES.

    Parameters
    ----------
    smiles:
        Any valid SMILES of one molecule.

    Raises
    ------
    ParseError
        Where RDKit cannot read it.
    """
    mol = parsed(smiles)
    Chem.Kekulize(mol, clearAromaticFlags=True)
    kept = [a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() != 1 or not a.GetDegree()]
    place = {atom: i for i, atom in enumerate(kept)}
    bonds = [
        (place[b.GetBeginAtomIdx()], place[b.GetEndAtomIdx()], round(b.GetBondTypeAsDouble()) - 1)
        for b in mol.GetBonds()
        if b.GetBeginAtomIdx() in place and b.GetEndAtomIdx() in place
    ]
    free = np.zeros(len(kept), dtype=np.int64)
    for i, j, order in bonds:
        free[[i, j]] += max(order, 0)
    atoms = [mol.GetAtomWithIdx(i) for i in kept]
    return Molecule(
        numbers=np.array([a.GetAtomicNum() for a in atoms], dtype=np.int64),
        bonds=np.array([b[:2] for b in bonds], dtype=np.int64).reshape(-1, 2),
        hydrogens=np.array([a.GetTotalNumHs(includeNeighbors=True) for a in atoms]).astype(int),
        charges=np.array([a.GetFormalCharge() for a in atoms], dtype=np.int64),
        free=free,
    )


def parsed(smiles: str) -> Chem.Mol:
    """A SMILES as RDKit reads it.

    Parameters
    ----------
    smiles:
        Text.

    Raises
    ------
    ParseError
        Where it is none; the sentence carries RDKit's reason.
    """
    with BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        reason = ""
        if mol is None:
            raw = Chem.MolFromSmiles(smiles, sanitize=False)
            if raw is not None:
                reason = "; ".join(p.Message() for p in Chem.DetectChemistryProblems(raw))
    if mol is None or not mol.GetNumAtoms():
        reason = reason or "brackets, ring numbers or element symbols do not match"
        raise ParseError(
            f"expected the SMILES of a linker such as 'OC(=O)c1ccc(cc1)C(=O)O', got {smiles!r}: "
            f"{reason}; draw the molecule anew or copy its SMILES from a database"
        )
    return mol


@lru_cache(maxsize=4096)
def canonical_smiles(smiles: str) -> str:
    """The one SMILES of this package for a molecule, however it was written.

    Parameters
    ----------
    smiles:
        Any valid SMILES.

    Raises
    ------
    ParseError
        Where RDKit cannot read it.
    """
    return smiles_of_molecule(molecule_of_smiles(smiles))


def smiles_of_molecule(molecule: Molecule) -> str:
    """The one SMILES of a molecule.

    Parameters
    ----------
    molecule:
        Graph with hydrogen counts; valences that RDKit does not know, as in boron clusters, are
        written as they are.
    """
    if molecule.n_atoms == 3:
        named = _pseudohalide(molecule)
        if named:
            return named
    raw = _mol(molecule, extra=np.zeros(len(molecule.bonds), dtype=np.int64), sanitise=False)
    Chem.FastFindRings(raw)
    rings = [tuple(r) for r in Chem.GetSymmSSSR(raw)]
    groups = _mobile_groups(molecule, rings)
    loose = _equivalent_ends(molecule, taken={a for g in groups for a in g})
    ranks = _ranks(molecule, mobile=[a for g in (*groups, *loose) for a in g])
    in_ring = np.array([raw.GetBondWithIdx(i).IsInRing() for i in range(raw.GetNumBonds())])
    best: tuple[int, str] | None = None
    for moved in _with_ends_moved(molecule, loose):
        mol = _kekulized(moved, groups=groups, ranks=ranks, in_ring=in_ring.astype(bool))
        if mol is None:
            continue
        found = (_neighbouring_carbonyls(mol), Chem.MolToSmiles(mol))
        best = found if best is None or found < best else best
    if best is None:
        return Chem.MolToSmiles(raw)
    return _SAME_ACID.get(best[1], best[1])


def _mobile_groups(molecule: Molecule, rings: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Nitrogen atoms that share mobile hydrogen: of each azole ring, and of porphyrins."""
    degree = np.bincount(molecule.bonds.ravel(), minlength=molecule.n_atoms)
    bare = (molecule.numbers == NITROGEN) & (degree == 2) & (molecule.charges == 0)
    found: list[tuple[int, ...]] = []
    lone: list[int] = []
    for ring in rings:
        if len(ring) != 5:
            continue
        mine = tuple(sorted(a for a in ring if bare[a]))
        others_flat = all(molecule.free[a] == 1 for a in ring if a not in mine)
        with_h = sum(int(molecule.hydrogens[a]) for a in mine)
        if len(mine) > 1 and others_flat and with_h == 1:
            found.append(mine)
        elif len(mine) == 1:
            lone += mine
    taken = [a for group in found for a in group]
    if len(set(taken)) < len(taken):
        found = []
    if len(lone) >= 4:
        fours = porphyrin_fours(lone, neighbours(molecule.n_atoms, molecule.bonds))
        found += [g for g in fours if sum(int(molecule.hydrogens[a]) for a in g) == 2]
    return found


def _equivalent_ends(molecule: Molecule, *, taken: set[int]) -> list[tuple[int, ...]]:
    """Sets of equal O, S or N ends of which some bear hydrogen and others a double bond."""
    degree = np.bincount(molecule.bonds.ravel(), minlength=molecule.n_atoms)
    ends = [
        i
        for i in range(molecule.n_atoms)
        if molecule.numbers[i] in (NITROGEN, OXYGEN, SULFUR)
        and molecule.charges[i] == 0
        and i not in taken
        and molecule.free[i] + molecule.hydrogens[i] + degree[i]
        == (3 if molecule.numbers[i] == NITROGEN else 2)
        and molecule.free[i] <= 1
    ]
    classes = _ranks(molecule, mobile=ends, break_ties=False)
    groups: dict[int, list[int]] = {}
    for i in ends:
        groups.setdefault(int(classes[i]), []).append(i)
    mixed = [tuple(g) for g in groups.values() if len({int(molecule.free[i]) for i in g}) > 1]
    return [g for g in mixed if len(g) > 1 and not _is_acid(molecule, g)]


def _is_acid(molecule: Molecule, group: tuple[int, ...]) -> bool:
    """Whether the ends stand in pairs or threes on one atom, so that every choice is the same."""
    hosts: dict[int, list[int]] = {}
    for i, j in molecule.bonds.tolist():
        for end, host in ((i, j), (j, i)):
            if end in group:
                hosts.setdefault(host, []).append(int(molecule.free[end]))
    return all(len(f) > 1 and 0 < sum(f) < len(f) for f in hosts.values())


def _with_ends_moved(molecule: Molecule, loose: list[tuple[int, ...]]) -> list[Molecule]:
    """The molecule with every distribution of hydrogen over equal ends."""
    choices = [
        list(combinations(group, sum(int(molecule.free[i]) for i in group))) for group in loose
    ]
    moved = []
    for choice in islice(product(*choices), _MOST_TRIED):
        free, hydrogens = molecule.free.copy(), molecule.hydrogens.copy()
        for group, double in zip(loose, choice, strict=True):
            for i in group:
                now = int(i in double)
                hydrogens[i] += free[i] - now
                free[i] = now
        moved.append(replace(molecule, free=free, hydrogens=hydrogens))
    return moved


def _ranks(
    molecule: Molecule, *, mobile: list[int], break_ties: bool = True
) -> Int[np.ndarray, "atoms"]:
    """Canonical numbers of the atoms of the skeleton, mobile hydrogen left out."""
    mol = _mol(molecule, extra=np.zeros(len(molecule.bonds), dtype=np.int64), sanitise=False)
    still = np.ones(molecule.n_atoms, dtype=bool)
    still[mobile] = False
    for i, atom in enumerate(mol.GetAtoms()):
        atom.SetNumExplicitHs(int(molecule.hydrogens[i]) if still[i] else 0)
        atom.SetIsotope(int(molecule.free[i]) + 1 if still[i] else 0)
    mol.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(mol)
    return np.array(Chem.CanonicalRankAtoms(mol, breakTies=break_ties), dtype=np.int64)


def _kekulized(
    molecule: Molecule,
    *,
    groups: list[tuple[int, ...]],
    ranks: Int[np.ndarray, "atoms"],
    in_ring: np.ndarray,
) -> Chem.Mol | None:
    """The RDKit molecule with mobile hydrogen and double bonds where the numbering says."""
    places = [_places(molecule, group, ranks) for group in groups]
    low = ranks[molecule.bonds].min(axis=1)
    high = ranks[molecule.bonds].max(axis=1)
    weights = np.sin(12.9898 * low + 78.233 * high) * 1e-2 + 0.1 * ~in_ring
    costs = np.stack([weights, weights - 0.3], axis=1)
    for choice in islice(product(*places), _MOST_TRIED):
        free, hydrogens = molecule.free.copy(), molecule.hydrogens.copy()
        for group, chosen in zip(groups, choice, strict=True):
            free[list(group)], hydrogens[list(group)] = 1, 0
            free[list(chosen)], hydrogens[list(chosen)] = 0, 1
        orders = assigned([[AtomState(int(f))] for f in free], bonds=molecule.bonds, costs=costs)
        if orders is not None:
            moved = replace(molecule, free=free, hydrogens=hydrogens)
            return _mol(moved, extra=orders.extra, sanitise=True)
    return None


def _places(
    molecule: Molecule, group: tuple[int, ...], ranks: Int[np.ndarray, "atoms"]
) -> list[tuple[int, ...]]:
    """Atoms of a group that may bear its hydrogen, the preferred ones first."""
    n_hydrogens = sum(int(molecule.hydrogens[i]) for i in group)
    ordered = sorted(group, key=lambda i: int(ranks[i]))
    if n_hydrogens == 1:
        return [(i,) for i in ordered]
    near = neighbours(molecule.n_atoms, molecule.bonds)
    across = []
    for i in ordered:
        pair = sorted(opposite_pair((i, *(j for j in ordered if j != i)), near), key=ordered.index)
        across += [(pair[0], pair[1])]
    return list(dict.fromkeys(across)) + [p for p in combinations(ordered, 2) if p not in across]


def _pseudohalide(molecule: Molecule) -> str:
    """Thiocyanic acid and its kin, which have two forms, in the one form that is kept."""
    degree = np.bincount(molecule.bonds.ravel(), minlength=3)
    middle = int(np.argmax(degree))
    ends = sorted(int(z) for z in np.delete(molecule.numbers, middle))
    if molecule.numbers[middle] != CARBON or degree[middle] != 2 or molecule.charges.any():
        return ""
    return {(7, 8): "N#CO", (7, 16): "N#CS", (7, 34): "N#C[SeH]"}.get((ends[0], ends[1]), "")


def _neighbouring_carbonyls(mol: Chem.Mol) -> int:
    """Bonds between two carbonyl carbon atoms of rings, as ortho-quinones have."""
    pattern = Chem.MolFromSmarts("[OX1]=[#6;R]-[#6;R]=[OX1]")
    return len(mol.GetSubstructMatches(pattern))


def _mol(molecule: Molecule, *, extra: Int[np.ndarray, "bonds"], sanitise: bool) -> Chem.RWMol:
    """The RDKit molecule of given bond orders."""
    mol = Chem.RWMol()
    for number, n_hydrogens, charge in zip(
        molecule.numbers.tolist(),
        molecule.hydrogens.tolist(),
        molecule.charges.tolist(),
        strict=True,
    ):
        atom = Chem.Atom(number)
        atom.SetNumExplicitHs(n_hydrogens)
        atom.SetFormalCharge(charge)
        atom.SetNoImplicit(True)
        mol.AddAtom(atom)
    for (i, j), order in zip(molecule.bonds.tolist(), extra.tolist(), strict=True):
        mol.AddBond(i, j, _ORDERS[order])
    if sanitise:
        with BlockLogs():
            flags = Chem.SanitizeFlags.SANITIZE_ALL
            if Chem.SanitizeMol(mol, flags, catchErrors=True):
                mol.UpdatePropertyCache(strict=False)
                flags ^= Chem.SanitizeFlags.SANITIZE_PROPERTIES
                Chem.SanitizeMol(mol, flags, catchErrors=True)
        for atom in mol.GetAtoms():
            atom.SetNoImplicit(False)
            if not atom.GetIsAromatic() and not atom.GetFormalCharge():
                n_hydrogens = atom.GetTotalNumHs()
                atom.SetNumExplicitHs(0)
                atom.UpdatePropertyCache(strict=False)
                if atom.GetTotalNumHs() != n_hydrogens:
                    atom.SetNoImplicit(True)
                    atom.SetNumExplicitHs(n_hydrogens)
                    atom.UpdatePropertyCache(strict=False)
    return mol
