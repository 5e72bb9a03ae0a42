"""A crystal's atoms with one of each set that symmetry makes equal, and their neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
import torch
from jaxtyping import Int

from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import find_symmetry, symmetrised
from porescope.errors import ConfigError
from porescope.models.property.edges import edges_of_places
from porescope.models.property_inputs import AtomGraphs

SYMPREC = 0.01
"""Atoms are equal by symmetry where an operation brings them as near as this [Å]."""
_SAME = 1e-4  # [Å] an atom nearer than this to another is itself
_FARTHEST = 5.0  # tolerances that an atom may be moved to its exact place
MOST_NUMBER = 118
"""Largest atomic number."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Quotient:
    """A crystal, and which of its atoms stand for the others."""

    crystal: Crystal
    """The crystal with the symmetry that was found."""
    unique: Int[np.ndarray, "unique"]
    """The atoms that stand for their orbits."""
    orbit: Int[np.ndarray, "atoms"]
    """For each atom, the place in ``unique`` of the one that stands for it."""

    @property
    def multiplicity(self) -> Int[np.ndarray, "unique"]:
        """Number of atoms that each stands for."""
        return np.bincount(self.orbit, minlength=len(self.unique))


def quotient_of(crystal: Crystal, *, symprec: float = SYMPREC) -> Quotient:
    """The symmetry-unique atoms of a crystal.

    Repetitions of a primitive cell are found too, so that a supercell costs little more than
    the cell; the operations are those that the given cell shows.

    Parameters
    ----------
    crystal:
        A crystal of known elements without partly occupied sites.
    symprec:
        Tolerance of the search for symmetry [Å].

    Raises
    ------
    ConfigError
        If the crystal is disordered, has no atoms, or unknown elements.
    """
    name = crystal.name or "the crystal"
    if crystal.n_atoms == 0:
        raise ConfigError(f"{name} has no atoms; expected a complete structure")
    if np.any(crystal.occupancy < 1.0 - 1e-3):
        raise ConfigError(
            f"{name} has partly occupied sites; keep one of the alternatives, each fully occupied"
        )
    if np.any((crystal.numbers < 1) | (crystal.numbers > MOST_NUMBER)):
        raise ConfigError(f"{name} has atoms of no known element; name the elements of all sites")
    found = find_symmetry(crystal, symprec=symprec)
    orbit = np.arange(crystal.n_atoms) if found.orbit is None else np.asarray(found.orbit)
    _, unique, orbit = np.unique(orbit, return_index=True, return_inverse=True)
    return Quotient(crystal=found, unique=unique, orbit=orbit.reshape(-1))


def crystal_key(crystal: Crystal) -> bytes:
    """What tells a crystal's description from others."""
    parts = (crystal.lattice, crystal.frac, crystal.numbers, crystal.occupancy)
    return blake2b(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).digest()


def without_symmetry(crystal: Crystal) -> Quotient:
    """The crystal with every atom standing for itself alone."""
    every = np.arange(crystal.n_atoms)
    return Quotient(crystal=crystal.without_symmetry(), unique=every, orbit=every)


def graph_of(quotient: Quotient, *, cutoff: float) -> AtomGraphs:
    """Unique atoms as a packed graph of one crystal.

    The receivers are the unique atoms; a sender is the atom that stands for the neighbour, while
    the edge's vector leads to the neighbour itself. The number of atoms is that of the cell.

    Parameters
    ----------
    quotient:
        The crystal.
    cutoff:
        Longest edge [Å].
    """
    crystal = quotient.crystal
    pairs, vector = edges_of_places(crystal.cart[quotient.unique], crystal, cutoff=cutoff)
    apart = np.sum(vector**2, axis=1) > _SAME**2
    pairs, vector = pairs[:, apart], vector[apart]
    edges = np.stack([pairs[0], quotient.orbit[pairs[1]]])
    return AtomGraphs(
        numbers=torch.from_numpy(crystal.numbers[quotient.unique].astype(np.int64)),
        crystal=torch.zeros(len(quotient.unique), dtype=torch.int64),
        lattice=torch.from_numpy(crystal.lattice[None].astype(np.float32)),
        frac=torch.from_numpy(crystal.frac[quotient.unique].astype(np.float32)),
        edge_index=torch.from_numpy(edges.astype(np.int64)),
        edge_vector=torch.from_numpy(vector.astype(np.float32)),
        n_atoms=torch.tensor([crystal.n_atoms]),
    )


def symmetric(quotient: Quotient) -> Quotient:
    """The same with atoms moved so that the symmetry is exact, as grids of points need it.

    Without any where atoms would have to be moved far.
    """
    crystal = quotient.crystal
    if crystal.space_group.n_ops == 1:
        return quotient
    exact = symmetrised(crystal)
    moved = np.linalg.norm((exact.frac - crystal.frac) @ crystal.lattice, axis=1)
    if moved.max() > _FARTHEST * SYMPREC:
        return replace(quotient, crystal=crystal.without_symmetry())
    return replace(quotient, crystal=exact)
