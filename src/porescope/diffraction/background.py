"""Smooth background of a powder pattern.

The estimate is made on a coarse grid whose spacing follows the angle: air scatter close to the
beam changes within a degree, an amorphous hump within ten. On that grid the square roots of the
intensities, whose noise is uniform for counts, go through a penalised least-squares smoother
that lets go of everything that stands above it.
"""

from __future__ import annotations

import warnings
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float
from scipy.linalg import solveh_banded
from scipy.ndimage import median_filter

from porescope.diffraction.pattern import Pattern
from porescope.errors import ConfigError

BackgroundMethod = Literal["arpls", "snip", "none"]
"""Ways to estimate a background."""

_NODES_PER_PERIOD = 120
_REFERENCE_WAVELENGTH = 1.5406


def estimate_background(
    pattern: Pattern,
    *,
    method: BackgroundMethod = "arpls",
    flexibility: float = 1.0,
) -> Float[np.ndarray, "points"]:
    """Estimate the smooth background under the peaks.

    Parameters
    ----------
    pattern:
        Measured pattern; steps need not be uniform.
    method:
        ``arpls``, asymmetrically reweighted penalised least squares (Baek et al., Analyst 2015,
        https://doi.org/10.1039/C4AN01061B); ``snip``, iterative clipping of peaks (Ryan et al.,
        Nucl. Instrum. Methods B 1988, https://doi.org/10.1016/0168-583X(88)90063-8); ``none``,
        zeros.
    flexibility:
        Above 1 the background bends on a shorter scale, below 1 on a longer one.

    Returns
    -------
    :
        Background at each point, in the pattern's intensity unit.

    Raises
    ------
    ConfigError
        If the method is unknown or the flexibility is not positive.
    """
    if method not in get_args(BackgroundMethod):
        raise ConfigError(
            f"background method must be one of {', '.join(get_args(BackgroundMethod))}; "
            f"got {method!r}"
        )
    if not flexibility > 0.0:
        raise ConfigError(f"background flexibility must be positive; got {flexibility}")
    if method == "none":
        return np.zeros_like(pattern.intensity)
    wavelength = (
        _REFERENCE_WAVELENGTH if pattern.radiation is None else pattern.radiation.wavelength
    )
    return _background_of(
        pattern.two_theta_deg,
        pattern.intensity,
        method=method,
        flexibility=flexibility,
        wavelength=wavelength,
    )


