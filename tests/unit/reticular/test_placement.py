"""Barycentric placement."""

from __future__ import annotations

import numpy as np

from net_examples import CHAIN, DIA, HCB, LADDER, PCU, supercell
from porescope.reticular.nets.placement import (
    components_of,
    lattice_basis,
    placed_net,
    restricted,
    translation_classes,
)
from porescope.reticular.nets.residues import PRIME


def test_each_vertex_is_the_mean_of_its_neighbours() -> None:
    placed = placed_net(DIA)
    assert placed.dimension == 3
    assert placed.stable
    for v in range(2):
        rows = slice(placed.start[v], placed.start[v + 1])
        total = [sum(int(x) for x in column) % int(PRIME) for column in placed.vector[rows].T]
        assert total == [0, 0, 0]
    # The second vertex of diamond is a quarter of the way along each axis, or stands so.
    np.testing.assert_allclose(placed.frac[1] % 0.5, 0.25, atol=1e-12)


def test_dimensions() -> None:
    assert [placed_net(net).dimension for net in (PCU, HCB, CHAIN)] == [3, 2, 1]


def test_translations_are_found() -> None:
    larger = supercell(PCU, np.diag([2, 3, 1]))
    assert np.unique(translation_classes(placed_net(larger))).tolist() == [0]
    assert len(np.unique(translation_classes(placed_net(supercell(DIA, np.diag([2, 1, 1])))))) == 2


def test_shared_places_are_noticed() -> None:
    assert not placed_net(LADDER).stable


def test_parts() -> None:
    woven = supercell(PCU, np.diag([1, 1, 2]))
    assert len(components_of(woven)) == 1
    part = restricted(DIA, np.array([1]))
    assert part.n_vertices == 1
    assert part.n_edges == 0


def test_bases_of_integer_lattices() -> None:
    basis, columns = lattice_basis(np.array([[2, 0, 0], [0, 0, 0], [1, 1, 0], [0, 4, 0]]))
    assert columns == [0, 1]
    assert abs(round(np.linalg.det(basis[:, :2]))) == 2
