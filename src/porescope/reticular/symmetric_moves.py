"""Movements of atoms and strains of the cell that keep a space group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from porescope.crystal.orbits import wrapped
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError

_SAME = 0.3
"""How far an atom's image may be from an atom [Å]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SymmetricMoves:
    """What the operations of a group do to the atoms of one cell."""

    rotations: Int[np.ndarray, "operations 3 3"]
    """Rotations in fractional coordinates."""
    images: Int[np.ndarray, "operations atoms"]
    """Atom on which each operation puts each atom."""

    @classmethod
    def of(cls, crystal: Crystal) -> SymmetricMoves:
        """Where the operations of a crystal's own group put its atoms.

        Parameters
        ----------
        crystal:
            A structure whose symmetry is exact.

        Raises
        ------
        ConfigError
            Where an operation puts an atom where there is none of its kind.
        """
        inside = wrapped(crystal.frac)
        tree = KDTree(inside, boxsize=1.0)
        group = crystal.space_group
        images = np.empty((group.n_ops, crystal.n_atoms), dtype=np.int64)
        rows = np.arange(crystal.n_atoms)
        for row, (rotation, shift) in enumerate(
            zip(group.rotations, group.translations, strict=True)
        ):
            there = wrapped(inside @ rotation.T + shift)
            _, near = tree.query(there, k=min(4, crystal.n_atoms))
            near = np.asarray(near).reshape(crystal.n_atoms, -1)
            delta = inside[near] - there[:, None, :]
            delta -= np.rint(delta)
            distance = np.linalg.norm(delta @ crystal.lattice, axis=2)
            distance[crystal.numbers[near] != crystal.numbers[:, None]] = np.inf
            best = np.argmin(distance, axis=1)
            if np.any(distance[rows, best] > _SAME):
                raise ConfigError(
                    "the space group does not map the atoms onto one another; "
                    "relax without symmetry, or find the symmetry anew"
                )
            images[row] = near[rows, best]
        return cls(rotations=group.rotations.astype(np.int64), images=images)

    def projected(
        self,
        gradient: Float[np.ndarray, "atoms 3"],
        virial: Float[np.ndarray, "3 3"],
        *,
        lattice: Float[np.ndarray, "3 3"],
    ) -> tuple[Float[np.ndarray, "atoms 3"], Float[np.ndarray, "3 3"]]:
        """The parts of a Cartesian field on the atoms and of a strain that keep the symmetry.

        Parameters
        ----------
        gradient:
            One Cartesian vector on each atom.
        virial:
            A symmetric tensor.
        lattice:
            Cell vectors as rows [Å].
        """
        back = np.linalg.inv(lattice)
        turns = back @ self.rotations.transpose(0, 2, 1) @ lattice
        field = np.zeros_like(gradient)
        for turn, image in zip(turns, self.images, strict=True):
            field[image] += gradient @ turn
        tensor = np.einsum("oji,jk,okl->il", turns, virial, turns)
        return field / len(turns), tensor / len(turns)
