"""Whether the atoms of an assembled framework lie apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from porescope.reticular.assembly import crystal_of_assembly
from porescope.reticular.crowding import (
    crowding_of,
    has_its_bonds,
    is_free,
    is_sound,
    overlaps,
)
from toy_framework import carbon_chain, cubic


def test_bonds_that_distances_do_not_give_are_missed() -> None:
    chain = carbon_chain()
    assert has_its_bonds(crystal_of_assembly(chain), chain)
    # without its link the same atoms have a bond that is not meant
    assert not has_its_bonds(crystal_of_assembly(chain), replace(chain, links=chain.links[:0]))
    # a longer cell tears them apart
    long = carbon_chain(step=4.5)
    assert not has_its_bonds(crystal_of_assembly(long), long)


def test_what_is_crowded_is_not_sound() -> None:
    for side, sound in ((8.0, True), (1.7, False), (1.5, False)):
        chain = carbon_chain(side=side)
        assert is_sound(crystal_of_assembly(chain), chain) is sound


def test_only_bonds_that_are_not_meant_crowd() -> None:
    # at 1.7 Å there is no room, at 1.5 Å atoms also seem bonded to their images
    for side, crowding in ((8.0, 0.0), (1.7, 0.5), (1.5, 1.0)):
        chain = carbon_chain(side=side)
        assert crowding_of(crystal_of_assembly(chain), chain) == crowding
    # bonds that are meant and torn do not
    torn = carbon_chain(step=4.5)
    assert crowding_of(crystal_of_assembly(torn), torn) == 0.0
    assert not is_sound(crystal_of_assembly(torn), torn)


def test_atoms_that_lie_nowhere_are_not_free() -> None:
    chain = carbon_chain()
    crystal = crystal_of_assembly(chain)
    assert is_free(crystal, chain)
    assert not is_free(replace(crystal, frac=crystal.frac * np.nan), chain)
    near = carbon_chain(side=1.0)
    assert not is_free(crystal_of_assembly(near), near)
    assert overlaps(crystal_of_assembly(near), near)


def test_overlaps_are_of_atoms_that_are_not_bonded() -> None:
    toy = cubic()
    assert not overlaps(crystal_of_assembly(toy), toy)
    # bonds of 1.5 Å are near, but overlap only where a linker comes 0.6 Å nearer to its node
    apart = replace(toy, links=toy.links[:0])
    assert not overlaps(crystal_of_assembly(apart), apart)
    near = replace(apart, origins=apart.origins * np.array([[1.0], [0.9], [1.0], [1.0]]))
    assert overlaps(crystal_of_assembly(near), near)
    assert not overlaps(crystal_of_assembly(near), near, allowed=6)
