"""A still picture of the fit, so that the page shows something before its scripts run."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from porescope.workflows.solution import FittedCurve

_WIDTH, _HEIGHT = 1000, 520
_MAIN = (8.0, 345.0)
_TICKS = (352.0, 368.0)
_DIFFERENCE = (380.0, 500.0)


def thinned(values: Float[np.ndarray, "points"], *, most: int) -> Int[np.ndarray, "kept"]:
    """Points that carry the picture: the lowest and the highest of each bin.

    Parameters
    ----------
    values:
        The curve.
    most:
        Number of points that is not exceeded.

    Returns
    -------
    :
        Indices, rising; all of them where there are few.
    """
    n = len(values)
    if n <= most:
        return np.arange(n)
    edges = np.linspace(0, n, most // 2 + 1).astype(np.int64)
    kept: set[int] = {0, n - 1}
    for start, stop in pairwise(edges):
        part = values[start:stop]
        kept.add(int(start + np.argmin(part)))
        kept.add(int(start + np.argmax(part)))
    return np.array(sorted(kept)[:most])


def _path(x: Float[np.ndarray, "points"], y: Float[np.ndarray, "points"], *, name: str) -> str:
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<path class="{name}" d="M{points}"/>'


def preview_svg(curve: FittedCurve) -> str:
    """Observed, calculated and difference curves and ticks as inline SVG.

    Parameters
    ----------
    curve:
        The fit.

    Returns
    -------
    :
        An ``svg`` element; colours come from the page's style.
    """
    keep = thinned(curve.observed, most=1400)
    angle = curve.two_theta_deg
    first, span = float(angle[0]), float(angle[-1] - angle[0]) or 1.0
    x = (angle[keep] - first) / span * _WIDTH
    observed = np.nan_to_num(curve.observed[keep])
    calculated = np.nan_to_num(curve.calculated[keep])
    low = float(min(observed.min(), calculated.min()))
    high = float(max(observed.max(), calculated.max()))
    unit = (_MAIN[1] - _MAIN[0]) / ((high - low) or 1.0)
    difference = observed - calculated
    reach = float(np.abs(difference).max()) or 1.0
    middle = sum(_DIFFERENCE) / 2
    half = (_DIFFERENCE[1] - _DIFFERENCE[0]) / 2
    ticks = curve.ticks_two_theta_deg
    ticks = (ticks[(ticks >= first) & (ticks <= first + span)] - first) / span * _WIDTH
    marks = "".join(f"M{t:.1f},{_TICKS[0]}V{_TICKS[1]}" for t in ticks[:1500])
    return (
        f'<svg class="preview" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" '
        'role="img" aria-label="Observed and calculated pattern, reflections and difference">'
        + _path(x, _MAIN[1] - (observed - low) * unit, name="o")
        + _path(x, _MAIN[1] - (calculated - low) * unit, name="c")
        + f'<path class="t" d="{marks}"/>'
        + _path(x, middle - difference / reach * half, name="d")
        + "</svg>"
    )
