"""Where the peaks of a pattern are, before they are fitted.

Two questions are asked at every angle. Is there something: the signal-to-noise ratio of a filter
matched to the expected width, with the local level taken away. Is it one or two: the second
derivative at the same width, which separates neighbours. Peaks are then accepted from strong to
weak, each after what the stronger ones already explain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.ndimage import gaussian_filter1d
from scipy.signal import fftconvolve

_FWHM_TO_SIGMA = 1.0 / 2.3548200450309493
_WIDEST_DEG = 2.5
"""Whatever is wider is a hump of the background and no peak [°]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WidthTrend:
    """Full width at half maximum as a smooth function of angle."""

    coefficients: tuple[float, ...]
    """Polynomial of the logarithm of the width [log °] in the scaled angle, lowest power first."""
    centre_deg: float
    """Angle at which the scaled angle is 0 [°]."""
    span_deg: float
    """Angle over which it changes by 1 [°]."""
    low_deg: float
    """Lowest angle that a peak told about; the width is constant below [°]."""
    high_deg: float
    """Highest such angle [°]."""

    def fwhm_deg(self, two_theta_deg: Float[np.ndarray, "angles"]) -> Float[np.ndarray, "angles"]:
        """Expected full width at half maximum [°]."""
        inside = np.clip(two_theta_deg, self.low_deg, self.high_deg)
        scaled = (inside - self.centre_deg) / self.span_deg
        return np.exp(np.polynomial.polynomial.polyval(scaled, np.asarray(self.coefficients)))


def fit_width_trend(
    two_theta_deg: Float[np.ndarray, "peaks"],
    *,
    fwhm_deg: Float[np.ndarray, "peaks"],
    weight: Float[np.ndarray, "peaks"],
) -> WidthTrend:
    """Robust smooth curve through the widths of peaks.

    Unresolved neighbours make a peak look wide and nothing makes it look narrow, so widths above
    the curve count less than widths below.

    Parameters
    ----------
    two_theta_deg:
        Positions [°].
    fwhm_deg:
        Full widths at half maximum [°].
    weight:
        Weight of each peak.

    Returns
    -------
    :
        The trend.
    """
    order = np.argsort(two_theta_deg)
    x, y, w = two_theta_deg[order], np.log(fwhm_deg[order]), weight[order]
    centre = float(0.5 * (x[0] + x[-1]))
    span = float(max(0.5 * (x[-1] - x[0]), 1.0))
    degree = 0 if len(x) < 5 or x[-1] - x[0] < 5.0 else (1 if len(x) < 12 else 2)
    scaled = (x - centre) / span
    basis = np.vander(scaled, degree + 1, increasing=True)
    start = _weighted_quantile(y, w, 0.4)
    coefficients = np.zeros(degree + 1)
    coefficients[0] = start
    ridge = np.diag([1e-9] + [0.05 * float(np.sum(w))] * degree)
    for _ in range(12):
        residual = y - basis @ coefficients
        size = max(1.4826 * float(np.median(np.abs(residual))), 0.03)
        tail = np.where(residual > 0.0, 1.2 * size, 2.5 * size)
        robust = w / (1.0 + (residual / tail) ** 2) ** 2
        matrix = basis.T @ (robust[:, None] * basis) + ridge * float(np.sum(robust) / np.sum(w))
        coefficients = np.linalg.solve(matrix, basis.T @ (robust * y))
    return WidthTrend(
        coefficients=tuple(float(v) for v in coefficients),
        centre_deg=centre,
        span_deg=span,
        low_deg=float(x[0]),
        high_deg=float(x[-1]),
    )


