"""Peaks of a measured pattern: the list, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.background import estimate_background, refine_background
from porescope.diffraction.noise import NoiseSummary, estimate_noise
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.peak_detection import WidthTrend
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError


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
    sigma_fwhm_deg: Float[np.ndarray, "peaks"] | None = None
    """Standard uncertainties of the widths, where they were fitted [°]."""
    eta: Float[np.ndarray, "peaks"] | None = None
    """Lorentzian fractions, where they were fitted."""
    asymmetry: Float[np.ndarray, "peaks"] | None = None
    """Relative differences of the left and the right half width, where they were fitted."""
    width_trend: WidthTrend | None = None
    """Smooth width against angle, from the strong peaks that stand alone."""

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

    @property
    def signal_to_noise(self) -> Float[np.ndarray, "peaks"]:
        """Areas over their standard uncertainties."""
        return self.area / self.sigma_area

    def select(self, keep: Bool[np.ndarray, "peaks"]) -> PeakList:
        """The peaks that a mask names.

        Parameters
        ----------
        keep:
            True for the peaks to keep.

        Returns
        -------
        :
            A list with these peaks alone.
        """

        def cut(values: Float[np.ndarray, "peaks"] | None) -> Float[np.ndarray, "kept"] | None:
            return None if values is None else values[keep]

        return PeakList(
            two_theta_deg=self.two_theta_deg[keep],
            sigma_two_theta_deg=self.sigma_two_theta_deg[keep],
            area=self.area[keep],
            sigma_area=self.sigma_area[keep],
            height=self.height[keep],
            fwhm_deg=self.fwhm_deg[keep],
            wavelength=self.wavelength,
            sigma_fwhm_deg=cut(self.sigma_fwhm_deg),
            eta=cut(self.eta),
            asymmetry=cut(self.asymmetry),
            width_trend=self.width_trend,
        )

    def strongest(self, n_peaks: int) -> PeakList:
        """The peaks of largest area, still sorted by angle.

        Parameters
        ----------
        n_peaks:
            How many to keep at most.

        Returns
        -------
        :
            A list of at most that many peaks.
        """
        keep = np.zeros(self.n_peaks, dtype=bool)
        keep[np.argsort(self.area)[::-1][: max(n_peaks, 0)]] = True
        return self.select(keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakConfig:
    """How peaks are found."""

    min_signal_to_noise: float = 4.5
    """Least ratio of a peak to its noise, for a filter matched to its width."""
    max_peaks: int = 3000
    """Largest number of peaks kept, strongest first."""
    min_relative_height: float = 0.0
    """Least height relative to the highest peak."""
    asymmetric: bool = True
    """Whether the left half of a peak may be wider than the right, as axial divergence makes."""
    fwhm_deg: float | None = None
    """Expected full width at half maximum [°]; by default it is read from the strong peaks."""

    def __post_init__(self) -> None:
        if not self.min_signal_to_noise > 0.0:
            raise ConfigError(
                f"min_signal_to_noise must be positive; got {self.min_signal_to_noise}"
            )
        if self.fwhm_deg is not None and not self.fwhm_deg > 0.0:
            raise ConfigError(f"fwhm_deg must be positive; got {self.fwhm_deg}")


_KNOWN_DOUBLETS = (
    # weighted mean, Kα1, Kα2 [Å]; Hölzer et al., Phys. Rev. A 56 (1997) 4554,
    # https://doi.org/10.1103/PhysRevA.56.4554, for Cr to Cu; Bearden, Rev. Mod. Phys. 39 (1967)
    # 78, https://doi.org/10.1103/RevModPhys.39.78, for Mo and Ag, rescaled to the ångström
    (1.54187, 1.5405929, 1.5444274),
    (1.79030, 1.7889960, 1.7928350),
    (1.93736, 1.9360410, 1.9399730),
    (2.29109, 2.2897260, 2.2936510),
    (0.71073, 0.7093171, 0.7136070),
    (0.56087, 0.5594218, 0.5638131),
)


def radiation_lines(
    radiation: Radiation,
) -> tuple[Float[np.ndarray, "lines"], Float[np.ndarray, "lines"]]:
    """Lines of which each peak consists, relative to the wavelength that positions refer to.

    A single X-ray wavelength that is the well-known mean of a Kα doublet stands for both lines.

    Parameters
    ----------
    radiation:
        What was used.

    Returns
    -------
    :
        Wavelengths over the wavelength of the positions; intensities relative to the strongest.
    """
    if len(radiation.wavelengths) == 1 and radiation.kind == "xray":
        for mean, first, second in _KNOWN_DOUBLETS:
            if abs(radiation.wavelength - mean) < 1.5e-4 * mean:
                ratios = np.array([first, second]) / radiation.wavelength
                return ratios, np.array([1.0, 0.5])
    wavelengths = np.array(radiation.wavelengths, dtype=float)
    weights = np.array(radiation.weights, dtype=float)
    if len(weights) != len(wavelengths):
        weights = np.ones(len(wavelengths))
    keep = weights > 0.01 * weights[0]
    return (wavelengths / wavelengths[0])[keep], (weights / weights[0])[keep]


def find_peaks(
    pattern: Pattern,
    *,
    background: Float[np.ndarray, "points"] | None = None,
    noise: NoiseSummary | None = None,
    config: PeakConfig = PeakConfig(),
) -> PeakList:
    """Find and fit the peaks of a pattern.

    Peaks are detected with a filter matched to the width that the strong ones show, and fitted
    as split pseudo-Voigts, overlapping ones together; each has all lines of the radiation, so
    that Kα2 makes no peaks of its own.

    Parameters
    ----------
    pattern:
        Measured pattern with a known radiation.
    background:
        Background at each point; estimated if absent.
    noise:
        Result of :func:`porescope.diffraction.noise.estimate_noise`; estimated if absent.
    config:
        How peaks are found.

    Returns
    -------
    :
        Peaks with standard uncertainties, sorted by angle.

    Raises
    ------
    ConfigError
        If the radiation is unknown.
    """
    return find_peaks_and_background(
        pattern, background=background, refine=background is None, noise=noise, config=config
    )[0]


def find_peaks_and_background(
    pattern: Pattern,
    *,
    background: Float[np.ndarray, "points"] | None = None,
    refine: bool = True,
    flexibility: float = 1.0,
    noise: NoiseSummary | None = None,
    config: PeakConfig = PeakConfig(),
) -> tuple[PeakList, Float[np.ndarray, "points"]]:
    """Find peaks as :func:`find_peaks` does, and say which background lies under them.

    The background is made again without the peaks once they are known, unless that is declined.

    Parameters
    ----------
    pattern:
        Measured pattern with a known radiation.
    background:
        Background at each point to begin with; estimated if absent.
    refine:
        Whether the background is made again.
    flexibility:
        As in :func:`porescope.diffraction.background.estimate_background`.
    noise:
        Result of :func:`porescope.diffraction.noise.estimate_noise`; estimated if absent.
    config:
        How peaks are found.

    Returns
    -------
    :
        Peaks, background.

    Raises
    ------
    ConfigError
        If the radiation is unknown.
    """
    from porescope.diffraction.peak_search import search_peaks

    radiation = pattern.radiation
    if radiation is None:
        raise ConfigError(
            "peaks need the wavelength, and the pattern does not say it; "
            "give it (for example CuKa, CuKa1, MoKa, or a number in Å)"
        )
    noise = estimate_noise(pattern) if noise is None else noise
    intensity = _without_spikes(pattern, noise.spikes)
    sigma = noise.sigma

    def refined(model: Float[np.ndarray, "points"]) -> Float[np.ndarray, "points"]:
        return refine_background(
            pattern.two_theta_deg,
            intensity - model,
            sigma=sigma,
            peak_model=model,
            wavelength=radiation.wavelength,
            flexibility=flexibility,
        )

    start = estimate_background(pattern) if background is None else background
    ratios, weights = radiation_lines(radiation)
    found = search_peaks(
        pattern.two_theta_deg,
        net=intensity - start,
        sigma=sigma,
        background=start,
        line_ratios=ratios,
        line_weights=weights,
        min_signal_to_noise=config.min_signal_to_noise,
        max_peaks=config.max_peaks,
        asymmetric=config.asymmetric,
        expected_fwhm_deg=config.fwhm_deg,
        correlation_points=noise.correlation_points,
        refine=refined if refine else None,
    )
    peaks = PeakList(
        two_theta_deg=found.parameters[:, 0],
        sigma_two_theta_deg=found.sigma_position,
        area=found.area,
        sigma_area=found.sigma_area,
        height=found.parameters[:, 1],
        fwhm_deg=np.exp(found.parameters[:, 2]),
        wavelength=radiation.wavelength,
        sigma_fwhm_deg=found.sigma_fwhm,
        eta=found.parameters[:, 3],
        asymmetry=found.parameters[:, 4],
        width_trend=found.trend,
    )
    if config.min_relative_height > 0.0 and peaks.n_peaks:
        peaks = peaks.select(peaks.height >= config.min_relative_height * np.max(peaks.height))
    return peaks, found.background


def _without_spikes(
    pattern: Pattern, spikes: Bool[np.ndarray, "points"]
) -> Float[np.ndarray, "points"]:
    """Intensities with the spikes replaced by a line between their neighbours."""
    if not spikes.any():
        return pattern.intensity
    x = pattern.two_theta_deg
    return np.interp(x, x[~spikes], pattern.intensity[~spikes])
