"""A crystal made ready for guests: the type and the charge of each atom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.force_field import ForceField
from porescope.crystal.structure import Crystal


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Framework:
    """A rigid framework with its force field.

    Made by :func:`porescope.adsorption.atom_typing.framework_from_crystal`, which refuses disorder,
    overlapping atoms, elements without parameters and frameworks that are not neutral.
    """

    crystal: Crystal
    """The structure, every atom of one cell, fully occupied."""
    field: ForceField
    """Parameters of its atoms."""
    type_index: Int[np.ndarray, "atoms"]
    """Row of ``field.types`` for each atom."""
    charges: Float[np.ndarray, "atoms"]
    """Partial charges [e]; zeros where none are used."""
    charge_source: str
    """Where the charges come from: ``none``, ``CIF``, ``EQeq``, the name of a table."""

    @property
    def is_charged(self) -> bool:
        """Whether any atom carries a charge."""
        return bool(np.any(self.charges != 0.0))

    @property
    def mass_g_per_mol(self) -> float:
        """Mass of one mole of unit cells [g/mol]."""
        from porescope.units import AVOGADRO

        return self.crystal.density * self.crystal.volume * 1e-24 * AVOGADRO
