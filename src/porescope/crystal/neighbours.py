"""Pairs of atoms within a distance, in any periodic cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from porescope.crystal.orbits import wrapped
from porescope.errors import ConfigError

_MAX_IMAGES = 50_000_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NeighbourList:
    """Pairs of atoms, each in both directions, sorted by the first atom and the distance.

    The vector from ``first`` to ``second`` is
    ``(frac[second] + image - frac[first]) @ lattice``.
    """

    first: Int[np.ndarray, "pairs"]
    """Index of the atom at the centre."""
    second: Int[np.ndarray, "pairs"]
    """Index of its neighbour."""
    image: Int[np.ndarray, "pairs 3"]
    """Cell in which the neighbour lies."""
    distance: Float[np.ndarray, "pairs"]
    """Distance [Å]."""

    @property
    def n_pairs(self) -> int:
        """Number of directed pairs."""
        return len(self.first)


def neighbour_list(
    frac: Float[np.ndarray, "atoms 3"], *, lattice: Float[np.ndarray, "3 3"], cutoff: float
) -> NeighbourList:
    """All pairs of atoms within a distance, images of an atom with itself included.

    The cutoff may exceed the cell. Time and memory grow linearly with the number of atoms.

    Parameters
    ----------
    frac:
        Fractional coordinates, anywhere.
    lattice:
        Cell vectors as rows [Å].
    cutoff:
        Largest distance [Å].

    Raises
    ------
    ConfigError
        Where the cutoff is not positive, or needs more images than memory holds.
    """
    if not (np.isfinite(cutoff) and cutoff > 0.0):
        raise ConfigError(f"the cutoff must be a positive length in Å, got {cutoff}")
    inside = wrapped(frac)
    cells = np.rint(frac - inside).astype(np.int64)
    reach = cutoff * np.linalg.norm(np.linalg.inv(lattice), axis=0) + 1e-9
    ghost_frac, ghost_atom, ghost_cell = _images(inside, reach)
    found = KDTree(inside @ lattice).sparse_distance_matrix(
        KDTree(ghost_frac @ lattice), cutoff, output_type="ndarray"
    )
    first = found["i"].astype(np.int64)
    ghost = found["j"].astype(np.int64)
    second, image = ghost_atom[ghost], ghost_cell[ghost]
    keep = (first != second) | np.any(image != 0, axis=1)
    first, second, image, distance = first[keep], second[keep], image[keep], found["v"][keep]
    order = np.lexsort((second, distance, first))
    first, second = first[order], second[order]
    return NeighbourList(
        first=first,
        second=second,
        image=image[order] + cells[first] - cells[second],
        distance=np.ascontiguousarray(distance[order]),
    )


def _images(
    inside: Float[np.ndarray, "atoms 3"], reach: Float[np.ndarray, "3"]
) -> tuple[Float[np.ndarray, "images 3"], Int[np.ndarray, "images"], Int[np.ndarray, "images 3"]]:
    """Atoms of the cell and of the shell about it, axis by axis."""
    if len(inside) * np.prod(1.0 + 2.0 * reach) > _MAX_IMAGES:
        raise ConfigError("the cutoff is so large against the cell that the pairs fill memory")
    frac, atom = inside, np.arange(len(inside))
    cell = np.zeros((len(inside), 3), dtype=np.int64)
    for axis in range(3):
        n_cells = int(np.ceil(reach[axis]))
        parts = [(frac, atom, cell)]
        for shift in (s for s in range(-n_cells, n_cells + 1) if s):
            moved = frac[:, axis] + shift
            near = (moved >= -reach[axis]) & (moved <= 1.0 + reach[axis])
            shifted, cells = frac[near].copy(), cell[near].copy()
            shifted[:, axis] += shift
            cells[:, axis] += shift
            parts.append((shifted, atom[near], cells))
        frac = np.concatenate([part[0] for part in parts])
        atom = np.concatenate([part[1] for part in parts])
        cell = np.concatenate([part[2] for part in parts])
    return frac, atom, cell


def coincident_pairs(
    frac: Float[np.ndarray, "atoms 3"], *, lattice: Float[np.ndarray, "3 3"], tolerance: float
) -> Int[np.ndarray, "pairs 2"]:
    """Pairs of different atoms at nearly the same place, each once with the lower index first.

    Faster than :func:`neighbour_list` for distances much shorter than the cell.

    Parameters
    ----------
    frac:
        Fractional coordinates, anywhere.
    lattice:
        Cell vectors as rows [Å].
    tolerance:
        Largest distance [Å].
    """
    radius = tolerance * float(np.linalg.norm(np.linalg.inv(lattice), axis=0).max())
    if radius >= 0.5:
        pairs = neighbour_list(frac, lattice=lattice, cutoff=tolerance)
        once = pairs.first < pairs.second
        found = np.stack([pairs.first[once], pairs.second[once]], axis=1)
        return np.unique(found, axis=0)
    inside = wrapped(frac)
    # A cube that holds the sphere: the largest coordinate difference is the distance.
    tree = KDTree(inside, boxsize=1.0)
    found = tree.query_pairs(radius, p=np.inf, output_type="ndarray").astype(np.int64)
    found = found.reshape(-1, 2)
    delta = inside[found[:, 1]] - inside[found[:, 0]]
    delta -= np.rint(delta)
    near = np.sum((delta @ lattice) ** 2, axis=1) <= tolerance**2
    return found[near]
