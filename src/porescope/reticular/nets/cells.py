"""Nets with places for their vertices: smaller cells and larger ones."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from porescope.reticular.net import PeriodicNet

_SAME = 2e-3
"""Places nearer than this share of the cell are one [fraction]."""


def translations_of(
    net: PeriodicNet, frac: Float[np.ndarray, "vertices 3"]
) -> Float[np.ndarray, "n 3"]:
    """Translations within the cell that carry a net, as it is placed, onto itself.

    Parameters
    ----------
    net:
        A net.
    frac:
        Places of its vertices.

    Returns
    -------
    :
        Fractions of the cell, the zero vector first.
    """
    n = net.n_vertices
    known = edge_set(net)
    degrees = net.degrees()
    kinds, counts = np.unique(degrees, return_counts=True)
    rare = np.flatnonzero(degrees == kinds[np.argmin(counts)])
    found = [np.zeros(3)]
    for j in rare[1:]:
        shift = frac[j] - frac[rare[0]]
        image = _matched(frac + shift, frac)
        if image is None or not np.array_equal(degrees[image], degrees):
            continue
        if len(np.unique(image)) < n:
            continue
        cell = np.rint(frac + shift - frac[image]).astype(np.int64)
        edges = net.edges.copy()
        edges[:, 2:] += cell[edges[:, 1]] - cell[edges[:, 0]]
        edges[:, :2] = image[edges[:, :2]]
        if edge_set(PeriodicNet(n_vertices=n, edges=edges)) == known:
            found.append(shift - np.floor(shift + 1e-6))
    return np.array(found)


def primitive(
    net: PeriodicNet,
    frac: Float[np.ndarray, "vertices 3"],
    lattice: Float[np.ndarray, "3 3"],
) -> tuple[PeriodicNet, Float[np.ndarray, "some 3"], Float[np.ndarray, "3 3"]]:
    """The net in its smallest cell.

    Parameters
    ----------
    net:
        A net.
    frac:
        Places of its vertices.
    lattice:
        Cell vectors as rows.

    Returns
    -------
    :
        Net, places within the cell, and cell.
    """
    shifts = translations_of(net, frac)
    order = len(shifts)
    basis = np.eye(3)
    if order > 1:
        rows = np.concatenate([order * np.eye(3), np.rint(order * shifts)]).astype(np.int64)
        basis = _lattice_rows(rows) / order
    basis = _short(basis, lattice)
    return in_cell(net, frac, lattice, basis)


def in_cell(
    net: PeriodicNet,
    frac: Float[np.ndarray, "vertices 3"],
    lattice: Float[np.ndarray, "3 3"],
    basis: Float[np.ndarray, "3 3"],
) -> tuple[PeriodicNet, Float[np.ndarray, "some 3"], Float[np.ndarray, "3 3"]]:
    """The net in a cell whose vectors are translations of it.

    Parameters
    ----------
    net, frac, lattice:
        As in :func:`primitive`.
    basis:
        New cell vectors as rows in terms of the old ones; the new cell is no larger.
    """
    inverse = np.linalg.inv(basis)
    places = frac @ inverse
    places = places - np.floor(places + 1e-4)
    keep: list[int] = []
    label = np.full(len(places), -1, dtype=np.int64)
    for i in range(len(places)):
        if keep:
            delta = places[keep] - places[i]
            delta -= np.rint(delta)
            near = np.flatnonzero(np.all(np.abs(delta) < 2 * _SAME, axis=1))
            if len(near):
                label[i] = near[0]
                continue
        label[i] = len(keep)
        keep.append(i)
    new = places[keep]
    here, there = net.edges[:, 0], net.edges[:, 1]
    vectors = (frac[there] + net.edges[:, 2:] - frac[here]) @ inverse
    cells = np.rint(new[label[here]] + vectors - new[label[there]]).astype(np.int64)
    edges = np.concatenate([label[here][:, None], label[there][:, None], cells], axis=1)
    edges = _oriented(edges)
    edges, counts = np.unique(edges, axis=0, return_counts=True)
    ratio = round(len(frac) / len(keep))
    edges = np.repeat(edges, np.maximum(counts // ratio, 1), axis=0)
    found = PeriodicNet(n_vertices=len(keep), edges=edges, name=net.name)
    return found, new, basis @ lattice


def edge_set(net: PeriodicNet) -> set[tuple[int, ...]]:
    """The edges, each in one direction, double edges once."""
    return {tuple(row) for row in _oriented(net.edges).tolist()}


def _oriented(edges: Int[np.ndarray, "edges 5"]) -> Int[np.ndarray, "edges 5"]:
    """Edges turned so that the smaller vertex, or the larger cell, comes first."""
    edges = edges.copy()
    signs = np.sign(edges[:, 2:])
    first = np.where(signs[:, 0], signs[:, 0], np.where(signs[:, 1], signs[:, 1], signs[:, 2]))
    flip = (edges[:, 0] > edges[:, 1]) | ((edges[:, 0] == edges[:, 1]) & (first < 0))
    edges[flip] = np.concatenate([edges[flip][:, 1::-1], -edges[flip][:, 2:]], axis=1)
    return edges


def _matched(
    places: Float[np.ndarray, "n 3"], frac: Float[np.ndarray, "n 3"]
) -> Int[np.ndarray, "n"] | None:
    """Vertex at each place, or nothing where one place is empty."""
    image = np.empty(len(places), dtype=np.int64)
    for i in range(len(places)):
        delta = frac - places[i]
        delta -= np.rint(delta)
        worst = np.abs(delta).max(axis=1)
        j = int(np.argmin(worst))
        if worst[j] > _SAME:
            return None
        image[i] = j
    return image


def _lattice_rows(rows: Int[np.ndarray, "n 3"]) -> Float[np.ndarray, "3 3"]:
    """Basis of the lattice that the rows generate."""
    from porescope.reticular.nets.placement import lattice_basis

    return lattice_basis(rows)[0].astype(np.float64)


def _short(
    basis: Float[np.ndarray, "3 3"], lattice: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "3 3"]:
    """The same lattice with short vectors, by taking shorter sums while there are any."""
    rows = basis.copy()
    steps = [(i, j, s) for i in range(3) for j in range(3) if i != j for s in (1, -1)]
    better = True
    while better:
        better = False
        for i, j, s in steps:
            trial = rows[i] + s * rows[j]
            if np.linalg.norm(trial @ lattice) < np.linalg.norm(rows[i] @ lattice) - 1e-6:
                rows[i] = trial
                better = True
    if np.linalg.det(rows @ lattice) < 0:
        rows[2] = -rows[2]
    return rows
