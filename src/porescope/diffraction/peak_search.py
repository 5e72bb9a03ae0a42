"""Detection and fitting of peaks, round by round."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.diffraction.peak_detection import (
    WidthTrend,
    detection_signal,
    first_width_trend,
    local_maxima,
    noise_factor,
)
from porescope.diffraction.peak_fitting import fit_peaks, learn_shape, needed_peaks
from porescope.diffraction.peak_model import ExpectedShape, FoundPeaks, PeakData
from porescope.diffraction.peak_shapes import peak_profile

_MAX_ROUNDS = 3
"""How often the rest is searched again."""

BackgroundRefiner = Callable[[Float[np.ndarray, "points"]], Float[np.ndarray, "points"]]
"""Makes a background from the peaks fitted so far."""


def search_peaks(
    two_theta_deg: Float[np.ndarray, "points"],
    *,
    net: Float[np.ndarray, "points"],
    sigma: Float[np.ndarray, "points"],
    background: Float[np.ndarray, "points"],
    line_ratios: Float[np.ndarray, "lines"],
    line_weights: Float[np.ndarray, "lines"],
    min_signal_to_noise: float,
    max_peaks: int,
    asymmetric: bool,
    expected_fwhm_deg: float | None = None,
    correlation_points: float = 1.0,
    refine: BackgroundRefiner | None = None,
) -> FoundPeaks:
    """Detect peaks, fit them, look again at what is left, and drop what the fit does not need.

    Parameters
    ----------
    two_theta_deg:
        Angles [°], increasing.
    net:
        Intensities less background.
    sigma:
        Standard uncertainties of the intensities.
    background:
        The background, for the size of its own error.
    line_ratios:
        Wavelengths of the lines over the wavelength of the positions.
    line_weights:
        Intensities of the lines relative to the strongest.
    min_signal_to_noise:
        Least ratio of a peak to its noise.
    max_peaks:
        Largest number of peaks.
    asymmetric:
        Whether the halves of a peak may differ in width.
    expected_fwhm_deg:
        Expected width [°]; read from the strong peaks if absent.
    correlation_points:
        Number of neighbouring points that share their noise.
    refine:
        Makes a new background from a peak model; the given one stands if absent.

    Returns
    -------
    :
        The peaks.
    """
    data = PeakData(
        x=two_theta_deg,
        net=net,
        sigma=sigma,
        background=background,
        ratios=line_ratios,
        weights=line_weights,
    )
    trend = _start_trend(data, expected_fwhm_deg)
    shape = ExpectedShape(trend=trend, sigma_asymmetry=0.12 if asymmetric else 1e-4)
    threshold = min_signal_to_noise * np.sqrt(max(correlation_points, 1.0))
    rows = _strongest(_detect(data, shape, None, threshold=threshold), max_peaks)
    if len(rows) == 0:
        return _nothing(data, trend)
    fitted = fit_peaks(data, rows, shape=shape)
    for _ in range(_MAX_ROUNDS):
        shape = learn_shape(fitted, shape=shape, asymmetric=asymmetric)
        if refine is not None:
            data = data.with_background(refine(data.profile(fitted.parameters)))
        rows = needed_peaks(fitted, shape=shape, threshold=0.6 * threshold)
        if len(rows) == 0:
            return _nothing(data, shape.trend)
        fitted = fit_peaks(data, rows, shape=shape, n_sweeps=1)
        extra = _detect(data, shape, fitted.parameters, threshold=threshold)
        if len(extra) == 0:
            break
        rows = _strongest(np.concatenate([fitted.parameters, extra]), max_peaks)
        fitted = fit_peaks(data, rows, shape=shape)
    if refine is not None:
        data = data.with_background(refine(data.profile(fitted.parameters)))
    for _ in range(3):
        rows = needed_peaks(fitted, shape=shape, threshold=threshold)
        if len(rows) == 0:
            return _nothing(data, shape.trend)
        done = len(rows) == len(fitted.parameters)
        fitted = fit_peaks(data, rows, shape=shape, n_sweeps=1 if done else 2)
        if done:
            break
    return fitted


def _start_trend(data: PeakData, expected: float | None) -> WidthTrend:
    """Trend of widths before any fit."""
    low, high = float(data.x[0]), float(data.x[-1])
    if expected is not None:
        return WidthTrend(
            coefficients=(float(np.log(expected)),),
            centre_deg=0.0,
            span_deg=1.0,
            low_deg=low,
            high_deg=high,
        )
    step = float(np.median(np.diff(data.x)))
    grid, net, sigma = _uniform(data, step)
    if len(grid) < 12:
        return _default_trend(data)
    trend = first_width_trend(grid, net=net, sigma=sigma, doublet_deg=data.doublet_deg(grid))
    return _default_trend(data) if trend is None else trend


def _default_trend(data: PeakData) -> WidthTrend:
    """Width of a usual laboratory instrument, at least four steps."""
    width = max(0.15, 4.0 * float(np.median(np.diff(data.x))))
    return WidthTrend(
        coefficients=(float(np.log(width)),),
        centre_deg=0.0,
        span_deg=1.0,
        low_deg=float(data.x[0]),
        high_deg=float(data.x[-1]),
    )


def _uniform(
    data: PeakData, step: float, residual: Float[np.ndarray, "points"] | None = None
) -> tuple[Float[np.ndarray, "grid"], Float[np.ndarray, "grid"], Float[np.ndarray, "grid"]]:
    """Net intensities on a uniform grid, means over several points where it is coarser."""
    x = data.x
    net = data.net if residual is None else residual
    steps = np.diff(x)
    factor = max(1, int(step / float(np.median(steps)) + 1e-6))
    if factor > 1:
        n = len(x) // factor * factor
        x = x[:n].reshape(-1, factor).mean(axis=1)
        net = net[:n].reshape(-1, factor).mean(axis=1)
        sigma = np.sqrt((data.sigma[:n] ** 2).reshape(-1, factor).sum(axis=1)) / factor
    else:
        sigma = data.sigma
    if len(x) < 3:
        return x, net, sigma
    steps = np.diff(x)
    if float(np.max(steps)) < 1.02 * float(np.min(steps)) or float(
        np.max(np.abs(x - np.linspace(x[0], x[-1], len(x))))
    ) < 0.1 * float(np.median(steps)):
        return x, net, sigma
    step_now = float(np.median(steps))
    grid = x[0] + step_now * np.arange(int((x[-1] - x[0]) / step_now) + 1)
    return grid, np.interp(grid, x, net), np.interp(grid, x, sigma)


def _detect(
    data: PeakData,
    shape: ExpectedShape,
    known: Float[np.ndarray, "known 5"] | None,
    *,
    threshold: float,
) -> Float[np.ndarray, "found 5"]:
    """Peaks that stand above the noise and above what is already explained."""
    first = known is None
    model = np.zeros(len(data.x)) if known is None else data.profile(known)
    finest = float(np.min(shape.trend.fwhm_deg(data.x)))
    step = max(float(np.median(np.diff(data.x))), finest / 12.0)
    grid, net, sigma = _uniform(data, step, data.net - model)
    explained = np.interp(grid, data.x, model)
    width = shape.trend.fwhm_deg(grid)
    step = float(grid[1] - grid[0])
    noise = np.hypot(sigma, 0.03 * explained)
    matched, separating = detection_signal(grid, net=net, sigma=noise, fwhm_deg=width)
    factor = noise_factor(
        matched, points_per_peak=float(np.median(width)) / step, limit=1.3 if first else 3.0
    )
    tops = _candidates(matched, separating, width / step, threshold * factor)
    tops = tops[np.argsort(matched[tops])[::-1]]
    reach = np.maximum(np.round(0.2 * width[tops] / step).astype(int), 0)
    total = np.concatenate([[0.0], np.cumsum(net)])
    low, high = np.maximum(tops - reach, 0), np.minimum(tops + reach + 1, len(net))
    heights = (total[high] - total[low]) / (high - low)
    height_noise = noise[tops] / np.sqrt(np.maximum(0.75 * width[tops] / step, 1.0))
    rows = shape.expected(_refined(grid, separating, tops), heights)
    accepted: list[int] = []
    taken = np.zeros(len(grid))
    limit = threshold * factor * height_noise
    gaps = _far_from_points(data.x, grid[tops])
    if known is not None:
        gaps |= _doubtful(data, shape, known, grid[tops], heights)
    for k, top in enumerate(tops):
        left = heights[k] - taken[top]
        # a top on the flank of an accepted one must rise above what that shape may be wrong by
        share = 0.15 if first else 0.05
        if gaps[k] or left < limit[k] or left < share * (taken[top] + explained[top]):
            continue
        rows[k, 1] = left
        if first and _leans(rows, accepted, k, float(width[top]), float(left), separating[tops]):
            continue
        accepted.append(k)
        taken += _on_grid(grid, rows[k : k + 1], data)
    return rows[accepted]


def _leans(
    rows: Float[np.ndarray, "tops 5"],
    accepted: list[int],
    k: int,
    width: float,
    height: float,
    sharpness: Float[np.ndarray, "tops"],
) -> bool:
    """Whether a top sits at the foot of a much stronger one and is hardly sharper than a tail."""
    if not accepted:
        return False
    strong = np.array(accepted)
    near = np.abs(rows[strong, 0] - rows[k, 0]) < 2.5 * width
    near &= rows[strong, 1] > 5.0 * height
    expected = 0.3 * height / rows[strong, 1] * sharpness[strong]
    return bool(np.any(near & (sharpness[k] < expected)))


def _doubtful(
    data: PeakData,
    shape: ExpectedShape,
    known: Float[np.ndarray, "known 5"],
    angles: Float[np.ndarray, "angles"],
    heights: Float[np.ndarray, "angles"],
) -> Bool[np.ndarray, "angles"]:
    """Whether a top in the rest may be no more than the wrong shape of a strong neighbour.

    On a neighbour's flank it must be visible in the data themselves, as a second top of the
    separating filter; under a neighbour's tail it must not be tiny.
    """
    step = float(np.median(np.diff(data.x)))
    grid, net, sigma = _uniform(data, max(step, float(np.min(shape.trend.fwhm_deg(data.x))) / 12))
    width = shape.trend.fwhm_deg(grid)
    _, visible = detection_signal(grid, net=net, sigma=sigma, fwhm_deg=0.8 * width)
    maxima = local_maxima(visible)
    tops, depth = grid[maxima], visible[maxima]
    doubtful = np.zeros(len(angles), dtype=bool)
    wide = shape.trend.fwhm_deg(angles)
    lines = np.concatenate([known[:, 0], known[:, 0] + data.doublet_deg(known[:, 0])])
    strength = np.concatenate([known[:, 1], known[:, 1] * (data.weights[1:2].sum() or 1.0)])
    at_lines = np.interp(lines, grid, visible)
    for k, angle in enumerate(angles):
        distance = np.abs(lines - angle) / wide[k]
        flank = (distance < 1.6) & (strength > 2.0 * heights[k])
        flank |= (distance < 3.0) & (strength > 8.0 * heights[k])
        flank |= (distance < 6.0) & (strength > 40.0 * heights[k])
        if flank.any():
            strong = int(np.argmax(np.where(flank, strength, -np.inf)))
            expected = 0.3 * heights[k] / strength[strong] * at_lines[strong]
            near = np.abs(tops - angle) < 0.35 * wide[k]
            shown = bool(np.any(near & (depth > max(expected, 0.0))))
            doubtful[k] = not shown or float(np.min(distance[flank])) < 0.45
        doubtful[k] |= bool(np.any((distance < 8.0) & (strength > 150.0 * heights[k])))
    return doubtful


def _candidates(
    matched: Float[np.ndarray, "grid"],
    separating: Float[np.ndarray, "grid"],
    width_points: Float[np.ndarray, "grid"],
    threshold: float,
) -> Int[np.ndarray, "tops"]:
    """Tops of the separating filter, and of the matched one where the other sees nothing."""
    sharp = local_maxima(separating)
    sharp = sharp[(separating[sharp] > 0.5 * threshold) & (matched[sharp] > threshold)]
    broad = local_maxima(matched)
    broad = broad[matched[broad] > threshold]
    if len(sharp) and len(broad):
        broad = broad[_nearest(broad, sharp) > 0.8 * width_points[broad]]
    return np.unique(np.concatenate([sharp, broad])).astype(np.int64)


def _nearest(
    values: Int[np.ndarray, "values"], others: Int[np.ndarray, "others"]
) -> Int[np.ndarray, "values"]:
    """Distance of each value to the closest of the others, which are sorted."""
    after = np.clip(np.searchsorted(others, values), 1, max(len(others) - 1, 1))
    others = others if len(others) > 1 else np.repeat(others, 2)
    return np.minimum(np.abs(values - others[after - 1]), np.abs(values - others[after]))


def _refined(
    grid: Float[np.ndarray, "grid"],
    curve: Float[np.ndarray, "grid"],
    tops: Int[np.ndarray, "tops"],
) -> Float[np.ndarray, "tops"]:
    """Positions of maxima between the grid's points, from a parabola through three of them."""
    step = float(grid[1] - grid[0])
    left, middle, right = curve[tops - 1], curve[tops], curve[tops + 1]
    bend = left - 2.0 * middle + right
    safe = np.where(bend < 0.0, bend, -1.0)
    shift = np.where(bend < 0.0, 0.5 * (left - right) / safe, 0.0)
    return grid[tops] + step * np.clip(shift, -0.6, 0.6)


