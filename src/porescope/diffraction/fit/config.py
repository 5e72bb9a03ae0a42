"""What a fit may change, and where it stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from porescope.diffraction.profile import ProfileParameters
from porescope.errors import ConfigError

FitMode = Literal["fixed", "le_bail", "pawley", "restrained"]
ShapeName = Literal["u", "v", "w", "x", "y", "axial"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitConfig:
    """Options of :func:`porescope.diffraction.fit.refine.fit_pattern`."""

    mode: FitMode = "le_bail"
    """Where intensities come from: ``fixed``: the phase's own squared structure factors;
    ``le_bail``: shared out from the observed pattern; ``pawley``: free parameters of the least
    squares; ``restrained``: as ``pawley``, held near the phase's own by a log-normal prior."""
    two_theta_range_deg: tuple[float, float] | None = None
    """Range that is fitted [°]; all points where ``None``."""
    excluded_deg: tuple[tuple[float, float], ...] = ()
    """Regions that are left out [°]."""
    background_terms: int = 6
    """Number of Chebyshev terms; 0 for none."""
    background_air: bool = False
    """Whether a term 1/2θ joins the background (scattering by air at low angles)."""
    background: Float[np.ndarray, "points"] | None = None
    """A known background on the points of the pattern; the terms correct it."""
    refine_cell: bool = True
    """Whether the cells change."""
    refine_zero: bool = True
    """Whether the zero of the angles changes."""
    refine_displacement: bool = False
    """Whether a displacement of the sample (a shift by cosθ) is refined."""
    refine_shape: tuple[ShapeName, ...] = ("w", "x", "y")
    """Which parameters of the profile change; ``axial`` is the low-angle asymmetry."""
    refine_march: bool = False
    """Whether the March-Dollase coefficient changes, for phases that name an axis."""
    refine_u: bool = False
    """Whether one displacement parameter U for all atoms of a phase is added (fixed mode)."""
    profile: ProfileParameters | None = None
    """Where the profile starts; estimated from the pattern where ``None``."""
    zero_deg: float = 0.0
    """Where the zero starts [°]."""
    displacement_deg: float = 0.0
    """Where the displacement starts [°]."""
    max_strain: float = 0.05
    """Largest change of a length of the reciprocal cell, as a share."""
    max_angle_deg: float = 3.0
    """Largest change of an angle beyond what the lengths' change allows [°]."""
    max_zero_deg: float = 0.5
    """Largest zero shift and displacement [°]."""
    max_fwhm_deg: float = 2.0
    """Largest full width at half maximum that the bounds of the shape allow [°]."""
    restraint: float = 0.3
    """Standard deviation of ln(intensity) about the phase's own, at the middle of the range
    (restrained mode)."""
    restraint_low_angle: float = 1.0
    """The same for d of 10 Å and more, where guests act most (restrained mode)."""
    overlap_restraint: float = 1.0
    """Strength of the restraint that shares intensity between overlapping reflections by their
    multiplicities, in units of chi² (Pawley mode)."""
    cut: float = 20.0
    """Where a line ends, in full widths at half maximum from its middle."""
    approach: bool = True
    """Whether a fit with even weights comes first; it captures cells from farther away."""
    max_iterations: int = 40
    """Most steps of the least squares."""
    tolerance: float = 1e-5
    """Converged when a step lowers the sum of squares by less than this share."""
    redistributions: int = 4
    """Le Bail steps for each step of the least squares."""

    def __post_init__(self) -> None:
        positive = {
            "max_strain": self.max_strain,
            "max_fwhm_deg": self.max_fwhm_deg,
            "restraint": self.restraint,
            "restraint_low_angle": self.restraint_low_angle,
            "cut": self.cut,
            "tolerance": self.tolerance,
        }
        for name, value in positive.items():
            if not value > 0.0:
                raise ConfigError(f"{name} must be positive, got {value}")
        if self.max_iterations < 1 or self.redistributions < 1 or self.background_terms < 0:
            raise ConfigError(
                "max_iterations and redistributions must be at least 1 and background_terms at "
                f"least 0, got {self.max_iterations}, {self.redistributions}, "
                f"{self.background_terms}"
            )
        if self.two_theta_range_deg is not None:
            low, high = self.two_theta_range_deg
            if not low < high:
                raise ConfigError(f"two_theta_range_deg must rise, got {low} to {high}")
        if self.mode not in ("fixed", "le_bail", "pawley", "restrained"):
            raise ConfigError(
                f"mode must be fixed, le_bail, pawley or restrained, got {self.mode!r}"
            )
