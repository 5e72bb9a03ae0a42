"""How alike two patterns are: one registry of measures.

Every measure of whole profiles takes two intensity arrays on one grid of angles; every measure of
peaks takes two lists of positions and intensities. :data:`MEASURES` names them all and says which
way is better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol

import numpy as np
from jaxtyping import Float

from porescope.diffraction.peak_matching import (
    MAIN_PEAK_TOLERANCE_DEG,
    MAIN_PEAKS,
    PeakPairs,
    main_peak_match,
    match_peaks,
    matched_intensity,
    peak_f1,
)
from porescope.diffraction.profile_measures import (
    TRIANGLE_DEG,
    cosine,
    cosine_sqrt,
    pearson,
    rp,
    rwp,
    transport_distance,
    triangle_correlation,
)
from porescope.errors import ConfigError

__all__ = [
    "MAIN_PEAKS",
    "MAIN_PEAK_TOLERANCE_DEG",
    "MEASURES",
    "TRIANGLE_DEG",
    "Measure",
    "PeakMeasure",
    "PeakPairs",
    "ProfileMeasure",
    "compare_peaks",
    "compare_profiles",
    "cosine",
    "cosine_sqrt",
    "main_peak_match",
    "match_peaks",
    "matched_intensity",
    "measure_of",
    "peak_f1",
    "pearson",
    "rp",
    "rwp",
    "transport_distance",
    "triangle_correlation",
]


class ProfileMeasure(Protocol):
    """Compares two profiles on one grid."""

    def __call__(
        self,
        first: Float[np.ndarray, "points"],
        second: Float[np.ndarray, "points"],
        *,
        two_theta_deg: Float[np.ndarray, "points"],
    ) -> float: ...


class PeakMeasure(Protocol):
    """Compares two lists of peaks."""

    def __call__(
        self,
        first: Float[np.ndarray, "first 2"],
        second: Float[np.ndarray, "second 2"],
        *,
        tolerance: float,
    ) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One entry of the registry."""

    name: str
    """Key in the registry."""
    kind: Literal["profile", "peaks"]
    """What it compares."""
    function: Callable[..., float]
    """The measure, see :class:`ProfileMeasure` and :class:`PeakMeasure`."""
    better: Literal["higher", "lower"]
    """Which values mean more alike."""
    identical: float
    """Value for two identical patterns."""
    symmetric: bool
    """Whether the order of the two does not matter."""
    description: str
    """One sentence."""


def _entry(
    name: str,
    kind: Literal["profile", "peaks"],
    function: Callable[..., float],
    better: Literal["higher", "lower"],
    *,
    symmetric: bool = True,
    description: str,
) -> tuple[str, Measure]:
    return name, Measure(
        name=name,
        kind=kind,
        function=function,
        better=better,
        identical=1.0 if better == "higher" else 0.0,
        symmetric=symmetric,
        description=description,
    )


MEASURES: Mapping[str, Measure] = MappingProxyType(
    dict(
        (
            _entry(
                "cosine",
                "profile",
                cosine,
                "higher",
                description="Cosine of the angle between the profiles.",
            ),
            _entry(
                "cosine_sqrt",
                "profile",
                cosine_sqrt,
                "higher",
                description="The same for square roots of intensities.",
            ),
            _entry(
                "pearson",
                "profile",
                pearson,
                "higher",
                description="Correlation coefficient of the profiles.",
            ),
            _entry(
                "rwp",
                "profile",
                rwp,
                "lower",
                symmetric=False,
                description="Weighted profile residual after scaling the second to the first.",
            ),
            _entry(
                "rp",
                "profile",
                rp,
                "lower",
                symmetric=False,
                description="Profile residual after scaling the second to the first.",
            ),
            _entry(
                "transport",
                "profile",
                transport_distance,
                "lower",
                description="Mean angle by which intensity must move [°].",
            ),
            _entry(
                "triangle",
                "profile",
                triangle_correlation,
                "higher",
                description="Cross-correlation weighted with a triangle; forgives small shifts.",
            ),
            _entry(
                "main_peaks",
                "peaks",
                main_peak_match,
                "higher",
                description="Share of the ten main peaks that are paired one to one.",
            ),
            _entry(
                "matched_intensity",
                "peaks",
                matched_intensity,
                "higher",
                description="Share of the intensity in paired peaks.",
            ),
            _entry(
                "peak_f1",
                "peaks",
                peak_f1,
                "higher",
                description="Pairs over peaks, intensities not looked at.",
            ),
        )
    )
)
"""All measures by name."""


def measure_of(name: str) -> Measure:
    """Entry of the registry.

    Parameters
    ----------
    name:
        Key in :data:`MEASURES`.

    Returns
    -------
    :
        The measure.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in MEASURES:
        raise ConfigError(f"comparison must be one of {', '.join(MEASURES)}; got {name!r}")
    return MEASURES[name]


def compare_profiles(
    name: str,
    first: Float[np.ndarray, "points"],
    second: Float[np.ndarray, "points"],
    *,
    two_theta_deg: Float[np.ndarray, "points"],
) -> float:
    """Compare two profiles on one grid by a named measure.

    Parameters
    ----------
    name:
        Key in :data:`MEASURES`, of kind ``profile``.
    first:
        Net intensities; the observed ones where the order matters.
    second:
        Net intensities on the same grid.
    two_theta_deg:
        The grid [°], increasing.

    Returns
    -------
    :
        The measure's value.

    Raises
    ------
    ConfigError
        If no measure of profiles has that name, or the grid is not increasing.
    """
    measure = measure_of(name)
    if measure.kind != "profile":
        raise ConfigError(f"{name!r} compares lists of peaks, not profiles; use compare_peaks")
    if len(two_theta_deg) < 2 or not np.all(np.diff(two_theta_deg) > 0.0):
        raise ConfigError("profiles are compared on two or more increasing angles")
    return measure.function(first, second, two_theta_deg=two_theta_deg)


def compare_peaks(
    name: str,
    first: Float[np.ndarray, "first 2"],
    second: Float[np.ndarray, "second 2"],
    *,
    tolerance: float = MAIN_PEAK_TOLERANCE_DEG,
) -> float:
    """Compare two lists of peaks by a named measure.

    Parameters
    ----------
    name:
        Key in :data:`MEASURES`, of kind ``peaks``.
    first:
        Positions (2θ or Q) and intensities.
    second:
        The same of the other pattern, in the same unit.
    tolerance:
        Largest distance of a pair, in that unit.

    Returns
    -------
    :
        The measure's value.

    Raises
    ------
    ConfigError
        If no measure of peaks has that name.
    """
    measure = measure_of(name)
    if measure.kind != "peaks":
        raise ConfigError(f"{name!r} compares profiles, not lists of peaks; use compare_profiles")
    return measure.function(first, second, tolerance=tolerance)
