"""From a crystal to voxels along its cell's axes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.atom_typing import type_index_of
from porescope.adsorption.energy_grid import lennard_jones_grid
from porescope.adsorption.fields import field_named
from porescope.adsorption.framework import Framework
from porescope.adsorption.gases import gas_named
from porescope.crystal.elements import N_NUMBERS, is_metal
from porescope.crystal.structure import Crystal
from porescope.models.surroundings import atoms_around

FIELD = "UFF"
"""Force field of the probe: it has parameters for every element."""
GROUPS = ((1,), (6,), (7,), (8,), (9, 17, 35, 53), (14, 15, 16, 5, 32, 33, 34, 52))
"""Elements that share a channel of density; metals have the next one, the rest of the elements the
last."""
N_CHANNELS = len(GROUPS) + 4
"""Channels: densities, then how strongly the probe is drawn and whether there is room for it."""
SOFT_K = 1000.0
"""Energy over Boltzmann's constant at which the probe's channels bend [K]."""
REACH = 3.0
"""Densities end at this many standard deviations."""


def repeats_of(crystal: Crystal, *, points: int, least_length: float) -> Int[np.ndarray, "3"]:
    """How often each cell vector is repeated: a power of two, at most one repeat a voxel."""
    lengths = np.linalg.norm(crystal.lattice, axis=1)
    repeats = np.ceil(np.log2(np.maximum(least_length / lengths, 1.0)) - 1e-6)
    return np.minimum(2 ** repeats.astype(np.int64), points)


def voxels_of(
    crystal: Crystal, *, points: int, least_length: float, sigma: float, probe: str
) -> Float[np.ndarray, "channels points points points"]:
    """Densities of groups of elements, and two channels of a probe's energy (float32).

    The voxels are worked out for one cell and repeated.

    Parameters
    ----------
    crystal:
        The crystal.
    points, least_length, sigma, probe:
        See :class:`porescope.models.property_voxel.config.VoxelConfig`.

    Raises
    ------
    ConfigError
        If there is no such gas, it has several sites, or an element is unknown.
    """
    repeats = repeats_of(crystal, points=points, least_length=least_length)
    shape = points // repeats
    triple = (int(shape[0]), int(shape[1]), int(shape[2]))
    cell = np.concatenate(
        [
            densities(crystal, shape=triple, sigma=sigma),
            energies(crystal, shape=triple, probe=probe),
        ]
    )
    return np.tile(cell, (1, *(int(n) for n in repeats))).astype(np.float32)


def densities(
    crystal: Crystal, *, shape: tuple[int, int, int], sigma: float
) -> Float[np.ndarray, "groups na nb nc"]:
    """Gaussians of the atoms, 1 at their centres, for each group of elements."""
    group = np.full(N_NUMBERS, len(GROUPS) + 1)
    group[is_metal()] = len(GROUPS)
    for place, members in enumerate(GROUPS):
        group[list(members)] = place
    axes = [np.arange(n) / n for n in shape]
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    point, atom, vector = atoms_around(crystal, mesh @ crystal.lattice, radius=REACH * sigma)
    height = np.exp(-0.5 * np.sum(vector**2, axis=1) / sigma**2)
    row = group[crystal.numbers[atom]] * len(mesh) + point
    total = np.bincount(row, weights=height, minlength=(len(GROUPS) + 2) * len(mesh))
    return total.reshape(len(GROUPS) + 2, *shape)


def energies(
    crystal: Crystal, *, shape: tuple[int, int, int], probe: str
) -> Float[np.ndarray, "2 na nb nc"]:
    """How strongly a probe is drawn to each point, and a number that falls from 1 to 0 in atoms."""
    field = field_named(FIELD)
    framework = Framework(
        crystal=crystal,
        field=field,
        type_index=type_index_of(crystal, field=field),
        charges=np.zeros(crystal.n_atoms),
        charge_source="none",
    )
    energy = lennard_jones_grid(framework, gas_named(probe), shape=shape).energy_k
    drawn = np.arcsinh(np.maximum(-energy, 0.0) / SOFT_K)
    room = np.exp(-np.maximum(energy, 0.0) / SOFT_K)
    return np.stack([drawn, room])


def cell_features(crystal: Crystal, *, points: int, least_length: float) -> Float[np.ndarray, "7"]:
    """Lengths [20 Å] of what the voxels cover, cosines of its angles, cube root of its volume."""
    repeats = repeats_of(crystal, points=points, least_length=least_length)
    lattice = crystal.lattice * repeats[:, None]
    lengths = np.linalg.norm(lattice, axis=1)
    cosines = ((lattice @ lattice.T) / np.outer(lengths, lengths))[[1, 0, 0], [2, 2, 1]]
    size = abs(np.linalg.det(lattice)) ** (1.0 / 3.0)
    return np.array([*(lengths / 20.0), *cosines, size / 20.0])
