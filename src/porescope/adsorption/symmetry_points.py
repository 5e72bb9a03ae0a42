"""Points of a grid that symmetry makes equal, so that one of each set is computed."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

import numpy as np
from jaxtyping import Int
from numba import njit

from porescope.adsorption.framework import Framework
from porescope.crystal.space_group import SpaceGroup
from porescope.crystal.structure import Crystal

_TOLERANCE = 1e-4  # [Å] an operation holds where it maps atoms onto atoms as closely as this
_GROWTH = 1.25  # a grid may become so much finer along an axis to fit the operations


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class UniquePoints:
    """One point of each set of symmetry-equal points of a grid."""

    points: Int[np.ndarray, "unique"]
    """Index of each unique point in the flattened grid."""
    unique: Int[np.ndarray, "points"]
    """Row of ``points`` that each point of the flattened grid equals."""


def unique_points(framework: Framework, *, shape: tuple[int, int, int]) -> UniquePoints | None:
    """Symmetry-unique points of a grid over the cell; ``None`` where no operation helps.

    Only operations that map the grid onto itself and every atom onto one of its type and charge
    (within 1e-4 Å) are used.

    Parameters
    ----------
    framework:
        A framework whose crystal states its space group.
    shape:
        Points along a, b and c.
    """
    rotations, translations = _operations_of_grid(framework.crystal.space_group, shape=shape)
    if len(rotations) < 2 or not _hold(framework, rotations, translations, shape=shape):
        return None
    points, unique = _orbits(rotations, translations, np.array(shape, dtype=np.int64))
    return UniquePoints(points=points, unique=unique)


def grid_shape(crystal: Crystal, *, spacing: float) -> tuple[int, int, int]:
    """Smallest grid no coarser than a spacing that the crystal's operations map onto itself.

    Where that would be much finer than asked, the operations are ignored.

    Parameters
    ----------
    crystal:
        A crystal that states its space group.
    spacing:
        Largest distance between neighbouring points along an axis [Å].
    """
    lengths = np.linalg.norm(crystal.lattice, axis=1)
    plain = np.maximum(np.ceil(lengths / spacing - 1e-9), 1).astype(int)
    group = crystal.space_group
    if group.n_ops == 1:
        return int(plain[0]), int(plain[1]), int(plain[2])
    step = 1
    for denominator in (2, 3, 4, 6, 8, 12):
        scaled = group.translations * denominator
        if np.allclose(scaled, np.rint(scaled), atol=1e-6):
            step = denominator
            break
    fitted = plain.copy()
    coupled = np.any(group.rotations != 0, axis=0)
    for axis in range(3):
        fitted[axis] = plain[coupled[axis] | coupled[:, axis]].max()
    fitted = -(-fitted // step) * step
    if np.all(fitted <= np.ceil(plain * _GROWTH) + lcm(step, 2)):
        plain = fitted
    return int(plain[0]), int(plain[1]), int(plain[2])


def _operations_of_grid(
    group: SpaceGroup, *, shape: tuple[int, int, int]
) -> tuple[Int[np.ndarray, "ops 3 3"], Int[np.ndarray, "ops 3"]]:
    """Operations in units of the grid's steps: those that map the grid onto itself."""
    n = np.array(shape, dtype=np.float64)
    rotations = group.rotations * n[:, None] / n[None, :]
    translations = group.translations * n
    whole_rotations, whole_translations = np.rint(rotations), np.rint(translations)
    fits = np.all(np.abs(rotations - whole_rotations) < 1e-9, axis=(1, 2))
    fits &= np.all(np.abs(translations - whole_translations) < 1e-5, axis=1)
    return whole_rotations[fits].astype(np.int64), whole_translations[fits].astype(np.int64)


