"""Charges of nodes and linkers add up."""

from __future__ import annotations

import pytest

from porescope.errors import ConfigError
from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.nodes.charge_balance import (
    charge_balance,
    charge_per_node,
    require_neutral,
)
from porescope.reticular.nodes.library import node_named

BDC = "OC(=O)c1ccc(cc1)C(=O)O"


@pytest.mark.parametrize(
    ("node", "smiles", "charge"),
    [
        ("Zn4O(CO2)6", BDC, 0),
        ("Cu2(CO2)4 paddlewheel", "OC(=O)c1cc(cc(c1)C(=O)O)C(=O)O", 0),
        ("Zn tetrahedron", "Cc1ncc[nH]1", 0),
        ("Zn tetrahedron", "n1ccc(cc1)-c1ccncc1", 2),
        ("Tb6O8(CO2)12", BDC, -2),
        ("In(CO2)4", BDC, -1),
        ("Zn3(CO2)3 rod", "OC(=O)c1cc(O)c(cc1O)C(=O)O", 0),
    ],
)
def test_frameworks_have_the_charge_they_are_known_for(node: str, smiles: str, charge: int) -> None:
    blocks = linkers_from_smiles(smiles)
    linker = blocks[-1] if "rod" in node else blocks[0]
    assert charge_per_node(node_named(node), [linker]) == charge


def test_a_cell_is_summed() -> None:
    node, linker = node_named("Zn tetrahedron"), linkers_from_smiles("Cc1ncc[nH]1")[0]
    assert charge_balance([node, linker], counts=[6, 12]) == 0


def test_charges_that_cannot_balance_are_refused() -> None:
    node, linker = node_named("Zn tetrahedron"), linkers_from_smiles("n1ccc(cc1)-c1ccncc1")[0]
    with pytest.raises(ConfigError, match="positive by 2 per node"):
        require_neutral(node, [linker])
    require_neutral(node, [linker], largest=2)
