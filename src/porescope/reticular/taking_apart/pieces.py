"""Pieces of a crystal that is cut at some of its bonds, with their ports and links."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block, BlockKind
from porescope.reticular.taking_apart.bond_graph import BondGraph, Parts, parts_of


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pieces:
    """A cut graph: which atoms make each piece, and which bonds leave it."""

    graph: BondGraph
    """Atoms and bonds."""
    parts: Parts
    """The pieces, unfolded."""
    link_bonds: Int[np.ndarray, "links"]
    """Bonds between pieces, or between a piece and its own image."""
    atoms: tuple[Int[np.ndarray, "_"], ...]
    """Atoms of each piece."""


def cut_pieces(graph: BondGraph, *, cut: Bool[np.ndarray, "bonds"]) -> Pieces:
    """Pieces that are left when bonds are cut.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    cut:
        True for the bonds to cut. Of an endless piece more are cut: those to its own images.
    """
    parts = parts_of(graph, kept=~cut)
    crossing = cut | np.any(parts.shift != 0, axis=1)
    order = np.argsort(parts.part, kind="stable")
    bounds = np.cumsum(np.bincount(parts.part, minlength=parts.n_parts))[:-1]
    return Pieces(
        graph=graph,
        parts=parts,
        link_bonds=np.flatnonzero(crossing),
        atoms=tuple(np.split(order, bounds)) if graph.n_atoms else (),
    )


def blocks_of(pieces: Pieces, *, kinds: list[BlockKind]) -> tuple[list[Block], np.ndarray]:
    """A block for each piece, in the crystal's own orientation, and the links.

    Parameters
    ----------
    pieces:
        The cut graph.
    kinds:
        What part each piece plays.

    Returns
    -------
    :
        The blocks; and rows of piece, port, other piece, other port, cell of the other piece.
    """
    graph, parts = pieces.graph, pieces.parts
    place = np.empty(graph.n_atoms, dtype=np.int64)
    for members in pieces.atoms:
        place[members] = np.arange(len(members))
    cart = (graph.frac + parts.cell) @ graph.lattice
    links = np.zeros((len(pieces.link_bonds), 7), dtype=np.int64)
    ports: list[list[int]] = [[] for _ in pieces.atoms]
    vectors: list[list[np.ndarray]] = [[] for _ in pieces.atoms]
    i, j = graph.first[pieces.link_bonds], graph.second[pieces.link_bonds]
    shift = parts.shift[pieces.link_bonds]
    between = cart[j] + shift @ graph.lattice - cart[i]
    for row, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        one, other = int(parts.part[a]), int(parts.part[b])
        links[row, 0], links[row, 1] = one, len(ports[one])
        ports[one].append(int(place[a]))
        vectors[one].append(between[row])
        links[row, 2], links[row, 3] = other, len(ports[other])
        ports[other].append(int(place[b]))
        vectors[other].append(-between[row])
    links[:, 4:] = shift
    inner = np.ones(graph.n_bonds, dtype=bool)
    inner[pieces.link_bonds] = False
    rows = np.flatnonzero(inner)
    owner = parts.part[graph.first[rows]]
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(parts.n_parts + 1))
    blocks = []
    for piece, members in enumerate(pieces.atoms):
        own = rows[order[bounds[piece] : bounds[piece + 1]]]
        bonds = np.stack([place[graph.first[own]], place[graph.second[own]]], axis=1)
        positions = cart[members]
        blocks.append(
            Block(
                kind=kinds[piece],
                numbers=graph.numbers[members],
                positions=positions - positions.mean(axis=0),
                bonds=np.sort(bonds.astype(np.int64), axis=1),
                port_atoms=np.array(ports[piece], dtype=np.int64),
                port_vectors=np.array(vectors[piece], dtype=np.float64).reshape(-1, 3),
            )
        )
    return blocks, links


def assembly_of(
    pieces: Pieces, *, blocks: list[Block], links: np.ndarray, name: str = ""
) -> Assembly:
    """The pieces as they stand, each its own kind.

    Parameters
    ----------
    pieces:
        The cut graph.
    blocks, links:
        As :func:`blocks_of` gives them.
    name:
        Where they came from.
    """
    graph = pieces.graph
    cart = (graph.frac + pieces.parts.cell) @ graph.lattice
    origins = [cart[members].mean(axis=0) for members in pieces.atoms]
    n = len(blocks)
    return Assembly(
        lattice=graph.lattice,
        blocks=tuple(blocks),
        kinds=np.arange(n, dtype=np.int64),
        origins=np.array(origins, dtype=np.float64).reshape(-1, 3),
        rotations=np.broadcast_to(np.eye(3), (n, 3, 3)).copy(),
        links=links,
        name=name,
    )
