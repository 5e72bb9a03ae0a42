"""Templates with other linkers: sound as they are, relaxed, or bound in other ways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from porescope.reticular.assembly import Assembly, crystal_of_assembly
from porescope.reticular.block import Block
from porescope.workflows.propose_build import Parting, has_its_bonds, is_sound, parted


def _chain(step: float = 3.0, side: float = 8.0) -> Assembly:
    """An endless chain of carbon: two atoms, linked to their own image."""
    return Assembly(
        lattice=np.diag([step, side, side]),
        blocks=(
            Block(
                kind="linker",
                numbers=np.array([6, 6]),
                positions=np.array([[-0.75, 0.0, 0.0], [0.75, 0.0, 0.0]]),
                bonds=np.array([[0, 1]]),
                port_atoms=np.array([0, 1]),
                port_vectors=np.array([[-1.5, 0.0, 0.0], [1.5, 0.0, 0.0]]),
                smiles="CC",
            ),
        ),
        kinds=np.array([0]),
        origins=np.zeros((1, 3)),
        rotations=np.eye(3)[None],
        links=np.array([[0, 1, 0, 0, 1, 0, 0]]),
    )


def test_bonds_that_distances_do_not_give_are_missed() -> None:
    chain = _chain()
    assert has_its_bonds(crystal_of_assembly(chain), chain)
    # without its link the same atoms have a bond that is not meant
    assert not has_its_bonds(crystal_of_assembly(chain), replace(chain, links=chain.links[:0]))
    # a longer cell tears them apart
    long = _chain(step=4.5)
    assert not has_its_bonds(crystal_of_assembly(long), long)


def test_what_is_crowded_is_not_sound() -> None:
    for side, sound in ((8.0, True), (1.7, False), (1.5, False)):
        chain = _chain(side=side)
        assert is_sound(crystal_of_assembly(chain), chain) is sound


def test_chains_that_lie_too_near_are_parted() -> None:
    chain = _chain(side=2.6)
    found = parted(crystal_of_assembly(chain), chain)
    assert found is not None
    assert is_sound(found, chain)
    assert found.volume > 1.2 * crystal_of_assembly(chain).volume


def test_relaxing_is_rationed_by_size_and_shape() -> None:
    parting = Parting(left=30_000.0)
    assert parting.may(100, "a")
    assert not parting.may(500, "b")
    assert not parting.may(150, "b")
    assert parting.may(100, "b")
    assert parting.left == 10_000.0
    alike = Parting()
    assert np.sum([alike.may(10, "a") for _ in range(9)]) == 4
    assert alike.may(10, "b")
