"""Peaks of a measured pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeakList:
    """Peaks found in a pattern, sorted by angle; Kα2 is folded into its Kα1."""

    two_theta_deg: Float[np.ndarray, "peaks"]
    """Positions for the strongest line of the radiation [°]."""
    sigma_two_theta_deg: Float[np.ndarray, "peaks"]
    """Standard uncertainties of the positions [°]."""
    area: Float[np.ndarray, "peaks"]
    """Integrated intensities [intensity × °]."""
    sigma_area: Float[np.ndarray, "peaks"]
    """Standard uncertainties of the areas."""
    height: Float[np.ndarray, "peaks"]
    """Heights above the background."""
    fwhm_deg: Float[np.ndarray, "peaks"]
    """Full widths at half maximum [°]."""
    wavelength: float
    """Wavelength that the positions belong to [Å]."""

    @property
    def n_peaks(self) -> int:
        """Number of peaks."""
        return len(self.two_theta_deg)

    @property
    def d(self) -> Float[np.ndarray, "peaks"]:
        """Interplanar spacings [Å]."""
        return self.wavelength / (2.0 * np.sin(0.5 * np.deg2rad(self.two_theta_deg)))

    @property
    def q(self) -> Float[np.ndarray, "peaks"]:
        """Momentum transfers [1/Å]."""
        return 2.0 * np.pi / self.d
