"""Rules by element and bonded neighbours."""

import numpy as np

from porescope.adsorption.site_rules import atom_name, matching_rows
from porescope.crystal.structure import Crystal


def _chain() -> Crystal:
    """Si - O - Al - O - Si in a wide cell."""
    return Crystal(
        lattice=np.eye(3) * 20.0,
        frac=np.array([[0.1, 0, 0], [0.18, 0, 0], [0.26, 0, 0], [0.34, 0, 0], [0.42, 0, 0]]),
        numbers=np.array([14, 8, 13, 8, 14]),
        occupancy=np.ones(5),
        u_iso=np.full(5, np.nan),
        labels=("Si1", "O1", "Al1", "O2", ""),
    )


def test_most_neighbours_win_whatever_the_order() -> None:
    chain = _chain()
    rules = [(8, ()), (8, ("Al",)), (8, ("Al", "Si")), (14, ()), (13, ("O", "O", "O"))]
    assert matching_rows(chain, rules=rules).tolist() == [3, 2, -1, 2, 3]
    assert matching_rows(chain, rules=rules[::-1]).tolist() == [1, 2, -1, 2, 1]
    # Al has two bonds to oxygen, not three.
    assert matching_rows(chain, rules=[(13, ("O", "O"))]).tolist() == [-1, -1, 0, -1, -1]


def test_an_atom_is_named_by_label_element_and_index() -> None:
    assert atom_name(_chain(), 1) == "O1 (O, atom 1)"
    assert atom_name(_chain(), 4) == "Si (atom 4)"
