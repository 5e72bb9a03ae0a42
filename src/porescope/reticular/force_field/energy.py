"""Energy, gradient and virial of a crystal in the force field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.reticular.force_field.bonded import (
    angle_energy,
    bond_energy,
    inversion_energy,
    torsion_energy,
)
from porescope.reticular.force_field.nonbonded import pair_energy, pairs_within
from porescope.reticular.force_field.terms import ForceField
from porescope.units import BOLTZMANN_EV, COULOMB_K_A

CUTOFF = 10.0
"""Distance at which pairs no longer count [Å]."""
SWITCH = 8.5
"""Distance from which they are brought to zero [Å]."""
_SKIN = 1.0
"""Neighbours are listed this much beyond the cutoff, so that a list serves many steps [Å]."""
_DAMPING = 0.2
"""Damping of the electrostatic interaction [1/Å]."""
_COULOMB = COULOMB_K_A * BOLTZMANN_EV
"""Energy of two elementary charges 1 Å apart [eV Å]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Energies:
    """Energy of one cell by terms [eV], and its derivatives."""

    bonds: float
    """Stretching."""
    angles: float
    """Bending."""
    torsions: float
    """Rotation about bonds."""
    inversions: float
    """Flat and pyramidal centres."""
    van_der_waals: float
    """Repulsion and dispersion."""
    charges: float
    """Electrostatics; zero without charges."""
    gradient: Float[np.ndarray, "atoms 3"]
    """Derivative by the Cartesian coordinates [eV/Å]: the forces are its negative."""
    virial: Float[np.ndarray, "3 3"]
    """Derivative by a strain of cell and atoms [eV]; over the volume it is the stress."""

    @property
    def total(self) -> float:
        """Sum of all terms [eV]."""
        return (
            self.bonds
            + self.angles
            + self.torsions
            + self.inversions
            + self.van_der_waals
            + self.charges
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairList:
    """Pairs that may come within the cutoff, and where the atoms were when they were found."""

    atoms: Int[np.ndarray, "pairs 2"]
    """Each pair once."""
    cells: Int[np.ndarray, "pairs 3"]
    """Cell of the second atom."""
    cart: Float[np.ndarray, "atoms 3"]
    """Coordinates at the time [Å]."""
    lattice: Float[np.ndarray, "3 3"]
    """Cell at the time [Å]."""

    def serves(self, cart: Float[np.ndarray, "atoms 3"], lattice: Float[np.ndarray, "3 3"]) -> bool:
        """Whether no pair can have come within the cutoff unseen since."""
        strain = np.linalg.inv(self.lattice) @ lattice
        moved = cart - self.cart @ strain
        furthest = float(np.sqrt((moved**2).sum(axis=1)).max(initial=0.0))
        # Singular values bound how any distance has changed by the strain.
        smallest = float(np.linalg.svd(strain, compute_uv=False)[-1])
        return smallest * (CUTOFF + _SKIN) - 2.0 * furthest >= CUTOFF


def pair_list(
    field: ForceField,
    *,
    cart: Float[np.ndarray, "atoms 3"],
    lattice: Float[np.ndarray, "3 3"],
) -> PairList:
    """All pairs within the cutoff and a skin, apart from those over one or two bonds.

    Parameters
    ----------
    field:
        The terms, with the exclusions.
    cart:
        Cartesian coordinates, unfolded [Å].
    lattice:
        Cell vectors as rows [Å].
    """
    frac = np.ascontiguousarray(cart @ np.linalg.inv(lattice))
    lattice = np.ascontiguousarray(lattice)
    density = len(frac) / abs(float(np.linalg.det(lattice)))
    capacity = int(0.6 * len(frac) * density * 4.2 * (CUTOFF + _SKIN) ** 3) + 1000
    while True:
        count, atoms, cells = pairs_within(
            frac, lattice, CUTOFF + _SKIN, field.excluded_start, field.excluded, capacity
        )
        if count <= capacity:
            break
        capacity = count
    return PairList(
        atoms=atoms[:count], cells=cells[:count], cart=cart.copy(), lattice=lattice.copy()
    )


def energies_of(
    field: ForceField,
    *,
    cart: Float[np.ndarray, "atoms 3"],
    lattice: Float[np.ndarray, "3 3"],
    pairs: PairList | None = None,
) -> Energies:
    """Energy of one cell with its derivatives.

    Parameters
    ----------
    field:
        The terms.
    cart:
        Cartesian coordinates, unfolded as when the bonds were named [Å].
    lattice:
        Cell vectors as rows [Å].
    pairs:
        A list that still serves; found anew where it is left out.
    """
    if pairs is None:
        pairs = pair_list(field, cart=cart, lattice=lattice)
    cart = np.ascontiguousarray(cart)
    lattice = np.ascontiguousarray(lattice)
    gradient, virial = np.zeros((field.n_atoms, 3)), np.zeros((3, 3))
    out = (gradient, virial)
    bonds = bond_energy(cart, lattice, field.bond_atoms, field.bond_cells, field.bond_values, *out)
    angles = angle_energy(
        cart, lattice, field.angle_atoms, field.angle_cells, field.angle_values, *out
    )
    torsions = torsion_energy(
        cart, lattice, field.torsion_atoms, field.torsion_cells, field.torsion_values, *out
    )
    inversions = inversion_energy(
        cart, lattice, field.inversion_atoms, field.inversion_cells, field.inversion_values, *out
    )
    waals, charges = pair_energy(
        cart, lattice, pairs.atoms, pairs.cells, field.distances, field.depths, field.charges,
        CUTOFF, SWITCH, _DAMPING, _COULOMB, *out,
    )  # fmt: skip
    return Energies(
        bonds=bonds,
        angles=angles,
        torsions=torsions,
        inversions=inversions,
        van_der_waals=waals,
        charges=charges,
        gradient=gradient,
        virial=virial,
    )
