"""Points of the empty space at which a crystal is read out, and the atoms about them.

With a probe, its energy and slope are computed on a fine grid, one point of each set that symmetry
makes equal. From these a few hundred points are taken so that the sample stands for the whole cell:
points are sorted by energy, cut into strata, and one point of each stratum carries the volume of
all of it. Sums over the sample are thereby close to those over the fine grid, while the atoms about
a point, which cost most, are looked at a few hundred times only. Points where the probe does not
fit are all one stratum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.atom_typing import type_index_of
from porescope.adsorption.fields import field_named
from porescope.adsorption.framework import Framework
from porescope.adsorption.gases import gas_named
from porescope.adsorption.lennard_jones import gradients_of_blocks_k, prepare_bead
from porescope.adsorption.point_blocks import blocks_of_points
from porescope.adsorption.symmetry_points import grid_shape, unique_points
from porescope.models.property.quotient import Quotient
from porescope.units import BOLTZMANN_EV

DEEP_K = -600.0
"""Energy below which points are drawn more densely [K]."""
_DENSER = 3.0  # how much


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlacePool:
    """Points that places are drawn from."""

    cart: Float[np.ndarray, "points 3"]
    """Cartesian coordinates [Å]."""
    weight: Float[np.ndarray, "points"]
    """Share of the cell that each stands for; they add up to one."""
    energy: Float[np.ndarray, "points"] | None = None
    """Energy of the probe [eV], capped."""
    gradient: Float[np.ndarray, "points 3"] | None = None
    """Its gradient [eV/Å]."""

    def __len__(self) -> int:
        """Number of points."""
        return len(self.cart)

    def taken(self, rows: Int[np.ndarray, "rows"], weight: Float[np.ndarray, "rows"]) -> PlacePool:
        """Some of the points with other weights."""
        return PlacePool(
            cart=self.cart[rows],
            weight=weight,
            energy=None if self.energy is None else self.energy[rows],
            gradient=None if self.gradient is None else self.gradient[rows],
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlaceGrid:
    """An even grid over the cell, one point of each set of symmetry-equal ones."""

    pool: PlacePool
    """The points."""
    shape: tuple[int, int, int]
    """Points along a, b and c of the whole grid."""
    point_of: Int[np.ndarray, "grid"]
    """Row of ``pool`` that each point of the flattened grid equals."""


def grid_over(
    quotient: Quotient, *, spacing: float, shift: Float[np.ndarray, "3"] | None = None
) -> PlaceGrid:
    """An even grid over the cell.

    Parameters
    ----------
    quotient:
        The crystal, its symmetry exact.
    spacing:
        Largest distance between points along an axis [Å].
    shift:
        Where the grid begins, in fractions of the cell; symmetry then is not used.
    """
    crystal = quotient.crystal if shift is None else quotient.crystal.without_symmetry()
    shape = grid_shape(crystal, spacing=spacing)
    n_points = int(np.prod(shape))
    points, point_of = np.arange(n_points), np.arange(n_points)
    if crystal.space_group.n_ops > 1:
        bare = Framework(
            crystal=crystal,
            field=field_named("UFF"),
            type_index=crystal.numbers.astype(np.int64),
            charges=np.zeros(crystal.n_atoms),
            charge_source="none",
        )
        unique = unique_points(bare, shape=shape)
        if unique is not None:
            points, point_of = unique.points, unique.unique
    places = np.stack(np.unravel_index(points, shape), axis=1) / np.array(shape)
    cart = (places + (0.0 if shift is None else shift)) @ crystal.lattice
    weight = np.bincount(point_of, minlength=len(points)) / n_points
    return PlaceGrid(pool=PlacePool(cart=cart, weight=weight), shape=shape, point_of=point_of)


def felt_pool(
    quotient: Quotient,
    pool: PlacePool,
    *,
    probe: str,
    field: str,
    cap_k: float,
    window: float,
    merges: bool = True,
) -> PlacePool:
    """The points with a probe's energy and gradient.

    Only atoms within the window are felt, their energies shifted to end at zero there, so that
    the energy of a point says nothing about what is farther away.

    Parameters
    ----------
    quotient:
        The crystal.
    pool:
        Points.
    probe, field:
        Gas of one site, and force field.
    cap_k:
        Energy from which on a point is closed [K].
    window:
        Distance beyond which atoms are not felt [Å]; no more than the cutoff of the field.
    merges:
        Whether all closed points become a single one.

    Raises
    ------
    ConfigError
        If the field has no parameters for an atom.
    """
    crystal = quotient.crystal
    chosen = field_named(field)
    framework = Framework(
        crystal=crystal,
        field=chosen,
        type_index=type_index_of(crystal, field=chosen),
        charges=np.zeros(crystal.n_atoms),
        charge_source="none",
    )
    bead = prepare_bead(framework, gas_named(probe))
    shift = bead.c12 / window**12 - bead.c6 / window**6
    bead = replace(bead, cutoff=window, shift_k=shift)
    frac = pool.cart @ np.linalg.inv(crystal.lattice)
    home = (frac - np.floor(frac)) @ crystal.lattice
    blocks = blocks_of_points(home)
    felt = np.empty((len(home), 4))
    felt[blocks.order] = gradients_of_blocks_k(bead, home, blocks=blocks)
    energy, gradient = felt[:, 0], felt[:, 1:]
    is_open = energy < cap_k
    rows = np.flatnonzero(is_open)
    weight = pool.weight[rows]
    closed = np.flatnonzero(~is_open)
    if not merges:
        rows, weight = np.arange(len(pool)), pool.weight
        energy[closed], gradient[closed] = cap_k, 0.0
    elif len(closed):
        rows = np.append(rows, closed[0])
        weight = np.append(weight, pool.weight[closed].sum())
        energy[closed[0]], gradient[closed[0]] = cap_k, 0.0
    return PlacePool(
        cart=pool.cart[rows],
        weight=weight,
        energy=energy[rows] * BOLTZMANN_EV,
        gradient=gradient[rows] * BOLTZMANN_EV,
    )


def drawn(pool: PlacePool, *, n: int, generator: np.random.Generator | None = None) -> PlacePool:
    """At most n points that together stand for all of them.

    Strata run from low to high energy (without a probe, in the order of the grid); low energies
    are cut more finely. Each stratum's point carries the weight of all its points.

    Parameters
    ----------
    pool:
        Points.
    n:
        Most points.
    generator:
        Draws the point of each stratum by weight; without it, the one at the middle is taken.
    """
    if len(pool) <= n:
        return pool
    if pool.energy is None:
        importance = pool.weight
        order = np.arange(len(pool))
    else:
        order = np.argsort(pool.energy, kind="stable")
        importance = pool.weight * (1.0 + _DENSER * (pool.energy < DEEP_K * BOLTZMANN_EV))
    importance = importance[order].copy()
    last_alone = pool.energy is not None and bool(importance[-1] > 0.1 * importance.sum())
    if last_alone:
        importance[-1] = 0.0  # The closed points need no more than their one stratum.
    total = np.cumsum(importance)
    n_strata = n - 1 if last_alone else n
    stratum = np.minimum(((total - 0.5 * importance) / total[-1] * n_strata), n_strata - 1)
    stratum = stratum.astype(np.int64)
    if last_alone:
        stratum[-1] = n_strata
    weight = pool.weight[order]
    starts = np.flatnonzero(np.diff(stratum, prepend=-1))
    held = np.add.reduceat(weight, starts)
    before = np.cumsum(held) - held
    part = np.full(len(starts), 0.5) if generator is None else generator.random(len(starts))
    rows = np.searchsorted(np.cumsum(weight), before + part * held)
    ends = np.append(starts[1:], len(weight)) - 1
    return pool.taken(order[np.clip(rows, starts, ends)], held)
