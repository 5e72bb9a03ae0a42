"""Sums of inverse distances over all images of a cell, for charge equilibration."""

from __future__ import annotations

from itertools import product

import numpy as np
from jaxtyping import Float
from scipy.special import erfc

from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.structure import Crystal

_CUTOFF = 12.0
"""Reach of the sums in real space [Å]."""
_PRECISION = 1e-8
"""What the sums leave out, relative to one pair at 1 Å."""
_MEMORY = 4_000_000
"""Numbers of one block of phases."""
_PUBLISHED_WIDTH = 1.0 / 50.0
"""Inverse width of Ewald's clouds in the program of the method's authors [1/Å]."""


def pair_sums(
    crystal: Crystal, *, steepness: Float[np.ndarray, "atoms"]
) -> Float[np.ndarray, "atoms atoms"]:
    r"""Inverse distances with the overlap of the charge clouds, over all images [1/Å].

    .. math:: \sum \frac1r + e^{-a^2 r^2} (2a - a^2 r - \frac1r), \quad a = \sqrt{s_i s_j}

    The bare inverse distances are summed by Ewald's method, with a uniform background.

    Parameters
    ----------
    crystal:
        The structure.
    steepness:
        s of each atom [1/Å].
    """
    lattice, frac, n_atoms = crystal.lattice, crystal.frac, crystal.n_atoms
    reach = float(np.sqrt(-np.log(_PRECISION)))
    width = reach / _CUTOFF
    pairs = neighbour_list(frac, lattice=lattice, cutoff=_CUTOFF)
    a = np.sqrt(steepness[pairs.first] * steepness[pairs.second])
    near = erfc(width * pairs.distance) / pairs.distance + _overlap(pairs.distance, a)
    flat = np.bincount(pairs.first * n_atoms + pairs.second, weights=near, minlength=n_atoms**2)
    sums = flat.reshape(n_atoms, n_atoms)
    sums += _reciprocal(frac, lattice=lattice, width=width, largest=2.0 * width * reach)
    sums -= np.pi / (crystal.volume * width**2)
    sums[np.arange(n_atoms), np.arange(n_atoms)] -= 2.0 * width / np.sqrt(np.pi)
    return sums


def published_sums(
    crystal: Crystal, *, steepness: Float[np.ndarray, "atoms"], n_cells: int
) -> Float[np.ndarray, "atoms atoms"]:
    """The same sums, cut off where the program of the method's authors cuts them off [1/Å].

    It takes a block of cells about each atom, with clouds so wide that nothing is left to the
    reciprocal sum. The block is not a converged sum: its result depends on the choice of the cell.

    Parameters
    ----------
    crystal, steepness:
        As in :func:`pair_sums`.
    n_cells:
        Cells on each side of the central one, along each axis.
    """
    n_atoms = crystal.n_atoms
    between = (crystal.frac[:, None, :] - crystal.frac[None, :, :]) @ crystal.lattice
    a = np.sqrt(steepness[:, None] * steepness[None, :])
    sums = np.zeros((n_atoms, n_atoms))
    own = np.arange(n_atoms)
    for image in product(range(-n_cells, n_cells + 1), repeat=3):
        step = between + np.array(image, dtype=np.float64) @ crystal.lattice
        r = np.sqrt(np.einsum("abx,abx->ab", step, step))
        if image == (0, 0, 0):
            r[own, own] = 1.0
        term = erfc(_PUBLISHED_WIDTH * r) / r + _overlap(r, a)
        if image == (0, 0, 0):
            term[own, own] = -2.0 * _PUBLISHED_WIDTH / np.sqrt(np.pi)
        sums += term
    return sums


def _overlap(r: Float[np.ndarray, "..."], a: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    return np.exp(-((a * r) ** 2)) * (2.0 * a - a**2 * r - 1.0 / r)


def _reciprocal(
    frac: Float[np.ndarray, "atoms 3"],
    *,
    lattice: Float[np.ndarray, "3 3"],
    width: float,
    largest: float,
) -> Float[np.ndarray, "atoms atoms"]:
    """The smooth part of Ewald's sum, for all pairs [1/Å]."""
    volume = abs(np.linalg.det(lattice))
    ends = np.floor(largest / (2.0 * np.pi) * np.linalg.norm(lattice, axis=1)).astype(int)
    axes = [np.arange(-end, end + 1) for end in ends]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    # One of each pair of opposite vectors.
    first = np.where(index[:, 0] != 0, index[:, 0], np.where(index[:, 1] != 0, *index.T[1:]))
    index = index[first > 0]
    vectors = 2.0 * np.pi * index @ np.linalg.inv(lattice).T
    square = np.einsum("kx,kx->k", vectors, vectors)
    keep = square <= largest**2
    index, square = index[keep], square[keep]
    weight = 8.0 * np.pi / volume * np.exp(-square / (4.0 * width**2)) / square
    sums = np.zeros((len(frac), len(frac)))
    step = max(1, _MEMORY // len(frac))
    for start in range(0, len(index), step):
        phase = 2.0 * np.pi * frac @ index[start : start + step].T
        root = np.sqrt(weight[start : start + step])
        for wave in (np.cos(phase) * root, np.sin(phase) * root):
            sums += wave @ wave.T
    return sums
