"""A regular grid of energies over one unit cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EnergyGrid:
    """Energy of a probe at the points (i/na, j/nb, k/nc) of the cell, over Boltzmann's constant.

    Energies are clipped at ``cap_k`` from above, so that points inside atoms stay finite.
    """

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    energy_k: Float[np.ndarray, "na nb nc"]
    """Energy of the probe over Boltzmann's constant [K]."""
    cap_k: float
    """Largest energy kept [K]."""
    gas: str
    """Name of the probe."""
    field: str
    """What :meth:`ForceField.describe` says of the field that made it."""
    temperature: float | None = None
    """Temperature of the average over orientations [K]; None for a single-site probe, whose
    energies do not depend on it."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of points along a, b and c."""
        na, nb, nc = self.energy_k.shape
        return na, nb, nc
