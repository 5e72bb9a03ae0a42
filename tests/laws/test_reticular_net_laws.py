"""What must hold for every net."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from net_examples import disguised, net_of, supercell
from porescope.reticular.nets.catalogue import name_of_net, net_named, net_names
from porescope.reticular.nets.key import net_key
from porescope.reticular.nets.placement import components_of
from porescope.reticular.nets.sequences import coordination_sequences

NAMES = [n for n in net_names() if net_named(n).net.n_vertices <= 24]
MATRICES = [
    np.diag([2, 1, 1]),
    np.array([[1, 1, 0], [-1, 1, 0], [0, 0, 1]]),
    np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
    np.array([[1, 2, 0], [0, 1, 1], [1, 0, 1]]),
]


@given(st.sampled_from(NAMES), st.sampled_from(MATRICES), st.integers(0, 1000))
def test_a_key_does_not_depend_on_how_a_net_is_written(
    name: str, matrix: np.ndarray, seed: int
) -> None:
    entry = net_named(name)
    assert net_key(disguised(entry.net, seed)) == net_key(entry.net)
    larger = supercell(entry.net, matrix)
    # A cell that is finer along a layer's normal only makes copies of it.
    assert net_key(disguised(larger, seed)) == net_key(entry.net)
    assert net_named(name_of_net(larger)).key == entry.key


EDGES = st.tuples(st.integers(0, 3), st.integers(0, 3), *[st.integers(-1, 1)] * 3)


@given(st.lists(EDGES, min_size=4, max_size=9), st.integers(0, 1000))
def test_a_key_does_not_depend_on_how_any_graph_is_written(
    edges: list[tuple[int, ...]], seed: int
) -> None:
    """Random quotient graphs: many have loops, double edges, and vertices that fall together."""
    net = net_of(4, [list(edge) for edge in edges])
    assume(len(components_of(net)) == 1)
    assert net_key(disguised(net, seed)) == net_key(net)
    assert net_key(supercell(net, np.diag([1, 2, 1]))) == net_key(net)


@given(st.sampled_from(NAMES), st.integers(0, 1000))
def test_coordination_sequences_do_not_depend_on_how_a_net_is_written(name: str, seed: int) -> None:
    net = net_named(name).net
    one = coordination_sequences(net, n_shells=6)
    other = coordination_sequences(disguised(net, seed), n_shells=6)
    np.testing.assert_array_equal(np.sort(one, axis=0), np.sort(other, axis=0))
