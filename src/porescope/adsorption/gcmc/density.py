"""Where molecules are: counts of sampled positions on a grid over the unit cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.gcmc.child import Positions
from porescope.errors import ConfigError

Counts = tuple[Int[np.ndarray, "na nb nc"], ...]
"""Sampled beads of each gas in each voxel of the unit cell."""


def grid_shape(lattice: Float[np.ndarray, "3 3"], *, spacing: float) -> tuple[int, int, int]:
    """Points along a, b and c that are at most a spacing apart [Å]."""
    if not spacing > 0.0:
        raise ConfigError(f"expected a spacing of the density grid above zero, got {spacing:g}")
    na, nb, nc = np.ceil(np.linalg.norm(lattice, axis=1) / spacing).astype(int)
    return int(na), int(nb), int(nc)


def counted(
    samples: Sequence[Positions],
    *,
    box: Float[np.ndarray, "3 3"],
    repeats: tuple[int, int, int],
    shape: tuple[int, int, int],
) -> Counts:
    """Beads of each gas nearest to each grid point, all cells of the box folded onto one.

    Parameters
    ----------
    samples:
        Cartesian positions in the box [Å].
    box:
        Vectors of the box as rows [Å].
    repeats:
        Unit cells along the box.
    shape:
        Points of the grid along a, b and c of the unit cell; point (i, j, k) is at the fraction
        (i/na, j/nb, k/nc).
    """
    if not samples:
        return ()
    inverse = np.linalg.inv(box)
    size = np.array(shape)
    counts = []
    for gas in range(len(samples[0])):
        places = np.concatenate([sample[gas].reshape(-1, 3) for sample in samples])
        frac = places @ inverse * np.array(repeats)
        voxel = np.rint(frac * size).astype(np.int64) % size
        flat = np.ravel_multi_index(tuple(voxel.T), shape)
        counts.append(np.bincount(flat, minlength=int(size.prod())).reshape(shape))
    return tuple(counts)


def density_per_a3(
    counts: Int[np.ndarray, "na nb nc"], *, n_samples: int, n_cells: int, volume: float
) -> Float[np.ndarray, "na nb nc"]:
    """Number density of beads [1/Å³].

    Parameters
    ----------
    counts:
        Beads in each voxel, over all samples and cells.
    n_samples:
        Number of samples.
    n_cells:
        Unit cells in the box.
    volume:
        Volume of the unit cell [Å³].
    """
    if n_samples < 1:
        raise ConfigError("no positions were sampled: ask for sample_every above zero")
    return counts / (n_samples * n_cells * volume / counts.size)
