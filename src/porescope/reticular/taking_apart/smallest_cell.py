"""The smallest cell of a crystal by its own translations, without a search for symmetry."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from math import gcd

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

from porescope.crystal.orbits import wrapped
from porescope.crystal.space_group import space_group_from_matrices
from porescope.crystal.structure import Crystal
from porescope.crystal.transform import primitive_cell
from porescope.errors import ConfigError

_SAME_PLACE = 0.05
"""Largest distance of an atom from its like after a translation [Å]."""
_FINEST = 24
"""Most cells that one axis may be made of."""


def smallest_cell(crystal: Crystal) -> Crystal:
    """The crystal in its smallest cell; itself where that is the one it has.

    Parameters
    ----------
    crystal:
        A structure; its symmetry is not looked at and not kept.
    """
    counts = np.bincount(crystal.numbers)
    common = reduce(gcd, counts[counts > 0].tolist(), 0)
    if common < 2:
        return crystal
    found = _translations(crystal, rarest=int(np.argmin(np.where(counts > 0, counts, np.inf))))
    if not len(found):
        return crystal
    shifts = np.concatenate([np.zeros((1, 3)), found])
    rotations = np.broadcast_to(np.eye(3, dtype=np.int64), (len(shifts), 3, 3)).copy()
    group = space_group_from_matrices(rotations, translations=shifts)
    plain = replace(crystal, space_group=group, orbit=np.arange(crystal.n_atoms))
    try:
        return primitive_cell(plain).without_symmetry()
    except ConfigError:
        # The translations hold only roughly: the cell stays.
        return crystal


def _translations(crystal: Crystal, *, rarest: int) -> Float[np.ndarray, "found 3"]:
    """Fractions of the cell that map every atom to one of its kind."""
    inside = wrapped(crystal.frac)
    few = inside[crystal.numbers == rarest]
    trees = {
        z: KDTree(inside[crystal.numbers == z], boxsize=1.0)
        for z in np.unique(crystal.numbers).tolist()
    }
    found = []
    for step in few[1:] - few[0]:
        fraction = _snapped(step)
        if fraction is None:
            continue
        if all(
            _maps(inside[crystal.numbers == z] + fraction, tree, crystal.lattice)
            for z, tree in trees.items()
        ):
            found.append(fraction % 1.0)
    return np.array(found, dtype=np.float64).reshape(-1, 3)


def _snapped(step: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"] | None:
    """A vector of fractions with one small denominator, where there is one near."""
    for parts in range(2, _FINEST + 1):
        near = np.rint(step * parts) / parts
        if np.all(np.abs(near - step) < 2e-3) and np.any(near % 1.0):
            return near
    return None


def _maps(
    moved: Float[np.ndarray, "atoms 3"], tree: KDTree, lattice: Float[np.ndarray, "3 3"]
) -> bool:
    inside = wrapped(moved)
    _, nearest = tree.query(inside)
    away = inside - np.asarray(tree.data)[nearest]
    away -= np.rint(away)
    return bool(np.all(np.linalg.norm(away @ lattice, axis=1) < _SAME_PLACE))
