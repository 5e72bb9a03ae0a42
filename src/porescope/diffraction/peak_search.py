"""Detection and fitting of peaks, round by round."""

from __future__ import annotations

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
    if trend is None:
        return _nothing(_default_trend(data))
    shape = ExpectedShape(trend=trend, sigma_asymmetry=0.12 if asymmetric else 1e-4)
    threshold = min_signal_to_noise * np.sqrt(max(correlation_points, 1.0))
    rows = _detect(data, shape, np.empty((0, 5)), threshold=threshold, first=True)
    rows = _strongest(rows, max_peaks)
    if len(rows) == 0:
        return _nothing(trend)
    fitted = fit_peaks(data, rows, shape=shape)
    for sweep in range(2):
        shape = learn_shape(fitted, shape=shape, asymmetric=asymmetric)
        fitted = fit_peaks(
            data, needed_peaks(fitted, shape=shape, threshold=0.6 * threshold), shape=shape
        )
        extra = _detect(data, shape, fitted.parameters, threshold=threshold, first=False)
        if sweep == 1 and len(extra) == 0:
            break
        rows = _strongest(np.concatenate([fitted.parameters, extra]), max_peaks)
        if len(rows) == 0:
            return _nothing(shape.trend)
        fitted = fit_peaks(data, rows, shape=shape)
    for _ in range(3):
        rows = needed_peaks(fitted, shape=shape, threshold=threshold)
        if len(rows) == len(fitted.parameters):
            break
        if len(rows) == 0:
            return _nothing(shape.trend)
        fitted = fit_peaks(data, rows, shape=shape)
    return fitted


def _start_trend(data: PeakData, expected: float | None) -> WidthTrend | None:
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
        return None
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
    known: Float[np.ndarray, "known 5"],
    *,
    threshold: float,
    first: bool,
) -> Float[np.ndarray, "found 5"]:
    """Peaks that stand above the noise and above what is already explained."""
    model = data.profile(known) if len(known) else np.zeros(len(data.x))
    finest = float(np.min(shape.trend.fwhm_deg(data.x)))
    step = max(float(np.median(np.diff(data.x))), finest / 12.0)
    grid, net, sigma = _uniform(data, step, data.net - model)
    explained = np.interp(grid, data.x, model)
    width = shape.trend.fwhm_deg(grid)
    step = float(grid[1] - grid[0])
    noise = np.hypot(sigma, 0.03 * explained)
    matched, separating = detection_signal(grid, net=net, sigma=noise, fwhm_deg=width)
    factor = noise_factor(matched, points_per_peak=float(np.median(width)) / step)
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
    for k, top in enumerate(tops):
        left = heights[k] - taken[top]
        # a top on the flank of an accepted one must rise above what that shape may be wrong by
        share = 0.15 if first else 0.05
        if gaps[k] or left < limit[k] or left < share * (taken[top] + explained[top]):
            continue
        rows[k, 1] = left
        accepted.append(k)
        taken += _on_grid(grid, rows[k : k + 1], data)
    return rows[accepted]


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


def _nothing(trend: WidthTrend) -> FoundPeaks:
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
    )
