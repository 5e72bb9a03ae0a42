"""Keys of nets."""

from __future__ import annotations

import numpy as np
import pytest

from net_examples import CHAIN, DANGLING, DIA, HCB, LADDER, PCU, SQL, SRS, net_of, supercell
from porescope.errors import ConfigError
from porescope.reticular.nets.key import net_key, vertex_kinds, without_double_edges


def test_a_key_states_dimension_vertices_and_edges() -> None:
    assert net_key(PCU).startswith("3d-1v-3e-")
    assert net_key(HCB).startswith("2d-2v-3e-")
    # Two vertices a cell, but a translation joins them.
    assert net_key(CHAIN).startswith("1d-1v-1e-")


def test_different_nets_have_different_keys() -> None:
    nets = [PCU, DIA, HCB, SQL, SRS, CHAIN, DANGLING, LADDER]
    assert len({net_key(net) for net in nets}) == len(nets)


def test_nets_in_which_vertices_fall_together_say_so() -> None:
    for net in (DANGLING, LADDER):
        assert "unstable" in net_key(net)
        assert net_key(supercell(net, np.diag([2, 1, 3]))) == net_key(net)


def test_double_edges_are_merged_when_asked() -> None:
    twice = net_of(1, [*SQL.edges.tolist(), [0, 0, -1, 0, 0]])
    assert net_key(twice) != net_key(SQL)
    assert net_key(twice, merge_double_edges=True) == net_key(SQL)
    assert without_double_edges(twice).n_edges == 2


def test_interpenetrating_nets_have_the_key_of_one() -> None:
    both = net_of(4, [*DIA.edges.tolist(), *(DIA.edges + np.array([2, 2, 0, 0, 0])).tolist()])
    assert net_key(both) == net_key(DIA)
    # One vertex, but every other cell belongs to another net.
    woven = net_of(1, [[0, 0, 1, 1, 0], [0, 0, 1, -1, 0], [0, 0, 0, 0, 1]])
    assert net_key(woven) == net_key(PCU)
    mixed = net_of(3, [*DIA.edges.tolist(), [2, 2, 1, 0, 0]])
    assert net_key(mixed) == "+".join(sorted([net_key(DIA), net_key(CHAIN)]))


def test_finite_graphs_have_keys() -> None:
    triangle = net_of(3, [[0, 1, 0, 0, 0], [1, 2, 0, 0, 0], [2, 0, 0, 0, 0]])
    path = net_of(3, [[0, 1, 0, 0, 0], [1, 2, 0, 0, 0]])
    assert net_key(triangle).startswith("0d-3v-3e-")
    assert net_key(triangle) != net_key(path)


def test_kinds_of_vertices() -> None:
    assert vertex_kinds(SRS).tolist() == [0, 0, 0, 0]
    decorated = net_of(2, [*PCU.edges.tolist(), [0, 1, 0, 0, 0], [1, 0, 0, 0, 1]])
    assert vertex_kinds(decorated).tolist() == [0, 1]


def test_bad_nets_are_refused() -> None:
    with pytest.raises(ConfigError, match="without vertices"):
        net_key(net_of(0, []))
    with pytest.raises(ConfigError, match="names vertex 3"):
        net_key(net_of(2, [[0, 3, 0, 0, 0]]))
