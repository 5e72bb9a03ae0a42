"""Periodic images of a cell's atoms about the cell, sorted into bins for searches by distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.errors import ConfigError

_MAX_IMAGES = 50_000_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Images:
    """All images of the atoms that lie within reach of a point of the home cell.

    Images are sorted by bin, bins run fastest along z. The first ``reach`` beyond the cell is
    complete, further images may be there too.
    """

    x: Float[np.ndarray, "images"]
    """Cartesian x [Å]."""
    y: Float[np.ndarray, "images"]
    """Cartesian y [Å]."""
    z: Float[np.ndarray, "images"]
    """Cartesian z [Å]."""
    atom: Int[np.ndarray, "images"]
    """Index of the atom that each image belongs to."""
    starts: Int[np.ndarray, "bins_and_one"]
    """First image of each bin, and the number of images."""
    bins: Int[np.ndarray, "3"]
    """Number of bins along x, y and z."""
    origin: Float[np.ndarray, "3"]
    """Corner of the first bin [Å]."""
    width: float
    """Edge of a bin [Å]."""
    reach: float
    """Distance about the cell that the images fill [Å]."""


def images_within(
    lattice: Float[np.ndarray, "3 3"],
    *,
    frac: Float[np.ndarray, "atoms 3"],
    reach: float,
    width: float = 3.0,
) -> Images:
    """Images of atoms no farther than ``reach`` from the cell's faces.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    frac:
        Fractional coordinates of the atoms, in any cell.
    reach:
        Distance about the cell [Å].
    width:
        Edge of the bins [Å].

    Raises
    ------
    ConfigError
        Where the cell has no volume, or is so thin that the images would fill the memory.
    """
    volume = abs(float(np.linalg.det(lattice)))
    if not volume > 1e-3:
        raise ConfigError(f"expected a cell with a volume, got {volume:g} Å³: check its vectors")
    # Distance of the image from a face, in fractions, is reach over the spacing of the faces.
    margin = reach * np.linalg.norm(np.linalg.inv(lattice), axis=0)
    home = frac - np.floor(frac)
    count = len(home) * float(np.prod(1.0 + 2.0 * margin))
    if count > _MAX_IMAGES:
        raise ConfigError(
            f"expected fewer than {_MAX_IMAGES} images of atoms within {reach:g} Å, got about "
            f"{count:.0f}: reduce the cutoff, or take a reduced cell"
        )
    atom = np.arange(len(home))
    for axis in range(3):
        low = np.floor(-margin[axis] - 1.0)
        shifts = np.arange(low, -low + 1.0)
        moved = home[:, None, axis] + shifts
        keep = (moved >= -margin[axis]) & (moved <= 1.0 + margin[axis])
        rows, columns = np.nonzero(keep)
        atom, home = atom[rows], home[rows]
        home[:, axis] = moved[rows, columns]
    return _binned(home @ lattice, atom=atom, width=width, reach=reach)


def _binned(
    cart: Float[np.ndarray, "images 3"],
    *,
    atom: Int[np.ndarray, "images"],
    width: float,
    reach: float,
) -> Images:
    if len(cart) == 0:
        cart, atom = np.full((1, 3), 1e6), np.zeros(0, dtype=np.int64)
        origin, bins, order = np.zeros(3), np.ones(3, dtype=np.int64), np.zeros(0, dtype=np.int64)
        key = np.zeros(0, dtype=np.int64)
    else:
        origin = cart.min(axis=0) - 1e-6
        place = ((cart - origin) / width).astype(np.int64)
        bins = place.max(axis=0) + 1
        key = (place[:, 0] * bins[1] + place[:, 1]) * bins[2] + place[:, 2]
        order = np.argsort(key, kind="stable")
    starts = np.zeros(int(np.prod(bins)) + 1, dtype=np.int64)
    np.cumsum(np.bincount(key, minlength=len(starts) - 1), out=starts[1:])
    x, y, z = np.ascontiguousarray(cart[order].T)
    return Images(
        x=x,
        y=y,
        z=z,
        atom=atom[order],
        starts=starts,
        bins=bins,
        origin=origin,
        width=width,
        reach=reach,
    )
