"""Models of guest molecules: rigid sets of Lennard-Jones beads with charges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bead:
    """One interaction site of a molecule."""

    type: str
    """Name of the type, such as ``O_co2``; pairs of a force field refer to it."""
    number: int
    """Atomic number of the atom that it stands for; 0 for a massless site."""
    epsilon_k: float
    """Depth of the Lennard-Jones well over Boltzmann's constant [K]; 0 for none."""
    sigma: float
    """Distance at which the Lennard-Jones energy is zero [Å]."""
    charge: float
    """Partial charge [e]."""
    mass: float
    """Mass [g/mol]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Gas:
    """A guest molecule: its beads, its shapes, and the constants of its bulk phase."""

    name: str
    """Formula or common name, such as ``CO2``."""
    model: str
    """Name of the model, such as ``TraPPE``."""
    beads: tuple[Bead, ...]
    """Interaction sites."""
    conformers: Float[np.ndarray, "shapes beads 3"]
    """Cartesian positions about the centre of mass [Å], one shape for a rigid molecule; the
    shapes of a flexible one are drawn from its ideal gas at ``conformer_temperature``."""
    conformer_temperature: float | None = None
    """Temperature at which the shapes were drawn [K]; None for a rigid molecule."""
    critical_temperature: float
    """Critical temperature [K]."""
    critical_pressure_pa: float
    """Critical pressure [Pa]."""
    acentric_factor: float
    """Acentric factor."""
    source: str
    """Where the model comes from."""

    @property
    def mass(self) -> float:
        """Molar mass [g/mol]."""
        return float(sum(bead.mass for bead in self.beads))

    @property
    def is_single_site(self) -> bool:
        """Whether the molecule is one uncharged sphere."""
        return len(self.beads) == 1 and self.beads[0].charge == 0.0

    @property
    def is_charged(self) -> bool:
        """Whether any bead carries a charge."""
        return any(bead.charge != 0.0 for bead in self.beads)

    @property
    def is_flexible(self) -> bool:
        """Whether the molecule has more than one shape."""
        return len(self.conformers) > 1

    @property
    def positions(self) -> Float[np.ndarray, "beads 3"]:
        """Positions of the beads of the first shape about the centre of mass [Å]."""
        return self.conformers[0]
