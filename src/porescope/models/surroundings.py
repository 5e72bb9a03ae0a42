"""Atoms within a distance of points, periodic images included."""

from __future__ import annotations

from itertools import product

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from porescope.crystal.structure import Crystal


def atoms_around(
    crystal: Crystal, place: Float[np.ndarray, "points 3"], *, radius: float
) -> tuple[Int[np.ndarray, "members"], Int[np.ndarray, "members"], Float[np.ndarray, "members 3"]]:
    """Point and atom of each pair, sorted by the point, and the vector between them [Å].

    Parameters
    ----------
    crystal:
        The crystal.
    place:
        Cartesian coordinates of points within its cell [Å].
    radius:
        Largest distance [Å].
    """
    frac = crystal.frac - np.floor(crystal.frac)
    reach = radius * np.linalg.norm(np.linalg.inv(crystal.lattice), axis=0) + 1e-9
    spans = [range(-int(np.ceil(r)), int(np.ceil(r)) + 1) for r in reach]
    shifts = np.array(list(product(*spans)), dtype=np.float64)
    images = frac[None] + shifts[:, None]
    near = np.all((images >= -reach) & (images <= 1.0 + reach), axis=2)
    atoms = np.broadcast_to(np.arange(crystal.n_atoms), near.shape)[near]
    cart = images[near] @ crystal.lattice
    found = KDTree(place).sparse_distance_matrix(KDTree(cart), radius, output_type="ndarray")
    point, ghost = found["i"].astype(np.int64), found["j"].astype(np.int64)
    order = np.lexsort((ghost, point))
    point, ghost = point[order], ghost[order]
    return point, atoms[ghost].astype(np.int64), cart[ghost] - place[point]
