"""Turns of blocks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from porescope.reticular.placing_turns import (
    best_turns,
    connections_of,
    distinct_turns,
    port_normals,
    rotation_between,
)
from reticular_blocks import OCTAHEDRON, SQUARE, TETRAHEDRON, benzene, carboxylate_node, metal, rod


@pytest.mark.parametrize("directions", [OCTAHEDRON, TETRAHEDRON, SQUARE])
def test_a_turned_copy_is_found_again(directions: np.ndarray) -> None:
    turn = Rotation.from_euler("xyz", [0.3, -1.1, 2.0]).as_matrix()
    targets = (directions @ turn.T)[::-1]
    best = best_turns(directions, targets)[0]
    assert best.misfit < 1e-6
    np.testing.assert_allclose(directions[best.connections] @ best.rotation.T, targets, atol=1e-6)


def test_all_turns_of_an_octahedron() -> None:
    exact = [t for t in best_turns(OCTAHEDRON, OCTAHEDRON) if t.misfit < 1e-6]
    assert len(exact) == 48
    # Of a bare atom all are one; of crossed carboxylates two remain.
    assert len(distinct_turns(metal(OCTAHEDRON), exact)) == 1
    assert len(distinct_turns(carboxylate_node(tetrahedral=True), exact)) == 2


def test_blocks_of_two_connections() -> None:
    own = connections_of(rod())
    turns = best_turns(own.directions, np.array([[0.0, 0, 1], [0, 0, -1]]))
    assert len(turns) == 8
    assert turns[0].misfit < 1e-9
    assert best_turns(own.directions, OCTAHEDRON) == []


def test_planes_at_ports() -> None:
    np.testing.assert_allclose(np.abs(port_normals(benzene())), [[0, 0, 1]] * 2, atol=1e-9)
    np.testing.assert_allclose(port_normals(metal(OCTAHEDRON)), 0.0)


def test_smallest_rotations() -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        one, other = rng.normal(size=(2, 3))
        turned = rotation_between(one, other) @ one / np.linalg.norm(one)
        np.testing.assert_allclose(turned, other / np.linalg.norm(other), atol=1e-9)
    np.testing.assert_allclose(
        rotation_between(np.array([0.0, 0, 1]), np.array([0.0, 0, -2])) @ [0, 0, 1], [0, 0, -1]
    )
