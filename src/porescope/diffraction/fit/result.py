"""What a fit returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.diffraction.fit.config import FitMode, ShapeName
from porescope.diffraction.profile import ProfileParameters

FitStatus = Literal["converged", "max_iterations", "stalled", "no_intensity"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PhaseFit:
    """One phase after the fit."""

    name: str
    """Name of the phase."""
    lattice: Float[np.ndarray, "3 3"]
    """Fitted cell, oriented like the cell of the start [Å]."""
    cell: Float[np.ndarray, "6"]
    """a, b, c [Å], alpha, beta, gamma [°]."""
    cell_esd: Float[np.ndarray, "6"]
    """Standard uncertainties of the cell [Å, °]; 0 where symmetry or the options fix it."""
    scale: float
    """Scale of the fixed intensities; NaN where they are free."""
    scale_esd: float
    """Its standard uncertainty."""
    march: float
    """March-Dollase coefficient."""
    march_esd: float
    """Its standard uncertainty; 0 where fixed."""
    u_overall: float
    """Added mean-square displacement [Å²]."""
    hkl: Int[np.ndarray, "reflections 3"]
    """Reflections in the fit, sorted by angle."""
    d: Float[np.ndarray, "reflections"]
    """Interplanar spacings in the fitted cell [Å]."""
    two_theta_deg: Float[np.ndarray, "reflections"]
    """Positions on the scale of the pattern, zero shift included, first line [°]."""
    area: Float[np.ndarray, "reflections"]
    """Integrated intensities of the first line [intensity × °]."""
    area_esd: Float[np.ndarray, "reflections"]
    """Standard uncertainties where the intensities are parameters (Pawley), else NaN."""
    in_range: Bool[np.ndarray, "reflections"]
    """Whether the position lies between the first and the last point."""
    share: float
    """Share of all peak intensity in the range, 0 to 1."""
    curve: Float[np.ndarray, "points"]
    """Peaks of this phase on the fitted points."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FitResult:
    """The outcome of a fit; failure is said by ``status`` and ``message``."""

    mode: FitMode
    """Where the intensities came from."""
    phases: tuple[PhaseFit, ...]
    """In the order of the input."""
    two_theta_deg: Float[np.ndarray, "points"]
    """Angles that were fitted [°]."""
    observed: Float[np.ndarray, "points"]
    """Observed intensities."""
    calculated: Float[np.ndarray, "points"]
    """Calculated intensities, background included."""
    background: Float[np.ndarray, "points"]
    """Background: the given curve and the terms."""
    background_coefficients: Float[np.ndarray, "terms"]
    """Coefficients of the terms."""
    zero_deg: float
    """Zero shift: observed less true angle [°]."""
    zero_esd: float
    """Its standard uncertainty; 0 where fixed."""
    displacement_deg: float
    """Shift by sample displacement at 2θ = 0; it falls with cosθ [°]."""
    displacement_esd: float
    """Its standard uncertainty; 0 where fixed."""
    profile: ProfileParameters
    """Fitted peak shape."""
    profile_esd: dict[ShapeName, float]
    """Standard uncertainties of U, V, W, X, Y and of K = ((S + H)/L)²; 0 where fixed."""
    rwp: float
    """Weighted profile residual, 0 to 1."""
    rwp_background_corrected: float
    """The same with the background taken off the denominator."""
    rp: float
    """Unweighted profile residual, 0 to 1."""
    rexp: float
    """Residual that counting noise alone would leave."""
    chi2: float
    """Reduced chi-square, (Rwp/Rexp)²."""
    n_parameters: int
    """Number of refined parameters, linear ones and free intensities included."""
    n_iterations: int
    """Steps of the least squares."""
    converged: bool
    """Whether the last step changed nothing of importance."""
    status: FitStatus
    """How it ended."""
    message: str
    """The same in a person's words."""
    rwp_history: tuple[float, ...]
    """Rwp at the start and after each accepted step."""

    @property
    def lattice(self) -> Float[np.ndarray, "3 3"]:
        """Cell of the first phase [Å]."""
        return self.phases[0].lattice

    @property
    def goodness_of_fit(self) -> float:
        """Rwp divided by Rexp."""
        return float(np.sqrt(self.chi2))
