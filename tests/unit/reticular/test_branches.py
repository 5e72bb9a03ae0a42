"""Branched linkers."""

from __future__ import annotations

import numpy as np

from porescope.reticular.fit_assembly import fit_assembly
from porescope.reticular.nets.branches import with_branches_merged
from porescope.reticular.nets.catalogue import net_named
from porescope.reticular.nets.fitting import fitting_nets
from porescope.reticular.nets.labelling import labellings
from porescope.reticular.placing import place_on_net
from reticular_blocks import SQUARE, donor, metal


def test_three_isophthalates_on_a_core_are_one_linker() -> None:
    merged = with_branches_merged(net_named("ntt"), nodes=[4])
    assert merged is not None
    degrees = merged.net.degrees()
    assert np.bincount(degrees)[[4, 6]].tolist() == [12, 8]
    assert merged.net.n_edges == 48
    assert labellings(net_named("ntt"), nodes=[4], linkers=[6])
    assert "ntt" in [net.name for net in fitting_nets([4], linkers=[6])]


def test_nothing_to_merge() -> None:
    assert with_branches_merged(net_named("tbo"), nodes=[4]) is None
    assert with_branches_merged(net_named("pcu"), nodes=[4]) is None


def test_two_branches_share_a_linker() -> None:
    """Biphenyl tetracarboxylates on fof: two vertices of three edges each."""
    merged = with_branches_merged(net_named("fof"), nodes=[4])
    assert merged is not None
    assert set(merged.net.degrees().tolist()) == {4}


def test_a_branched_linker_is_placed() -> None:
    angles = np.deg2rad([-30, 30, 90, 150, 210, 270])
    arms = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    found = place_on_net("ntt", nodes=[metal(SQUARE)], linkers=[donor(arms, radius=6.0)])
    for assembly in found:
        assert np.sum(assembly.kinds == 1) == 8
        assert fit_assembly(assembly).assembly.n_pieces == assembly.n_pieces
