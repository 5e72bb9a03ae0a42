"""Pore size distribution: for each point of the void the largest sphere that covers it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numba import njit

from porescope.adsorption.distance_grid import DistanceGrid
from porescope.adsorption.distance_kernels import nearest_surface
from porescope.errors import ConfigError

_CONTAINED = 0.1
"""A sphere that sticks out of another by less than this adds nothing [grid spacings]."""
COVERING_SPACING = 0.3
"""Spacing of the grid for covering spheres [Å]; larger in cells above 3 000 Å³."""
COVERING_POINTS = 120_000
"""Most points of that grid: the work grows with the sixth power of the spacing."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PoreSizes:
    """Distribution of the diameters of the largest spheres that cover the points of the void.

    After Gelb and Gubbins, https://doi.org/10.1021/la9808418. The void is what lies outside the
    hard spheres of the atoms.
    """

    diameter: Float[np.ndarray, "bins"]
    """Middle of each bin [Å]."""
    share: Float[np.ndarray, "bins"]
    """Share of the void whose largest covering sphere falls in the bin."""
    void_fraction: float
    """Share of the cell outside the atoms."""

    @property
    def bin_width(self) -> float:
        """Width of the bins [Å]."""
        return float(self.diameter[1] - self.diameter[0]) if len(self.diameter) > 1 else 0.0

    @property
    def mean(self) -> float:
        """Mean diameter over the void [Å]; 0 where there is none."""
        return float(self.diameter @ self.share)

    @property
    def density(self) -> Float[np.ndarray, "bins"]:
        """Share per width of diameter [1/Å]."""
        return self.share / self.bin_width if self.bin_width else self.share

    @property
    def cumulative(self) -> Float[np.ndarray, "bins"]:
        """Share of the void in pores wider than the lower edge of each bin."""
        return np.cumsum(self.share[::-1])[::-1]


def pore_size_distribution(grid: DistanceGrid, *, bin_width: float = 0.1) -> PoreSizes:
    """Distribution of pore diameters over the void of a crystal.

    Parameters
    ----------
    grid:
        Distances to the atoms.
    bin_width:
        Width of the bins [Å].
    """
    covered = covering_radii(grid, allowed=grid.distance.reshape(-1) > 0.0)
    return pore_sizes_from_covering(covered, bin_width=bin_width)


def pore_sizes_from_covering(
    covered: Float[np.ndarray, "points"], *, bin_width: float
) -> PoreSizes:
    """Histogram of covering spheres, each point by its diameter [Å]."""
    if not bin_width > 0.0:
        raise ConfigError(f"expected a positive bin width, got {bin_width:g} Å")
    inside = 2.0 * covered[covered > 0.0]
    n_bins = int(np.ceil((inside.max() if len(inside) else 0.0) / bin_width)) + 1
    counts, edges = np.histogram(inside, bins=n_bins, range=(0.0, n_bins * bin_width))
    return PoreSizes(
        diameter=0.5 * (edges[1:] + edges[:-1]),
        share=counts / max(len(inside), 1),
        void_fraction=len(inside) / len(covered),
    )


def covering_radii(
    grid: DistanceGrid, *, allowed: Bool[np.ndarray, "points"]
) -> Float[np.ndarray, "points"]:
    """Radius of the largest sphere, centred at or near an allowed point, that covers each point.

    Each sphere is first moved off its nearest atom as far as it grows at the same rate, which keeps
    everything that it covers; the largest come first, and one that lies within another is left out.

    Parameters
    ----------
    grid:
        Distances to the atoms.
    allowed:
        Grid points that may be centres.

    Returns
    -------
    :
        Radius [Å] at each grid point, 0 where no sphere comes.
    """
    centres = np.flatnonzero(allowed & (grid.distance.reshape(-1) > 0.0))
    out = np.zeros(grid.distance.size)
    if len(centres) == 0:
        return out
    places, radii = np.empty((len(centres), 3)), np.empty(len(centres))
    _lifted(centres, np.array(grid.distance.shape), grid.spacing, grid.atoms, places, radii)
    order = np.argsort(-radii, kind="stable")
    slack = _CONTAINED * grid.spacing
    owner = np.full(grid.distance.size, -1, dtype=np.int64)
    _cover(places, radii, order, np.array(grid.distance.shape), grid.atoms, owner, out, slack)
    return out


