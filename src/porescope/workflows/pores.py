"""How large the pores of a structure are, by the grid of this package or by Zeo++."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from porescope.adsorption.force_field import ForceField
from porescope.adsorption.pore_geometry import (
    N2_PROBE_RADIUS,
    PoreGeometry,
    grid_pore_geometry,
)
from porescope.adsorption.void_fraction import (
    HELIUM_TEMPERATURE,
    boltzmann_void_fraction,
    open_fraction,
)
from porescope.adsorption.zeo import ZeoPool, ZeoSettings, zeo_pore_geometry
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, ConvergenceError
from porescope.workflows.adsorbent import DEFAULT_FIELD, adsorbent, crystal_of, field_of, gas_of

__all__ = ["PoreGeometry", "geometry_row", "pore_geometry", "void_fraction"]

_LOG = logging.getLogger(__name__)
EngineChoice = Literal["auto", "zeo++", "grid"]


def pore_geometry(
    structure: str | Path | Crystal,
    *,
    probe_radius: float = N2_PROBE_RADIUS,
    engine: str = "auto",
    pore_sizes: bool = False,
    occupiable: bool = False,
    spacing: float = 0.25,
    radii: Mapping[str, float] | None = None,
    zeo: ZeoSettings | None = None,
    pool: ZeoPool | None = None,
) -> PoreGeometry:
    """Diameters, surface, volume, channels and pockets of a structure, for hard spheres.

    Parameters
    ----------
    structure:
        A CIF, or a crystal.
    probe_radius:
        Radius of the probe for surface, volume and channels [Å]; 1.86 is nitrogen.
    engine:
        ``grid`` measures distances to the atoms on a grid and refines what decides; ``zeo++``
        hands the structure to Zeo++ (package ``pyzeo``), and falls back to the grid where that
        fails, which the status says; ``auto`` is the grid, which needs no other program, takes
        less than a second for a common cell, and is exact where Zeo++ replaces each atom by many
        small spheres.
    pore_sizes:
        Whether to compute the pore size distribution (always by the grid).
    occupiable:
        Whether to compute the volume that probes can cover (always by the grid).
    spacing:
        Largest distance of neighbouring grid points [Å].
    radii:
        Radius of each element [Å]; the default table of Zeo++ where it is left out.
    zeo:
        Settings of Zeo++.
    pool:
        Workers with Zeo++ that are kept between structures.

    Raises
    ------
    ParseError
        The file holds no structure.
    ConfigError
        No atoms, no volume, an element without a radius, an engine nobody knows.
    MissingExtraError
        Zeo++ was asked for and is not installed.
    """
    if engine not in ("auto", "zeo++", "grid"):
        raise ConfigError(f"expected the engine auto, zeo++ or grid, got {engine!r}")
    crystal = crystal_of(structure)
    by_grid = None
    if engine != "zeo++" or pore_sizes or occupiable:
        by_grid = grid_pore_geometry(
            crystal,
            probe_radius=probe_radius,
            radii=radii,
            spacing=spacing,
            occupiable=occupiable,
            pore_sizes=pore_sizes,
        )
        if engine != "zeo++":
            return by_grid
    try:
        return zeo_pore_geometry(
            crystal,
            probe_radius=probe_radius,
            radii=radii,
            settings=zeo,
            pool=pool,
            by_grid=by_grid,
        )
    except ConvergenceError as error:
        _LOG.warning("Zeo++ failed on %s: %s", crystal.name, error)
        return grid_pore_geometry(
            crystal,
            probe_radius=probe_radius,
            radii=radii,
            spacing=spacing,
            occupiable=occupiable,
            pore_sizes=pore_sizes,
            status="grid instead of Zeo++",
            further_warnings=(str(error),),
        )


def geometry_row(geometry: PoreGeometry) -> dict[str, float | int | str | None]:
    """Everything that was measured as one flat row; units stand in the names."""
    return geometry.row()


def void_fraction(
    structure: str | Path | Crystal,
    *,
    field: str | Path | ForceField = DEFAULT_FIELD,
    gas: str = "He",
    temperature: float = HELIUM_TEMPERATURE,
    rule: Literal["boltzmann", "15kT"] = "boltzmann",
    spacing: float = 0.2,
) -> float:
    """Share of the crystal that a single-site gas finds empty.

    Parameters
    ----------
    structure:
        A CIF, or a crystal.
    field:
        Force field of the framework.
    gas:
        The gas; helium by custom.
    temperature:
        Temperature [K].
    rule:
        ``boltzmann`` is the mean Boltzmann factor (the helium void fraction), ``15kT`` the share
        of the cell in which the energy is at most 15 kT.
    spacing:
        Largest distance of neighbouring grid points [Å].
    """
    from porescope.adsorption.energy_grid import lennard_jones_grid

    chosen = field_of(field)
    guest = gas_of(gas, field=chosen, temperature=temperature)
    framework = adsorbent(structure, gases=(guest,), field=chosen, charges="none")
    grid = lennard_jones_grid(framework, guest, spacing=spacing)
    if rule == "boltzmann":
        return boltzmann_void_fraction(grid, temperature=temperature)
    if rule == "15kT":
        return open_fraction(grid, temperature=temperature)
    raise ConfigError(f"expected the rule boltzmann or 15kT, got {rule!r}")
