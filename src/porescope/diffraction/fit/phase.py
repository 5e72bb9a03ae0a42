"""One phase of a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from porescope.crystal.space_group import P1, SpaceGroup
from porescope.diffraction.fit.metric import (
    MetricBasis,
    metric_basis,
    metric_basis_of_shape,
)
from porescope.diffraction.reflections import ReflectionList
from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FitPhase:
    """A cell, its symmetry and its reflections."""

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å], where the fit starts."""
    space_group: SpaceGroup = P1
    """Decides which cell parameters are free, and which reflections are equivalent."""
    reflections: ReflectionList
    """Reflections with multiplicities; ``f_squared`` is needed by the modes ``fixed`` and
    ``restrained`` and starts the others. List some beyond the range, for cells that shrink."""
    name: str = ""
    """Name for messages."""
    march_axis: tuple[int, int, int] | None = None
    """Miller indices of the plane that grains lie on (preferred orientation)."""
    march: float = 1.0
    """March-Dollase coefficient where the fit starts; 1 is a random powder."""
    u_overall: float = 0.0
    """Mean-square displacement added to all atoms where the fit starts [Å²]."""
    free_intensities: bool | None = None
    """Overrides the mode for this phase in a Le Bail fit: ``False`` keeps the phase's own."""

    keep_shape: bool = False
    """Whether the cell keeps the symmetry of its shape (a cubic cell stays cubic) although its
    space group asks for less, as in a file that lists all atoms in P1."""

    @property
    def free_metric(self) -> MetricBasis:
        """Directions in which the cell may change."""
        if self.keep_shape:
            return metric_basis_of_shape(self.lattice)
        return metric_basis(self.space_group)

    def __post_init__(self) -> None:
        if self.lattice.shape != (3, 3) or not abs(np.linalg.det(self.lattice)) > 1e-6:
            raise ConfigError(f"phase {self.name!r}: the cell must be 3 independent vectors in Å")
        if self.reflections.n_reflections == 0:
            raise ConfigError(f"phase {self.name!r} has no reflections; lower its d_min")
        if not self.march > 0.0:
            raise ConfigError(f"phase {self.name!r}: march must be positive, got {self.march}")


def march_cosines(phase: FitPhase) -> Float[np.ndarray, "reflections equivalents"]:
    """Squared cosines between the orientation axis and all equivalents of each reflection."""
    hkl = phase.reflections.hkl.astype(np.float64)
    axis = np.asarray(phase.march_axis or (0, 0, 1), dtype=np.float64)
    rotations = np.unique(phase.space_group.rotations, axis=0).astype(np.float64)
    reciprocal = np.linalg.inv(phase.lattice).T
    direction = axis @ reciprocal
    direction /= np.linalg.norm(direction)
    vectors = np.einsum("ri,oij->roj", hkl, rotations) @ reciprocal
    cosines = vectors @ direction / np.linalg.norm(vectors, axis=2)
    return cosines**2


def march_factors(
    cosines_squared: Float[np.ndarray, "reflections equivalents"], *, march: float
) -> tuple[Float[np.ndarray, "reflections"], Float[np.ndarray, "reflections"]]:
    r"""March-Dollase factors and the derivatives of their logarithms.

    .. math:: P_k = \langle (r^2 \cos^2\alpha + \sin^2\alpha / r)^{-3/2} \rangle

    Dollase, J. Appl. Cryst. 19 (1986) 267, https://doi.org/10.1107/S0021889886089458.
    """
    base = march**2 * cosines_squared + (1.0 - cosines_squared) / march
    slope = 2.0 * march * cosines_squared - (1.0 - cosines_squared) / march**2
    factors = np.mean(base**-1.5, axis=1)
    derivative = np.mean(-1.5 * base**-2.5 * slope, axis=1)
    return factors, derivative / factors
