"""What must hold of a linker however its atoms are written, numbered, turned or named."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.linkers.molecule import canonical_smiles
from porescope.reticular.linkers.sites import linker_sites
from porescope.reticular.linkers.to_smiles import smiles_of_fragment

_LINKERS = [
    "OC(=O)c1cc(O)c(cc1O)C(=O)O",
    "c1n[nH]cc1-c1ccc(cc1)-c1cn[nH]c1",
    "Nc1ncnc2[nH]cnc12",
    "OC1=C(Cl)C(=O)C(O)=C(Cl)C1=O",
    "c1c2[nH]nnc2cc2[nH]nnc12",
    "C1=CC2=CC3=CC=C(N3)C=C3C=CC(=N3)C=C3C=CC(=CC1=N2)N3",
    "OC(=O)c1cc(cc(c1)C(=O)O)[N+](=O)[O-]",
    "CC(=O)C=C(C)O",
]


@settings(max_examples=40)
@given(smiles=st.sampled_from(_LINKERS), seed=st.integers(0, 2**16))
def test_the_smiles_does_not_know_how_it_was_written(smiles: str, seed: int) -> None:
    mol = Chem.MolFromSmiles(smiles)
    order = np.random.default_rng(seed).permutation(mol.GetNumAtoms()).tolist()
    other = Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False)
    assert canonical_smiles(other) == canonical_smiles(smiles)
    assert canonical_smiles(canonical_smiles(smiles)) == canonical_smiles(smiles)


def test_tautomers_of_azoles_are_one_linker() -> None:
    assert canonical_smiles("c1cn[nH]n1") == canonical_smiles("c1c[nH]nn1")
    assert canonical_smiles("Cc1nn[nH]n1") == canonical_smiles("Cc1nnn[nH]1")
    assert canonical_smiles("c1c2[nH]nnc2cc2[nH]nnc12") == canonical_smiles(
        "c1c2nn[nH]c2cc2[nH]nnc12"
    )


@settings(max_examples=25)
@given(
    smiles=st.sampled_from(_LINKERS),
    seed=st.integers(0, 2**16),
    noise=st.floats(0.0, 0.02),
)
def test_a_piece_does_not_know_its_pose_and_numbering(smiles: str, seed: int, noise: float) -> None:
    generator = np.random.default_rng(seed)
    block = linkers_from_smiles(smiles, n_conformers=1)[0]
    sites = linker_sites(block)
    removed = [(s.atom, "CO2") for s in sites if s.kind == "carboxylate"]
    attached = np.zeros(block.n_atoms, dtype=bool)
    attached[[s.atom for s in sites if s.kind != "carboxylate"]] = True
    order = generator.permutation(block.n_atoms)
    place = np.argsort(order)
    turn, _ = np.linalg.qr(generator.normal(size=(3, 3)))
    positions = block.positions @ turn + generator.normal(scale=5.0, size=3)
    positions = positions + generator.normal(scale=max(noise, 1e-9), size=positions.shape)
    found = smiles_of_fragment(
        block.numbers[order],
        positions[order],
        place[block.bonds],
        attached=attached[order],
        removed=[(int(place[a]), kind) for a, kind in removed],
    )
    assert found.smiles == block.smiles
    assert found.charge_as_cut == block.charge