def _hold(
    framework: Framework,
    rotations: Int[np.ndarray, "ops 3 3"],
    translations: Int[np.ndarray, "ops 3"],
    *,
    shape: tuple[int, int, int],
) -> bool:
    """Whether each operation, in steps of the grid, maps each atom onto one of its kind."""
    n = np.array(shape, dtype=np.float64)
    crystal = framework.crystal
    kinds = np.stack([framework.type_index.astype(np.float64), framework.charges.round(6)], axis=1)
    _, kind = np.unique(kinds, axis=0, return_inverse=True)
    frac = crystal.frac - np.floor(crystal.frac)
    bins = max(1, round((crystal.n_atoms / 2.0) ** (1.0 / 3.0)))
    place = np.minimum((frac * bins).astype(np.int64), bins - 1)
    key = (place[:, 0] * bins + place[:, 1]) * bins + place[:, 2]
    order = np.argsort(key, kind="stable")
    starts = np.zeros(bins**3 + 1, dtype=np.int64)
    np.cumsum(np.bincount(key, minlength=bins**3), out=starts[1:])
    return _maps_onto_itself(
        frac[order],
        kind.reshape(-1)[order],
        starts,
        bins,
        rotations * n[None, None, :] / n[None, :, None],
        translations / n,
        crystal.lattice,
        _TOLERANCE,
    )


@njit(cache=True, nogil=True)
def _maps_onto_itself(frac, kind, starts, bins, rotations, translations, lattice, tolerance):
    # Images of one atom of each orbit suffice: the others are such images themselves.
    reached = np.zeros(len(frac), np.bool_)
    image = np.empty(3)
    for atom in range(len(frac)):
        if reached[atom]:
            continue
        for op in range(len(rotations)):
            for axis in range(3):
                value = translations[op, axis]
                for other in range(3):
                    value += rotations[op, axis, other] * frac[atom, other]
                image[axis] = value - np.floor(value)
            found = _atom_at(image, kind[atom], frac, kind, starts, bins, lattice, tolerance)
            if found < 0:
                return False
            reached[found] = True
    return True


@njit(cache=True, nogil=True)
def _atom_at(place, kind, frac, kinds, starts, bins, lattice, tolerance):
    # The atom of a kind at a place, or -1. Bins are searched as far as the tolerance reaches.
    margin = np.empty(3)
    volume = abs(np.linalg.det(lattice))
    for axis in range(3):
        one, two = lattice[(axis + 1) % 3], lattice[(axis + 2) % 3]
        area2 = (one @ one) * (two @ two) - (one @ two) ** 2
        margin[axis] = tolerance * np.sqrt(area2) / volume
    low = np.floor((place - margin) * bins).astype(np.int64)
    high = np.floor((place + margin) * bins).astype(np.int64)
    for i in range(low[0], high[0] + 1):
        for j in range(low[1], high[1] + 1):
            for k in range(low[2], high[2] + 1):
                cell = ((i % bins) * bins + j % bins) * bins + k % bins
                for other in range(starts[cell], starts[cell + 1]):
                    if kinds[other] != kind:
                        continue
                    delta = place - frac[other]
                    delta -= np.rint(delta)
                    cart = delta @ lattice
                    if cart @ cart < tolerance * tolerance:
                        return other
    return -1


@njit(cache=True, nogil=True)
def _orbits(rotations, translations, shape):
    na, nb, nc = shape[0], shape[1], shape[2]
    unique = np.full(na * nb * nc, -1, np.int64)
    points = np.empty(na * nb * nc, np.int64)
    count = 0
    for i in range(na):
        for j in range(nb):
            for k in range(nc):
                index = (i * nb + j) * nc + k
                if unique[index] >= 0:
                    continue
                for op in range(len(rotations)):
                    w, t = rotations[op], translations[op]
                    a = (w[0, 0] * i + w[0, 1] * j + w[0, 2] * k + t[0]) % na
                    b = (w[1, 0] * i + w[1, 1] * j + w[1, 2] * k + t[1]) % nb
                    c = (w[2, 0] * i + w[2, 1] * j + w[2, 2] * k + t[2]) % nc
                    unique[(a * nb + b) * nc + c] = count
                points[count] = index
                count += 1
    return points[:count].copy(), unique
