"""Images of sites under a space group."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.space_group import SpaceGroup


def expand_sites(
    frac: Float[np.ndarray, "sites 3"],
    *,
    lattice: Float[np.ndarray, "3 3"],
    space_group: SpaceGroup,
    tolerance: float = 0.05,
) -> tuple[Float[np.ndarray, "atoms 3"], Int[np.ndarray, "atoms"], Int[np.ndarray, "atoms"]]:
    """All images of all sites in one cell, each place once.

    A site that lies within ``tolerance`` of a special position is moved onto it, so that its
    multiplicity is right although the file rounds its coordinates.

    Parameters
    ----------
    frac:
        Fractional coordinates of the sites.
    lattice:
        Cell vectors as rows [Å].
    space_group:
        The operations.
    tolerance:
        Largest distance between images that are one atom [Å].

    Returns
    -------
    :
        Fractional coordinates in [0, 1), the site of each atom, and the operation that made it.
        Atoms of one site are consecutive and begin with the site itself.
    """
    n_ops = space_group.n_ops
    if n_ops == 1:
        n_sites = len(frac)
        return wrapped(frac), np.arange(n_sites), np.zeros(n_sites, dtype=np.int64)
    snapped, stabilisers = _snapped(frac, lattice, space_group, tolerance)
    images = np.einsum("oij,sj->soi", space_group.rotations, snapped)
    images += space_group.translations
    keep = np.ones(images.shape[:2], dtype=bool)
    for site in np.flatnonzero(stabilisers > 1):
        keep[site] = _first_of_each(images[site], lattice, tolerance)
    site_of, op_of = np.nonzero(keep)
    return wrapped(images[site_of, op_of]), site_of, op_of


def wrapped(frac: Float[np.ndarray, "atoms 3"]) -> Float[np.ndarray, "atoms 3"]:
    """Fractional coordinates in [0, 1)."""
    inside = frac - np.floor(frac)
    inside[inside >= 1.0] = 0.0
    return inside


def _snapped(
    frac: Float[np.ndarray, "sites 3"],
    lattice: Float[np.ndarray, "3 3"],
    space_group: SpaceGroup,
    tolerance: float,
) -> tuple[Float[np.ndarray, "sites 3"], Int[np.ndarray, "sites"]]:
    """Sites moved onto the special positions that they nearly occupy, and stabiliser orders."""
    position = frac.copy()
    fixed = np.zeros((len(frac), space_group.n_ops), dtype=bool)
    for _ in range(3):
        shift = np.einsum("oij,sj->soi", space_group.rotations, position)
        shift += space_group.translations - position[:, None, :]
        shift -= np.rint(shift)
        fixed = np.linalg.norm(shift @ lattice, axis=2) < tolerance
        weight = fixed[..., None] / fixed.sum(axis=1)[:, None, None]
        correction = np.sum(shift * weight, axis=1)
        position = position + correction
        if np.max(np.abs(correction), initial=0.0) < 1e-12:
            break
    return position, fixed.sum(axis=1)


def _first_of_each(
    images: Float[np.ndarray, "ops 3"], lattice: Float[np.ndarray, "3 3"], tolerance: float
) -> np.ndarray:
    """True where no earlier image lies at the same place."""
    delta = images[:, None, :] - images[None, :, :]
    delta -= np.rint(delta)
    same = np.sum((delta @ lattice) ** 2, axis=2) < tolerance**2
    return ~np.any(np.tril(same, k=-1), axis=1)


def rotated_u(
    u_aniso: Float[np.ndarray, "atoms 3 3"],
    *,
    rotations: Int[np.ndarray, "atoms 3 3"],
    lattice: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "atoms 3 3"]:
    """Displacement tensors of images, in the CIF convention [Å²].

    Parameters
    ----------
    u_aniso:
        Tensor U_ij of the site from which each atom comes.
    rotations:
        Rotation part of the operation that made each atom.
    lattice:
        Cell vectors as rows [Å].
    """
    star = np.linalg.norm(np.linalg.inv(lattice), axis=0)
    scale = star[:, None] * star[None, :]
    beta = u_aniso * scale
    return np.einsum("aij,ajk,alk->ail", rotations, beta, rotations) / scale
