"""Small blocks for tests of what is put on nets."""

from __future__ import annotations

import numpy as np

from porescope.reticular.block import Block

OCTAHEDRON = np.concatenate([np.eye(3), -np.eye(3)])
TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3.0)
SQUARE = np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
TRIANGLE = np.array([[np.cos(a), np.sin(a), 0.0] for a in np.deg2rad([0, 120, 240])])


def metal(directions: np.ndarray, *, length: float = 2.0, number: int = 30) -> Block:
    """One metal atom with bonds in given directions."""
    n = len(directions)
    return Block(
        kind="node",
        numbers=np.array([number]),
        positions=np.zeros((1, 3)),
        bonds=np.zeros((0, 2), dtype=np.int64),
        port_atoms=np.zeros(n, dtype=np.int64),
        port_vectors=directions * length,
    )


def donor(directions: np.ndarray, *, radius: float = 1.4, length: float = 2.0) -> Block:
    """Carbon in the middle and a nitrogen donor in each direction."""
    n = len(directions)
    return Block(
        kind="linker",
        numbers=np.array([6] + [7] * n),
        positions=np.concatenate([np.zeros((1, 3)), directions * radius]),
        bonds=np.array([[0, i + 1] for i in range(n)]),
        port_atoms=np.arange(1, n + 1),
        port_vectors=directions * length,
    )


def rod() -> Block:
    """A straight linker with two nitrogen donors, 2.8 Å apart."""
    return donor(np.array([[1.0, 0, 0], [-1, 0, 0]]))


def carboxylate_node(*, tetrahedral: bool) -> Block:
    """Six carboxylates on the axes of a cube about one metal atom.

    Opposite ones lie in planes at right angles, as in Zn4O(CO2)6, or in one plane.
    """
    positions, bonds, port_atoms = [np.zeros(3)], [], []
    for k, axis in enumerate(OCTAHEDRON):
        sign = -1.0 if tetrahedral and k >= 3 else 1.0
        side = (np.roll(np.abs(axis), 1) + sign * np.roll(np.abs(axis), 2)) / np.sqrt(2.0)
        start = len(positions)
        positions += [3.0 * axis, 2.4 * axis + 1.1 * side, 2.4 * axis - 1.1 * side]
        bonds += [[start, start + 1], [start, start + 2], [0, start + 1], [0, start + 2]]
        port_atoms.append(start)
    return Block(
        kind="node",
        numbers=np.array([30] + [6, 8, 8] * 6),
        positions=np.array(positions),
        bonds=np.array(bonds),
        port_atoms=np.array(port_atoms),
        port_vectors=1.5 * OCTAHEDRON,
    )


def benzene() -> Block:
    """A flat ring with ports at opposite carbon atoms."""
    angles = np.arange(6) * np.pi / 3
    ring = 1.39 * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    return Block(
        kind="linker",
        numbers=np.full(6, 6),
        positions=ring,
        bonds=np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [0, 5]]),
        port_atoms=np.array([0, 3]),
        port_vectors=np.array([[1.5, 0, 0], [-1.5, 0, 0]]),
    )
