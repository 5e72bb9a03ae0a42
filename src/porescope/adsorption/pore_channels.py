"""Which pores a probe can travel through the crystal, and which are closed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.adsorption.pore_kernels import join
from porescope.adsorption.pore_network import PoreNetwork, largest_included

_DIP = 0.5
"""Largest overestimate of a pass by the grid, in spacings: the way between two points may dip."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PoreSystem:
    """Connected pores of a probe."""

    probe_radius: float
    """Radius of the probe [Å]."""
    component: Int[np.ndarray, "basins"]
    """Pore of each basin of the network; -1 where the probe does not fit."""
    dimension: Int[np.ndarray, "pores"]
    """Directions in which each pore runs through the crystal, 0 for a pocket."""

    @property
    def is_channel(self) -> Bool[np.ndarray, "pores"]:
        """Whether each pore runs through the crystal."""
        return self.dimension > 0


def pore_system(network: PoreNetwork, *, probe_radius: float) -> PoreSystem:
    """Pores of a probe, by the exact width of every window that decides it."""
    while True:
        active = _active(network, probe_radius)
        ends = network.ends
        usable = active[ends[:, 0]] & active[ends[:, 1]]
        lower = network.height - np.where(network.height_known, 0.0, _DIP * network.grid.spacing)
        sure = np.flatnonzero(usable & (lower >= probe_radius))
        parent, offset, loop, _ = join(
            ends[:, 0], ends[:, 1], network.cells, sure, len(network.top)
        )
        windings = _windings(loop, parent[ends[:, 0]])
        unsure = usable & ~network.height_known & (lower < probe_radius)
        unsure &= network.hopeful() >= probe_radius
        rows = _deciding(network, np.flatnonzero(unsure), parent, offset, windings)
        if not rows:
            break
        for row in rows:
            network.refine_pass(row)
    roots = np.unique(parent[active])
    component = np.where(active, np.searchsorted(roots, parent), -1)
    dimension = np.array([_rank(windings.get(int(root))) for root in roots], dtype=np.int64)
    return PoreSystem(probe_radius=probe_radius, component=component, dimension=dimension)


def _active(network: PoreNetwork, probe_radius: float) -> Bool[np.ndarray, "basins"]:
    """Basins in which the probe fits."""
    unsure = (network.top < probe_radius) & (network.top + network.slack >= probe_radius)
    for basin in np.flatnonzero(unsure & ~network.top_known):
        network.refine_top(int(basin))
    return network.top >= max(probe_radius, 1e-9)


def _windings(
    loop: Int[np.ndarray, "passes 3"], root: Int[np.ndarray, "passes"]
) -> dict[int, Int[np.ndarray, "loops 3"]]:
    """Different cells by which closed ways of each component miss their start."""
    found = {}
    rows = np.flatnonzero(np.any(loop != 0, axis=1))
    for component in np.unique(root[rows]):
        found[int(component)] = np.unique(loop[rows[root[rows] == component]], axis=0)
    return found


def _rank(vectors: Int[np.ndarray, "loops 3"] | None) -> int:
    return 0 if vectors is None else int(np.linalg.matrix_rank(vectors))


def _deciding(
    network: PoreNetwork,
    rows: Int[np.ndarray, "rows"],
    parent: Int[np.ndarray, "basins"],
    offset: Int[np.ndarray, "basins 3"],
    windings: dict[int, Int[np.ndarray, "loops 3"]],
) -> list[int]:
    """Of passes whose width is not sure, the highest for each change that they could make."""
    best: dict[tuple[int, ...], int] = {}
    rank = {root: _rank(vectors) for root, vectors in windings.items()}
    for row in rows[np.argsort(-network.height[rows], kind="stable")]:
        a, b = network.ends[row]
        ra, rb = int(parent[a]), int(parent[b])
        if ra != rb:
            best.setdefault((min(ra, rb), max(ra, rb)), int(row))
            continue
        gap = network.cells[row] + offset[a] - offset[b]
        if not gap.any() or rank.get(ra, 0) == 3:
            continue
        known = windings.get(ra, np.zeros((0, 3), dtype=np.int64))
        if _rank(np.vstack([known, gap[None]])) > rank.get(ra, 0):
            best.setdefault((ra, *(int(g) for g in gap)), int(row))
    return list(best.values())


def included_along_path(network: PoreNetwork, *, free_radius: float) -> float:
    """Radius of the largest sphere in the pores through which the largest free one passes [Å].

    Pores are joined wherever the free sphere passes, so side pockets that it can enter count.
    """
    if free_radius <= 0.0:
        return 0.0
    system = pore_system(network, probe_radius=free_radius - 2e-3)
    through = np.append(system.is_channel, False)[system.component]
    return largest_included(network, among=through)


def weights_of_points(
    distance: Float[np.ndarray, "points"], *, probe_radius: float, spacing: float
) -> Float[np.ndarray, "points"]:
    """Share of the volume around each grid point in which the centre of the probe may be."""
    return np.clip((distance - probe_radius) / spacing + 0.5, 0.0, 1.0)
