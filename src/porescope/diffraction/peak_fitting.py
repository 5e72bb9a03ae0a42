"""Fit of all peaks of a pattern, and what the fit says about them."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from porescope.diffraction.peak_detection import fit_width_trend
from porescope.diffraction.peak_model import ExpectedShape, FoundPeaks, PeakData, cotangent
from porescope.diffraction.peak_shapes import fit_group, peak_area

_MODEL_ERROR = 0.015
"""Relative error of the peak shape, added to the noise of the points."""
_MAX_GROUP = 8
"""Largest number of peaks fitted together."""
_WINDOW = (2.5, 6.0)
"""Range of the data on either side of a weak and of a strong peak, in widths."""


def fit_peaks(
    data: PeakData,
    rows: Float[np.ndarray, "peaks 5"],
    *,
    shape: ExpectedShape,
    n_sweeps: int = 2,
) -> FoundPeaks:
    """Fit groups of overlapping peaks in turn, the others held.

    Parameters
    ----------
    data:
        The pattern.
    rows:
        Peaks to begin with, at least one.
    shape:
        What is expected of them.
    n_sweeps:
        How often all groups are fitted.

    Returns
    -------
    :
        The fitted peaks, sorted by angle.
    """
    rows = rows[np.argsort(rows[:, 0])].copy()
    prior = shape.expected(rows[:, 0], rows[:, 1])
    width = np.exp(prior[:, 2])
    spread = np.empty_like(prior)
    spread[:, 0] = 0.5 * width
    spread[:, 1] = np.inf
    spread[:, 2] = shape.sigma_log_width
    spread[:, 3] = shape.sigma_eta
    spread[:, 4] = shape.sigma_asymmetry
    groups = _groups(rows[:, 0], width)
    sigma = np.hypot(data.sigma, _MODEL_ERROR * np.maximum(data.net, 0.0))
    total = data.profile(rows)
    variances = np.full((len(rows), 6), np.inf)
    for sweep in range(n_sweeps):
        for members in groups:
            low, high = _window(data, rows[members], width[members])
            if high - low < 4:
                continue
            part = slice(low, high)
            x = data.x[part]
            own = data.with_points(x).profile(rows[members])
            net = data.net[part] - total[part] + own
            middle = (low + high) // 2
            offset = 0.08 * abs(float(data.background[middle])) + 0.5 * float(data.sigma[middle])
            before = rows[members].copy()
            fitted, covariance, chi2 = fit_group(
                x,
                net=net,
                sigma=sigma[part],
                start=before,
                prior=prior[members],
                prior_sigma=spread[members],
                offset_sigma=offset,
                line_ratios=data.ratios,
                line_weights=data.weights,
                max_iterations=20 if sweep == 0 else 10,
            )
            rows[members] = fitted
            data.replace_peaks(total, before, fitted)
            variances[members] = _variances(fitted, covariance, chi2, n_points=len(x))
    return _found(data, rows, variances, shape)


def learn_shape(found: FoundPeaks, *, shape: ExpectedShape, asymmetric: bool) -> ExpectedShape:
    """Width, Lorentz fraction and asymmetry that the strong peaks share.

    Parameters
    ----------
    found:
        Fitted peaks.
    shape:
        What was expected so far.
    asymmetric:
        Whether the halves of a peak may differ in width.

    Returns
    -------
    :
        What to expect now, with narrower spreads where many peaks agree.
    """
    position = found.parameters[:, 0]
    ratio = found.area / found.sigma_area
    fwhm = np.exp(found.parameters[:, 2])
    gap = np.diff(position, prepend=-np.inf, append=np.inf)
    alone = np.minimum(gap[:-1], gap[1:]) > 1.2 * fwhm
    good = alone & (ratio > 15.0)
    if np.count_nonzero(good) < 3:
        good |= ratio > 8.0
    if np.count_nonzero(good) == 0:
        return shape
    weight = np.minimum(ratio[good], 200.0) ** 0.5
    trend = fit_width_trend(position[good], fwhm_deg=fwhm[good], weight=weight)
    eta = float(np.clip(np.average(found.parameters[good, 3], weights=weight), 0.02, 0.98))
    asymmetry = (0.0, 0.0)
    if asymmetric:
        basis = np.column_stack([np.ones(int(good.sum())), cotangent(position[good])])
        matrix = basis.T @ (weight[:, None] * basis) + np.diag([2.0, 8.0])
        solution = np.linalg.solve(matrix, basis.T @ (weight * found.parameters[good, 4]))
        asymmetry = (float(solution[0]), float(solution[1]))
    many = np.count_nonzero(good) >= 6
    return replace(
        shape,
        trend=trend,
        eta=eta,
        asymmetry=asymmetry,
        sigma_log_width=0.22 if many else 0.3,
        sigma_eta=0.2 if many else 0.25,
        sigma_asymmetry=(0.08 if many else 0.1) if asymmetric else 1e-4,
    )


def needed_peaks(
    found: FoundPeaks, *, shape: ExpectedShape, threshold: float
) -> Float[np.ndarray, "kept 5"]:
    """Peaks that the fit needs: above their own uncertainty, and not twins.

    Parameters
    ----------
    found:
        Fitted peaks.
    shape:
        What is expected of them.
    threshold:
        Least ratio of a height to its standard uncertainty.

    Returns
    -------
    :
        Parameters of the peaks to keep.
    """
    rows = found.parameters
    width = shape.trend.fwhm_deg(rows[:, 0])
    # at the foot of a strong peak the wrong shape of that peak makes small ones
    leans = np.zeros(len(rows), dtype=bool)
    for side in (1, -1):
        neighbour = np.roll(rows, side, axis=0)
        distance = np.abs(neighbour[:, 0] - rows[:, 0]) / width
        leans |= (distance < 2.2) & (neighbour[:, 1] > 4.0 * rows[:, 1])
        leans |= (distance < 4.5) & (neighbour[:, 1] > 25.0 * rows[:, 1])
    keep = rows[:, 1] > np.where(leans, 1.4, 0.75) * threshold * found.sigma_height
    order = np.argsort(rows[:, 1])[::-1]
    for k in order:
        if not keep[k]:
            continue
        near = np.abs(rows[:, 0] - rows[k, 0]) < 0.35 * np.minimum(width[k], np.exp(rows[k, 2]))
        near[k] = False
        keep[near & (rows[:, 1] <= rows[k, 1])] = False
    return rows[keep]


def _groups(position: Float[np.ndarray, "peaks"], width: Float[np.ndarray, "peaks"]) -> list[slice]:
    """Runs of peaks that overlap, long ones cut at their widest gaps."""
    edges = np.flatnonzero(np.diff(position) > 1.25 * (width[1:] + width[:-1])) + 1
    bounds = [0, *edges.tolist(), len(position)]
    groups: list[slice] = []
    waiting = list(itertools.pairwise(bounds))[::-1]
    while waiting:
        low, high = waiting.pop()
        if high - low <= _MAX_GROUP:
            groups.append(slice(low, high))
            continue
        gaps = np.diff(position[low:high]) / width[low + 1 : high]
        inner = gaps[1:-1] if len(gaps) > 4 else gaps
        cut = low + 1 + int(np.argmax(inner)) + (1 if len(gaps) > 4 else 0)
        waiting.extend([(cut, high), (low, cut)])
    return groups


def _window(
    data: PeakData, rows: Float[np.ndarray, "group 5"], width: Float[np.ndarray, "group"]
) -> tuple[int, int]:
    """Points that a group is fitted to."""
    wide = np.maximum(width, np.minimum(np.exp(rows[:, 2]), 3.0 * width))
    doublet = np.clip(data.doublet_deg(rows[:, 0]), -4.0 * wide, 4.0 * wide)
    at = np.clip(np.searchsorted(data.x, rows[:, 0]), 0, len(data.x) - 1)
    noise = data.sigma[at]
    strength = np.clip((rows[:, 1] / noise - 10.0) / 50.0, 0.0, 1.0)
    reach = (_WINDOW[0] + (_WINDOW[1] - _WINDOW[0]) * strength) * wide
    lower = float(np.min(rows[:, 0] + np.minimum(doublet, 0.0) - reach))
    upper = float(np.max(rows[:, 0] + np.maximum(doublet, 0.0) + reach))
    low, high = np.searchsorted(data.x, [lower, upper])
    return int(low), int(high)


def _variances(
    rows: Float[np.ndarray, "group 5"],
    covariance: Float[np.ndarray, "parameters parameters"],
    chi2: float,
    *,
    n_points: int,
) -> Float[np.ndarray, "group 6"]:
    """Variances of the five parameters and of the relative area, scaled by a poor fit."""
    freedom = max(n_points - 3 * len(rows) - 2, 1)
    scale = max(1.0, chi2 / freedom)
    out = np.empty((len(rows), 6))
    diagonal = np.diag(covariance)
    for j in range(len(rows)):
        first = 5 * j
        out[j, :5] = diagonal[first : first + 5]
        height = max(rows[j, 1], 1e-300)
        eta = rows[j, 3]
        by_eta = (1.570796 - 1.064467) / (eta * 1.570796 + (1.0 - eta) * 1.064467)
        slope = np.array([1.0 / height, 1.0, by_eta])
        block = covariance[first + 1 : first + 4, first + 1 : first + 4]
        out[j, 5] = max(float(slope @ block @ slope), 0.0)
    return np.maximum(out, 0.0) * scale


def _found(
    data: PeakData,
    rows: Float[np.ndarray, "peaks 5"],
    variances: Float[np.ndarray, "peaks 6"],
    shape: ExpectedShape,
) -> FoundPeaks:
    """Peaks with their uncertainties, sorted; those that left the range are gone."""
    inside = (rows[:, 0] >= data.x[0]) & (rows[:, 0] <= data.x[-1])
    inside &= np.isfinite(variances).all(axis=1) & np.isfinite(rows).all(axis=1)
    rows, sigmas = rows[inside], np.sqrt(variances[inside])
    order = np.argsort(rows[:, 0])
    rows, sigmas = rows[order], sigmas[order]
    area = peak_area(rows, line_weights=data.weights)
    return FoundPeaks(
        parameters=rows,
        sigma_position=sigmas[:, 0],
        sigma_height=np.maximum(sigmas[:, 1], 1e-300),
        sigma_fwhm=sigmas[:, 2] * np.exp(rows[:, 2]),
        area=area,
        sigma_area=np.maximum(sigmas[:, 5] * area, 1e-300),
        trend=shape.trend,
        background=data.background,
    )
