"""The bond graph of a crystal, and its parts when some of the bonds are cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.crystal.bonds import bonds_of
from porescope.crystal.structure import Crystal


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BondGraph:
    """Atoms and bonds of one cell, each bond once."""

    numbers: Int[np.ndarray, "atoms"]
    """Atomic numbers."""
    frac: Float[np.ndarray, "atoms 3"]
    """Fractional coordinates."""
    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    first: Int[np.ndarray, "bonds"]
    """One end of each bond."""
    second: Int[np.ndarray, "bonds"]
    """Its other end."""
    image: Int[np.ndarray, "bonds 3"]
    """Cell of the other end."""
    distance: Float[np.ndarray, "bonds"]
    """Length [Å]."""
    neighbours: tuple[tuple[int, ...], ...]
    """Of each atom: the atoms it is bonded to."""
    bonds_at: tuple[tuple[int, ...], ...]
    """Of each atom: its bonds, in the order of ``neighbours``."""

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.numbers)

    @property
    def n_bonds(self) -> int:
        """Number of bonds."""
        return len(self.first)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Parts:
    """Connected parts of a bond graph, each unfolded into one piece."""

    part: Int[np.ndarray, "atoms"]
    """Index of the part of each atom."""
    cell: Int[np.ndarray, "atoms 3"]
    """Cell to which each atom moves so that its part hangs together."""
    shift: Int[np.ndarray, "bonds 3"]
    """Of each bond: the cell of the other end after the move."""
    n_parts: int
    """Number of parts."""
    endless: Bool[np.ndarray, "parts"]
    """True for parts that reach their own images."""


def bond_graph(crystal: Crystal) -> BondGraph:
    """The graph of a crystal's bonds.

    Parameters
    ----------
    crystal:
        A structure.
    """
    pairs = bonds_of(crystal)
    image = pairs.image
    positive = (
        (image[:, 0] > 0)
        | ((image[:, 0] == 0) & (image[:, 1] > 0))
        | ((image[:, 0] == 0) & (image[:, 1] == 0) & (image[:, 2] > 0))
    )
    once = (pairs.first < pairs.second) | ((pairs.first == pairs.second) & positive)
    return graph_from_bonds(
        numbers=crystal.numbers,
        frac=crystal.frac,
        lattice=crystal.lattice,
        first=pairs.first[once],
        second=pairs.second[once],
        image=image[once],
        distance=pairs.distance[once],
    )


def graph_from_bonds(
    *,
    numbers: Int[np.ndarray, "atoms"],
    frac: Float[np.ndarray, "atoms 3"],
    lattice: Float[np.ndarray, "3 3"],
    first: Int[np.ndarray, "bonds"],
    second: Int[np.ndarray, "bonds"],
    image: Int[np.ndarray, "bonds 3"],
    distance: Float[np.ndarray, "bonds"],
) -> BondGraph:
    """A graph with the bonds of each atom looked up.

    Parameters
    ----------
    numbers, frac, lattice:
        The atoms.
    first, second, image, distance:
        Each bond once.
    """
    neighbours: list[list[int]] = [[] for _ in range(len(numbers))]
    bonds_at: list[list[int]] = [[] for _ in range(len(numbers))]
    for bond, (i, j) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        neighbours[i].append(j)
        neighbours[j].append(i)
        bonds_at[i].append(bond)
        bonds_at[j].append(bond)
    return BondGraph(
        numbers=numbers.astype(np.int64),
        frac=frac,
        lattice=lattice,
        first=first.astype(np.int64),
        second=second.astype(np.int64),
        image=image.astype(np.int64),
        distance=distance,
        neighbours=tuple(tuple(row) for row in neighbours),
        bonds_at=tuple(tuple(row) for row in bonds_at),
    )


def parts_of(graph: BondGraph, *, kept: Bool[np.ndarray, "bonds"]) -> Parts:
    """Connected parts along the bonds that are kept.

    An endless part is unfolded along a tree of its shortest bonds; the others of its bonds lead
    to its images.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    kept:
        False for the bonds that are cut.
    """
    rows = np.flatnonzero(kept)
    order = rows[np.argsort(graph.distance[rows], kind="stable")]
    root, cell = _unfolded(
        graph.n_atoms, graph.first[order], graph.second[order], graph.image[order]
    )
    _, part = np.unique(root, return_inverse=True)
    part = part.reshape(-1).astype(np.int64)
    n_parts = int(part.max()) + 1 if len(part) else 0
    # Each part is brought to where its middle lies in the cell at the origin.
    sizes = np.bincount(part, minlength=n_parts)
    middle = np.zeros((n_parts, 3))
    np.add.at(middle, part, graph.frac + cell)
    middle /= np.maximum(sizes, 1)[:, None]
    cell = cell - np.floor(middle + 1e-9).astype(np.int64)[part]
    shift = graph.image + cell[graph.first] - cell[graph.second]
    endless = np.zeros(n_parts, dtype=bool)
    crossing = kept & np.any(shift != 0, axis=1)
    endless[part[graph.first[crossing]]] = True
    return Parts(part=part, cell=cell, shift=shift, n_parts=n_parts, endless=endless)


@numba.njit(cache=True)
@no_type_check
def _unfolded(n, first, second, image):
    """Root of each atom's part, and its cell as seen from the root."""
    parent = np.arange(n)
    offset = np.zeros((n, 3), dtype=np.int64)
    size = np.ones(n, dtype=np.int64)
    for bond in range(len(first)):
        i, j = first[bond], second[bond]
        at_i = np.zeros(3, dtype=np.int64)
        while parent[i] != i:
            at_i += offset[i]
            i = parent[i]
        at_j = np.zeros(3, dtype=np.int64)
        while parent[j] != j:
            at_j += offset[j]
            j = parent[j]
        if i == j:
            continue
        # The cell of j's root as seen from i's root, so that the bond does not cross.
        step = at_i + image[bond] - at_j
        if size[i] < size[j]:
            i, j = j, i
            step = -step
        parent[j] = i
        offset[j] = step
        size[i] += size[j]
    root = np.empty(n, dtype=np.int64)
    cell = np.zeros((n, 3), dtype=np.int64)
    for atom in range(n):
        i = atom
        while parent[i] != i:
            cell[atom] += offset[i]
            i = parent[i]
        root[atom] = i
    return root, cell


def reduced_by(
    vector: Int[np.ndarray, "3"], *, basis: Int[np.ndarray, "rank 3"]
) -> tuple[int, int, int]:
    """The smallest equal of a translation up to a lattice in Hermite form.

    Parameters
    ----------
    vector:
        A translation.
    basis:
        As :func:`porescope.reticular.translations.translation_lattice` gives it.
    """
    left = [int(x) for x in vector]
    for row in basis.tolist():
        column = next(k for k in range(3) if row[k])
        factor = left[column] // row[column]
        left = [x - factor * y for x, y in zip(left, row, strict=True)]
    return left[0], left[1], left[2]
