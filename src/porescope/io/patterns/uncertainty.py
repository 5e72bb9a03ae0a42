"""Standard uncertainties of measured intensities."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float


def sigma_of(
    intensity: Float[np.ndarray, "points"],
    *,
    given: Float[np.ndarray, "points"] | None = None,
    unit: Literal["counts", "cps", "unknown"] = "unknown",
    counting_time: Float[np.ndarray, "points"] | float | None = None,
    attenuation: Float[np.ndarray, "points"] | None = None,
) -> tuple[Float[np.ndarray, "points"], list[str]]:
    r"""Uncertainties from the file, else from counting statistics, else from the scatter.

    Counts :math:`N` have :math:`\sigma = \sqrt{N}`; counts multiplied by an attenuation factor
    :math:`f` have :math:`\sigma = f \sqrt{N}`; rates over a time :math:`t` have
    :math:`\sigma = \sqrt{N} / t`. Where no unit is known, whole numbers that scatter as counts do
    are counts, and anything else gets the scatter between neighbours.

    Parameters
    ----------
    intensity:
        Intensities, attenuation included.
    given:
        Uncertainties that the file gives.
    unit:
        Unit of the intensities, if it is known.
    counting_time:
        Time per point [s].
    attenuation:
        Factors by which the counts were multiplied.

    Returns
    -------
    :
        Positive uncertainties, and notes on how they came about.
    """
    if given is not None:
        return _repaired(intensity, given)
    if unit == "counts":
        factor = np.ones_like(intensity) if attenuation is None else attenuation
        factor = np.where(np.isfinite(factor) & (factor > 0), factor, 1.0)
        return factor * np.sqrt(np.maximum(intensity / factor, 1.0)), []
    if unit == "cps" and counting_time is not None:
        time = np.broadcast_to(np.asarray(counting_time, float), intensity.shape)
        if np.all(time > 0) and np.all(np.isfinite(time)):
            return np.sqrt(np.maximum(intensity * time, 1.0)) / time, []
    if unit == "unknown" and _scatters_like_counts(intensity):
        return np.sqrt(np.maximum(intensity, 1.0)), [
            "no uncertainties in the file: whole numbers, taken as counts"
        ]
    return _scatter_sigma(intensity), [
        "no uncertainties in the file: estimated from the scatter between neighbouring points"
    ]


def scatter_ratio(intensity: Float[np.ndarray, "points"]) -> float:
    r"""Scatter between neighbours over :math:`\sqrt{I}`: near 1 for counts.

    The median over second differences, which peaks and background do not move much.
    """
    if len(intensity) < 5:
        return 1.0
    second = intensity[:-2] - 2.0 * intensity[1:-1] + intensity[2:]
    level = np.abs(intensity[:-2]) + 4.0 * np.abs(intensity[1:-1]) + np.abs(intensity[2:])
    used = level > 0
    if used.sum() < 3:
        return 1.0
    return float(np.median(np.abs(second[used]) / np.sqrt(level[used])) / 0.6745)


def _scatters_like_counts(intensity: Float[np.ndarray, "points"]) -> bool:
    if intensity.min() < 0 or np.any(intensity != np.round(intensity)):
        return False
    return 0.4 < scatter_ratio(intensity) < 2.5


def _scatter_sigma(intensity: Float[np.ndarray, "points"]) -> Float[np.ndarray, "points"]:
    scale = scatter_ratio(intensity)
    size = np.abs(intensity)
    typical = float(np.median(size))
    if typical == 0.0:
        typical = float(size.mean())
    floor = max(1e-3 * typical, 1e-9 * float(size.max()), 1e-300)
    return np.maximum(scale * np.sqrt(np.maximum(size, typical)), floor)


def _repaired(
    intensity: Float[np.ndarray, "points"], given: Float[np.ndarray, "points"]
) -> tuple[Float[np.ndarray, "points"], list[str]]:
    """The file's uncertainties, with unusable ones replaced."""
    given = given.astype(float)
    good = np.isfinite(given) & (given > 0)
    if good.all():
        return given, []
    if good.sum() < len(given) // 2:
        sigma, notes = sigma_of(intensity)
        return sigma, ["most uncertainties in the file are zero or missing", *notes]
    size = np.sqrt(np.maximum(np.abs(intensity), 1e-300))
    scale = float(np.median(given[good] / size[good]))
    smallest = float(given[good].min())
    sigma = np.where(good, given, np.maximum(scale * size, smallest))
    bad = int((~good).sum())
    return sigma, [f"uncertainties zero or missing, filled in from the others: {bad}"]
