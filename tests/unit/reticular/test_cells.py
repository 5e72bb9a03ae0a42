"""Smallest cells of placed nets, and doubled ones; colours; labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.reticular.nets.catalogue import CatalogueNet, net_named
from porescope.reticular.nets.cells import primitive, translations_of
from porescope.reticular.nets.key import net_key
from porescope.reticular.nets.labelling import doubled, labellings, parities, two_coloured


def _lengths(entry: CatalogueNet) -> np.ndarray:
    return np.linalg.norm(entry.edge_vectors, axis=1)


@pytest.mark.parametrize("name", ["pcu", "dia", "tbo", "kgm"])
def test_a_doubled_cell_holds_the_same_net(name: str) -> None:
    entry = net_named(name)
    for parity in parities(entry.dimension)[1:]:
        larger, copies = doubled(entry, parity)
        assert copies.tolist() == [0] * entry.net.n_vertices + [1] * entry.net.n_vertices
        assert net_key(larger.net) == entry.key
        np.testing.assert_allclose(
            np.sort(_lengths(larger)), np.repeat(np.sort(_lengths(entry)), 2)
        )
        assert abs(np.linalg.det(larger.lattice)) == pytest.approx(
            2 * abs(np.linalg.det(entry.lattice))
        )


def test_the_smallest_cell_is_found_again() -> None:
    entry = net_named("dia")
    larger, _ = doubled(entry, np.array([1, 1, 0]))
    assert len(translations_of(larger.net, larger.frac)) == 2
    net, frac, lattice = primitive(larger.net, larger.frac, larger.lattice)
    assert (net.n_vertices, net.n_edges) == (2, 4)
    again = replace(entry, net=net, frac=frac, lattice=lattice)
    np.testing.assert_allclose(_lengths(again), _lengths(entry), atol=1e-6)
    assert net_key(net) == entry.key


def test_even_nets_are_coloured() -> None:
    entry, colours = two_coloured(net_named("pcu")) or pytest.fail("pcu is even")
    assert entry.net.n_vertices == 2
    assert np.all(colours[entry.net.edges[:, 0]] != colours[entry.net.edges[:, 1]])
    same, _ = two_coloured(net_named("dia")) or pytest.fail("dia is even")
    assert same.net.n_vertices == 2
    assert two_coloured(net_named("fcu")) is None


def test_edges_carry_linkers_between_nodes() -> None:
    (only,) = labellings(net_named("pcu"), nodes=[6], linkers=[2])
    assert only.bridged
    assert only.blocks.tolist() == [0]
    assert labellings(net_named("pcu"), nodes=[4], linkers=[2]) == []
    assert labellings(net_named("pcu"), nodes=[6, 4], linkers=[2]) == []


def test_nodes_and_linkers_take_turns() -> None:
    (tbo,) = labellings(net_named("tbo"), nodes=[4], linkers=[3])
    degrees = tbo.entry.net.degrees()
    assert np.all((tbo.blocks == 0) == (degrees == 4))
    # One kind of vertex, shared by nodes and linkers in a doubled cell.
    (nbo,) = labellings(net_named("nbo"), nodes=[4], linkers=[4])[:1]
    assert sorted(nbo.blocks.tolist()) == [0] * 3 + [1] * 3
    assert labellings(net_named("fcu"), nodes=[12], linkers=[12]) == []


def test_linkers_of_two_sorts() -> None:
    (found,) = labellings(net_named("ith-d"), nodes=[6], linkers=[3, 2])
    ends = found.blocks[found.entry.net.edges[:, :2]]
    assert not np.any(np.all(ends == 1, axis=1))
    assert np.any(np.all(ends == 0, axis=1))
