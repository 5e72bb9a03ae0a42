"""Random cells as starting points of the iterative least squares.

Coelho (2003, https://doi.org/10.1107/S0021889802019878): the refinement of a cell with reassigned
indices converges from far away, so that enough random cells, refined, find the true one in any
lattice system, whatever lines are missing.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from porescope.diffraction.indexing import forms

CUTS = np.array([40.0, 25.0, 16.0, 12.0, 9.0, 7.0, 5.0, 4.0, 3.0, 2.5, 2.0])
"""Misfits, in standard uncertainties, at which lines lose half of their say, pass by pass."""


def random_cells(
    n: int,
    *,
    system: int,
    volume: tuple[float, float],
    longest: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, "cells free"]:
    """Parameters of random cells with volumes uniform in the logarithm.

    Parameters
    ----------
    n:
        How many.
    system:
        System code.
    volume:
        Smallest and largest volume [Å³].
    longest:
        Longest edge [Å].
    rng:
        Source of randomness.
    """
    sizes = np.exp(rng.uniform(np.log(volume[0]), np.log(volume[1]), n)) ** (1.0 / 3.0)
    shape = np.exp(rng.normal(0.0, 0.45, (n, 3)))
    shape /= np.prod(shape, axis=1, keepdims=True) ** (1.0 / 3.0)
    edges = np.clip(sizes[:, None] * shape, 2.5, longest)
    a, b, c = (1.0 / edges**2).T
    if system == forms.CUBIC:
        return np.column_stack([a])
    if system in (forms.TETRAGONAL, forms.HEXAGONAL):
        return np.column_stack([a, c])
    ordered = np.sort(np.column_stack([a, b, c]), axis=1)[:, ::-1]
    if system == forms.ORTHORHOMBIC:
        return np.ascontiguousarray(ordered)
    if system == forms.MONOCLINIC:
        low, high = np.minimum(a, c), np.maximum(a, c)
        return np.column_stack([low, b, high, rng.uniform(0.0, 1.0, n) * low])
    cross = rng.uniform(0.0, 1.0, (n, 3)) * np.column_stack(
        [np.minimum(b, c), np.minimum(a, c), np.minimum(a, b)]
    )
    cross *= np.where(rng.random(n) < 0.5, -0.66, 1.0)[:, None]
    return np.column_stack([a, b, c, cross])
