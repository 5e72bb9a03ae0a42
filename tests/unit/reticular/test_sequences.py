"""Coordination sequences."""

from __future__ import annotations

import numpy as np
import pytest

from net_examples import DIA, SQL, net_of
from porescope.errors import ConfigError
from porescope.reticular.nets.sequences import coordination_sequences


def test_square_lattice_and_diamond() -> None:
    assert coordination_sequences(SQL, n_shells=4).tolist() == [[4, 8, 12, 16]]
    found = coordination_sequences(DIA, n_shells=30)
    # Of diamond: floor(5 k² / 2) + 2.
    shells = np.arange(1, 31)
    np.testing.assert_array_equal(found, np.tile(5 * shells**2 // 2 + 2, (2, 1)))


def test_double_edges_count_once() -> None:
    twice = net_of(1, [*SQL.edges.tolist(), *SQL.edges.tolist()])
    assert coordination_sequences(twice, n_shells=2).tolist() == [[4, 8]]


def test_too_many_shells_are_refused() -> None:
    with pytest.raises(ConfigError, match="ask for fewer"):
        coordination_sequences(SQL, n_shells=600)
