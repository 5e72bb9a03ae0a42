"""Electrostatic energies between groups of point charges in a periodic cell, by Ewald summation.

P. P. Ewald, Ann. Phys. 369 (1921) 253, https://doi.org/10.1002/andp.19213690304. The energy of a
whole cell is half the sum of the matrix over the groups that are there, so that many arrangements
are weighed from one matrix.
"""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int
from scipy.special import erfc

COULOMB = 14.399645
"""e² / (4 π ε₀) [eV Å]."""
_ACCURACY = 1e-8
_CUTOFF = 11.0
"""Reach of the sum in real space [Å]."""


def group_energies(
    positions: Float[np.ndarray, "atoms 3"],
    charges: Float[np.ndarray, "atoms"],
    groups: Int[np.ndarray, "atoms"],
    *,
    lattice: Float[np.ndarray, "3 3"],
    n_groups: int,
) -> Float[np.ndarray, "groups groups"]:
    """Interaction energies of groups of charges, all images included [eV].

    Entry (a, b) is the sum over pairs of an atom of a and an atom of b or of its images; of (a, a)
    pairs count twice and an atom meets its own images only. A net charge is met by a uniform
    background.

    Parameters
    ----------
    positions:
        Cartesian coordinates [Å].
    charges:
        Charges [e].
    groups:
        Group of each atom, 0 to ``n_groups - 1``.
    lattice:
        Cell vectors as rows [Å].
    n_groups:
        Number of groups.
    """
    volume = float(abs(np.linalg.det(lattice)))
    reach = np.sqrt(-np.log(_ACCURACY))
    alpha = reach / _CUTOFF
    cutoff, k_cutoff = _CUTOFF, 2.0 * alpha * reach
    images = _lattice_points(lattice, cutoff + _spread(lattice))
    table = _erfc_table(alpha, cutoff)
    inverse = np.linalg.inv(lattice)
    frac = positions @ inverse
    folded = (frac - np.floor(frac)) @ lattice
    real = _real_sum(folded, charges, groups, images, n_groups, cutoff, *table)
    reciprocal = 2.0 * np.pi * inverse.T
    waves = _lattice_points(reciprocal, k_cutoff)
    waves = waves[np.linalg.norm(waves, axis=1) > 1e-9]
    # One of each pair of opposite waves.
    keep = (waves[:, 0] > 1e-9) | (
        (np.abs(waves[:, 0]) <= 1e-9)
        & ((waves[:, 1] > 1e-9) | ((np.abs(waves[:, 1]) <= 1e-9) & (waves[:, 2] > 1e-9)))
    )
    waves = waves[keep]
    squared = (waves**2).sum(axis=1)
    weights = 8.0 * np.pi / volume * np.exp(-squared / (4.0 * alpha**2)) / squared
    phases = folded @ waves.T
    cosines, sines = np.zeros((n_groups, len(waves))), np.zeros((n_groups, len(waves)))
    np.add.at(cosines, groups, charges[:, None] * np.cos(phases))
    np.add.at(sines, groups, charges[:, None] * np.sin(phases))
    total = real + (cosines * weights) @ cosines.T + (sines * weights) @ sines.T
    sums = np.bincount(groups, weights=charges, minlength=n_groups)
    squares = np.bincount(groups, weights=charges**2, minlength=n_groups)
    total -= np.pi / (alpha**2 * volume) * np.outer(sums, sums)
    total -= np.diag(2.0 * alpha / np.sqrt(np.pi) * squares)
    return COULOMB * total


def _spread(lattice: Float[np.ndarray, "3 3"]) -> float:
    """Longest diagonal of the cell [Å]."""
    corners = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]]) @ lattice
    return float(np.linalg.norm(corners, axis=1).max())


def _lattice_points(
    lattice: Float[np.ndarray, "3 3"], reach: float
) -> Float[np.ndarray, "points 3"]:
    """Points of a lattice within a distance of the origin."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    most = np.floor(reach / heights).astype(int) + 1
    ranges = [np.arange(-m, m + 1) for m in most]
    points = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3) @ lattice
    return points[np.linalg.norm(points, axis=1) <= reach]


def _erfc_table(alpha: float, cutoff: float) -> tuple[Float[np.ndarray, "steps"], float]:
    """erfc(alpha r) / r on even steps of r squared, and the number of steps per Å²."""
    per_unit = 4000.0
    squares = (np.arange(int(cutoff**2 * per_unit) + 3) + 0.0) / per_unit
    distances = np.sqrt(np.maximum(squares, 1e-4))
    return erfc(alpha * distances) / distances, per_unit


@numba.njit(cache=True)
@no_type_check
def _real_sum(positions, charges, groups, images, n_groups, cutoff, table, per_unit):
    total = np.zeros((n_groups, n_groups))
    limit = cutoff * cutoff
    for i in range(len(charges)):
        for j in range(i, len(charges)):
            dx = positions[j, 0] - positions[i, 0]
            dy = positions[j, 1] - positions[i, 1]
            dz = positions[j, 2] - positions[i, 2]
            found = 0.0
            for k in range(len(images)):
                x, y, z = dx + images[k, 0], dy + images[k, 1], dz + images[k, 2]
                squared = x * x + y * y + z * z
                if squared > limit or squared < 1e-6:
                    continue
                place = squared * per_unit
                low = int(place)
                part = place - low
                found += table[low] * (1.0 - part) + table[low + 1] * part
            energy = charges[i] * charges[j] * found
            if i == j:
                total[groups[i], groups[i]] += energy
            else:
                total[groups[i], groups[j]] += energy
                total[groups[j], groups[i]] += energy
    return total
