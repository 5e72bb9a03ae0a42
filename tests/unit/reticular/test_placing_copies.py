"""Layers stacked and nets interpenetrating."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.errors import ConfigError
from porescope.reticular.assembly import crystal_of_assembly, link_gaps
from porescope.reticular.placing import place_on_net
from porescope.reticular.placing_copies import interpenetrated, stacked
from reticular_blocks import OCTAHEDRON, SQUARE, TETRAHEDRON, TRIANGLE, donor, metal, rod


def test_layers_are_stacked() -> None:
    (layer, *_) = place_on_net("hcb", nodes=[metal(TRIANGLE)], linkers=[rod()])
    straight = stacked(layer, stacking="AA", spacing=3.5)
    assert straight.n_pieces == layer.n_pieces
    assert straight.lattice[2] == pytest.approx([0, 0, 3.5], abs=1e-6)
    slipped = stacked(layer, stacking="slipped", spacing=3.5, slip=1.2)
    assert np.linalg.norm(slipped.lattice[2]) == pytest.approx(np.hypot(3.5, 1.2))
    both = stacked(layer, stacking="AB", spacing=3.5)
    assert both.n_pieces == 2 * layer.n_pieces
    assert np.linalg.norm(both.lattice[2]) == pytest.approx(7.0)
    np.testing.assert_allclose(link_gaps(both).max(), link_gaps(layer).max(), atol=1e-9)
    # One node of the second layer above a node, the other above the middle of a ring.
    frac = crystal_of_assembly(both).frac[:, :2]
    nodes = frac[np.flatnonzero(crystal_of_assembly(both).numbers == 30)]
    apart = nodes[2:, None] - nodes[None, :2]
    apart -= np.rint(apart)
    assert np.sum(np.all(np.abs(apart) < 1e-3, axis=2)) == 1


def test_square_layers_shift_by_half_a_diagonal() -> None:
    (layer, *_) = place_on_net("sql", nodes=[metal(SQUARE)], linkers=[rod()])
    both = stacked(layer, stacking="AB")
    delta = (both.origins[layer.n_pieces] - both.origins[0]) @ np.linalg.inv(both.lattice)
    np.testing.assert_allclose(delta, [0.5, 0.5, 0.5], atol=1e-9)


def test_frameworks_are_no_layers() -> None:
    (net, *_) = place_on_net("pcu", nodes=[metal(OCTAHEDRON)], linkers=[rod()])
    with pytest.raises(ConfigError, match="only layers"):
        stacked(net, stacking="AA")


def test_a_second_net_goes_through_the_middle_of_the_first() -> None:
    long = donor(np.array([[1.0, 0, 0], [-1, 0, 0]]), radius=4.0)
    (net, *_) = place_on_net("pcu", nodes=[metal(OCTAHEDRON)], linkers=[long])
    (best, *_) = interpenetrated(net, n_nets=2)
    assert best.n_pieces == 2 * net.n_pieces
    shift = (best.origins[net.n_pieces] - best.origins[0]) @ np.linalg.inv(best.lattice)
    np.testing.assert_allclose(np.abs(shift - np.rint(shift)), 0.5)
    np.testing.assert_allclose(link_gaps(best).max(), link_gaps(net).max(), atol=1e-9)


def test_there_must_be_room() -> None:
    (net, *_) = place_on_net("dia", nodes=[metal(TETRAHEDRON)], linkers=[rod()])
    assert interpenetrated(net, n_nets=1) == [net]
    assert interpenetrated(net, n_nets=4, min_distance=6.0) == []
    with pytest.raises(ConfigError, match="1 to 8"):
        interpenetrated(net, n_nets=0)
