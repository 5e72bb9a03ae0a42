"""Likeness of two profiles on one grid of angles."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from porescope.errors import ConfigError

TRIANGLE_DEG = 0.6
"""Half base of the triangle of the weighted cross-correlation [°]."""


def cosine(
    first: Float[np.ndarray, "points"],
    second: Float[np.ndarray, "points"],
    *,
    two_theta_deg: Float[np.ndarray, "points"],
) -> float:
    """Cosine of the angle between two profiles, each point weighted by its step.

    Parameters
    ----------
    first:
        Net intensities.
    second:
        Net intensities on the same grid.
    two_theta_deg:
        The grid [°], increasing.

    Returns
    -------
    :
        −1 to 1; 0 to 1 for intensities that are not negative; 0 if either is empty.
    """
    weight = _steps(two_theta_deg)
    norm = _norm(first, weight) * _norm(second, weight)
    return _bounded(float(np.sum(weight * first * second)) / norm) if norm > 0.0 else 0.0


def cosine_sqrt(
    first: Float[np.ndarray, "points"],
    second: Float[np.ndarray, "points"],
    *,
    two_theta_deg: Float[np.ndarray, "points"],
) -> float:
    """Cosine of the square roots of two profiles, which lets weak peaks speak.

    Parameters
    ----------
    first:
        Net intensities; negative ones count as 0.
    second:
        Net intensities on the same grid.
    two_theta_deg:
        The grid [°], increasing.

    Returns
    -------
    :
        0 to 1.
    """
    return cosine(
        np.sqrt(np.maximum(first, 0.0)),
        np.sqrt(np.maximum(second, 0.0)),
        two_theta_deg=two_theta_deg,
    )


def pearson(
    first: Float[np.ndarray, "points"],
    second: Float[np.ndarray, "points"],
    *,
    two_theta_deg: Float[np.ndarray, "points"],
) -> float:
    """Correlation coefficient of two profiles, each point weighted by its step.

    Parameters
    ----------
    first:
        Intensities.
    second:
        Intensities on the same grid.
    two_theta_deg:
        The grid [°], increasing.

    Returns
    -------
    :
        −1 to 1; 0 if either is constant.
    """
    weight = _steps(two_theta_deg)
    a = first - np.average(first, weights=weight)
    b = second - np.average(second, weights=weight)
    # what rounding leaves of a constant is not a profile
    flat = [
        float(np.max(np.abs(rest))) <= 1e-12 * float(np.max(np.abs(whole)))
        for rest, whole in ((a, first), (b, second))
    ]
    return 0.0 if any(flat) else cosine(a, b, two_theta_deg=two_theta_deg)


def rp(
    first: Float[np.ndarray, "points"],
    second: Float[np.ndarray, "points"],
    *,
    two_theta_deg: Float[np.ndarray, "points"],
) -> float:
    """Profile residual Σ|o − s·c| / Σ|o| after the best scale s of the second.

    Parameters
    ----------
    first:
        Observed intensities.
    second:
        Calculated intensities on the same grid.
    two_theta_deg:
        The grid [°], increasing.

    Returns
    -------
    :
        0 for a perfect fit. The scale is the least-squares one.
    """
    weight = _steps(two_theta_deg)
    scale = _scale(first, second, weight)
    total = float(np.sum(weight * np.abs(first)))
    rest = float(np.sum(weight * np.abs(first - scale * second)))
    return rest / total if total > 0.0 else 0.0


def rwp(
    first: Float[np.ndarray, "points"],
    second: Float[np.ndarray, "points"],
    *,
    two_theta_deg: Float[np.ndarray, "points"],
    sigma: Float[np.ndarray, "points"] | None = None,
) -> float:
    r"""Weighted profile residual after the best scale s of the second.

    .. math:: R_{wp} = \sqrt{\sum w (o - s c)^2 / \sum w o^2}

    Parameters
    ----------
    first:
        Observed intensities.
    second:
        Calculated intensities on the same grid.
    two_theta_deg:
        The grid [°], increasing.
    sigma:
        Standard uncertainties of the observed; counting statistics of the observed, with a floor
        of a thousandth of the maximum, if absent.

    Returns
    -------
    :
        0 to 1 for a least-squares scale; 0 for a perfect fit.
    """
    if sigma is None:
        top = float(np.max(np.abs(first), initial=0.0))
        variance = np.maximum(np.abs(first), 1e-3 * top if top > 0.0 else 1.0)
    else:
        variance = sigma**2
    weight = _steps(two_theta_deg) / variance
    scale = _scale(first, second, weight)
    total = float(np.sum(weight * first**2))
    rest = float(np.sum(weight * (first - scale * second) ** 2))
    return float(np.sqrt(rest / total)) if total > 0.0 else 0.0


def transport_distance(
    first: Float[np.ndarray, "points"],
    second: Float[np.ndarray, "points"],
    *,
    two_theta_deg: Float[np.ndarray, "points"],
) -> float:
    """Earth mover's distance: mean angle by which intensity must move, first Wasserstein distance.

    Parameters
    ----------
    first:
        Net intensities; negative ones count as 0. The area is scaled to 1.
    second:
        Net intensities on the same grid.
    two_theta_deg:
        The grid [°], increasing.

    Returns
    -------
    :
        Distance [°], at most the length of the grid; that length if only one is empty.
    """
    weight = _steps(two_theta_deg)
    masses = [weight * np.maximum(values, 0.0) for values in (first, second)]
    totals = [float(np.sum(mass)) for mass in masses]
    if min(totals) <= 0.0:
        return 0.0 if max(totals) <= 0.0 else float(two_theta_deg[-1] - two_theta_deg[0])
    difference = np.cumsum(masses[0] / totals[0]) - np.cumsum(masses[1] / totals[1])
    return float(np.sum(np.abs(difference[:-1]) * np.diff(two_theta_deg)))


def triangle_correlation(
    first: Float[np.ndarray, "points"],
    second: Float[np.ndarray, "points"],
    *,
    two_theta_deg: Float[np.ndarray, "points"],
    half_base_deg: float = TRIANGLE_DEG,
) -> float:
    """Weighted cross-correlation with a triangle, which forgives small shifts.

    De Gelder, Wehrens, Hageman, J. Comput. Chem. 22 (2001) 273,
    https://doi.org/10.1002/1096-987X(200102)22:3%3C273::AID-JCC1001%3E3.0.CO;2-0

    Parameters
    ----------
    first:
        Net intensities.
    second:
        Net intensities on the same grid.
    two_theta_deg:
        The grid [°], increasing; resampled to its smallest step where that varies.
    half_base_deg:
        Shift at which the weight has fallen to zero [°].

    Returns
    -------
    :
        0 to 1 for intensities that are not negative; 1 − this is the mismatch.

    Raises
    ------
    ConfigError
        If the half base is not positive.
    """
    if not half_base_deg > 0.0:
        raise ConfigError(f"the triangle's half base must be positive; got {half_base_deg}")
    step = float(np.min(np.diff(two_theta_deg)))
    length = float(two_theta_deg[-1] - two_theta_deg[0])
    step = max(step, length / 200_000.0)
    grid = two_theta_deg[0] + step * np.arange(int(length / step + 1e-6) + 1)
    a, b = (np.interp(grid, two_theta_deg, values) for values in (first, second))
    reach = int(half_base_deg / step)
    shifts = np.arange(-reach, reach + 1)
    triangle = np.maximum(1.0 - np.abs(shifts) * step / half_base_deg, 0.0)
    blurred_a, blurred_b = _blur(a, triangle), _blur(b, triangle)
    own = float(np.sum(a * blurred_a)) * float(np.sum(b * blurred_b))
    return _bounded(float(np.sum(a * blurred_b)) / float(np.sqrt(own))) if own > 0.0 else 0.0


def _blur(
    values: Float[np.ndarray, "grid"], kernel: Float[np.ndarray, "taps"]
) -> Float[np.ndarray, "grid"]:
    """Convolution that keeps the length; nothing lies beyond the ends."""
    if len(kernel) <= 1:
        return values
    from scipy.signal import fftconvolve

    reach = len(kernel) // 2
    padded = fftconvolve(values, kernel, mode="full")
    return padded[reach : reach + len(values)]


def _steps(two_theta_deg: Float[np.ndarray, "points"]) -> Float[np.ndarray, "points"]:
    """Stretch of angle that each point stands for."""
    if len(two_theta_deg) < 2:
        return np.ones(len(two_theta_deg))
    return np.gradient(two_theta_deg)


def _norm(values: Float[np.ndarray, "points"], weight: Float[np.ndarray, "points"]) -> float:
    return float(np.sqrt(np.sum(weight * values**2)))


def _scale(
    first: Float[np.ndarray, "points"],
    second: Float[np.ndarray, "points"],
    weight: Float[np.ndarray, "points"],
) -> float:
    """Least-squares factor that brings the second to the first, not negative."""
    power = float(np.sum(weight * second**2))
    return max(float(np.sum(weight * first * second)) / power, 0.0) if power > 0.0 else 0.0


def _bounded(value: float) -> float:
    """Rounding must not leave the range of a cosine."""
    return float(np.clip(value, -1.0, 1.0))
