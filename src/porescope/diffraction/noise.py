"""How noisy a pattern is, where its detector saturated, and which points are spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.pattern import Pattern

_MAD_TO_SIGMA = 1.4826
_CUBIC_BIAS = 0.13
"""How much a cubic through thirty points lowers their autocorrelation."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NoiseSummary:
    """What the scatter of neighbouring points says about the uncertainties."""

    sigma: Float[np.ndarray, "points"]
    """Standard uncertainties to be used; the pattern's own where they agree with the scatter."""
    scale: float
    """Scatter of neighbouring points over the pattern's own uncertainties."""
    correlation_points: float
    """Number of neighbouring points that share their noise: 1 for raw counts, more when the data
    were smoothed or interpolated."""
    saturated: Bool[np.ndarray, "points"]
    """Points on a flat top at the detector's limit."""
    spikes: Bool[np.ndarray, "points"]
    """Single points far above both neighbours, as a cosmic ray makes."""
    sentences: tuple[str, ...] = ()
    """What was found, one sentence each."""


def estimate_noise(pattern: Pattern) -> NoiseSummary:
    """Compare the scatter of a pattern with its stated uncertainties.

    The scatter is the median absolute second difference, which smooth background and all but the
    steepest flanks of peaks leave alone. Counts have a ratio near 1; normalised intensities any
    other; smoothed data show noise that neighbours share.

    Parameters
    ----------
    pattern:
        Measured pattern.

    Returns
    -------
    :
        Uncertainties to use, saturated points and spikes, with sentences for a report.
    """
    intensity, stated = pattern.intensity, pattern.sigma
    sentences: list[str] = []
    spikes = find_spikes(pattern)
    if spikes.any():
        at = ", ".join(f"{v:.2f}°" for v in pattern.two_theta_deg[spikes][:5])
        sentences.append(
            f"{int(spikes.sum())} single-point spike(s) were ignored, at {at}"
            + ("…" if spikes.sum() > 5 else "")
            + "."
        )
    saturated = find_saturation(pattern)
    if saturated.any():
        at = ", ".join(f"{v:.2f}°" for v in _run_centres(pattern.two_theta_deg, saturated)[:5])
        sentences.append(
            f"The detector seems to have saturated: flat tops at {at}; "
            "these intensities are lower limits."
        )
    good = ~spikes
    scale, correlation = _scatter_ratio(intensity[good], stated[good])
    sigma = stated
    if scale <= 0.0:
        sentences.append("The intensities carry no visible noise; the stated uncertainties stand.")
        scale = 1.0
    elif scale < 0.7 or scale > 1.4:
        sigma = _fitted_sigma(intensity, stated, good=good, scale=scale)
        kind = "smaller" if scale < 1.0 else "larger"
        sentences.append(
            f"The points scatter {scale:.2g} times as much as their stated uncertainties; "
            f"{kind} uncertainties, from the scatter itself, were used (the intensities were "
            "probably scaled, normalised or smoothed)."
        )
    if correlation > 1.8:
        sentences.append(
            f"About {correlation:.0f} neighbouring points share their noise: the data were "
            "smoothed or interpolated before."
        )
    return NoiseSummary(
        sigma=sigma,
        scale=scale,
        correlation_points=correlation,
        saturated=saturated,
        spikes=spikes,
        sentences=tuple(sentences),
    )


