"""Lennard-Jones energy of a single-site probe on a regular grid over the cell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.grid import EnergyGrid
from porescope.adsorption.interactions import tail_energy_k
from porescope.adsorption.lennard_jones import (
    BeadInteraction,
    energies_of_blocks_k,
    gradients_of_blocks_k,
    prepare_bead,
)
from porescope.adsorption.point_blocks import PointBlocks, blocks_of_grid
from porescope.adsorption.symmetry_points import grid_shape, unique_points
from porescope.errors import ConfigError

CAP_K = 1e6
"""Largest energy kept where none is asked for [K]."""

_CHUNK = 1 << 19  # points at once, so that memory is bounded
_MAX_POINTS = 1 << 28


def lennard_jones_grid(
    framework: Framework,
    gas: Gas,
    *,
    spacing: float | None = None,
    shape: tuple[int, int, int] | None = None,
    cap_k: float = CAP_K,
    use_symmetry: bool = True,
) -> EnergyGrid:
    """Energy of a single-site gas at the points of a grid, with the tail where the field has it.

    Parameters
    ----------
    framework:
        Rigid framework; its field sets cutoff, truncation and mixing.
    gas:
        A gas of one uncharged bead.
    spacing:
        Largest distance between neighbouring points along an axis [Å]; 0.2 where neither this nor
        a shape is given. The grid may be finer, to suit the symmetry.
    shape:
        Points along a, b and c.
    cap_k:
        Largest energy kept [K].
    use_symmetry:
        Compute one of each set of symmetry-equal points, where the crystal states a space group
        that its atoms and the grid obey.

    Raises
    ------
    ConfigError
        Where the gas has several sites or a charge, or the grid has no or too many points.
    """
    _need_single_site(gas)
    shape = chosen_shape(framework, spacing=spacing, shape=shape, use_symmetry=use_symmetry)
    interaction = prepare_bead(framework, gas)
    unique = unique_points(framework, shape=shape) if use_symmetry else None
    if unique is None:
        energy = _grid_energies_k(interaction, np.arange(int(np.prod(shape))), shape=shape)
    else:
        energy = _grid_energies_k(interaction, unique.points, shape=shape)[unique.unique]
    energy += tail_energy_k(framework, gas)
    return _energy_grid(framework, gas, energy, shape=shape, cap_k=cap_k)


def chosen_shape(
    framework: Framework,
    *,
    spacing: float | None,
    shape: tuple[int, int, int] | None,
    use_symmetry: bool = True,
) -> tuple[int, int, int]:
    """Points along a, b and c, from a spacing [Å] or as they are given.

    Raises
    ------
    ConfigError
        Where both are given, or the grid has no or too many points.
    """
    if spacing is not None and shape is not None:
        raise ConfigError("expected the spacing or the shape of a grid, got both: give one")
    if shape is None:
        step = 0.2 if spacing is None else spacing
        if not 0.01 <= step <= 5.0:
            raise ConfigError(f"expected a spacing from 0.01 to 5 Å, got {step:g}")
        crystal = framework.crystal if use_symmetry else framework.crystal.without_symmetry()
        shape = grid_shape(crystal, spacing=step)
    if min(shape) < 1 or float(np.prod(np.array(shape, dtype=float))) > _MAX_POINTS:
        raise ConfigError(
            f"expected a grid of 1 to {_MAX_POINTS} points, got {' × '.join(map(str, shape))}: "
            "choose another spacing or shape"
        )
    return shape


def gradient_norm_grid(
    framework: Framework,
    gas: Gas,
    *,
    spacing: float | None = None,
    shape: tuple[int, int, int] | None = None,
    cap_k: float = CAP_K,
    use_symmetry: bool = True,
) -> tuple[EnergyGrid, Float[np.ndarray, "na nb nc"]]:
    """As :func:`lennard_jones_grid`, with the length of the energy's gradient [K/Å]."""
    _need_single_site(gas)
    shape = chosen_shape(framework, spacing=spacing, shape=shape, use_symmetry=use_symmetry)
    interaction = prepare_bead(framework, gas)
    unique = unique_points(framework, shape=shape) if use_symmetry else None
    points = np.arange(int(np.prod(shape))) if unique is None else unique.points
    energy, slope = np.empty(len(points)), np.empty(len(points))
    for rows, blocks, home in parts_of_grid(interaction.lattice, points, shape=shape):
        both = gradients_of_blocks_k(interaction, home, blocks=blocks)
        energy[rows][blocks.order] = both[:, 0]
        slope[rows][blocks.order] = np.sqrt(np.sum(both[:, 1:] ** 2, axis=1))
    if unique is not None:
        energy, slope = energy[unique.unique], slope[unique.unique]
    energy = energy + tail_energy_k(framework, gas)
    return _energy_grid(framework, gas, energy, shape=shape, cap_k=cap_k), slope.reshape(shape)


def _grid_energies_k(
    interaction: BeadInteraction, points: Int[np.ndarray, "points"], *, shape: tuple[int, int, int]
) -> Float[np.ndarray, "points"]:
    """Energies at points of a grid, given by their index in the flattened grid [K]."""
    out = np.empty(len(points))
    for rows, blocks, home in parts_of_grid(interaction.lattice, points, shape=shape):
        out[rows][blocks.order] = energies_of_blocks_k(interaction, home, blocks=blocks)
    return out


def parts_of_grid(
    lattice: Float[np.ndarray, "3 3"],
    points: Int[np.ndarray, "points"],
    *,
    shape: tuple[int, int, int],
) -> Iterator[tuple[slice, PointBlocks, Float[np.ndarray, "some 3"]]]:
    """Rows of the points, a bounded number at once, their blocks and their places [Å].

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    points:
        Indices of the points in the flattened grid.
    shape:
        Points along a, b and c.
    """
    for start in range(0, len(points), _CHUNK):
        some = points[start : start + _CHUNK]
        home, blocks = blocks_of_grid(some, shape=shape, lattice=lattice)
        yield slice(start, start + _CHUNK), blocks, home


def _need_single_site(gas: Gas) -> None:
    if not gas.is_single_site:
        raise ConfigError(
            f"expected a gas of one uncharged site, got {gas.name} ({gas.model}) with "
            f"{len(gas.beads)} sites: use molecule_grid for it"
        )


def _energy_grid(
    framework: Framework,
    gas: Gas,
    energy: Float[np.ndarray, "points"],
    *,
    shape: tuple[int, int, int],
    cap_k: float,
) -> EnergyGrid:
    np.minimum(energy, cap_k, out=energy)
    return EnergyGrid(
        lattice=framework.crystal.lattice,
        energy_k=energy.reshape(shape),
        cap_k=cap_k,
        gas=gas.name,
        field=framework.field.describe(),
    )
