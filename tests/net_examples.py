"""Nets written down by hand, and what may be done to a net without changing it."""

from __future__ import annotations

from itertools import product

import numpy as np

from porescope.reticular.net import PeriodicNet


def net_of(n_vertices: int, edges: list[list[int]]) -> PeriodicNet:
    """A net from a list of edges."""
    return PeriodicNet(n_vertices=n_vertices, edges=np.array(edges, dtype=np.int64).reshape(-1, 5))


PCU = net_of(1, [[0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]])
DIA = net_of(2, [[0, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 0, 1, 0], [0, 1, 0, 0, 1]])
HCB = net_of(2, [[0, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 0, 1, 0]])
SQL = net_of(1, [[0, 0, 1, 0, 0], [0, 0, 0, 1, 0]])
SRS = net_of(
    4,
    [
        [0, 1, 0, 0, 0],
        [0, 2, 0, 0, 0],
        [0, 3, 0, 0, 0],
        [1, 2, 1, 0, 0],
        [2, 3, 0, 1, 0],
        [3, 1, 0, 0, 1],
    ],
)
CHAIN = net_of(2, [[0, 1, 0, 0, 0], [1, 0, 0, 0, 1]])
DANGLING = net_of(2, [[0, 1, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 1, 0, 0]])
LADDER = net_of(2, [[0, 0, 1, 0, 0], [1, 1, 1, 0, 0], [0, 1, 0, 0, 0]])


def supercell(net: PeriodicNet, matrix: np.ndarray) -> PeriodicNet:
    """The net in the cell whose vectors are the rows of an integer matrix."""
    inverse = np.linalg.inv(matrix)
    reach = int(np.abs(matrix).sum()) + 1
    cells = [
        c
        for c in product(range(-reach, reach + 1), repeat=3)
        if np.all(np.array(c) @ inverse > -1e-9) and np.all(np.array(c) @ inverse < 1 - 1e-9)
    ]
    index = {c: i for i, c in enumerate(cells)}
    edges = []
    for a, b, *shift in net.edges.tolist():
        for cell, i in index.items():
            reached = np.array(cell) + shift
            whole = np.floor(reached @ inverse + 1e-9).astype(int)
            rest = tuple((reached - whole @ matrix).tolist())
            edges.append([a * len(cells) + i, b * len(cells) + index[rest], *whole.tolist()])
    return net_of(net.n_vertices * len(cells), edges)


def disguised(net: PeriodicNet, seed: int) -> PeriodicNet:
    """The same net: other numbers, representatives, basis, order and direction of edges."""
    rng = np.random.default_rng(seed)
    n = net.n_vertices
    numbers, cells = rng.permutation(n), rng.integers(-2, 3, (n, 3))
    basis = np.eye(3, dtype=np.int64)
    for _ in range(4):
        i, j = rng.permutation(3)[:2]
        basis[i] += rng.choice([-1, 1]) * basis[j]
    edges = net.edges.copy()
    edges[:, 2:] = (edges[:, 2:] + cells[edges[:, 0]] - cells[edges[:, 1]]) @ basis
    edges[:, :2] = numbers[edges[:, :2]]
    flip = rng.random(len(edges)) < 0.5
    edges[flip] = np.concatenate([edges[flip][:, 1::-1], -edges[flip][:, 2:]], axis=1)
    return PeriodicNet(n_vertices=n, edges=rng.permutation(edges))
