"""Edges from any places in a crystal to the atoms about them.

A list of bins, and no tree: trees of points fail where the processor takes the smallest numbers as
zero, as it does while a network is trained.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from porescope.adsorption.images import Images, images_within
from porescope.crystal.structure import Crystal


def edges_of_places(
    cart: Float[np.ndarray, "places 3"], crystal: Crystal, *, cutoff: float
) -> tuple[Int[np.ndarray, "2 edges"], Float[np.ndarray, "edges 3"]]:
    """Edges from places to all images of atoms about them, sorted by place.

    Parameters
    ----------
    cart:
        Cartesian coordinates of the places, anywhere [Å].
    crystal:
        The crystal.
    cutoff:
        Longest edge [Å].

    Returns
    -------
    :
        Place and atom of each edge, and the vector to the atom's image [Å].
    """
    frac = cart @ np.linalg.inv(crystal.lattice)
    home = np.ascontiguousarray((frac - np.floor(frac)) @ crystal.lattice)
    images = images_within(crystal.lattice, frac=crystal.frac, reach=cutoff)
    place, image, vector = _image_pairs(home, images, cutoff=cutoff)
    return np.stack([place, images.atom[image]]), vector


def _image_pairs(
    home: Float[np.ndarray, "places 3"], images: Images, *, cutoff: float
) -> tuple[Int[np.ndarray, "edges"], Int[np.ndarray, "edges"], Float[np.ndarray, "edges 3"]]:
    """Places and images within the cutoff of each other."""
    cart = np.stack([images.x, images.y, images.z], axis=1)
    arguments = (home, cart, images.starts, images.bins, images.origin, images.width, cutoff)
    counts = _count(*arguments)
    n_edges = int(counts.sum())
    image = np.empty(n_edges, dtype=np.int64)
    vector = np.empty((n_edges, 3), dtype=np.float64)
    _fill(*arguments, np.cumsum(counts) - counts, image, vector)
    return np.repeat(np.arange(len(home)), counts), image, vector


@no_type_check
@njit(cache=True, nogil=True)
def _range(value, origin, width, cutoff, n):
    low = int(np.floor((value - cutoff - origin) / width))
    high = int(np.floor((value + cutoff - origin) / width))
    return max(low, 0), min(high, n - 1)


@no_type_check
@njit(cache=True, nogil=True)
def _count(home, cart, starts, bins, origin, width, cutoff):
    counts = np.zeros(len(home), np.int64)
    for p in range(len(home)):
        x0, x1 = _range(home[p, 0], origin[0], width, cutoff, bins[0])
        y0, y1 = _range(home[p, 1], origin[1], width, cutoff, bins[1])
        z0, z1 = _range(home[p, 2], origin[2], width, cutoff, bins[2])
        for i in range(x0, x1 + 1):
            for j in range(y0, y1 + 1):
                row = (i * bins[1] + j) * bins[2]
                for a in range(starts[row + z0], starts[row + z1 + 1]):
                    d2 = 0.0
                    for axis in range(3):
                        d2 += (cart[a, axis] - home[p, axis]) ** 2
                    if d2 < cutoff * cutoff:
                        counts[p] += 1
    return counts


@no_type_check
@njit(cache=True, nogil=True)
def _fill(home, cart, starts, bins, origin, width, cutoff, first, image, vector):
    for p in range(len(home)):
        place = first[p]
        x0, x1 = _range(home[p, 0], origin[0], width, cutoff, bins[0])
        y0, y1 = _range(home[p, 1], origin[1], width, cutoff, bins[1])
        z0, z1 = _range(home[p, 2], origin[2], width, cutoff, bins[2])
        for i in range(x0, x1 + 1):
            for j in range(y0, y1 + 1):
                row = (i * bins[1] + j) * bins[2]
                for a in range(starts[row + z0], starts[row + z1 + 1]):
                    d2 = 0.0
                    for axis in range(3):
                        d2 += (cart[a, axis] - home[p, axis]) ** 2
                    if d2 < cutoff * cutoff:
                        image[place] = a
                        for axis in range(3):
                            vector[place, axis] = cart[a, axis] - home[p, axis]
                        place += 1
