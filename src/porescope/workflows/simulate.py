"""From a structure to its powder pattern and its reflections."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.crystal.structure import Crystal
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.profile import ProfileParameters
from porescope.diffraction.radiation import Radiation, radiation_from_name
from porescope.diffraction.reflections import ReflectionList
from porescope.diffraction.simulate import (
    InstrumentParameters,
    PowderLines,
    powder_lines,
    simulate_pattern,
)
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import ConfigError

_MERGED_DEG = 0.005
MAX_POINTS = 2_000_000
"""Longer grids are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateConfig:
    """What is simulated."""

    radiation: Radiation | None = None
    """Radiation; Cu Kα where ``None``."""
    two_theta_range_deg: tuple[float, float] = (3.0, 60.0)
    """First and last angle [°]."""
    step_deg: float = 0.02
    """Distance of two points [°]."""
    fwhm_deg: float = 0.1
    """Full width at half maximum of the lines [°]."""
    anomalous: bool = False
    """Whether anomalous scattering is added."""

    def __post_init__(self) -> None:
        low, high = self.two_theta_range_deg
        if not 0.0 < low < high < 180.0:
            raise ConfigError(f"the range must rise within 0 to 180° 2θ; got {low:g} to {high:g}")
        if not 0.0 < self.step_deg <= high - low or (high - low) / self.step_deg > MAX_POINTS:
            raise ConfigError(
                f"the step must be positive and give at most {MAX_POINTS} points; "
                f"got {self.step_deg:g}°"
            )
        if not 1e-3 <= self.fwhm_deg <= 10.0:
            raise ConfigError(f"the width must lie in 0.001 to 10°; got {self.fwhm_deg:g}°")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Simulation:
    """A structure and what it does to a beam."""

    crystal: Crystal
    """The structure."""
    radiation: Radiation
    """The radiation."""
    pattern: Pattern
    """The pattern; its highest point is 10 000."""
    reflections: ReflectionList
    """Unique reflections that lie in the range, with |F|²."""
    two_theta_deg: Float[np.ndarray, "reflections"]
    """Their positions for the strongest line [°]."""
    intensity_percent: Float[np.ndarray, "reflections"]
    """Multiplicity × |F|² × Lorentz–polarisation; the strongest line is 100."""
    lines: PowderLines
    """Reflections within 0.005° of one another as one line."""


def simulate_structure(
    structure: str | Path | Crystal, *, config: SimulateConfig | None = None
) -> Simulation:
    """Simulate the powder pattern of a structure.

    Parameters
    ----------
    structure:
        A CIF, or a crystal.
    config:
        What is simulated.

    Returns
    -------
    :
        The pattern and the reflections.

    Raises
    ------
    ParseError
        The file holds no structure.
    ConfigError
        No reflection lies in the range.
    """
    config = SimulateConfig() if config is None else config
    crystal = structure if isinstance(structure, Crystal) else _read(structure)
    radiation = config.radiation or radiation_from_name("CuKa")
    low, high = config.two_theta_range_deg
    n_steps = round((high - low) / config.step_deg)
    grid = low + config.step_deg * np.arange(n_steps + 1)
    reflections = _within(crystal, radiation=radiation, low=low, high=high, config=config)
    pattern = simulate_pattern(
        crystal,
        radiation=radiation,
        two_theta_deg=grid[grid < 180.0],
        instrument=InstrumentParameters(profile=ProfileParameters.from_fwhm(config.fwhm_deg)),
        anomalous=config.anomalous,
    )
    angle = _angles(reflections, radiation)
    lines = powder_lines(reflections, radiation=radiation, tolerance_deg=_MERGED_DEG)
    if reflections.f_squared is None:
        raise ConfigError("the reflections carry no structure factors")
    strength = reflections.multiplicity * reflections.f_squared
    strength = strength * lorentz_polarisation(angle, radiation)
    return Simulation(
        crystal=crystal,
        radiation=radiation,
        pattern=_scaled(pattern),
        reflections=reflections,
        two_theta_deg=angle,
        intensity_percent=100.0 * strength / max(float(lines.intensity.max()), 1e-300),
        lines=lines,
    )


def _read(path: str | Path) -> Crystal:
    from porescope.io.cif import read_cif

    return read_cif(path)


def _angles(reflections: ReflectionList, radiation: Radiation) -> Float[np.ndarray, "reflections"]:
    sine = np.minimum(radiation.wavelength / (2.0 * reflections.d), 1.0)
    return 2.0 * np.rad2deg(np.arcsin(sine))


def _within(
    crystal: Crystal, *, radiation: Radiation, low: float, high: float, config: SimulateConfig
) -> ReflectionList:
    """Reflections between two angles."""
    d_min = radiation.wavelength / (2.0 * np.sin(np.deg2rad(0.5 * high)))
    d_max = radiation.wavelength / (2.0 * np.sin(np.deg2rad(0.5 * low)))
    found = reflections_of(
        crystal,
        d_min=float(d_min),
        d_max=float(d_max),
        radiation=radiation,
        anomalous=config.anomalous,
    )
    if not found.n_reflections:
        raise ConfigError(
            f"no reflection of {crystal.name or 'this structure'} lies between {low:g} and "
            f"{high:g}° 2θ at {radiation.wavelength:.4f} Å; widen the range"
        )
    return found


def _scaled(pattern: Pattern) -> Pattern:
    """The pattern with 10 000 at its highest point."""
    from dataclasses import replace

    top = float(pattern.intensity.max())
    intensity = pattern.intensity * (1e4 / top if top > 0.0 else 1.0)
    return replace(pattern, intensity=intensity, sigma=np.sqrt(np.maximum(intensity, 1.0)))