def first_width_trend(
    two_theta_deg: Float[np.ndarray, "points"],
    *,
    net: Float[np.ndarray, "points"],
    sigma: Float[np.ndarray, "points"],
    doublet_deg: Float[np.ndarray, "points"],
) -> WidthTrend | None:
    """Widths of the strongest peaks, read at half height on a uniform grid.

    Parameters
    ----------
    two_theta_deg:
        Uniform angles [°].
    net:
        Intensities less background.
    sigma:
        Their standard uncertainties.
    doublet_deg:
        Distance of the second line of the radiation at each angle, 0 for a single line [°].

    Returns
    -------
    :
        The trend, or nothing where no peak stands clear of the noise.
    """
    step = float(two_theta_deg[1] - two_theta_deg[0])
    best: tuple[int, WidthTrend] | None = None
    smoothing = 0.0
    while smoothing * step < 1.0 and smoothing < len(net) / 20:
        if smoothing > 0.0:
            smooth = gaussian_filter1d(net, smoothing)
            noise = gaussian_filter1d(sigma, smoothing) / np.sqrt(2.0 * np.sqrt(np.pi) * smoothing)
        else:
            smooth, noise = net, sigma
        tops, widths, ratios = _half_height_widths(two_theta_deg, smooth, noise)
        smear = smoothing * step / _FWHM_TO_SIGMA
        doublet = doublet_deg[tops]
        # lines further apart than the width are separate, closer ones make one wide top
        both = np.clip((1.5 * widths - doublet) / np.maximum(0.5 * widths, 1e-12), 0.0, 1.0)
        joined = both * np.minimum(0.7 * doublet, 0.8 * widths)
        true = np.sqrt(np.maximum(widths**2 - smear**2 - joined**2, 0.0))
        clear = (true > max(0.6 * smear, 1.5 * step)) & (true < _WIDEST_DEG) & (ratios > 10.0)
        count = int(np.count_nonzero(clear))
        if count:
            strongest = np.argsort(ratios[clear])[::-1][:60]
            at, wide = two_theta_deg[tops[clear]][strongest], true[clear][strongest]
            trend = fit_width_trend(at, fwhm_deg=wide, weight=ratios[clear][strongest] ** 0.5)
            if best is None or count > 1.5 * best[0]:
                best = (count, trend)
            if count >= 8:
                break
        smoothing = max(0.7, 1.6 * smoothing)
    return None if best is None else best[1]


def detection_signal(
    two_theta_deg: Float[np.ndarray, "points"],
    *,
    net: Float[np.ndarray, "points"],
    sigma: Float[np.ndarray, "points"],
    fwhm_deg: Float[np.ndarray, "points"],
) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"]]:
    """Signal-to-noise ratios of a matched and of a separating filter.

    Parameters
    ----------
    two_theta_deg:
        Uniform angles [°].
    net:
        Intensities less background.
    sigma:
        Their standard uncertainties.
    fwhm_deg:
        Expected full widths at half maximum [°].

    Returns
    -------
    :
        Matched-filter ratio, second-derivative ratio.
    """
    step = float(two_theta_deg[1] - two_theta_deg[0])
    low, high = float(np.min(fwhm_deg)), float(np.max(fwhm_deg))
    n_scales = max(1, int(np.ceil(np.log(high / low) / np.log(1.4))) + 1)
    scales = np.geomspace(low, high, n_scales) if n_scales > 1 else np.array([low])
    variance = sigma**2
    matched = np.empty((n_scales, len(net)))
    separating = np.empty((n_scales, len(net)))
    for i, scale in enumerate(scales):
        width = max(scale * _FWHM_TO_SIGMA / step, 0.5)
        matched[i] = _filter_ratio(net, variance, _matched_kernel(width))
        separating[i] = _filter_ratio(net, variance, _separating_kernel(0.9 * width))
    if n_scales == 1:
        return matched[0], separating[0]
    place = np.log(fwhm_deg / low) / np.log(high / low) * (n_scales - 1)
    index = np.clip(np.round(place).astype(int), 0, n_scales - 1)
    points = np.arange(len(net))
    return matched[index, points], separating[index, points]


def local_maxima(values: Float[np.ndarray, "points"]) -> Int[np.ndarray, "maxima"]:
    """Indices of points above their left and not below their right neighbour.

    Parameters
    ----------
    values:
        A curve.

    Returns
    -------
    :
        Indices, rising; the two ends never count.
    """
    inner = (values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:])
    return np.flatnonzero(inner) + 1


