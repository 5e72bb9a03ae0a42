"""What the search for peaks passes from step to step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from porescope.diffraction.peak_detection import WidthTrend
from porescope.diffraction.peak_shapes import exchange_peaks, peak_profile


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FoundPeaks:
    """Fitted peaks, sorted by angle."""

    parameters: Float[np.ndarray, "peaks 5"]
    """Position [°], height, log FWHM, Lorentz fraction, asymmetry."""
    sigma_position: Float[np.ndarray, "peaks"]
    """Standard uncertainties of the positions [°]."""
    sigma_height: Float[np.ndarray, "peaks"]
    """Standard uncertainties of the heights."""
    sigma_fwhm: Float[np.ndarray, "peaks"]
    """Standard uncertainties of the widths [°]."""
    area: Float[np.ndarray, "peaks"]
    """Integrated intensities."""
    sigma_area: Float[np.ndarray, "peaks"]
    """Standard uncertainties of the areas."""
    trend: WidthTrend
    """Smooth width against angle."""
    background: Float[np.ndarray, "points"]
    """Background under them, refined where that was asked for."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeakData:
    """One pattern as the search sees it."""

    x: Float[np.ndarray, "points"]
    net: Float[np.ndarray, "points"]
    sigma: Float[np.ndarray, "points"]
    background: Float[np.ndarray, "points"]
    ratios: Float[np.ndarray, "lines"]
    weights: Float[np.ndarray, "lines"]

    def profile(
        self, parameters: Float[np.ndarray, "peaks 5"], reach: float = 60.0
    ) -> Float[np.ndarray, "points"]:
        return peak_profile(
            self.x,
            parameters=parameters,
            line_ratios=self.ratios,
            line_weights=self.weights,
            reach=reach,
        )

    def with_background(self, background: Float[np.ndarray, "points"]) -> PeakData:
        """The same data above another background."""
        return replace(self, net=self.net + self.background - background, background=background)

    def with_points(self, two_theta_deg: Float[np.ndarray, "part"]) -> PeakData:
        """The same radiation on other points, without data."""
        nothing = np.zeros_like(two_theta_deg)
        return PeakData(
            x=two_theta_deg,
            net=nothing,
            sigma=nothing,
            background=nothing,
            ratios=self.ratios,
            weights=self.weights,
        )

    def replace_peaks(
        self,
        total: Float[np.ndarray, "points"],
        before: Float[np.ndarray, "peaks 5"],
        after: Float[np.ndarray, "peaks 5"],
    ) -> None:
        """Exchange peaks in a running sum of profiles, in place."""
        exchange_peaks(
            self.x,
            total=total,
            before=before,
            after=after,
            line_ratios=self.ratios,
            line_weights=self.weights,
        )

    def doublet_deg(
        self, two_theta_deg: Float[np.ndarray, "angles"]
    ) -> Float[np.ndarray, "angles"]:
        """Distance between the first and the second line [°]."""
        if len(self.ratios) < 2:
            return np.zeros_like(two_theta_deg)
        tangent = np.tan(0.5 * np.deg2rad(two_theta_deg))
        return np.rad2deg(2.0 * tangent * (self.ratios[1] - self.ratios[0]))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ExpectedShape:
    """What the strong peaks say about the others."""

    trend: WidthTrend
    eta: float = 0.5
    asymmetry: tuple[float, float] = (0.0, 0.0)
    sigma_log_width: float = 0.4
    sigma_eta: float = 0.3
    sigma_asymmetry: float = 0.12

    def expected(
        self, position: Float[np.ndarray, "peaks"], height: Float[np.ndarray, "peaks"]
    ) -> Float[np.ndarray, "peaks 5"]:
        rows = np.empty((len(position), 5))
        rows[:, 0] = position
        rows[:, 1] = height
        rows[:, 2] = np.log(self.trend.fwhm_deg(position))
        rows[:, 3] = self.eta
        rows[:, 4] = self.asymmetry_at(position)
        return rows

    def asymmetry_at(self, position: Float[np.ndarray, "peaks"]) -> Float[np.ndarray, "peaks"]:
        return np.clip(self.asymmetry[0] + self.asymmetry[1] * cotangent(position), -0.4, 0.4)


def cotangent(two_theta_deg: Float[np.ndarray, "angles"]) -> Float[np.ndarray, "angles"]:
    """Cotangent of the scattering angle, bounded: axial divergence follows it."""
    tangent = np.tan(np.deg2rad(np.clip(two_theta_deg, 3.0, 177.0)))
    return np.clip(1.0 / np.where(np.abs(tangent) < 1e-9, 1e-9, tangent), -8.0, 8.0)
