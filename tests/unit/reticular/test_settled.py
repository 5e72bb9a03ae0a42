"""A short relaxation that must leave atoms apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from porescope.reticular.assembly import bonds_of_assembly, crystal_of_assembly
from porescope.reticular.relax import RelaxSettings, relax
from porescope.reticular.settled import PARTING, settled
from toy_framework import carbon_chain

SHORT = replace(PARTING, max_steps=5)


def test_it_is_the_relaxation_itself() -> None:
    chain = carbon_chain(side=3.0)
    crystal, bonds = crystal_of_assembly(chain), bonds_of_assembly(chain)
    for settings in (SHORT, RelaxSettings(max_steps=5, fixed_symmetry=False, fixed_cell=True)):
        found = settled(crystal, chain, settings=settings)
        same = relax(crystal, bonds, settings=settings).crystal
        assert found is not None
        assert np.array_equal(found.frac, same.frac)
        assert np.array_equal(found.lattice, same.lattice)


def test_what_fails_the_test_is_dropped() -> None:
    chain = carbon_chain(side=3.0)
    crystal = crystal_of_assembly(chain)
    assert settled(crystal, chain, settings=SHORT, is_parted=lambda *_: False) is None
    asked = []

    def passes(found, assembly) -> bool:
        asked.append((found, assembly))
        return True

    found = settled(crystal, chain, settings=SHORT, is_parted=passes)
    assert [(one is found, other is chain) for one, other in asked] == [(True, True)]


def test_what_the_force_field_does_not_know_is_dropped() -> None:
    chain = carbon_chain(side=3.0)
    (block,) = chain.blocks
    strange = replace(chain, blocks=(replace(block, numbers=np.array([118, 118])),))
    assert settled(crystal_of_assembly(strange), strange, settings=SHORT) is None
