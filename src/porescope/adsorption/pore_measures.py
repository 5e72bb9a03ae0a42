"""Surface and volume of channels and pockets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit

from porescope.adsorption.distance_kernels import MAX_NEAR, surfaces_within
from porescope.adsorption.pore_channels import PoreSystem, weights_of_points
from porescope.adsorption.pore_network import PoreNetwork

_MAX_SAMPLES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PoreMeasures:
    """Surface and volume of one cell, in channels and in pockets."""

    channel_area: float
    """Area that the probe's centre can trace in channels [Å²]."""
    pocket_area: float
    """The same in pockets [Å²]."""
    channel_volume: float
    """Volume that the probe's centre can take in channels [Å³]."""
    pocket_volume: float
    """The same in pockets [Å³]."""


def pore_measures(network: PoreNetwork, *, system: PoreSystem) -> PoreMeasures:
    """Surface by evenly spread points on the atoms' spheres, volume by counting grid points."""
    grid = network.grid
    through = np.append(system.is_channel, False)
    kind = np.where(system.component < 0, -1, through[system.component].astype(np.int64))
    voxel = grid.volume / grid.distance.size
    areas = np.zeros(3)
    n_samples = int(np.clip(_MAX_SAMPLES / len(grid.radii), 200, 2000))
    _areas(
        grid.atoms,
        _sphere_points(n_samples),
        system.probe_radius,
        network.label.reshape(grid.distance.shape),
        grid.distance,
        kind,
        areas,
    )
    point_kind = kind_of_points(network, kind=kind)
    weights = weights_of_points(
        grid.distance.reshape(-1), probe_radius=system.probe_radius, spacing=float(np.cbrt(voxel))
    )
    return PoreMeasures(
        channel_area=float(areas[1]),
        pocket_area=float(areas[0]),
        channel_volume=float(weights[point_kind == 1].sum() * voxel),
        pocket_volume=float(weights[point_kind == 0].sum() * voxel),
    )


def kind_of_points(
    network: PoreNetwork, *, kind: Int[np.ndarray, "basins"]
) -> Int[np.ndarray, "points"]:
    """1 in a channel, 0 in a pocket, -1 where the probe fits nowhere in the basin."""
    return np.append(kind, -1)[network.label]


def accessible_points(network: PoreNetwork, *, system: PoreSystem) -> Bool[np.ndarray, "points"]:
    """Grid points in channels at which the probe's centre fits."""
    through = np.append(system.is_channel, False)
    inside = np.append(through[system.component] & (system.component >= 0), False)
    return inside[network.label] & (network.grid.distance.reshape(-1) >= system.probe_radius)


def _sphere_points(n: int) -> Float[np.ndarray, "points 3"]:
    """Points spread evenly over the unit sphere along a spiral."""
    turn = np.pi * (3.0 - np.sqrt(5.0))
    index = np.arange(n)
    z = 1.0 - (2.0 * index + 1.0) / n
    r = np.sqrt(1.0 - z * z)
    return np.stack([r * np.cos(turn * index), r * np.sin(turn * index), z], axis=1)


@njit(cache=True)
def _areas(atoms, directions, probe, label, distance, kind, out):
    """Add the free area around each atom to pockets (0), channels (1) or neither (2)."""
    lattice, frac, radii = atoms[0], atoms[3], atoms[4]
    near = np.empty((8 * MAX_NEAR, 4))
    centre = np.empty(3)
    point = np.empty(3)
    for i in range(len(frac)):
        reach = radii[i] + probe
        for k in range(3):
            centre[k] = (
                frac[i, 0] * lattice[0, k] + frac[i, 1] * lattice[1, k] + frac[i, 2] * lattice[2, k]
            )
        n_near = surfaces_within(centre, reach + probe, atoms, near)
        each = 4.0 * np.pi * reach * reach / len(directions)
        blocker = 0
        for m in range(len(directions)):
            point[:] = centre + reach * directions[m]
            blocked = False
            for n in range(n_near):
                j = n + blocker if n + blocker < n_near else n + blocker - n_near
                d = 0.0
                for k in range(3):
                    d += (point[k] - near[j, k]) ** 2
                if d < (near[j, 3] + probe) ** 2 - 1e-7:
                    blocked = True
                    blocker = j
                    break
            if blocked:
                continue
            which = 2
            for step in range(4):
                which = _kind_at(point, atoms, label, distance, kind)
                if which < 2:
                    break
                point[:] = centre + (reach + 0.1 * (step + 1)) * directions[m]
            out[which] += each


@njit(cache=True)
def _kind_at(point, atoms, label, distance, kind):
    """Kind of the highest of eight grid points around a point whose basin has one, else 2."""
    inverse = atoms[1]
    shape = distance.shape
    low = np.empty(3, np.int64)
    for k in range(3):
        f = point[0] * inverse[0, k] + point[1] * inverse[1, k] + point[2] * inverse[2, k]
        low[k] = int(np.floor(f * shape[k]))
    best, found = -np.inf, 2
    for i in range(2):
        for j in range(2):
            for k in range(2):
                a, b, c = (low[0] + i) % shape[0], (low[1] + j) % shape[1], (low[2] + k) % shape[2]
                basin = label[a, b, c]
                if basin >= 0 and kind[basin] >= 0 and distance[a, b, c] > best:
                    best, found = distance[a, b, c], kind[basin]
    return found
