"""Features of metals and of linkers' atoms."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from rdkit import Chem

from porescope.datasets.retrieval_contents import graph_of_smiles
from porescope.models.retrieval_xrd2mof.features import (
    ATOM_FEATURES,
    atom_features,
    metal_table,
    ring_bonds,
)

LINKERS = (
    "O=C(O)c1ccc(C(=O)O)cc1",
    "Cc1ncc[nH]1",
    "c1cc(-c2ccncc2)ccn1",
    "O=C(O)c1cc(C(=O)O)cc([N+](=O)[O-])c1",
    "N#CC(=C(C#N)C#N)C#N",
    "OCC(O)CS",
    "O=C(O)C12CCC(C(=O)O)(CC1)CC2",
    "Oc1cc(F)c(Cl)cc1Br",
)


def _features(smiles: str) -> np.ndarray:
    graph = graph_of_smiles(smiles)
    assert graph is not None
    return atom_features(graph.numbers, graph.bonds, graph.orders)


@pytest.mark.parametrize("smiles", LINKERS)
def test_bond_orders_tell_what_rdkit_tells(smiles: str) -> None:
    made = _features(smiles)
    kinds = {"SP": 1, "SP2": 2, "SP3": 3}
    molecule = Chem.MolFromSmiles(smiles)
    assert made.shape == (molecule.GetNumAtoms(), ATOM_FEATURES)
    for row, atom in zip(made, molecule.GetAtoms(), strict=True):
        assert row[0] == atom.GetAtomicNum()
        assert row[1:7].argmax() == atom.GetDegree()
        assert row[7:15].argmax() == atom.GetFormalCharge() + 3
        assert row[15:22].argmax() == kinds[str(atom.GetHybridization())]
        assert row[22:24].tolist() == [atom.IsInRing(), atom.GetIsAromatic()]
        assert row[24] == pytest.approx((atom.GetMass() - 10.812) / 116.092, abs=1e-3)
        if not (atom.GetAtomicNum() == 7 and atom.GetIsAromatic()):
            # Whether an aromatic nitrogen carries the hydrogen cannot be told from bond orders.
            assert row[31:].argmax() == atom.GetTotalNumHs()
    blocks = np.split(made, [1, 7, 15, 22, 27, 31], axis=1)
    for one_of in (blocks[1], blocks[2], blocks[3], blocks[5], blocks[6]):
        assert (one_of.sum(axis=1) == 1.0).all()


def test_no_atoms_have_no_features() -> None:
    none = np.zeros((0, 2), dtype=np.int64)
    assert atom_features(none[:, 0], none, np.zeros(0, dtype=np.float32)).shape == (0, 37)


def test_bridges_are_in_no_ring() -> None:
    bonds = np.array([[0, 1], [1, 2], [0, 2], [2, 3], [3, 4], [4, 5], [3, 5], [6, 7]])
    assert ring_bonds(bonds, 8).tolist() == [True, True, True, False, True, True, True, False]


def test_metals_are_told_apart_and_others_are_zero() -> None:
    table = metal_table()
    assert table.shape == (101, 65)
    lengths = np.linalg.norm(table, axis=1)
    known = lengths > 0.0
    np.testing.assert_allclose(lengths[known], 1.0, rtol=1e-5)
    assert known[[29, 30, 40, 51, 84]].all()
    assert not known[[0, 1, 6, 8, 14]].any()
    alike = table[known] @ table[known].T - np.eye(known.sum())
    assert alike.max() < 1.0 - 1e-6


def test_zinc_as_the_released_code_describes_it() -> None:
    # share, (30 - 3)/41, (65.409 - 6.941)/209, 1.65, 4/6, 12/14, flags, oxidation states 1 and 2
    zinc = [1.0, 27 / 41, 58.468 / 209, 1.65, 4 / 6, 12 / 14, 1, 1, 0, 0, 1, 2]
    expected = np.array(zinc) / np.linalg.norm(zinc)
    np.testing.assert_allclose(metal_table()[30, :12], expected, rtol=1e-5)
    assert not metal_table()[30, 12:].any()
