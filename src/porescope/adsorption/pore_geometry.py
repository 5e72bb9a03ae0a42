"""What the pores of a crystal measure, for hard spheres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from porescope.adsorption.distance_grid import DistanceGrid, distance_grid
from porescope.adsorption.pore_channels import included_along_path, pore_system
from porescope.adsorption.pore_measures import accessible_points, pore_measures
from porescope.adsorption.pore_network import largest_free, largest_included, pore_network
from porescope.adsorption.pore_radii import ZEO_RADII, radii_of_atoms
from porescope.adsorption.pore_sizes import (
    COVERING_POINTS,
    COVERING_SPACING,
    PoreSizes,
    covering_radii,
    pore_size_distribution,
)
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError

Engine = Literal["grid", "zeo++"]
"""What measured: the grid of this package, or Zeo++."""
N2_PROBE_RADIUS = 1.86
"""Radius of nitrogen as a hard sphere that pore geometry is mostly stated for [Å]."""
MAX_PROBE_RADIUS = 10.0
MIN_PROBE_RADIUS = 0.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PoreGeometry:
    """Diameters, surface, volume and connection of the pores of one cell.

    Surface and volume are those of the probe's centre: the surface that it traces, and the volume
    that it can take. *Accessible* is what lies in channels, *non-accessible* what lies in pockets.
    """

    largest_free_diameter: float
    """PLD, pore-limiting diameter: largest sphere that passes through [Å]; 0 for none."""
    largest_included_diameter: float
    """LCD, largest cavity diameter: largest sphere that fits anywhere [Å]."""
    included_along_free_path_diameter: float
    """Largest sphere that fits in the pores through which the largest free one passes [Å]."""
    accessible_area: float
    """Surface of channels in one cell [Å²]."""
    non_accessible_area: float
    """Surface of pockets in one cell [Å²]."""
    accessible_volume: float
    """Volume of channels for the centre of the probe in one cell [Å³]."""
    non_accessible_volume: float
    """Volume of pockets for the centre of the probe in one cell [Å³]."""
    occupiable_volume: float | None
    """Volume that probes in channels can cover [Å³]; None where it was not computed."""
    n_channels: int
    """Pores of one cell that run through the crystal."""
    channel_dimensions: tuple[int, ...]
    """Directions in which each channel runs, 1 to 3."""
    n_pockets: int
    """Closed pores of one cell into which the probe fits."""
    volume: float
    """Volume of the cell [Å³]."""
    density: float
    """Density of the crystal [g/cm³]."""
    probe_radius: float
    """Radius of the probe of surfaces, volumes and channels [Å]."""
    radii_table: str
    """Where the radii of the atoms come from."""
    engine: Engine
    """What measured."""
    engine_version: str
    """Its version, and its settings where they matter."""
    status: str = "ok"
    """``ok``, or what was done instead of what was asked for."""
    warnings: tuple[str, ...] = ()
    """What the reader should know."""
    sizes: PoreSizes | None = None
    """Pore size distribution, where it was asked for."""

    @property
    def accessible_area_m2_per_cm3(self) -> float:
        """Surface of channels [m²/cm³]."""
        return self.accessible_area / self.volume * 1e4

    @property
    def accessible_area_m2_per_g(self) -> float:
        """Surface of channels [m²/g]."""
        return self.accessible_area_m2_per_cm3 / self.density

    @property
    def non_accessible_area_m2_per_cm3(self) -> float:
        """Surface of pockets [m²/cm³]."""
        return self.non_accessible_area / self.volume * 1e4

    @property
    def non_accessible_area_m2_per_g(self) -> float:
        """Surface of pockets [m²/g]."""
        return self.non_accessible_area_m2_per_cm3 / self.density

    @property
    def accessible_fraction(self) -> float:
        """Share of the cell in channels, for the centre of the probe."""
        return self.accessible_volume / self.volume

    @property
    def non_accessible_fraction(self) -> float:
        """Share of the cell in pockets, for the centre of the probe."""
        return self.non_accessible_volume / self.volume

    @property
    def accessible_volume_cm3_per_g(self) -> float:
        """Volume of channels, for the centre of the probe [cm³/g]."""
        return self.accessible_fraction / self.density

    @property
    def non_accessible_volume_cm3_per_g(self) -> float:
        """Volume of pockets, for the centre of the probe [cm³/g]."""
        return self.non_accessible_fraction / self.density

    @property
    def occupiable_fraction(self) -> float | None:
        """Share of the cell that probes in channels can cover."""
        return None if self.occupiable_volume is None else self.occupiable_volume / self.volume

    def row(self) -> dict[str, float | int | str | None]:
        """Everything as one flat row for tables; units stand in the names."""
        return {
            "pld_angstrom": self.largest_free_diameter,
            "lcd_angstrom": self.largest_included_diameter,
            "lcd_free_path_angstrom": self.included_along_free_path_diameter,
            "accessible_area_a2_per_cell": self.accessible_area,
            "accessible_area_m2_per_cm3": self.accessible_area_m2_per_cm3,
            "accessible_area_m2_per_g": self.accessible_area_m2_per_g,
            "non_accessible_area_a2_per_cell": self.non_accessible_area,
            "non_accessible_area_m2_per_cm3": self.non_accessible_area_m2_per_cm3,
            "non_accessible_area_m2_per_g": self.non_accessible_area_m2_per_g,
            "accessible_volume_a3_per_cell": self.accessible_volume,
            "accessible_volume_fraction": self.accessible_fraction,
            "accessible_volume_cm3_per_g": self.accessible_volume_cm3_per_g,
            "non_accessible_volume_a3_per_cell": self.non_accessible_volume,
            "non_accessible_volume_fraction": self.non_accessible_fraction,
            "non_accessible_volume_cm3_per_g": self.non_accessible_volume_cm3_per_g,
            "occupiable_volume_fraction": self.occupiable_fraction,
            "n_channels": self.n_channels,
            "channel_dimension": max(self.channel_dimensions, default=0),
            "n_pockets": self.n_pockets,
            "cell_volume_a3": self.volume,
            "density_g_per_cm3": self.density,
            "probe_radius_angstrom": self.probe_radius,
            "radii_table": self.radii_table,
            "pore_engine": self.engine,
            "pore_engine_version": self.engine_version,
            "pore_status": self.status,
        }


def grid_pore_geometry(
    crystal: Crystal,
    *,
    probe_radius: float = N2_PROBE_RADIUS,
    radii: Mapping[str, float] | None = None,
    spacing: float = 0.25,
    occupiable: bool = False,
    pore_sizes: bool = False,
    bin_width: float = 0.1,
    status: str = "ok",
    further_warnings: tuple[str, ...] = (),
) -> PoreGeometry:
    """Measure the pores of a crystal on a grid of distances to its atoms.

    Diameters and the windows that decide what is accessible are refined beyond the grid:
    diameters are good to about 0.005 Å, surfaces and volumes to about one percent.

    Parameters
    ----------
    crystal:
        The structure; every atom counts, however it is occupied.
    probe_radius:
        Radius of the probe [Å].
    radii:
        Radius of each element [Å]; the default table of Zeo++ where it is left out.
    spacing:
        Largest distance of neighbouring grid points [Å]; larger in cells above 60 000 Å³.
    occupiable:
        Whether to compute the volume that probes can cover.
    pore_sizes:
        Whether to compute the pore size distribution.
    bin_width:
        Width of its bins [Å].
    status, further_warnings:
        Handed on to the result.

    Raises
    ------
    ConfigError
        No atoms, no volume, an element without a radius, or a probe out of range.
    """
    if not MIN_PROBE_RADIUS <= probe_radius <= MAX_PROBE_RADIUS:
        raise ConfigError(
            f"expected a probe radius between 0 and {MAX_PROBE_RADIUS:g} Å, got {probe_radius:g}"
        )
    grid = crystal_distance_grid(crystal, radii=radii, spacing=spacing)
    network = pore_network(grid)
    free = largest_free(network)
    included = largest_included(network)
    along = included_along_path(network, free_radius=free)
    system = pore_system(network, probe_radius=probe_radius)
    measures = pore_measures(network, system=system)
    occupied, sizes = None, None
    if occupiable or pore_sizes:
        coarse = crystal_distance_grid(
            crystal, radii=radii, spacing=COVERING_SPACING, max_points=COVERING_POINTS
        )
        if occupiable:
            occupied = _occupiable_volume(coarse, probe_radius=probe_radius)
        if pore_sizes:
            sizes = pore_size_distribution(coarse, bin_width=bin_width)
    dimensions = tuple(sorted((int(d) for d in system.dimension if d > 0), reverse=True))
    return PoreGeometry(
        largest_free_diameter=2.0 * free,
        largest_included_diameter=2.0 * included,
        included_along_free_path_diameter=2.0 * along,
        accessible_area=measures.channel_area,
        non_accessible_area=measures.pocket_area,
        accessible_volume=measures.channel_volume,
        non_accessible_volume=measures.pocket_volume,
        occupiable_volume=occupied,
        n_channels=len(dimensions),
        channel_dimensions=dimensions,
        n_pockets=int(np.sum(system.dimension == 0)),
        volume=grid.volume,
        density=crystal.density,
        probe_radius=probe_radius,
        radii_table=ZEO_RADII if radii is None else "given by the caller",
        engine="grid",
        engine_version=f"porescope grid, spacing {grid.spacing:.3f} Å",
        status=status,
        warnings=(*further_warnings, *_warnings(crystal)),
        sizes=sizes,
    )


def crystal_distance_grid(
    crystal: Crystal,
    *,
    radii: Mapping[str, float] | None = None,
    spacing: float = 0.25,
    max_points: int = 4_000_000,
) -> DistanceGrid:
    """Distance to the nearest atom surface over the cell of a crystal."""
    return distance_grid(
        crystal.lattice,
        frac=crystal.frac,
        radii=radii_of_atoms(crystal.numbers, radii=radii),
        spacing=spacing,
        max_points=max_points,
    )


def _occupiable_volume(grid: DistanceGrid, *, probe_radius: float) -> float:
    """Volume that probes in channels can cover [Å³]."""
    network = pore_network(grid)
    reached = accessible_points(network, system=pore_system(network, probe_radius=probe_radius))
    covered = covering_radii(grid, allowed=reached)
    return float(np.mean((covered > 0.0) & (covered >= probe_radius)) * grid.volume)


def _warnings(crystal: Crystal) -> tuple[str, ...]:
    partial = int(np.sum(crystal.occupancy < 0.999))
    if not partial:
        return ()
    return (
        f"{partial} of {crystal.n_atoms} sites are partly occupied; each counts as a full atom",
    )
