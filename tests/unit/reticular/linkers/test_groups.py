"""Connecting groups are found, and those that bind together."""

from __future__ import annotations

from collections import Counter

import pytest
from rdkit import Chem

from porescope.reticular.linkers.groups import covalent_groups, metal_groups, variants


@pytest.mark.parametrize(
    ("smiles", "kinds"),
    [
        ("OC(=O)c1ccc(cc1)C(=O)O", {"carboxylate": 2}),
        ("OC(=O)C(=O)O", {"oxalate": 2}),
        ("OC(=O)c1ccncc1", {"carboxylate": 1, "pyridyl": 1}),
        ("n1ccc(cc1)-c1nc(nc(n1)-c1ccncc1)-c1ccncc1", {"pyridyl": 3}),
        ("c1ccnc(c1)-c1ccccn1", {"pyridyl": 1}),
        ("c1nn[nH]n1", {"azolate": 1}),
        ("Oc1cc2c(cc1O)c1cc(O)c(O)cc1c1cc(O)c(O)cc21", {"catecholate": 3}),
        ("OC1=CC(=O)C(O)=CC1=O", {"catecholate": 2}),
        ("OC(C(O)C(=O)O)C(=O)O", {"carboxylate": 2}),
        ("C1CN2CCN1CC2", {"amine": 2}),
        ("CN(C)C=O", {}),
        ("Nc1cc(ccc1C(=O)O)C(=O)O", {"carboxylate": 2}),
    ],
)
def test_groups_that_bind_to_metals(smiles: str, kinds: dict[str, int]) -> None:
    found = Counter(g.kind for g in metal_groups(Chem.MolFromSmiles(smiles)))
    found.pop("donor", None)
    assert found == kinds


@pytest.mark.parametrize(
    ("smiles", "kinds"),
    [
        ("OB(O)c1ccc(cc1)B(O)O", {"boronic acid": 2}),
        ("NNC(=O)c1ccc(cc1)C(=O)NN", {"hydrazide": 2}),
        ("NC(=O)c1ccc(N)cc1", {"primary amine": 1}),
        ("Oc1cc(O)c(O)cc1O", {"diol": 2}),
    ],
)
def test_groups_that_condense(smiles: str, kinds: dict[str, int]) -> None:
    assert Counter(g.kind for g in covalent_groups(Chem.MolFromSmiles(smiles))) == kinds


def test_pyridyl_beside_acids_may_stay_free() -> None:
    groups = metal_groups(Chem.MolFromSmiles("OC(=O)c1ccncc1"))
    assert [len(v) for v in variants(groups)] == [2, 1]


def _names(smiles: str) -> list[tuple[str, ...]]:
    chosen = variants(metal_groups(Chem.MolFromSmiles(smiles)))
    return [tuple(sorted(group.kind for group in choice)) for choice in chosen]


def test_acids_may_keep_their_protons_where_other_donors_bind() -> None:
    found = _names("Nc1cc(C(=O)O)cc(C(=O)O)c1")
    assert found[0] == ("carboxylate", "carboxylate")
    assert found[-2:] == [("carboxylate", "donor")] * 2
    mixed = _names("O=C(O)c1cc(S(=O)(=O)O)c2cc(C(=O)O)cc(S(=O)(=O)O)c2c1")
    assert mixed[-1] == ("sulfonate", "sulfonate")


def test_betaines_drawn_without_charges_are_acids() -> None:
    assert _names("O=C(O)CN1C=CC(=C(O)O)C=C1")[0] == ("carboxylate", "carboxylate")
