"""From a pattern as read to a pattern ready for search and fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.background import BackgroundMethod, estimate_background
from porescope.diffraction.noise import NoiseSummary, estimate_noise
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.peaks import PeakConfig, PeakList, find_peaks_and_background
from porescope.diffraction.stripping import strip_second_line
from porescope.errors import ConfigError

_MIN_POINTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareConfig:
    """What is done to a pattern before search and fit."""

    min_two_theta_deg: float | None = None
    """Lower end of the range that is used [°]; the pattern's own if absent."""
    max_two_theta_deg: float | None = None
    """Upper end of the range that is used [°]; the pattern's own if absent."""
    background: BackgroundMethod = "arpls"
    """How the background is estimated."""
    background_flexibility: float = 1.0
    """Above 1 the background bends on a shorter scale."""
    refine_background: bool = True
    """Whether the background is made again once the peaks are known; only for ``arpls``."""
    strip_second_line: bool = False
    """Whether Kα2 is taken away; by default it is modelled."""
    peaks: PeakConfig = field(default_factory=PeakConfig)
    """How peaks are found."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PreparedPattern:
    """A pattern with its background, its peaks and the story of what was done."""

    pattern: Pattern
    """The range that is used, with spikes replaced and the uncertainties of :attr:`sigma`."""
    background: Float[np.ndarray, "points"]
    """Background at each point."""
    net: Float[np.ndarray, "points"]
    """Intensities less background."""
    sigma: Float[np.ndarray, "points"]
    """Standard uncertainties of the intensities."""
    peaks: PeakList
    """Peaks, sorted by angle."""
    noise: NoiseSummary
    """Noise, saturation, spikes."""
    spikes: Bool[np.ndarray, "points"]
    """Points that were replaced; a fit should leave them out."""
    steps: tuple[str, ...]
    """What was done, one sentence each."""
    warnings: tuple[str, ...]
    """What a person should know before believing a result, one sentence each."""

    @property
    def two_theta_deg(self) -> Float[np.ndarray, "points"]:
        """Angles [°]."""
        return self.pattern.two_theta_deg


def prepare_pattern(
    pattern: Pattern, *, config: PrepareConfig = PrepareConfig()
) -> PreparedPattern:
    """Cut the range, judge the noise, take spikes out, find the background and the peaks.

    Parameters
    ----------
    pattern:
        Pattern as read, with a known radiation.
    config:
        What is to be done.

    Returns
    -------
    :
        The prepared pattern, with a sentence for each step.

    Raises
    ------
    ConfigError
        If the radiation is unknown or the range holds too few points.
    """
    if pattern.radiation is None:
        raise ConfigError(
            "the wavelength is not known; give it (for example CuKa, CuKa1, MoKa, or a number in Å)"
        )
    steps: list[str] = list(pattern.notes)
    warnings: list[str] = []
    used = _cut(pattern, config, steps)
    if config.strip_second_line:
        used = strip_second_line(used)
        steps.append(used.notes[-1])
    noise = estimate_noise(used)
    steps.extend(noise.sentences)
    if noise.saturated.any():
        warnings.append(noise.sentences[1 if noise.spikes.any() else 0])
    intensity = used.intensity
    if noise.spikes.any():
        x = used.two_theta_deg
        intensity = np.interp(x, x[~noise.spikes], intensity[~noise.spikes])
    clean = replace(used, intensity=intensity, sigma=noise.sigma)
    refined = config.background == "arpls" and config.refine_background
    start = estimate_background(
        clean, method=config.background, flexibility=config.background_flexibility
    )
    peaks, background = find_peaks_and_background(
        clean,
        background=start,
        refine=refined,
        flexibility=config.background_flexibility,
        noise=replace(noise, spikes=np.zeros_like(noise.spikes)),
        config=config.peaks,
    )
    steps.append(_background_sentence(config, refined))
    steps.append(_peak_sentence(peaks, clean))
    warnings.extend(_warnings(clean, peaks, background))
    return PreparedPattern(
        pattern=clean,
        background=background,
        net=intensity - background,
        sigma=noise.sigma,
        peaks=peaks,
        noise=noise,
        spikes=noise.spikes,
        steps=tuple(steps),
        warnings=tuple(warnings),
    )


def _cut(pattern: Pattern, config: PrepareConfig, steps: list[str]) -> Pattern:
    """The range that is used."""
    x = pattern.two_theta_deg
    low = -np.inf if config.min_two_theta_deg is None else config.min_two_theta_deg
    high = np.inf if config.max_two_theta_deg is None else config.max_two_theta_deg
    if not low < high:
        raise ConfigError(f"the range must rise; got {low}° to {high}°")
    keep = (x >= low) & (x <= high)
    # the direct beam tells nothing, and formulas divide by the sine of the angle
    keep &= x > 0.05
    if np.count_nonzero(keep) < _MIN_POINTS:
        raise ConfigError(
            f"the range {max(low, float(x[0])):g}–{min(high, float(x[-1])):g}° holds "
            f"{np.count_nonzero(keep)} points of the pattern ({x[0]:g}–{x[-1]:g}°); "
            f"at least {_MIN_POINTS} are needed"
        )
    if keep.all():
        steps.append(f"The whole range was used: {x[0]:.2f}–{x[-1]:.2f}° 2θ, {len(x)} points.")
        return pattern
    used = x[keep]
    steps.append(
        f"Of {x[0]:.2f}–{x[-1]:.2f}° 2θ the range {used[0]:.2f}–{used[-1]:.2f}° was used, "
        f"{len(used)} points."
    )
    return replace(
        pattern,
        two_theta_deg=used,
        intensity=pattern.intensity[keep],
        sigma=pattern.sigma[keep],
    )


def _background_sentence(config: PrepareConfig, refined: bool) -> str:
    """What became of the background."""
    if config.background == "none":
        return "No background was taken away."
    name = {
        "arpls": "asymmetrically reweighted penalised least squares",
        "snip": "iterative peak clipping (SNIP)",
    }[config.background]
    again = ", and again after the fitted peaks were taken away" if refined else ""
    return f"The background was estimated by {name}{again}."


def _peak_sentence(peaks: PeakList, pattern: Pattern) -> str:
    """What became of the peaks."""
    lines = 1 if pattern.radiation is None else len(pattern.radiation.wavelengths)
    both = " Kα2 was part of each peak's shape." if lines > 1 else ""
    if peaks.n_peaks == 0:
        return "No peak stands above the noise."
    width = float(np.median(peaks.fwhm_deg))
    error = float(np.median(peaks.sigma_two_theta_deg))
    return (
        f"{peaks.n_peaks} peaks were found and fitted as pseudo-Voigt functions (median width "
        f"{width:.3g}°, median uncertainty of a position {error:.2g}°).{both}"
    )


def _warnings(
    pattern: Pattern, peaks: PeakList, background: Float[np.ndarray, "points"]
) -> list[str]:
    """What a person should know."""
    found: list[str] = []
    if peaks.n_peaks == 0:
        found.append(
            "The pattern shows no peaks: the sample may be amorphous or the counting time short."
        )
        return found
    if peaks.n_peaks < 5:
        found.append(f"Only {peaks.n_peaks} peak(s): many frameworks will explain them.")
    step = float(np.median(np.diff(pattern.two_theta_deg)))
    width = float(np.median(peaks.fwhm_deg))
    if width < 3.0 * step:
        found.append(
            f"The step of {step:.3g}° is coarse for peaks {width:.2g}° wide; positions suffer."
        )
    top = float(np.max(peaks.height))
    level = float(np.median(background))
    if top < 0.2 * level:
        found.append("The peaks are low above a high background: little crystalline material.")
    if peaks.two_theta_deg[np.argmax(peaks.height)] < pattern.two_theta_deg[0] + 1.5 * width:
        found.append(
            "The strongest peak touches the start of the scan; peaks below it may be missing."
        )
    scale = 1.0 if pattern.radiation is None else pattern.radiation.wavelength / 1.5406
    if width > 0.5 * max(scale, 0.3):
        found.append(
            f"The peaks are broad (median {width:.2g}°): small crystals or disorder; "
            "neighbours may hide in one peak."
        )
    return found
