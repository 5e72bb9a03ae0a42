"""A cubic framework put together by hand: Zn4O nodes on a primitive lattice."""

from __future__ import annotations

from itertools import product

import numpy as np

from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block
from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.nodes.library import node_named

BDC = "OC(=O)c1ccc(cc1)C(=O)O"
EDGE = 12.9


def _turn(columns: list[np.ndarray]) -> np.ndarray:
    turn = np.array(columns).T
    return turn if np.linalg.det(turn) > 0 else turn * np.array([1.0, 1.0, -1.0])


def cubic_framework(repeats: tuple[int, int, int]) -> Assembly:
    """Zn4O and terephthalate on the primitive cubic net, every node in the same pose.

    Neighbouring nodes have their carboxylates at right angles, so that the links are not closed
    in all details; the slots are cubic.
    """
    node: Block = node_named("Zn4O(CO2)6")
    linker = linkers_from_smiles(BDC)[0]
    size = np.array(repeats)
    cells = list(product(*(range(n) for n in repeats)))
    index = {cell: i for i, cell in enumerate(cells)}
    kinds = [0] * len(cells) + [1] * (3 * len(cells))
    origins = [EDGE * np.array(c, dtype=np.float64) for c in cells]
    rotations = [np.eye(3)] * len(cells)
    links: list[list[int]] = []
    unit = node.port_vectors / np.linalg.norm(node.port_vectors, axis=1)[:, None]
    axes = np.eye(3)
    along = linker.positions[linker.port_atoms[1]] - linker.positions[linker.port_atoms[0]]
    along = along / np.linalg.norm(along)
    flat = np.array([0.0, 0.0, 1.0])
    frame = np.array([along, np.cross(flat, along), flat])
    for cell in cells:
        for axis in range(3):
            piece = len(origins)
            target = [axes[axis], axes[(axis + 1) % 3], axes[(axis + 2) % 3]]
            rotations.append(_turn(target) @ frame)
            origins.append(EDGE * (np.array(cell) + 0.5 * axes[axis]))
            low = int(np.argmax(unit @ axes[axis]))
            high = int(np.argmax(-unit @ axes[axis]))
            ahead = np.array(cell) + axes[axis].astype(np.int64)
            other = index[tuple(int(v) for v in ahead % size)]
            links.append([index[cell], low, piece, 0, 0, 0, 0])
            links.append([piece, 1, other, high, *(ahead // size).tolist()])
    return Assembly(
        lattice=EDGE * np.diag(size.astype(np.float64)),
        blocks=(node, linker),
        kinds=np.array(kinds, dtype=np.int64),
        origins=np.array(origins),
        rotations=np.array(rotations),
        links=np.array(links, dtype=np.int64),
    )
