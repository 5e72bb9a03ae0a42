"""A map of contributions beside the density of sampled molecules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import rankdata

from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.io.grids import read_cube
from porescope.workflows.map_contributions import OPEN_DISTANCE, grid_places, shares_of

Where = Literal["exterior", "interior"]
NEAREST = 0.01
"""Share of a density that may lie nearer to the framework than the space that counts as open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapComparison:
    """How alike a map and a density are.

    A density is *exterior* where most of it lies near the framework's surface, and *interior* where
    most of it lies about the centres of the pores. Open points are those no nearer to the framework
    than molecules come: at least as far from the nearest covalent surface as 99 % of the density.
    They are sorted by that distance; one half of the open volume is the outer, the other the inner
    half. The class says which holds more.
    """

    pearson: float
    """Correlation over all points of the cell; NaN where one of both is constant."""
    spearman: float
    """Correlation of the ranks."""
    pearson_open: float
    """Correlation over the open points."""
    spearman_open: float
    """Correlation of the ranks over the open points."""
    overlap: float
    """What both have in common once each adds up to one, 0 to 1; contributions below zero count as
    none."""
    density_outer_share: float
    """Share of the density's open part that is in the outer half."""
    map_outer_share: float
    """The same of the map."""
    shape: tuple[int, int, int]
    """Points of the grid on which they were compared."""

    @property
    def density_class(self) -> Where:
        """Where the density is."""
        return "exterior" if self.density_outer_share > 0.5 else "interior"

    @property
    def map_class(self) -> Where:
        """Where the map is."""
        return "exterior" if self.map_outer_share > 0.5 else "interior"


def map_comparison(
    crystal: Crystal,
    *,
    contributions: Float[np.ndarray, "na nb nc"],
    density: Float[np.ndarray, "ma mb mc"] | str | Path,
) -> MapComparison:
    """Compare contributions with a density of the same cell.

    The finer one is brought onto the coarser grid by linear interpolation in the periodic cell,
    after it was averaged over the coarser grid's steps.

    Parameters
    ----------
    crystal:
        The crystal; its cell is that of both.
    contributions:
        Contributions at the points (i/na, j/nb, k/nc).
    density:
        A density at its own points, or a .cube file of one.

    Raises
    ------
    ConfigError
        If the file has another cell, or a value is not finite.
    ParseError
        If it is no cube file.
    """
    if isinstance(density, (str, Path)):
        density = density_in(density, crystal=crystal)
    for name, values in (("contributions", contributions), ("density", density)):
        if not np.isfinite(values).all():
            raise ConfigError(f"expected finite {name}, got NaN or infinity at some points")
    na, nb, nc = (min(n, m) for n, m in zip(contributions.shape, density.shape, strict=True))
    shape = (na, nb, nc)
    said, there = resampled(contributions, shape), resampled(density, shape)
    surface = shares_of(crystal, grid_places(shape) @ crystal.lattice).surface
    is_open = surface >= nearest_approach(surface, density=there.ravel())
    outer = outer_half(surface, is_open=is_open)
    said, there = said.ravel(), there.ravel()
    return MapComparison(
        pearson=correlation(said, there),
        spearman=correlation(rankdata(said), rankdata(there)),
        pearson_open=correlation(said[is_open], there[is_open]),
        spearman_open=correlation(rankdata(said[is_open]), rankdata(there[is_open])),
        overlap=overlap(said, there),
        density_outer_share=_outer_share(there, is_open=is_open, outer=outer),
        map_outer_share=_outer_share(said, is_open=is_open, outer=outer),
        shape=shape,
    )


def density_in(path: str | Path, *, crystal: Crystal) -> Float[np.ndarray, "na nb nc"]:
    """The values of a cube file of a crystal's cell.

    Raises
    ------
    ConfigError
        If its cell or its origin is another.
    ParseError
        If it is no cube file.
    """
    cube = read_cube(path)
    if not np.allclose(cube.lattice, crystal.lattice, atol=2e-3):
        lengths = " ".join(f"{x:.3f}" for x in np.linalg.norm(cube.lattice, axis=1))
        own = " ".join(f"{x:.3f}" for x in np.linalg.norm(crystal.lattice, axis=1))
        raise ConfigError(
            f"{Path(path).name} is of another cell (edges {lengths} Å) than the structure ({own} "
            "Å); give the density of the same CIF"
        )
    if not np.allclose(cube.origin, 0.0, atol=1e-3):
        raise ConfigError(f"{Path(path).name} does not begin at the origin of the cell")
    return cube.values


