"""Pockets of an energy grid: places where a guest may sit and to which it cannot get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit
from scipy.spatial import KDTree

from porescope.adsorption.grid import EnergyGrid
from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingSphere:
    """A sphere in which no guest may be put."""

    centre: tuple[float, float, float]
    """Fractional coordinates."""
    radius: float
    """Radius [Å]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Regions:
    """Connected parts of a periodic grid."""

    label: Int[np.ndarray, "na nb nc"]
    """Part of each point; -1 outside all."""
    dimension: Int[np.ndarray, "parts"]
    """Directions in which each part runs through the crystal; 0 for a pocket."""
    shift: Int[np.ndarray, "na nb nc 3"]
    """Cell in which each point lies when its part is grown from one point, so that a pocket that
    crosses the border of the cell is whole."""

    @property
    def n_channels(self) -> int:
        """Parts that run through the crystal."""
        return int(np.sum(self.dimension > 0))

    @property
    def n_pockets(self) -> int:
        """Closed parts."""
        return int(np.sum(self.dimension == 0))

    def mask(self, *, channels: bool) -> Bool[np.ndarray, "na nb nc"]:
        """Points in channels, or in pockets."""
        wanted = np.append((self.dimension > 0) == channels, False)
        return wanted[self.label]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Accessibility:
    """What of a grid a guest can reach from outside the crystal."""

    threshold_k: float
    """Energy up to which a guest passes, over Boltzmann's constant [K]."""
    regions: Regions
    """Connected parts below the threshold."""
    accessible: Bool[np.ndarray, "na nb nc"]
    """Points in channels."""
    blocked: Bool[np.ndarray, "na nb nc"]
    """Points in pockets."""
    spheres: tuple[BlockingSphere, ...]
    """Spheres that cover every point in pockets and no point in channels."""

    @property
    def n_pockets(self) -> int:
        """Number of pockets in the cell."""
        return self.regions.n_pockets

    @property
    def n_channels(self) -> int:
        """Number of channels in the cell."""
        return self.regions.n_channels


def accessible(grid: EnergyGrid, *, threshold_k: float) -> Accessibility:
    """Split what lies below an energy into channels and pockets, and cover the pockets.

    Points are connected through faces of the grid's cells.

    Parameters
    ----------
    grid:
        Energies of the guest.
    threshold_k:
        Energy up to which a guest passes, over Boltzmann's constant [K]; 15 times the temperature
        is usual.

    Raises
    ------
    ConfigError
        The threshold is not below the energy at which the grid is cut.
    """
    if not threshold_k < grid.cap_k:
        raise ConfigError(
            f"expected a threshold below the largest energy that the grid keeps, {grid.cap_k:g} K, "
            f"got {threshold_k:g} K; make the grid with a larger cap"
        )
    regions = connected_regions(grid.energy_k <= threshold_k)
    return Accessibility(
        threshold_k=threshold_k,
        regions=regions,
        accessible=regions.mask(channels=True),
        blocked=regions.mask(channels=False),
        spheres=blocking_spheres(regions, lattice=grid.lattice),
    )


def connected_regions(open_points: Bool[np.ndarray, "na nb nc"]) -> Regions:
    """Parts of a periodic grid that hang together, and how each runs through the crystal.

    Parameters
    ----------
    open_points:
        Points through which one may pass.
    """
    label = np.full(open_points.shape, -1, dtype=np.int64)
    shift = np.zeros((*open_points.shape, 3), dtype=np.int64)
    windings, owner, n_parts = _grow(np.ascontiguousarray(open_points), label, shift)
    dimension = np.zeros(n_parts, dtype=np.int64)
    for part in np.unique(owner):
        dimension[part] = np.linalg.matrix_rank(np.unique(windings[owner == part], axis=0))
    return Regions(label=label, dimension=dimension, shift=shift)