def _far_from_points(
    x: Float[np.ndarray, "points"], angles: Float[np.ndarray, "angles"]
) -> Bool[np.ndarray, "angles"]:
    """Whether an angle lies in a gap of the data."""
    after = np.clip(np.searchsorted(x, angles), 1, len(x) - 1)
    return (x[after] - x[after - 1]) > 5.0 * float(np.median(np.diff(x)))


def _on_grid(
    grid: Float[np.ndarray, "grid"], rows: Float[np.ndarray, "peaks 5"], data: PeakData
) -> Float[np.ndarray, "grid"]:
    return peak_profile(
        grid, parameters=rows, line_ratios=data.ratios, line_weights=data.weights, reach=12.0
    )


def _strongest(rows: Float[np.ndarray, "peaks 5"], count: int) -> Float[np.ndarray, "kept 5"]:
    """The highest peaks, sorted by angle."""
    if len(rows) > count:
        rows = rows[np.argsort(rows[:, 1])[::-1][:count]]
    return rows[np.argsort(rows[:, 0])]


def _nothing(data: PeakData, trend: WidthTrend) -> FoundPeaks:
    """No peak at all."""
    empty = np.empty(0)
    return FoundPeaks(
        parameters=np.empty((0, 5)),
        sigma_position=empty,
        sigma_height=empty,
        sigma_fwhm=empty,
        area=empty,
        sigma_area=empty,
        trend=trend,
        background=data.background,
    )
