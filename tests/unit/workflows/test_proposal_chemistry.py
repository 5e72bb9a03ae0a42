"""What is chemically worse: broken bonds and close contacts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework_crystals import magnesium_pyrazine
from porescope.reticular.assembly import Assembly, crystal_of_assembly
from porescope.reticular.taking_apart.framework import take_apart
from porescope.workflows.proposal_chemistry import chemically_worse, wrong_bonds
from porescope.workflows.proposal_fit import linker_twists
from porescope.workflows.proposal_motion import moved_pieces, symmetric_motion


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    return take_apart(magnesium_pyrazine(), name_net=False).assembly


def test_overlap_and_broken_bonds_are_worse(assembly: Assembly) -> None:
    motion = symmetric_motion(assembly, crystal_of_assembly(assembly))
    twist = linker_twists(assembly, motion)[0]
    assert chemically_worse(moved_pieces(assembly, motion, 0.1 * twist), assembly) == ""
    origins = assembly.origins.copy()
    linker = next(
        i for i, k in enumerate(assembly.kinds.tolist()) if assembly.blocks[k].kind == "linker"
    )
    origins[linker] += 0.9
    assert "bonds" in chemically_worse(replace(assembly, origins=origins), assembly)
    assert wrong_bonds(assembly) == 0
    assert wrong_bonds(replace(assembly, origins=origins)) > 0
