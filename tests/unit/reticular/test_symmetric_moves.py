"""Movements that keep a space group."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.crystal.symmetry import find_symmetry
from porescope.errors import ConfigError
from porescope.reticular.symmetric_moves import SymmetricMoves


def trigonal() -> Crystal:
    return crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(7.0, 7.0, 9.0, 90.0, 90.0, 120.0),
        frac=np.array([[0.13, 0.27, 0.31], [0.0, 0.0, 0.21]]),
        numbers=np.array([8, 14]),
        space_group=space_group_from_symbol("P -3 m 1"),
    )


def test_a_projected_movement_keeps_the_group_and_projecting_twice_changes_nothing() -> None:
    start = trigonal()
    moves = SymmetricMoves.of(start)
    rng = np.random.default_rng(0)
    gradient, virial = rng.normal(size=(start.n_atoms, 3)), rng.normal(size=(3, 3))
    virial = virial + virial.T
    once = moves.projected(gradient, virial, lattice=start.lattice)
    twice = moves.projected(*once, lattice=start.lattice)
    assert np.allclose(once[0], twice[0])
    assert np.allclose(once[1], twice[1])
    assert np.abs(once[0]).max() > 0.05
    strain = np.eye(3) + 0.01 * once[1]
    cart = (start.cart + 0.05 * once[0]) @ strain
    moved = replace(start, lattice=start.lattice @ strain)
    moved = replace(moved, frac=cart @ np.linalg.inv(moved.lattice)).without_symmetry()
    assert find_symmetry(moved, symprec=1e-5).space_group.number == 164
    free = (start.cart + 0.05 * gradient) @ np.linalg.inv(start.lattice)
    broken = replace(start, frac=free).without_symmetry()
    assert find_symmetry(broken, symprec=1e-3).space_group.number == 1


def test_a_group_that_does_not_fit_is_refused() -> None:
    start = trigonal()
    with pytest.raises(ConfigError, match="does not map the atoms"):
        SymmetricMoves.of(replace(start, space_group=space_group_from_symbol("P 4/m m m")))