def refine_background(
    two_theta_deg: Float[np.ndarray, "points"],
    rest: Float[np.ndarray, "points"],
    *,
    sigma: Float[np.ndarray, "points"],
    peak_model: Float[np.ndarray, "points"],
    wavelength: float,
    flexibility: float = 1.0,
) -> Float[np.ndarray, "points"]:
    """Background from what is left after fitted peaks were taken away.

    Without the peaks the smoother may follow broad humps and the valleys of crowded stretches.
    Points under strong peaks count less, points far above the curve not at all: they are peaks
    that nobody fitted.

    Parameters
    ----------
    two_theta_deg:
        Angles [°], increasing.
    rest:
        Intensities less the fitted peaks.
    sigma:
        Standard uncertainties of the intensities.
    peak_model:
        The fitted peaks.
    wavelength:
        Wavelength [Å]; sets the scale on which a background bends.
    flexibility:
        As in :func:`estimate_background`.

    Returns
    -------
    :
        Background at each point.
    """
    nodes = _nodes(two_theta_deg, wavelength=wavelength, flexibility=flexibility)
    centres = 0.5 * (nodes[1:] + nodes[:-1])
    mean = _bin_means(two_theta_deg, rest, nodes=nodes)
    if len(mean) < 10:
        return np.full_like(rest, float(np.median(rest)))
    error = np.sqrt(_bin_means(two_theta_deg, sigma**2 + (0.1 * peak_model) ** 2, nodes=nodes))
    step = float(np.median(np.diff(two_theta_deg)))
    error /= np.sqrt(np.maximum(np.diff(nodes) / step, 1.0))
    floor = min(0.0, float(np.min(mean)))
    root = np.sqrt(mean - floor)
    root_error = error / (2.0 * np.maximum(root, np.sqrt(error)))
    usual = float(np.median(root_error))
    base = 1.0 / (1.0 + (root_error / usual) ** 2)
    curve = root
    weight = base
    for _ in range(25):
        curve = _whittaker(root, weight, stiffness=_stiffness())
        excess = (root - curve) / np.maximum(root_error, 0.7 * usual)
        # where a whole stretch lies off the curve, it is the curve that is wrong
        spread = median_filter(np.abs(excess), size=min(_NODES_PER_PERIOD // 2, len(root)))
        excess /= np.maximum(1.5 * spread, 1.0)
        new = base / (1.0 + np.exp(np.clip(2.0 * (excess - 2.5), -50.0, 50.0)))
        if float(np.max(np.abs(new - weight))) < 1e-2:
            break
        weight = 0.3 * weight + 0.7 * new
    return np.interp(two_theta_deg, centres, np.maximum(curve, 0.0) ** 2 + floor)


def _whittaker(
    values: Float[np.ndarray, "bins"], weight: Float[np.ndarray, "bins"], *, stiffness: float
) -> Float[np.ndarray, "bins"]:
    """Penalised least-squares curve, second differences."""
    n = len(values)
    bands = np.zeros((3, n))
    bands[0, 2:] = stiffness
    bands[1, 1:] = -4.0 * stiffness
    bands[1, [1, -1]] = -2.0 * stiffness
    bands[2] = 6.0 * stiffness
    bands[2, [0, -1]] = stiffness
    bands[2, [1, -2]] = 5.0 * stiffness
    bands[2] += weight + 1e-9
    return solveh_banded(bands, weight * values)


def _background_of(
    two_theta_deg: Float[np.ndarray, "points"],
    intensity: Float[np.ndarray, "points"],
    *,
    method: BackgroundMethod,
    flexibility: float,
    wavelength: float,
) -> Float[np.ndarray, "points"]:
    """Background on the coarse grid, brought back to the points."""
    from pybaselines.api import Baseline
    from pybaselines.utils import ParameterWarning

    nodes = _nodes(two_theta_deg, wavelength=wavelength, flexibility=flexibility)
    coarse = _bin_means(two_theta_deg, intensity, nodes=nodes)
    if len(coarse) < 10:
        return np.full_like(intensity, float(np.min(coarse)))
    floor = min(0.0, float(np.min(coarse)))
    root = np.sqrt(coarse - floor)
    fitter = Baseline(check_finite=False)
    if method == "arpls":
        with warnings.catch_warnings():
            # flat or empty data have nothing below the curve; the curve is right all the same
            warnings.simplefilter("ignore", ParameterWarning)
            curve, _ = fitter.arpls(root, lam=_stiffness(), max_iter=60, tol=1e-3)
    else:
        width = min(_NODES_PER_PERIOD // 4, (len(root) - 1) // 2)
        curve, _ = fitter.snip(
            root, max_half_window=width, decreasing=True, smooth_half_window=3, filter_order=2
        )
    centres = 0.5 * (nodes[1:] + nodes[:-1])
    return np.interp(two_theta_deg, centres, np.maximum(curve, 0.0) ** 2 + floor)


def _stiffness() -> float:
    """Penalty of second differences that halves a wave of the chosen period."""
    return (_NODES_PER_PERIOD / (2.0 * np.pi)) ** 4


def _nodes(
    two_theta_deg: Float[np.ndarray, "points"], *, wavelength: float, flexibility: float
) -> Float[np.ndarray, "nodes"]:
    """Edges of the coarse grid: spacing in proportion to the scale of the background there."""
    scale = float(np.clip(wavelength / _REFERENCE_WAVELENGTH, 0.25, 1.6))
    start, stop = float(two_theta_deg[0]), float(two_theta_deg[-1])
    fine = np.linspace(start, stop, 4001)
    period = np.clip(0.5 * np.abs(fine), 1.1 * scale, 12.0 * scale) / flexibility
    density = _NODES_PER_PERIOD / period
    count = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(fine))])
    n_nodes = int(np.clip(np.ceil(count[-1]), 8, 20_000))
    return np.interp(np.linspace(0.0, count[-1], n_nodes + 1), count, fine)


def _bin_means(
    two_theta_deg: Float[np.ndarray, "points"],
    values: Float[np.ndarray, "points"],
    *,
    nodes: Float[np.ndarray, "nodes"],
) -> Float[np.ndarray, "bins"]:
    """Means of a piecewise linear curve between successive nodes; exact for any steps."""
    steps = np.diff(two_theta_deg)
    integral = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * steps)])
    lower = np.clip(np.searchsorted(two_theta_deg, nodes, side="right") - 1, 0, len(steps) - 1)
    offset = nodes - two_theta_deg[lower]
    slope = (values[lower + 1] - values[lower]) / steps[lower]
    at_nodes = integral[lower] + offset * (values[lower] + 0.5 * slope * offset)
    return np.diff(at_nodes) / np.diff(nodes)
