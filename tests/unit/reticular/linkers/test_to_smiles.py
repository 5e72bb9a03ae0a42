"""Organic pieces become the SMILES of the molecules they were."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from porescope.errors import ConfigError
from porescope.reticular.linkers.groups import metal_groups
from porescope.reticular.linkers.molecule import canonical_smiles
from porescope.reticular.linkers.to_smiles import smiles_of_fragment

with (Path(__file__).parent / "named_linkers.csv").open(encoding="utf-8") as _file:
    LINKERS = [(r["name"], r["smiles"], r["charge"]) for r in csv.DictReader(_file)]


@cache
def _in_space(smiles: str) -> tuple[Chem.Mol, np.ndarray, np.ndarray, np.ndarray]:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    settings = rdDistGeom.ETKDGv3()
    settings.randomSeed = 7
    if rdDistGeom.EmbedMolecule(mol, settings) < 0:
        settings.useRandomCoords = True
        assert rdDistGeom.EmbedMolecule(mol, settings) == 0
    numbers = np.array([a.GetAtomicNum() for a in mol.GetAtoms()])
    bonds = np.array([[b.GetBeginAtomIdx(), b.GetEndAtomIdx()] for b in mol.GetBonds()])
    return mol, numbers, mol.GetConformer().GetPositions(), bonds.reshape(-1, 2)


def _acid_hydrogens(smiles: str, mol: Chem.Mol) -> tuple[set[int], set[int]]:
    """Hydrogen atoms that metals replace, and the donor atoms."""
    lost: set[int] = set()
    donors: set[int] = set()
    for group in metal_groups(Chem.MolFromSmiles(smiles)):
        if group.kind == "donor":
            continue
        ends = group.removed[1:] if group.removed else group.atoms
        donors |= set(ends)
        if group.kind in ("amine", "diamine"):
            continue
        for atom in ends:
            near = mol.GetAtomWithIdx(atom).GetNeighbors()
            lost |= {n.GetIdx() for n in near if n.GetAtomicNum() == 1}
    return lost, donors


def _without(
    atoms: set[int], numbers: np.ndarray, positions: np.ndarray, bonds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    kept = np.array([i for i in range(len(numbers)) if i not in atoms])
    place = np.full(len(numbers), -1)
    place[kept] = np.arange(len(kept))
    pairs = place[bonds]
    return numbers[kept], positions[kept], pairs[(pairs >= 0).all(axis=1)], kept


def test_the_list_is_long_and_has_no_linker_twice() -> None:
    known = {canonical_smiles(smiles) for _, smiles, _ in LINKERS}
    assert len(known) == len(LINKERS) >= 150


@pytest.mark.parametrize(("name", "smiles", "charge"), LINKERS, ids=[r[0] for r in LINKERS])
def test_a_bound_linker_is_the_linker_that_went_in(name: str, smiles: str, charge: str) -> None:
    mol, numbers, positions, bonds = _in_space(smiles)
    lost, donors = _acid_hydrogens(smiles, mol)
    z, places, pairs, kept = _without(lost, numbers, positions, bonds)
    attached = np.isin(kept, list(donors))
    found = smiles_of_fragment(z, places, pairs, attached=attached)
    assert found.smiles == canonical_smiles(smiles)
    assert found.problem == ""
    if charge:
        assert found.charge == int(charge)


def test_files_without_hydrogen_give_the_same_linkers() -> None:
    # Aliphatic and N-H hydrogen cannot be told from geometry in each case; most must be.
    missed = []
    for name, smiles, _ in LINKERS:
        mol, numbers, positions, bonds = _in_space(smiles)
        _, donors = _acid_hydrogens(smiles, mol)
        z, places, pairs, kept = _without(
            set(np.flatnonzero(numbers == 1).tolist()), numbers, positions, bonds
        )
        found = smiles_of_fragment(z, places, pairs, attached=np.isin(kept, list(donors)))
        if found.smiles != canonical_smiles(smiles):
            missed.append((name, found.smiles))
    assert len(missed) <= 0.1 * len(LINKERS), missed


def test_groups_that_stayed_with_the_node_are_put_back() -> None:
    ring = 1.40 * np.array([[np.cos(a), np.sin(a), 0.0] for a in np.arange(6) * np.pi / 3.0])
    numbers = np.array([6] * 6 + [1] * 4)
    positions = np.concatenate([ring, ring[[1, 2, 4, 5]] * 2.48 / 1.40])
    bonds = np.array(
        [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 0], [1, 6], [2, 7], [4, 8], [5, 9]]
    )
    none = np.zeros(10, dtype=bool)
    found = smiles_of_fragment(
        numbers, positions, bonds, attached=none, removed=[(0, "CO2"), (3, "PO3")]
    )
    assert found.smiles == canonical_smiles("OC(=O)c1ccc(cc1)P(=O)(O)O")
    assert (found.charge, found.charge_as_cut) == (-3, 0)
    kept = smiles_of_fragment(
        numbers, positions, bonds, attached=none, removed=[(0, "SO3"), (3, "PO3H")]
    )
    assert kept.charge == -2


def test_a_disordered_piece_is_named() -> None:
    corners = 1.5 * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1.0]])
    numbers = np.full(6, 6)
    bonds = np.array([[0, i] for i in range(1, 6)])
    found = smiles_of_fragment(
        numbers,
        np.concatenate([np.zeros((1, 3)), corners]),
        bonds,
        attached=np.zeros(6, dtype=bool),
    )
    assert "5 neighbours" in found.problem


def test_removed_groups_need_a_known_name() -> None:
    with pytest.raises(ConfigError, match="CO2, CS2"):
        smiles_of_fragment(
            np.array([6]),
            np.zeros((1, 3)),
            np.zeros((0, 2), dtype=np.int64),
            attached=np.array([False]),
            removed=[(0, "NO2")],
        )