@njit(cache=True)
def _grow(open_points, label, shift):
    """Grow each part from its first point.

    Returns the cells by which ways round the crystal miss their start, their parts, and the
    number of parts.
    """
    na, nb, nc = open_points.shape
    size = na * nb * nc
    stack = np.empty(size, np.int64)
    windings = np.empty((64, 3), np.int64)
    owner = np.empty(64, np.int64)
    n_windings, n_parts = 0, 0
    gap = np.empty(3, np.int64)
    for seed in range(size):
        i, j, k = seed // (nb * nc), (seed // nc) % nb, seed % nc
        if not open_points[i, j, k] or label[i, j, k] >= 0:
            continue
        first_winding = n_windings
        label[i, j, k] = n_parts
        stack[0] = seed
        n_stack = 1
        while n_stack > 0:
            n_stack -= 1
            at = stack[n_stack]
            i, j, k = at // (nb * nc), (at // nc) % nb, at % nc
            for axis in range(3):
                for way in (-1, 1):
                    a, b, c = i, j, k
                    gap[:] = shift[i, j, k]
                    if axis == 0:
                        a = (i + way) % na
                        gap[0] += (i + way - a) // na
                    elif axis == 1:
                        b = (j + way) % nb
                        gap[1] += (j + way - b) // nb
                    else:
                        c = (k + way) % nc
                        gap[2] += (k + way - c) // nc
                    if not open_points[a, b, c]:
                        continue
                    if label[a, b, c] < 0:
                        label[a, b, c] = n_parts
                        shift[a, b, c] = gap
                        stack[n_stack] = (a * nb + b) * nc + c
                        n_stack += 1
                        continue
                    gap -= shift[a, b, c]
                    if gap[0] == 0 and gap[1] == 0 and gap[2] == 0:
                        continue
                    known = False
                    for w in range(first_winding, n_windings):
                        same = windings[w] == gap
                        known = known or (same[0] and same[1] and same[2])
                    if known:
                        continue
                    if n_windings == len(owner):
                        windings = np.concatenate((windings, np.empty_like(windings)))
                        owner = np.concatenate((owner, np.empty_like(owner)))
                    windings[n_windings] = gap
                    owner[n_windings] = n_parts
                    n_windings += 1
        n_parts += 1
    return windings[:n_windings], owner[:n_windings], n_parts


def blocking_spheres(
    regions: Regions, *, lattice: Float[np.ndarray, "3 3"]
) -> tuple[BlockingSphere, ...]:
    """Spheres that together cover all points of pockets and hold no point of a channel.

    Each sphere stands on the point that is farthest from the channels among those not yet
    covered, and is as large as the pocket needs or the channels allow.
    """
    shape = np.array(regions.label.shape)
    channels = np.argwhere(regions.mask(channels=True)) / shape
    margin = 0.5 * float(np.min(np.linalg.norm(lattice, axis=1) / shape))
    spheres: list[BlockingSphere] = []
    for part in np.flatnonzero(regions.dimension == 0):
        index = np.argwhere(regions.label == part)
        frac = index / shape + regions.shift[tuple(index.T)]
        points = frac @ lattice
        room = _distance_to_channels(frac, channels, lattice)
        uncovered = np.ones(len(points), dtype=bool)
        middle = points.mean(axis=0)
        spread = np.linalg.norm(points - middle, axis=1)
        while uncovered.any():
            # Ties in room are common where there are no channels: then the middle serves best.
            score = np.where(uncovered, np.minimum(room, spread.max() + margin), -1.0)
            best = np.flatnonzero(score >= score.max() - 1e-9)
            centre = int(best[np.argmin(spread[best])])
            apart = np.linalg.norm(points - points[centre], axis=1)
            inside = apart < 0.999 * room[centre]
            radius = min(float(apart[inside].max()) + margin, 0.999 * float(room[centre]))
            uncovered &= apart > radius
            x, y, z = (float(f) for f in frac[centre] - np.floor(frac[centre]))
            spheres.append(BlockingSphere(centre=(x, y, z), radius=radius))
    return tuple(spheres)


def _distance_to_channels(
    frac: Float[np.ndarray, "points 3"],
    channels: Float[np.ndarray, "channel_points 3"],
    lattice: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "points"]:
    """Distance of each point to the nearest image of a channel point [Å]; infinite for none."""
    if len(channels) == 0:
        return np.full(len(frac), np.inf)
    # One cell around the points holds an image of every channel point on each side of them.
    reach = 0.5 + 1e-9
    low, high = frac.min(axis=0) - reach, frac.max(axis=0) + reach
    cells = np.stack(
        np.meshgrid(*(np.arange(int(a) - 2, int(b) + 3) for a, b in zip(low, high, strict=True))),
        axis=-1,
    ).reshape(-1, 3)
    images = (channels[None] + cells[:, None]).reshape(-1, 3)
    images = images[np.all((images >= low - 0.5) & (images <= high + 0.5), axis=1)]
    distance, _ = KDTree(images @ lattice).query(frac @ lattice)
    return distance