def noise_factor(
    ratio: Float[np.ndarray, "points"], *, points_per_peak: float, limit: float = 3.0
) -> float:
    """How much the filter's output scatters in quiet stretches, at least 1.

    Parameters
    ----------
    ratio:
        Signal-to-noise ratios along the pattern.
    points_per_peak:
        Points in one expected width; stretches hold at least thirty widths.
    limit:
        Largest factor believed.

    Returns
    -------
    :
        Factor by which detection thresholds are to be raised.
    """
    n_pieces = int(np.clip(len(ratio) / max(30.0 * points_per_peak, 1.0), 1, 60))
    pieces = np.array_split(ratio, n_pieces)
    spread = [1.4826 * float(np.median(np.abs(piece - np.median(piece)))) for piece in pieces]
    return float(np.clip(np.quantile(spread, 0.15), 1.0, limit))


def _matched_kernel(width: float) -> Float[np.ndarray, "taps"]:
    """Gaussian less the mean of its surroundings, five times as wide."""
    reach = int(np.ceil(12.0 * width)) + 1
    x = np.arange(-reach, reach + 1, dtype=float)
    kernel = np.exp(-0.5 * (x / width) ** 2)
    surround = np.exp(-0.5 * (x / (4.0 * width)) ** 2)
    return kernel - surround * (kernel.sum() / surround.sum())


def _separating_kernel(width: float) -> Float[np.ndarray, "taps"]:
    """Negative second derivative of a Gaussian."""
    reach = int(np.ceil(5.0 * width)) + 1
    x = np.arange(-reach, reach + 1, dtype=float)
    kernel = (1.0 - (x / width) ** 2) * np.exp(-0.5 * (x / width) ** 2)
    return kernel - kernel.mean()


def _filter_ratio(
    net: Float[np.ndarray, "points"],
    variance: Float[np.ndarray, "points"],
    kernel: Float[np.ndarray, "taps"],
) -> Float[np.ndarray, "points"]:
    """Filter output over its standard uncertainty; the ends are continued by reflection."""
    reach = len(kernel) // 2
    pad = min(reach, len(net) - 1)
    padded = np.pad(net, pad, mode="reflect")
    padded_variance = np.pad(variance, pad, mode="reflect")
    # sums of thousands of counts lose digits in a Fourier transform: take the mean away first
    level = float(np.median(padded))
    signal = fftconvolve(padded - level, kernel[::-1], mode="same")[pad : pad + len(net)]
    noise = fftconvolve(padded_variance, kernel**2, mode="same")[pad : pad + len(net)]
    floor = float(np.min(variance)) * float(np.sum(kernel**2)) * 0.5
    return signal / np.sqrt(np.maximum(noise, floor))


def _half_height_widths(
    x: Float[np.ndarray, "points"],
    smooth: Float[np.ndarray, "points"],
    noise: Float[np.ndarray, "points"],
) -> tuple[Int[np.ndarray, "tops"], Float[np.ndarray, "tops"], Float[np.ndarray, "tops"]]:
    """Tops that fall to half on both sides without rising above themselves, their widths."""
    ratio = smooth / noise
    tops = local_maxima(smooth)
    tops = tops[ratio[tops] > 10.0]
    tops = tops[np.argsort(ratio[tops])[::-1][:300]]
    kept, widths, ratios = [], [], []
    for top in tops:
        half = 0.5 * float(smooth[top])
        left, right = _walk(smooth, int(top), half, -1), _walk(smooth, int(top), half, 1)
        if left is None or right is None:
            continue
        a, b = left, right
        lower, upper = min(a, b), max(a, b)
        if upper > 1.8 * lower + 1.0:  # a neighbour hangs on one side: the other one is true
            upper = lower
        kept.append(int(top))
        widths.append((lower + upper) * float(x[1] - x[0]))
        ratios.append(float(ratio[top]))
    return np.array(kept, dtype=int), np.array(widths, dtype=float), np.array(ratios, dtype=float)


def _walk(
    smooth: Float[np.ndarray, "points"], top: int, half: float, direction: int
) -> float | None:
    """Distance in points from the top to half height; nothing if a higher point comes first."""
    i = top
    limit = len(smooth) - 1
    while 0 < i < limit and abs(i - top) < 4000:
        following = i + direction
        if smooth[following] > smooth[top]:
            return None
        if smooth[following] <= half:
            fall = smooth[i] - smooth[following]
            return abs(i - top) + float((smooth[i] - half) / fall if fall > 0 else 0.5)
        i = following
    return None


def _weighted_quantile(
    values: Float[np.ndarray, "values"], weight: Float[np.ndarray, "values"], share: float
) -> float:
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, share * total[-1])])
