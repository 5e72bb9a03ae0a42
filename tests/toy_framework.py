"""A toy framework: six-connected nodes and linkers on the net pcu."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block

AXES = np.vstack([np.eye(3), -np.eye(3)])


def octahedron(*, radius: float = 3.0, metal: int = 30, reach: float = 1.5) -> Block:
    """A metal with six carbon atoms, each with a port."""
    return Block(
        kind="node",
        numbers=np.array([metal, 6, 6, 6, 6, 6, 6]),
        positions=np.vstack([np.zeros(3), radius * AXES]),
        bonds=np.array([[0, i] for i in range(1, 7)]),
        port_atoms=np.arange(1, 7),
        port_vectors=reach * AXES,
    )


def rod(*, length: float = 2.8, reach: float = 1.5, smiles: str = "CC") -> Block:
    """Two carbon atoms on the x axis with a port each."""
    half = 0.5 * length
    return Block(
        kind="linker",
        numbers=np.array([6, 6]),
        positions=np.array([[half, 0.0, 0.0], [-half, 0.0, 0.0]]),
        bonds=np.array([[0, 1]]),
        port_atoms=np.array([0, 1]),
        port_vectors=reach * np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]),
        smiles=smiles,
    )


def cubic(
    *, node: Block | None = None, linker: Block | None = None, edge: float = 11.8
) -> Assembly:
    """The closed framework: edge = 2 radius + length + 2 reach."""
    turns = np.stack(
        [
            np.eye(3),
            np.eye(3),
            Rotation.from_euler("z", 90, degrees=True).as_matrix(),
            Rotation.from_euler("y", -90, degrees=True).as_matrix(),
        ]
    )
    links = []
    for k in range(3):
        cell = [0, 0, 0]
        cell[k] = -1
        links += [[0, k, 1 + k, 1, 0, 0, 0], [0, 3 + k, 1 + k, 0, *cell]]
    return Assembly(
        lattice=np.eye(3) * edge,
        blocks=(node or octahedron(), linker or rod()),
        kinds=np.array([0, 1, 1, 1]),
        origins=np.vstack([np.zeros(3), 0.5 * edge * np.eye(3)]),
        rotations=turns,
        links=np.array(links),
        name="toy",
    )


def carbon_chain(step: float = 3.0, side: float = 8.0) -> Assembly:
    """An endless chain of carbon: two atoms, linked to their own image."""
    return Assembly(
        lattice=np.diag([step, side, side]),
        blocks=(
            Block(
                kind="linker",
                numbers=np.array([6, 6]),
                positions=np.array([[-0.75, 0.0, 0.0], [0.75, 0.0, 0.0]]),
                bonds=np.array([[0, 1]]),
                port_atoms=np.array([0, 1]),
                port_vectors=np.array([[-1.5, 0.0, 0.0], [1.5, 0.0, 0.0]]),
                smiles="CC",
            ),
        ),
        kinds=np.array([0]),
        origins=np.zeros((1, 3)),
        rotations=np.eye(3)[None],
        links=np.array([[0, 1, 0, 0, 1, 0, 0]]),
    )
