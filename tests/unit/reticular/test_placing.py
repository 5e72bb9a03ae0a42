"""Blocks on nets."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.errors import ConfigError
from porescope.reticular.assembly import bonds_of_assembly, link_gaps
from porescope.reticular.block import Block
from porescope.reticular.fit_assembly import fit_assembly
from porescope.reticular.net import PeriodicNet
from porescope.reticular.nets.catalogue import name_of_net
from porescope.reticular.placing import PlacingConfig, connection_counts, place_on_net
from reticular_blocks import (
    OCTAHEDRON,
    SQUARE,
    TETRAHEDRON,
    TRIANGLE,
    benzene,
    carboxylate_node,
    donor,
    metal,
    rod,
)

SPAN = 2.0 + 2.8 + 2.0
"""From metal to metal along a rod [Å]."""


@pytest.mark.parametrize(
    ("name", "directions", "volume"),
    [
        ("pcu", OCTAHEDRON, SPAN**3),
        ("dia", TETRAHEDRON, (4.0 / np.sqrt(3.0) * SPAN) ** 3 / 4.0),
        ("bcu", np.concatenate([TETRAHEDRON, -TETRAHEDRON]), (2 / np.sqrt(3) * SPAN) ** 3 / 2.0),
    ],
)
def test_metals_and_rods_fill_a_net(name: str, directions: np.ndarray, volume: float) -> None:
    found = place_on_net(name, nodes=[metal(directions)], linkers=[rod()])
    assert found
    best = found[0]
    assert link_gaps(best).max() < 1e-2
    assert abs(np.linalg.det(best.lattice)) == pytest.approx(volume, rel=1e-3)
    # All ports are used, each once.
    assert len(best.links) == 2 * (best.n_pieces - 1) if name == "pcu" else len(best.links) > 0
    ends = np.concatenate([best.links[:, [0, 1]], best.links[:, [2, 3]]])
    assert len(np.unique(ends, axis=0)) == len(ends)
    assert len(ends) == sum(best.blocks[int(k)].n_ports for k in best.kinds)


@pytest.mark.parametrize(
    ("name", "node", "linker"),
    [("tbo", SQUARE, TRIANGLE), ("pts", SQUARE, TETRAHEDRON), ("bor", TETRAHEDRON, TRIANGLE)],
)
def test_the_bonds_make_the_net(name: str, node: np.ndarray, linker: np.ndarray) -> None:
    """Merging each block to a vertex gives back the net; donors count as edges' ends."""
    (best, *_) = place_on_net(name, nodes=[metal(node)], linkers=[donor(linker, radius=3.0)])
    net = PeriodicNet(n_vertices=best.n_pieces, edges=best.links[:, [0, 2, 4, 5, 6]])
    assert name_of_net(net) == name
    assert len(bonds_of_assembly(best)) == len(best.links) + sum(
        len(best.blocks[int(k)].bonds) for k in best.kinds
    )
    fitted = fit_assembly(best)
    assert fitted.rms_gap < 0.5


def test_planes_ask_for_a_doubled_cell() -> None:
    """Nodes whose opposite carboxylates are at right angles alternate, as in MOF-5."""
    crossed = place_on_net("pcu", nodes=[carboxylate_node(tetrahedral=True)], linkers=[benzene()])
    assert int(np.sum(crossed[0].kinds == 0)) == 2
    assert fit_assembly(crossed[0]).rms_gap < 1e-3
    assert abs(np.linalg.det(crossed[0].lattice)) == pytest.approx(2 * 11.78**3, rel=1e-3)
    plain = place_on_net("pcu", nodes=[carboxylate_node(tetrahedral=False)], linkers=[benzene()])
    assert int(np.sum(plain[0].kinds == 0)) == 1


def test_layers_get_room() -> None:
    (layer, *_) = place_on_net("sql", nodes=[metal(SQUARE)], linkers=[rod()])
    np.testing.assert_allclose(np.linalg.norm(layer.lattice, axis=1), [SPAN, SPAN, 3.4], atol=0.01)
    spaced = place_on_net(
        "hcb",
        nodes=[metal(TRIANGLE)],
        linkers=[rod()],
        config=PlacingConfig(layer_spacing=4.0),
    )[0]
    assert np.linalg.norm(spaced.lattice, axis=1)[2] == pytest.approx(4.0)


def test_linkers_of_two_lengths_go_along_different_axes() -> None:
    long = donor(np.array([[1.0, 0, 0], [-1, 0, 0]]), radius=4.0)
    (best, *_) = place_on_net("pcu", nodes=[metal(OCTAHEDRON)], linkers=[rod(), long])
    lengths = np.sort(np.linalg.norm(best.lattice, axis=1))
    assert lengths[0] == pytest.approx(SPAN, abs=0.05)
    assert lengths[2] == pytest.approx(12.0, abs=0.05)


def test_chelates_are_one_connection() -> None:
    """An octahedral metal and three linkers that bind by two donors each: a honeycomb."""
    donors = np.array([[0.0, 1.3, 0], [0, -1.3, 0]])
    out = np.array([1.6, 0.0, 0.0])
    ring = np.concatenate([donors + out, donors - out, np.zeros((1, 3))])
    to_metal = np.array([[1.6, -1.3, 0], [1.6, 1.3, 0], [-1.6, -1.3, 0], [-1.6, 1.3, 0]])
    linker = Block(
        kind="linker",
        numbers=np.array([8, 8, 8, 8, 6]),
        positions=ring,
        bonds=np.array([[0, 4], [1, 4], [2, 4], [3, 4]]),
        port_atoms=np.arange(4),
        port_vectors=to_metal,
    )
    node = metal(OCTAHEDRON, length=2.06)
    assert connection_counts([node], [linker]) == ([3], [2])
    (best, *_) = place_on_net("hcb", nodes=[node], linkers=[linker])
    assert len(best.links) == 12
    net = PeriodicNet(n_vertices=best.n_pieces, edges=best.links[:, [0, 2, 4, 5, 6]])
    assert net.degrees().tolist() == [6, 6, 4, 4, 4]
    assert fit_assembly(best).rms_gap < 0.3


def test_what_does_not_suit_is_left_out() -> None:
    assert place_on_net("pcu", nodes=[metal(TETRAHEDRON)], linkers=[rod()]) == []
    # Six ports in one plane do not point along the axes of a cube.
    flat = np.array([[np.cos(a), np.sin(a), 0.0] for a in np.arange(6) * np.pi / 3])
    assert place_on_net("pcu", nodes=[metal(flat)], linkers=[rod()]) == []
    # Nitrogen does not bind to a carboxylate.
    assert place_on_net("pcu", nodes=[carboxylate_node(tetrahedral=True)], linkers=[rod()]) == []
    with pytest.raises(ConfigError, match="at least one node"):
        place_on_net("pcu", nodes=[])
