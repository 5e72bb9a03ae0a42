"""How alike linkers are."""

from __future__ import annotations

import pytest

from porescope.reticular.linkers.likeness import heavy_atoms, likeness

BDC, BPDC, ADIPIC = (
    "O=C(O)c1ccc(C(=O)O)cc1",
    "O=C(O)c1ccc(-c2ccc(C(=O)O)cc2)cc1",
    "O=C(O)CCCCC(=O)O",
)


def test_equal_molecules_are_fully_alike_in_any_spelling() -> None:
    assert likeness(BDC, "OC(=O)c1ccc(cc1)C(O)=O") == 1.0
    assert likeness(BDC, BPDC) == likeness(BPDC, BDC)
    assert 1.0 > likeness(BDC, BPDC) > likeness(BDC, ADIPIC) > 0.0


def test_text_that_is_no_molecule_is_like_nothing() -> None:
    assert likeness("C1(", BDC) == 0.0
    assert heavy_atoms("C1(") == 0


@pytest.mark.parametrize(("smiles", "n"), [(BDC, 12), (BPDC, 18), (ADIPIC, 10)])
def test_atoms_without_hydrogen(smiles: str, n: int) -> None:
    assert heavy_atoms(smiles) == n
