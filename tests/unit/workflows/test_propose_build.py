"""Templates with other linkers: sound as they are, relaxed, or bound in other ways."""

from __future__ import annotations

import numpy as np

from porescope.reticular.assembly import bonds_of_assembly, crystal_of_assembly
from porescope.reticular.crowding import is_sound
from porescope.reticular.relax import RelaxSettings, relax
from porescope.workflows.propose_build import Parting, parted
from toy_framework import carbon_chain


def test_chains_that_lie_too_near_are_parted() -> None:
    chain = carbon_chain(side=2.6)
    found = parted(crystal_of_assembly(chain), chain)
    assert found is not None
    assert is_sound(found, chain)
    assert found.volume > 1.2 * crystal_of_assembly(chain).volume
    settings = RelaxSettings(max_steps=60, max_force=0.3, max_stress=5e-3, fixed_symmetry=False)
    same = relax(crystal_of_assembly(chain), bonds_of_assembly(chain), settings=settings).crystal
    assert np.array_equal(found.frac, same.frac)
    assert np.array_equal(found.lattice, same.lattice)


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
