"""A measured pattern as workflows take it: with a known radiation, cut to a range."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError
from porescope.io.patterns.reader import read_pattern

_MIN_POINTS = 20


def measured_pattern(
    source: Path | str | Pattern,
    *,
    radiation: Radiation | None = None,
    two_theta_range_deg: tuple[float, float] | None = None,
) -> Pattern:
    """The pattern with a known radiation, cut to the range asked for.

    Parameters
    ----------
    source:
        A file that an instrument wrote, or a pattern.
    radiation:
        Overrides what the file says.
    two_theta_range_deg:
        Angles to use [°]; all by default.

    Raises
    ------
    ParseError
        Where the file holds no powder pattern.
    ConfigError
        Where the wavelength is not known, or the range holds too few points.
    """
    if isinstance(source, Pattern):
        pattern = source if radiation is None else replace(source, radiation=radiation)
    else:
        pattern = read_pattern(source, radiation=radiation)
    if pattern.radiation is None:
        raise ConfigError(
            f"{pattern.name or 'the pattern'} does not say its wavelength; give it, for example "
            "--wavelength CuKa, --wavelength MoKa or --wavelength 1.5406"
        )
    if two_theta_range_deg is None:
        return pattern
    low, high = two_theta_range_deg
    keep = (pattern.two_theta_deg >= low) & (pattern.two_theta_deg <= high)
    if keep.sum() < _MIN_POINTS:
        raise ConfigError(
            f"the range {low:g} to {high:g}° holds {int(keep.sum())} points of a pattern from "
            f"{pattern.two_theta_deg[0]:.2f} to {pattern.two_theta_deg[-1]:.2f}°; "
            f"at least {_MIN_POINTS} are needed"
        )
    return replace(
        pattern,
        two_theta_deg=pattern.two_theta_deg[keep],
        intensity=pattern.intensity[keep],
        sigma=pattern.sigma[keep],
        notes=(*pattern.notes, f"Only {low:g}–{high:g}° were used, as asked."),
    )
