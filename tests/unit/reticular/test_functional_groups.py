"""Functional groups on aromatic carbon."""

import numpy as np
import pytest

from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.reticular.block import Block
from porescope.reticular.functional_groups import (
    GROUPS,
    Substitution,
    aromatic_hydrogens,
    equal_places,
    substitutions,
    with_groups,
)


def _phenylene() -> Block:
    """Benzene-1,4-diyl: ports at the first and the fourth carbon."""
    angle = np.deg2rad(60.0) * np.arange(6)
    ring = np.stack([1.39 * np.cos(angle), 1.39 * np.sin(angle), 0.0 * angle], axis=1)
    outer = ring * (1.39 + 1.08) / 1.39
    carbons = [1, 2, 4, 5]
    return Block(
        kind="linker",
        numbers=np.array([6] * 6 + [1] * 4),
        positions=np.concatenate([ring, outer[carbons]]),
        bonds=np.array(
            [[i, (i + 1) % 6] if i < 5 else [0, 5] for i in range(6)]
            + [[c, 6 + k] for k, c in enumerate(carbons)]
        ),
        port_atoms=np.array([0, 3]),
        port_vectors=1.5 * ring[[0, 3]] / 1.39,
    )


def _boxed(block: Block, shift: float = 0.0) -> tuple[Crystal, np.ndarray]:
    lattice = np.diag([12.0, 13.0, 14.0])
    crystal = Crystal(
        lattice=lattice,
        frac=(block.positions + shift) @ np.linalg.inv(lattice),
        numbers=block.numbers,
        occupancy=np.ones(block.n_atoms),
        u_iso=np.full(block.n_atoms, np.nan),
    )
    bonds = np.concatenate([block.bonds, np.zeros((len(block.bonds), 3), dtype=np.int64)], axis=1)
    return crystal, bonds


def test_hydrogens_of_rings_only() -> None:
    block = _phenylene()
    assert aromatic_hydrogens(block).tolist() == [6, 7, 8, 9]
    open_ring = Block(
        kind="linker",
        numbers=block.numbers,
        positions=block.positions,
        bonds=block.bonds[1:],
        port_atoms=block.port_atoms,
        port_vectors=block.port_vectors,
    )
    assert aromatic_hydrogens(open_ring).tolist() == []


def test_equal_places_count_once() -> None:
    found = substitutions(_phenylene(), groups=["F"])
    # One place for one group; ortho, meta and para for two.
    assert [len(s.hydrogens) for s in found] == [1, 2, 2, 2]
    assert len(equal_places(_phenylene(), found[0])) == 4
    assert sorted(len(equal_places(_phenylene(), s)) for s in found[1:]) == [2, 2, 2]
    assert len(substitutions(_phenylene())) == 4 * len(GROUPS)
    assert len(substitutions(_phenylene(), most=4)) == (1 + 3 + 1 + 1) * len(GROUPS)


def test_names() -> None:
    assert Substitution(hydrogens=(1,), groups=("NO2",)).name == "NO2"
    assert Substitution(hydrogens=(1, 2), groups=("NO2", "NO2")).name == "2 NO2"
    assert Substitution(hydrogens=(1, 2), groups=("OH", "F")).name == "F, OH"


@pytest.mark.parametrize("name", list(GROUPS))
def test_lengths_and_angles_of_groups(name: str) -> None:
    block = _phenylene()
    crystal, bonds = _boxed(block)
    group = GROUPS[name]
    made, new_bonds, new = with_groups(crystal, bonds, hydrogens=[6], groups=[name], turns=[0.0])
    assert made.n_atoms == crystal.n_atoms - 1 + len(group.numbers)
    assert len(new_bonds) == len(bonds) + len(group.bonds)
    assert made.numbers[new].tolist() == group.numbers.tolist()
    ends = made.cart[new_bonds[:, 1]] + new_bonds[:, 2:] @ made.lattice - made.cart[new_bonds[:, 0]]
    assert np.all(np.linalg.norm(ends, axis=1) < 2.0)
    # The bond to the group points where the hydrogen was.
    bound = made.cart[new[0]] - block.positions[1]
    old = block.positions[6] - block.positions[1]
    cosine = bound @ old / np.linalg.norm(bound) / np.linalg.norm(old)
    assert cosine == pytest.approx(1.0)
    flat = {"F", "Cl", "Br", "CN", "NH2", "NO2", "OH"}
    height = np.abs(made.cart[new][:, 2]).max()
    assert (height < 1e-6) == (name in flat)
    apart = np.linalg.norm(made.cart[new][:, None] - made.cart[new], axis=2)
    assert np.all(apart[np.triu_indices(len(new), 1)] > 0.9)


def test_a_turn_of_a_right_angle_leaves_the_plane() -> None:
    crystal, bonds = _boxed(_phenylene())
    made, _, new = with_groups(crystal, bonds, hydrogens=[6], groups=["NO2"], turns=[np.pi / 2])
    oxygen = made.cart[new[1:]]
    assert np.abs(oxygen[:, 2]).min() > 1.0


def test_hydrogens_written_in_another_cell() -> None:
    block = _phenylene()
    crystal, bonds = _boxed(block)
    frac = crystal.frac.copy()
    frac[6] += [1, 0, -1]
    moved = Crystal(
        lattice=crystal.lattice,
        frac=frac,
        numbers=crystal.numbers,
        occupancy=crystal.occupancy,
        u_iso=crystal.u_iso,
    )
    shifted = bonds.copy()
    row = np.flatnonzero((bonds[:, 0] == 1) & (bonds[:, 1] == 6))[0]
    shifted[row, 2:] = [-1, 0, 1]
    plain, _, new = with_groups(crystal, bonds, hydrogens=[6], groups=["OCH3"], turns=[0.3])
    other, rows, _ = with_groups(moved, shifted, hydrogens=[6], groups=["OCH3"], turns=[0.3])
    np.testing.assert_allclose(other.cart[new], plain.cart[new], atol=1e-9)
    assert not rows[:, 2:].any()


def test_an_unknown_group_is_named() -> None:
    with pytest.raises(ConfigError, match="'SO3H' is no known group; there are F, Cl"):
        substitutions(_phenylene(), groups=["SO3H"])
