"""Linkers cut at the bonds that turn, and put back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.reticular.assembly import Assembly, bonds_of_assembly, crystal_of_assembly
from porescope.reticular.block import Block
from porescope.workflows.proposal_motion import moved_pieces, symmetric_motion
from porescope.workflows.proposal_torsions import (
    cut_at_torsions,
    kept_stiff,
    put_back,
    turning_bonds,
)


def _biphenyl() -> Block:
    """Two flat carbon rings on a line, a port at either end."""
    angle = np.deg2rad(60.0 * np.arange(6))
    ring = 1.40 * np.stack([np.cos(angle), np.sin(angle), np.zeros(6)], axis=1)
    other = ring + np.array([2.80 + 1.49, 0.0, 0.0])
    bonds = [(i, (i + 1) % 6) for i in range(6)]
    bonds = [*bonds, *((i + 6, j + 6) for i, j in bonds), (0, 9)]
    return Block(
        kind="linker",
        numbers=np.full(12, 6),
        positions=np.concatenate([ring, other]),
        bonds=np.sort(np.array(bonds), axis=1),
        port_atoms=np.array([3, 6]),
        port_vectors=np.array([[-1.49, 0.0, 0.0], [1.49, 0.0, 0.0]]),
    )


@pytest.fixture
def chain() -> Assembly:
    """Biphenyl after biphenyl along a."""
    length = 4 * 1.40 + 2 * 1.49
    return Assembly(
        lattice=np.diag([length, 9.0, 9.0]),
        blocks=(_biphenyl(),),
        kinds=np.array([0]),
        origins=np.zeros((1, 3)),
        rotations=np.eye(3)[None],
        links=np.array([[0, 1, 0, 0, 1, 0, 0]]),
    )


def test_one_bond_of_biphenyl_turns() -> None:
    block = _biphenyl()
    (row,) = turning_bonds(block)
    assert block.bonds[row].tolist() == [0, 9]


def test_short_bonds_and_rings_do_not_turn() -> None:
    block = _biphenyl()
    positions = block.positions.copy()
    positions[6:, 0] -= 0.15
    assert turning_bonds(replace(block, positions=positions)) == []


def test_bodies_keep_all_atoms_and_bonds(chain: Assembly) -> None:
    turning = cut_at_torsions(chain)
    assert turning.assembly.n_pieces == 2
    assert turning.assembly.n_atoms == chain.n_atoms
    assert len(bonds_of_assembly(turning.assembly)) == len(bonds_of_assembly(chain))
    assert len(turning.assembly.links) == 2


def test_put_back_as_it_was(chain: Assembly) -> None:
    for turning in (cut_at_torsions(chain), kept_stiff(chain)):
        back = put_back(turning, chain)
        assert np.allclose(crystal_of_assembly(back).cart, crystal_of_assembly(chain).cart)
        assert np.array_equal(bonds_of_assembly(back), bonds_of_assembly(chain))


def test_a_turned_half_stays_turned(chain: Assembly) -> None:
    turning = cut_at_torsions(chain)
    bodies = turning.assembly
    motion = symmetric_motion(bodies, crystal_of_assembly(bodies))
    wanted = np.zeros((2, 6))
    wanted[1, 3] = np.deg2rad(40.0) * motion.radii[1]
    moved = moved_pieces(bodies, motion, np.tensordot(motion.modes, wanted, axes=2))
    back = put_back(replace(turning, assembly=moved), chain)
    cart = crystal_of_assembly(back).cart
    assert np.ptp(cart[:6, 2]) == pytest.approx(0.0, abs=1e-9)
    normal = np.cross(cart[7] - cart[6], cart[8] - cart[6])
    assert abs(normal[2]) / np.linalg.norm(normal) == pytest.approx(np.cos(np.deg2rad(40.0)))
    assert back.blocks[0].n_ports == 2
