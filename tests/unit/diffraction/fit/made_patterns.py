"""Phases and patterns made for the tests of the fit, by the simulator and not by the fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import SpaceGroup, space_group_from_symbol
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.profile import ProfileParameters
from porescope.diffraction.radiation import Radiation
from porescope.diffraction.reflections import unique_reflections
from porescope.diffraction.simulate import (
    BackgroundParameters,
    InstrumentParameters,
    pattern_from_reflections,
)

CU_KA = Radiation(wavelengths=(1.540593, 1.544414), weights=(1.0, 0.5), name="CuKa")
GRID = np.arange(5.0, 45.001, 0.02)

CELLS = {
    "cubic": ("I -4 3 m", (12.0, 12.0, 12.0, 90.0, 90.0, 90.0)),
    "hexagonal": ("R -3 m:H", (13.7, 13.7, 14.8, 90.0, 90.0, 120.0)),
    "rhombohedral": ("R -3 m:R", (9.4, 9.4, 9.4, 94.2, 94.2, 94.2)),
    "tetragonal": ("P 4/m m m", (9.0, 9.0, 12.5, 90.0, 90.0, 90.0)),
    "orthorhombic": ("P n m a", (10.1, 13.2, 7.4, 90.0, 90.0, 90.0)),
    "monoclinic": ("P 1 21/c 1", (8.1, 11.3, 9.6, 90.0, 105.0, 90.0)),
    "triclinic": ("P -1", (7.1, 8.2, 9.3, 95.0, 103.0, 98.0)),
}


def made_phase(
    system: str,
    *,
    rng: np.random.Generator,
    d_min: float = 1.95,
    cell: tuple[float, ...] | None = None,
) -> FitPhase:
    """A phase of a lattice system with random structure factors, steady in their fall-off."""
    symbol, parameters = CELLS[system]
    group: SpaceGroup = space_group_from_symbol(symbol)
    lattice = lattice_from_parameters(*(cell or parameters))
    reflections = unique_reflections(lattice, space_group=group, d_min=d_min)
    strength = rng.gamma(1.0, 1.0, reflections.n_reflections) + 0.05
    f_squared = 1e3 * strength * np.exp(-3.0 / reflections.d**2)
    return FitPhase(
        lattice=lattice,
        space_group=group,
        reflections=replace(reflections, f_squared=f_squared),
        name=system,
    )


def made_pattern(
    phase: FitPhase,
    *,
    top: float = 1e4,
    zero_deg: float = 0.0,
    march: float = 1.0,
    background: tuple[float, ...] = (),
    profile: ProfileParameters | None = None,
    rng: np.random.Generator | None = None,
) -> Pattern:
    """The simulator's pattern of a phase, scaled; a generator adds counting noise."""
    bare = InstrumentParameters(
        profile=profile or ProfileParameters(w_deg2=0.008, x_deg=0.05),
        zero_shift_deg=zero_deg,
        march=march,
        march_axis=phase.march_axis or (0, 0, 1),
    )
    options = {
        "radiation": CU_KA,
        "two_theta_deg": GRID,
        "lattice": phase.lattice,
        "space_group": phase.space_group,
    }
    plain = pattern_from_reflections(phase.reflections, instrument=bare, **options)
    scale = top / float(np.max(plain.intensity))
    ground = BackgroundParameters(chebyshev=background)
    full = replace(bare, scale=scale, background=ground)
    pattern = pattern_from_reflections(phase.reflections, instrument=full, **options)
    intensity = pattern.intensity
    if rng is not None:
        intensity = rng.poisson(np.maximum(intensity, 0.0)).astype(np.float64)
    sigma = np.sqrt(np.maximum(pattern.intensity, 1.0))
    return replace(pattern, intensity=intensity, sigma=sigma)


def shifted(phase: FitPhase, strain: float) -> FitPhase:
    """The phase with a cell that is too large by a share."""
    return replace(phase, lattice=phase.lattice * (1.0 + strain))
