"""Removal of the Kα2 line from a pattern.

The fit and the peak search model both lines and need no stripping. It is offered for programs and
eyes that want one line.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError


def strip_second_line(
    pattern: Pattern, *, background: Float[np.ndarray, "points"] | None = None
) -> Pattern:
    """Take the second line of a doublet away, after Rachinger, from low angle to high.

    What the first line gives at one angle comes back from the second, weaker, at a slightly
    higher angle (Rachinger, J. Sci. Instrum. 25 (1948) 254,
    https://doi.org/10.1088/0950-7671/25/7/125). The background, which has no lines, is left
    alone. Noise is subtracted together with the signal, so the uncertainties grow.

    Parameters
    ----------
    pattern:
        Measured with exactly two lines.
    background:
        Background at each point; estimated if absent.

    Returns
    -------
    :
        The pattern of the first line alone, with a note that says so.

    Raises
    ------
    ConfigError
        If the radiation is not known or has not two lines.
    """
    radiation = pattern.radiation
    if radiation is None or len(radiation.wavelengths) != 2:
        came = "no radiation" if radiation is None else f"{len(radiation.wavelengths)} line(s)"
        raise ConfigError(f"stripping needs a radiation of two lines (such as CuKa); got {came}")
    from porescope.diffraction.background import estimate_background

    base = estimate_background(pattern) if background is None else background
    ratio = radiation.wavelengths[1] / radiation.wavelengths[0]
    share = radiation.weights[1] / radiation.weights[0]
    x = pattern.two_theta_deg
    # where the first line stood that comes back here
    origin = 2.0 * np.rad2deg(np.arcsin(np.sin(np.deg2rad(0.5 * x)) / ratio))
    if ratio > 1.0:
        net, variance = _recursed(x, pattern.intensity - base, pattern.sigma**2, origin, share)
    else:
        back, back_variance = _recursed(
            -x[::-1],
            (pattern.intensity - base)[::-1],
            pattern.sigma[::-1] ** 2,
            -origin[::-1],
            share,
        )
        net, variance = back[::-1], back_variance[::-1]
    name = radiation.name + "1" if radiation.name.lower().endswith(("ka", "kα")) else radiation.name
    first: Radiation = replace(
        radiation, wavelengths=radiation.wavelengths[:1], weights=(1.0,), name=name
    )
    note = (
        f"The line at {radiation.wavelengths[1]:.5f} Å was stripped after Rachinger, with "
        f"{share:.2f} of the intensity of the line at {radiation.wavelengths[0]:.5f} Å."
    )
    return replace(
        pattern,
        intensity=net + base,
        sigma=np.sqrt(variance),
        radiation=first,
        notes=(*pattern.notes, note),
    )


def _recursed(
    x: Float[np.ndarray, "points"],
    net: Float[np.ndarray, "points"],
    variance: Float[np.ndarray, "points"],
    origin: Float[np.ndarray, "points"],
    share: float,
) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"]]:
    """First line alone, where each point depends on points before it."""
    out, spread = net.copy(), variance.copy()
    lower = np.searchsorted(x, origin, side="right") - 1
    for i in range(len(x)):
        k = int(lower[i])
        if k < 0:
            # before the first point: as much as the first point has
            out[i] = net[i] / (1.0 + share) if i == 0 else net[i] - share * out[0]
            continue
        if k >= i:
            # the lines lie closer than a step: both are here
            fraction = 1.0 if k > i or i == 0 else 0.0
            earlier = out[i - 1] if i > 0 else 0.0
            weight = (x[i] - origin[i]) / (x[i] - x[i - 1]) if i > 0 else 0.0
            weight = min(max(weight, 0.0), 1.0) * (1.0 - fraction)
            out[i] = (net[i] - share * weight * earlier) / (1.0 + share * (1.0 - weight))
            continue
        if k == i - 1:
            weight = (x[i] - origin[i]) / (x[i] - x[k])
            out[i] = (net[i] - share * weight * out[k]) / (1.0 + share * (1.0 - weight))
            spread[i] = variance[i] + (share * weight) ** 2 * spread[k]
            continue
        part = (origin[i] - x[k]) / (x[k + 1] - x[k])
        out[i] = net[i] - share * ((1.0 - part) * out[k] + part * out[k + 1])
        spread[i] = variance[i] + share**2 * ((1.0 - part) * spread[k] + part * spread[k + 1])
    return out, spread
