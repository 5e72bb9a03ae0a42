"""One crystal structure: every atom of one unit cell, and the symmetry that is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.symmetry import P1, SpaceGroup


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Crystal:
    """All atoms of one unit cell.

    Rows of ``lattice`` are a, b, c, so ``cart = frac @ lattice``. Atoms with the same ``orbit``
    are images of one another under ``space_group``; the first atom of each orbit is the
    representative, and all orbits together form the asymmetric unit.
    """

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    frac: Float[np.ndarray, "atoms 3"]
    """Fractional coordinates."""
    numbers: Int[np.ndarray, "atoms"]
    """Atomic numbers."""
    occupancy: Float[np.ndarray, "atoms"]
    """Site occupancies, 0 to 1."""
    u_iso: Float[np.ndarray, "atoms"]
    """Isotropic mean-square displacements U [Å²]; NaN where the source gives none."""
    u_aniso: Float[np.ndarray, "atoms 3 3"] | None = None
    """Displacement tensors in the CIF convention U_ij [Å²]; rows of NaN where isotropic."""
    isotopes: Int[np.ndarray, "atoms"] | None = None
    """Mass numbers for neutrons; 0 is the natural mixture, 2 on hydrogen is deuterium."""
    charges: Float[np.ndarray, "atoms"] | None = None
    """Partial charges [e]."""
    labels: tuple[str, ...] = ()
    """Site labels, one per atom, or empty."""
    space_group: SpaceGroup = P1
    """Operations that map the cell's atoms onto one another."""
    orbit: Int[np.ndarray, "atoms"] | None = None
    """Index of the symmetry orbit of each atom; ``None`` means that each atom is its own."""
    name: str = ""
    """Name, refcode or file stem."""

    @property
    def n_atoms(self) -> int:
        """Number of atoms (sites) in the cell."""
        return len(self.numbers)

    @property
    def volume(self) -> float:
        """Volume of the cell [Å³]."""
        return float(abs(np.linalg.det(self.lattice)))

    @property
    def cart(self) -> Float[np.ndarray, "atoms 3"]:
        """Cartesian coordinates [Å]."""
        return self.frac @ self.lattice
