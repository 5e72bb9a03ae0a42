"""Bond orders are the cheapest that use up every electron."""

from __future__ import annotations

import numpy as np

from porescope.reticular.linkers.bond_orders import AtomState, assigned


def _ring(n: int) -> np.ndarray:
    return np.array([[i, (i + 1) % n] for i in range(n)])


def test_benzene_alternates() -> None:
    found = assigned([[AtomState(1)]] * 6, bonds=_ring(6), costs=np.zeros((6, 2)))
    assert found is not None
    assert found.extra.tolist() in ([1, 0] * 3, [0, 1] * 3)


def test_shorter_bonds_become_double() -> None:
    costs = np.zeros((6, 2))
    costs[::2] = -0.1
    found = assigned([[AtomState(1)]] * 6, bonds=_ring(6), costs=costs)
    assert found is not None
    assert found.extra.tolist() == [1, 0] * 3


def test_an_odd_ring_takes_the_cheapest_way_out() -> None:
    dear = [AtomState(1), AtomState(0, hydrogens=1, cost=2.0)]
    cheap = [AtomState(1), AtomState(0, hydrogens=1, cost=1.0)]
    found = assigned([dear, dear, cheap, dear, dear], bonds=_ring(5), costs=np.zeros((5, 2)))
    assert found is not None
    assert [s.hydrogens for s in found.states] == [0, 0, 1, 0, 0]


def test_no_way_is_told() -> None:
    assert assigned([[AtomState(1)]] * 5, bonds=_ring(5), costs=np.zeros((5, 2))) is None


def test_triple_bonds_count_twice() -> None:
    found = assigned([[AtomState(2)]] * 2, bonds=np.array([[0, 1]]), costs=np.zeros((1, 2)))
    assert found is not None
    assert found.extra.tolist() == [2]
