"""Sites and torsions of linkers."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.linkers.sites import linker_sites, torsions_of_block, turned


@pytest.mark.parametrize(
    ("smiles", "kinds", "n_groups"),
    [
        ("OC(=O)c1ccc(cc1)C(=O)O", ["carboxylate"] * 2, 2),
        ("OP(=O)(O)c1ccc(cc1)P(=O)(O)O", ["phosphonate"] * 2, 2),
        ("OS(=O)(=O)c1ccc(cc1)S(=O)(=O)O", ["sulfonate"] * 2, 2),
        ("n1ccc(cc1)-c1ccncc1", ["pyridyl"] * 2, 2),
        ("c1nc[nH]n1", ["azolate"] * 3, 1),
        ("N#Cc1ccc(C#N)cc1", ["nitrile"] * 2, 2),
        ("OC1=C(Cl)C(=O)C(O)=C(Cl)C1=O", ["oxygen"] * 4, 2),
        ("C1CN2CCN1CC2", ["amine"] * 2, 2),
    ],
)
def test_sites_know_their_kind(smiles: str, kinds: list[str], n_groups: int) -> None:
    sites = linker_sites(linkers_from_smiles(smiles)[0])
    assert [s.kind for s in sites] == kinds
    assert len({s.group for s in sites}) == n_groups


@pytest.mark.parametrize(
    ("smiles", "count"),
    [
        ("OC(=O)c1ccc(cc1)C(=O)O", 0),
        ("OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O", 1),
        ("OC(=O)c1ccc(cc1)C#Cc1ccc(cc1)C(=O)O", 1),
        ("OC(=O)c1ccc(cc1)N=Nc1ccc(cc1)C(=O)O", 2),
        ("OC(=O)CCC(=O)O", 1),
        ("OC(=O)c1ccc2cc(ccc2c1)C(=O)O", 0),
    ],
)
def test_bonds_that_turn_are_counted(smiles: str, count: int) -> None:
    assert len(torsions_of_block(linkers_from_smiles(smiles)[0])) == count


def test_turning_keeps_bonds_and_moves_the_rest() -> None:
    block = linkers_from_smiles("OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O")[0]
    (torsion,) = torsions_of_block(block)
    new = turned(block, torsion, angle=0.7)
    lengths = [
        np.linalg.norm(b.positions[b.bonds[:, 1]] - b.positions[b.bonds[:, 0]], axis=1)
        for b in (block, new)
    ]
    np.testing.assert_allclose(lengths[1], lengths[0], atol=1e-12)
    assert np.abs(new.positions - block.positions).max() > 0.5
    back = turned(new, torsion, angle=-0.7)
    np.testing.assert_allclose(back.positions, block.positions, atol=1e-12)
    np.testing.assert_allclose(back.port_vectors, block.port_vectors, atol=1e-12)