@njit(cache=True)
def _lifted(centres, shape, spacing, atoms, places, radii):
    """Move each sphere away from the atom that bounds it while it grows as fast as it moves."""
    lattice = atoms[0]
    up = np.empty(3)
    trial = np.empty(3)
    for m in range(len(centres)):
        index = centres[m]
        i = index // (shape[1] * shape[2])
        j = (index // shape[2]) % shape[1]
        k = index % shape[2]
        here = i / shape[0] * lattice[0] + j / shape[1] * lattice[1] + k / shape[2] * lattice[2]
        d = nearest_surface(here, atoms)
        for c in range(3):
            trial[:] = here
            trial[c] += 1e-4
            up[c] = (nearest_surface(trial, atoms) - d) / 1e-4
        norm = np.sqrt(np.sum(up * up))
        places[m], radii[m] = here, d
        if norm < 0.5:
            continue
        up /= norm
        step = spacing
        for _ in range(6):
            trial[:] = places[m] + step * up
            grown = nearest_surface(trial, atoms)
            if grown >= radii[m] + 0.999 * step:
                places[m], radii[m] = trial, grown
            else:
                step *= 0.5


@njit(cache=True)
def _cover(places, radii, order, shape, atoms, owner, out, slack):
    """Mark the points in each sphere with its radius, the largest sphere first."""
    lattice, inverse = atoms[0], atoms[1]
    reach = np.empty(3)
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    f = np.empty(3)
    step = lattice[2] / shape[2]
    step2 = np.sum(step * step)
    for sphere in order:
        r = radii[sphere]
        place = places[sphere]
        for k in range(3):
            f[k] = place[0] * inverse[0, k] + place[1] * inverse[1, k] + place[2] * inverse[2, k]
            norm = np.sqrt(inverse[0, k] ** 2 + inverse[1, k] ** 2 + inverse[2, k] ** 2)
            reach[k] = r * norm * shape[k]
        a = int(np.rint(f[0] * shape[0])) % shape[0]
        b = int(np.rint(f[1] * shape[1])) % shape[1]
        c = int(np.rint(f[2] * shape[2])) % shape[2]
        other = owner[(a * shape[1] + b) * shape[2] + c]
        if (
            other >= 0
            and _apart(place, places[other], lattice, inverse) + r <= radii[other] + slack
        ):
            continue
        for k in range(3):
            low[k] = int(np.ceil(f[k] * shape[k] - reach[k]))
            high[k] = int(np.floor(f[k] * shape[k] + reach[k]))
        for i in range(low[0], high[0] + 1):
            for j in range(low[1], high[1] + 1):
                # Points of this row are start + k * step; those inside solve a quadratic.
                start = i / shape[0] * lattice[0] + j / shape[1] * lattice[1] - place
                middle = -np.sum(start * step) / step2
                rest = (r * r - np.sum(start * start)) / step2 + middle * middle
                if rest < 0.0:
                    continue
                half = np.sqrt(rest)
                row = ((i % shape[0]) * shape[1] + j % shape[1]) * shape[2]
                for k in range(int(np.ceil(middle - half)), int(np.floor(middle + half)) + 1):
                    at = row + k % shape[2]
                    if owner[at] < 0:
                        owner[at] = sphere
                        out[at] = r


@njit(cache=True)
def _apart(first, second, lattice, inverse):
    """Distance of two places in the reduced cell, by the nearest image along each axis."""
    gap = np.empty(3)
    for k in range(3):
        f = 0.0
        for n in range(3):
            f += (first[n] - second[n]) * inverse[n, k]
        gap[k] = f - np.rint(f)
    d = 0.0
    for n in range(3):
        x = gap[0] * lattice[0, n] + gap[1] * lattice[1, n] + gap[2] * lattice[2, n]
        d += x * x
    return np.sqrt(d)