def resampled(
    values: Float[np.ndarray, "..."], shape: tuple[int, int, int]
) -> Float[np.ndarray, "..."]:
    """Values of a periodic grid on another one of the same cell.

    A finer grid is first averaged over the steps of the coarser; the average over the cell is kept.

    Parameters
    ----------
    values:
        Values at the points (i/na, j/nb, k/nc).
    shape:
        Points of the other grid.
    """
    for axis, n in enumerate(shape):
        values = _resampled_along(np.moveaxis(values, axis, 0), n, axis=axis)
    return values


def _resampled_along(
    values: Float[np.ndarray, "..."], n: int, *, axis: int
) -> Float[np.ndarray, "..."]:
    """Values along the first axis on n points, with the axis put back."""
    have = values.shape[0]
    if n < have:
        # Average of the linear interpolant over [i - 1/2, i + 1/2] steps of the coarser grid.
        weight = _averages(have, n)
        made = np.tensordot(weight, values, axes=1)
    elif n > have:
        place = np.arange(n) * have / n
        low = np.floor(place).astype(np.int64)
        part = (place - low).reshape(-1, *[1] * (values.ndim - 1))
        made = (1.0 - part) * values[low % have] + part * values[(low + 1) % have]
    else:
        made = values
    return np.moveaxis(made, 0, axis)


def _averages(have: int, n: int) -> Float[np.ndarray, "n have"]:
    """Share of each fine point's step that lies in each coarse point's, over the periodic axis."""
    fine, weight = np.arange(have), np.zeros((n, have))
    ratio = have / n
    for place in range(n):
        low, high = (place - 0.5) * ratio, (place + 0.5) * ratio
        for turn in (-have, 0, have):
            start = np.maximum(fine + turn - 0.5, low)
            weight[place] += np.maximum(np.minimum(fine + turn + 0.5, high) - start, 0.0)
    return weight / ratio


def nearest_approach(
    surface: Float[np.ndarray, "points"], *, density: Float[np.ndarray, "points"]
) -> float:
    """Distance from the surface beyond which 99 % of a density lie [Å]; 1 Å without any."""
    above = np.maximum(density, 0.0)
    if not above.any():
        return OPEN_DISTANCE
    order = np.argsort(surface)
    reached = np.cumsum(above[order])
    return float(surface[order][np.searchsorted(reached, NEAREST * reached[-1])])


def outer_half(
    surface: Float[np.ndarray, "points"], *, is_open: Bool[np.ndarray, "points"]
) -> Bool[np.ndarray, "points"]:
    """The half of the open points that is nearest to the framework."""
    if not is_open.any():
        return is_open
    return is_open & (surface <= np.median(surface[is_open]))


def _outer_share(
    values: Float[np.ndarray, "points"],
    *,
    is_open: Bool[np.ndarray, "points"],
    outer: Bool[np.ndarray, "points"],
) -> float:
    """Share of what is above zero, per volume of each half."""
    above = np.maximum(values, 0.0)
    if not is_open.any() or not above[is_open].any():
        return float("nan")
    inner = is_open & ~outer
    near = float(above[outer].mean()) if outer.any() else 0.0
    far = float(above[inner].mean()) if inner.any() else 0.0
    return near / (near + far) if near + far > 0.0 else float("nan")


def correlation(a: Float[np.ndarray, "points"], b: Float[np.ndarray, "points"]) -> float:
    """Pearson's; NaN where one of both is constant."""
    a, b = a - a.mean() if len(a) else a, b - b.mean() if len(b) else b
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / length) if length > 0.0 else float("nan")


def overlap(a: Float[np.ndarray, "points"], b: Float[np.ndarray, "points"]) -> float:
    """Sum of the smaller of both, each made to add up to one without what is below zero."""
    a, b = np.maximum(a, 0.0), np.maximum(b, 0.0)
    if not a.any() or not b.any():
        return float("nan")
    return float(np.minimum(a / a.sum(), b / b.sum()).sum())
