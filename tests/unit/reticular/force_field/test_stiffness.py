"""The model of the second derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from force_field_crystals import crystal, zinc_imidazolate, zinc_imidazolate_bonds
from porescope.reticular.force_field.energy import energies_of, pair_list
from porescope.reticular.force_field.stiffness import block_stiffness, model_stiffness
from porescope.reticular.force_field.terms import force_field_of


def test_it_is_positive_and_its_blocks_are_its_diagonal() -> None:
    start = zinc_imidazolate()
    field = force_field_of(start, zinc_imidazolate_bonds())
    pairs = pair_list(field, cart=start.cart, lattice=start.lattice)
    where = {"cart": start.cart, "lattice": start.lattice, "pairs": pairs}
    model, blocks = model_stiffness(field, **where), block_stiffness(field, **where)
    assert np.allclose(model, model.T)
    assert np.linalg.eigvalsh(model).min() > 0.0
    for k, block in enumerate(blocks):
        assert np.allclose(block, model[3 * k : 3 * k + 3, 3 * k : 3 * k + 3])


def test_along_a_bond_at_rest_it_is_the_curvature_of_the_energy() -> None:
    box = 30.0 * np.eye(3)
    bonds = np.array([[0, 1, 0, 0, 0]], dtype=np.int64)
    start = crystal([6, 6], [[5.0, 5.0, 5.0], [6.3, 5.0, 5.0]], box)
    field = force_field_of(start, bonds)
    length, stiffness = field.bond_values[0]
    cart = np.array([[5.0, 5.0, 5.0], [5.0 + length, 5.0, 5.0]])
    pairs = pair_list(field, cart=cart, lattice=box)
    model = model_stiffness(field, cart=cart, lattice=box, pairs=pairs)
    assert model[3, 3] == pytest.approx(stiffness, abs=0.2)
    assert model[0, 3] == pytest.approx(-stiffness, abs=1e-6)
    step = np.zeros((2, 3))
    step[1, 0] = 1e-3
    values = [energies_of(field, cart=cart + k * step, lattice=box).total for k in (-1, 0, 1)]
    assert (values[0] - 2.0 * values[1] + values[2]) / 1e-6 == pytest.approx(stiffness, rel=1e-4)