def find_spikes(pattern: Pattern, *, threshold: float = 8.0) -> Bool[np.ndarray, "points"]:
    """Single points that stand far above both neighbours.

    A peak is never narrower than a few steps, except where the step is as wide as the peaks: if
    more than a few points look like spikes, they are peaks, and none is reported.

    Parameters
    ----------
    pattern:
        Measured pattern.
    threshold:
        Least height above the two neighbours, in standard uncertainties.

    Returns
    -------
    :
        Mask of the spikes.
    """
    y, sigma = pattern.intensity, pattern.sigma
    spikes = np.zeros(len(y), dtype=bool)
    if len(y) < 20:
        return spikes
    neighbours = np.maximum(y[:-2], y[2:])
    beyond = np.full(len(y) - 2, -np.inf)
    beyond[1:-1] = np.maximum(y[:-4], y[4:])
    # what the four neighbours know: a curve through them, and how uneven they are themselves
    roughness = np.abs(y[:-2] - y[2:])
    roughness[1:-1] = np.maximum(roughness[1:-1], np.abs(y[:-4] - y[1:-3]))
    roughness[1:-1] = np.maximum(roughness[1:-1], np.abs(y[4:] - y[3:-1]))
    scatter = max(_scatter_ratio(y, sigma)[0], 1.0)
    error = scatter * np.sqrt(0.5 * (sigma[:-2] ** 2 + sigma[2:] ** 2) * 2.0)
    excess = y[1:-1] - np.maximum(neighbours, beyond)
    spikes[1:-1] = (excess > threshold * error) & (excess > 6.0 * roughness)
    if np.count_nonzero(spikes) > max(3, len(y) // 1000):
        spikes[:] = False
    return spikes


def find_saturation(pattern: Pattern) -> Bool[np.ndarray, "points"]:
    """Flat tops: three or more neighbouring points at the highest intensity.

    Parameters
    ----------
    pattern:
        Measured pattern.

    Returns
    -------
    :
        Mask of the saturated points.
    """
    y = pattern.intensity
    top = float(np.max(y))
    flat = y >= top - 1e-9 * abs(top)
    # a real maximum scatters: three equal neighbours at the top of everything are a limit
    run = flat[:-2] & flat[1:-1] & flat[2:]
    mask = np.zeros(len(y), dtype=bool)
    if top <= 50.0 * max(float(np.median(np.abs(y))), 1e-300) ** 0.5 and top < 50.0:
        return mask
    mask[:-2] |= run
    mask[1:-1] |= run
    mask[2:] |= run
    if top <= 2.0 * float(np.median(y)):
        mask[:] = False
    return mask


def _scatter_ratio(
    y: Float[np.ndarray, "points"], sigma: Float[np.ndarray, "points"]
) -> tuple[float, float]:
    """Scatter in quiet stretches over the uncertainties; how many points share their noise.

    Each stretch of thirty points is compared with a cubic through it. Stretches with peaks
    scatter more, so the quieter quarter is used, with the factors by which choosing the quiet
    ones and fitting a cubic make white noise look smaller.
    """
    length = 30
    n = len(y) // length
    if n < 4:
        return 1.0, 1.0
    basis, _ = np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, length), 4))
    # the stretch's own mean uncertainty, so that a steep one does not bend the scaled data
    level = sigma[: n * length].reshape(n, length).mean(axis=1, keepdims=True)
    scaled = y[: n * length].reshape(n, length) / level
    rest = scaled - (scaled @ basis) @ basis.T
    chi = np.sqrt(np.sum(rest**2, axis=1) / (length - 4))
    usable = np.isfinite(chi)
    rest, chi = rest[usable], chi[usable]
    if len(chi) == 0:
        return 1.0, 1.0
    limit = float(np.quantile(chi, 0.25))
    quiet = rest[chi <= limit]
    power = float(np.mean(quiet**2))
    if power <= 0.0:
        return 0.0, 1.0
    shared = 1.0
    lags = [float(np.mean(quiet[:, k:] * quiet[:, :-k])) / power for k in range(1, 7)]
    for lag in lags:
        value = lag + _CUBIC_BIAS
        if value < 0.25:
            break
        shared += 2.0 * value
    if shared < 1.6:
        shared = 1.0
    # a step that a cubic cannot follow, crowded peaks, is followed by second differences
    lag = 1 if shared == 1.0 else 4
    second = np.abs(y[: -2 * lag] - 2.0 * y[lag:-lag] + y[2 * lag :])
    expected = np.sqrt(sigma[: -2 * lag] ** 2 + 4.0 * sigma[lag:-lag] ** 2 + sigma[2 * lag :] ** 2)
    pieces = np.array_split(second / expected, max(4, min(40, len(second) // 50)))
    other = _MAD_TO_SIGMA * float(np.quantile([np.median(piece) for piece in pieces], 0.4))
    return min(1.1 * limit * shared**0.15, other), shared


def _fitted_sigma(
    y: Float[np.ndarray, "points"],
    stated: Float[np.ndarray, "points"],
    *,
    good: Bool[np.ndarray, "points"],
    scale: float,
) -> Float[np.ndarray, "points"]:
    """Uncertainties with the stated shape and the observed size."""
    floor = 1e-6 * max(float(np.max(np.abs(y))), 1e-300)
    scaled = np.maximum(scale * stated, floor)
    second = np.zeros(len(y))
    second[3:-3] = np.abs(y[:-6] - 2.0 * y[3:-3] + y[6:]) / np.sqrt(6.0)
    # a floor where the stated uncertainties fall below what the quiet regions show
    usable = second[good & (second > 0.0)]
    if len(usable) == 0:
        return scaled
    quiet = _MAD_TO_SIGMA * float(np.quantile(usable, 0.1)) / 0.19
    return np.maximum(scaled, min(quiet, 0.5 * float(np.median(scaled))))


def _run_centres(x: Float[np.ndarray, "points"], mask: Bool[np.ndarray, "points"]) -> list[float]:
    """Middle of each run of marked points."""
    at = np.flatnonzero(mask)
    if len(at) == 0:
        return []
    runs = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
    return [float(x[run].mean()) for run in runs]
