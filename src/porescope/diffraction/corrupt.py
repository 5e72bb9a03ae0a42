"""The corruption model: what a laboratory does to an ideal pattern, named and seeded.

It is the one model behind every test on corrupted patterns. All that is random is drawn first,
from the generator passed in, into a :class:`Corruption`; the pattern follows from it.
"""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
from jaxtyping import Float
from numba import njit

from porescope.crystal.space_group import P1, SpaceGroup
from porescope.crystal.structure import Crystal
from porescope.diffraction.corruption import (
    CORRUPTION_VERSION,
    NO_CORRUPTION,
    Corruption,
    CorruptionConfig,
    draw_corruption,
)
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.profile import ProfileParameters, profile_on_grid, tch_widths
from porescope.diffraction.radiation import Radiation, radiation_from_name
from porescope.diffraction.reflections import ReflectionList
from porescope.diffraction.simulate import (
    InstrumentParameters,
    march_dollase,
    shifted_two_theta,
    simulate_pattern,
)
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import ConfigError

__all__ = [
    "CORRUPTION_VERSION",
    "NO_CORRUPTION",
    "Corruption",
    "CorruptionConfig",
    "apply_corruption",
    "corrupt_crystal",
    "corrupt_pattern",
    "draw_corruption",
    "ideal_pattern",
    "strained_lattice",
]


def corrupt_pattern(
    reflections: ReflectionList,
    *,
    lattice: Float[np.ndarray, "3 3"],
    rng: np.random.Generator,
    config: CorruptionConfig | None = None,
    space_group: SpaceGroup = P1,
    name: str = "",
) -> Pattern:
    """A pattern as a laboratory would measure it.

    Parameters
    ----------
    reflections:
        With ``f_squared``, down to ``config.d_min``.
    lattice:
        Cell vectors as rows [Å].
    rng:
        Source of all randomness.
    config:
        Amplitudes; ``None`` means the defaults, which are those of the benchmarks.
    space_group:
        Ties the axes when the cell changes, and gives the equivalents for preferred
        orientation. In P1 the angles stay and each axis changes by its own amount.
    name:
        Name of the pattern.

    Returns
    -------
    :
        The pattern; its metadata hold every drawn value.
    """
    config = CorruptionConfig() if config is None else config
    return apply_corruption(
        reflections,
        lattice=lattice,
        corruption=draw_corruption(config, rng=rng),
        config=config,
        space_group=space_group,
        name=name,
    )


def corrupt_crystal(
    crystal: Crystal,
    *,
    rng: np.random.Generator,
    config: CorruptionConfig | None = None,
) -> Pattern:
    """A pattern of a crystal as a laboratory would measure it.

    Parameters
    ----------
    crystal:
        The structure, with its space group where that is known.
    rng, config:
        As in :func:`corrupt_pattern`.
    """
    config = CorruptionConfig() if config is None else config
    radiation = radiation_from_name(config.radiation)
    return corrupt_pattern(
        reflections_of(crystal, d_min=config.d_min, radiation=radiation),
        lattice=crystal.lattice,
        rng=rng,
        config=config,
        space_group=crystal.space_group,
        name=crystal.name,
    )


def apply_corruption(
    reflections: ReflectionList,
    *,
    lattice: Float[np.ndarray, "3 3"],
    corruption: Corruption,
    config: CorruptionConfig,
    space_group: SpaceGroup = P1,
    name: str = "",
) -> Pattern:
    """The pattern that a drawn corruption gives.

    Parameters
    ----------
    reflections, lattice, config, space_group, name:
        As in :func:`corrupt_pattern`.
    corruption:
        From :func:`draw_corruption`.
    """
    if reflections.f_squared is None or not reflections.n_reflections:
        raise ConfigError("the corruption model needs reflections with structure factors")
    radiation = radiation_from_name(config.radiation)
    cell = strained_lattice(lattice, factors=corruption.axis_factors, space_group=space_group)
    d = 1.0 / np.linalg.norm(reflections.hkl @ np.linalg.inv(cell).T, axis=1)
    strength = _strength(
        reflections, d, cell=cell, corruption=corruption, config=config, space_group=space_group
    )
    n_points = int((corruption.end_deg - corruption.start_deg) / config.step_deg) + 1
    grid = corruption.start_deg + config.step_deg * np.arange(n_points)
    position, area = _lines(d, strength, radiation=radiation, corruption=corruption)
    profile = ProfileParameters.from_fwhm(corruption.fwhm_deg, eta=corruption.eta)
    order = np.argsort(position)
    fwhm, _ = tch_widths(position, profile=profile)
    position, area = _joined(position[order], area[order], fwhm[order] / 30.0)
    lines = profile_on_grid(grid, position_deg=position, area=area, profile=profile, cut=15.0)
    top = float(lines.max())
    if not top > 0.0:  # no line in the range: what is left is background alone
        top = 1.0
    expected = corruption.peak_counts * (lines / top + _background(grid, corruption=corruption))
    counts = expected
    if corruption.noise_seed is not None:
        noise = np.random.default_rng(corruption.noise_seed)
        counts = noise.poisson(expected).astype(np.float64)
    metadata = {key: str(value) for key, value in asdict(corruption).items()}
    return Pattern(
        two_theta_deg=grid,
        intensity=counts,
        sigma=np.sqrt(np.maximum(counts, 1.0)),
        radiation=radiation,
        name=name,
        source_format="simulated",
        metadata={
            **metadata,
            "corruption_version": CORRUPTION_VERSION,
            "lattice": " ".join(f"{x:.8f}" for x in cell.reshape(-1)),
        },
        notes=("simulated, with the corruption model",),
    )


def ideal_pattern(crystal: Crystal, *, fwhm_deg: float = 0.1, end_deg: float = 30.0) -> Pattern:
    """Clean pattern: Cu Kα1 + ½ Kα2, from 3° in steps of 0.02°, the strongest point 10 000.

    Parameters
    ----------
    crystal:
        The structure.
    fwhm_deg:
        Full width of the lines at low angle [°].
    end_deg:
        Last angle [°].
    """
    n_points = round((end_deg - 3.0) / 0.02) + 1
    pattern = simulate_pattern(
        crystal,
        radiation=radiation_from_name("CuKa"),
        two_theta_deg=3.0 + 0.02 * np.arange(n_points),
        instrument=InstrumentParameters(profile=ProfileParameters.from_fwhm(fwhm_deg)),
    )
    top = float(pattern.intensity.max())
    intensity = pattern.intensity * (10_000.0 / top if top > 0.0 else 1.0)
    return replace(pattern, intensity=intensity, sigma=np.sqrt(np.maximum(intensity, 1.0)))


def strained_lattice(
    lattice: Float[np.ndarray, "3 3"],
    *,
    factors: tuple[float, float, float],
    space_group: SpaceGroup = P1,
) -> Float[np.ndarray, "3 3"]:
    """Stretch each axis, then take the mean of the metric over the point group.

    The mean has every symmetry that the space group demands of the cell, in any setting.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    factors:
        Factor on a, b and c; angles stay, but where the symmetry mixes axes of a primitive cell.
    space_group:
        Operations in the basis of this cell.
    """
    stretched = np.array(factors)[:, None] * lattice
    metric = stretched @ stretched.T
    if space_group.n_ops > 1:
        rotations = space_group.rotations
        metric = np.einsum("nki,kl,nlj->ij", rotations, metric, rotations) / len(rotations)
    return np.linalg.cholesky(metric)


def _strength(reflections, d, *, cell, corruption, config, space_group):
    """Multiplicity × |F|² after orientation, thermal motion and guests."""
    strength = reflections.multiplicity * reflections.f_squared
    strength = strength * np.exp(-16.0 * np.pi**2 * corruption.u_iso / (4.0 * d * d))
    if corruption.march != 1.0:
        strength *= march_dollase(
            reflections.hkl,
            axis=corruption.march_axis,
            march=corruption.march,
            lattice=cell,
            space_group=space_group,
        )
    nodes = np.array(corruption.guest_log_factors)
    reach = np.linspace(0.0, 1.0 / config.guest_d_min, len(nodes))
    return strength * np.exp(np.interp(1.0 / d, reach, nodes))


def _lines(d, strength, *, radiation: Radiation, corruption: Corruption):
    """Positions [°] and areas of all lines, impurities included."""
    instrument = InstrumentParameters(
        zero_shift_deg=corruption.zero_shift_deg, displacement_mm=corruption.displacement_mm
    )
    positions, areas, strongest = [], [], 0.0
    for wavelength, weight in zip(radiation.wavelengths, radiation.weights, strict=True):
        sine = wavelength / (2.0 * d)
        seen = sine < 1.0
        angle = 2.0 * np.rad2deg(np.arcsin(sine[seen]))
        area = weight * strength[seen] * lorentz_polarisation(angle, radiation)
        inside = (angle > corruption.start_deg) & (angle < corruption.end_deg)
        strongest = max(strongest, float(area[inside].max(initial=0.0)))
        near = angle < corruption.end_deg + 4.0
        positions.append(shifted_two_theta(angle[near], instrument=instrument))
        areas.append(area[near])
        if corruption.impurities:
            first = np.array([x for x, _ in corruption.impurities])
            ratio = wavelength / radiation.wavelength
            moved = 2.0 * np.rad2deg(np.arcsin(ratio * np.sin(np.deg2rad(0.5 * first))))
            positions.append(moved)
            heights = np.array([height for _, height in corruption.impurities])
            areas.append(weight * heights * strongest)
    return np.concatenate(positions), np.concatenate(areas)


def _background(grid, *, corruption: Corruption):
    """Constant, hump and air scatter over the strongest point."""
    offset = (grid - corruption.hump_position_deg) / corruption.hump_fwhm_deg
    hump = corruption.hump * np.exp(-4.0 * np.log(2.0) * offset**2)
    return corruption.flat_background + hump + corruption.air_scatter * 5.0 / grid


@njit(cache=True)
def _joined(position, area, tolerance):
    # Neighbours much nearer than the width become one line at their centre of gravity.
    n = len(position)
    out_p = np.empty(n)
    out_a = np.empty(n)
    count = 0
    anchor = 0.0
    for i in range(n):
        if area[i] <= 0.0:
            continue
        if count and position[i] - anchor < tolerance[i]:
            total = out_a[count - 1] + area[i]
            out_p[count - 1] += (position[i] - out_p[count - 1]) * area[i] / total
            out_a[count - 1] = total
            continue
        anchor = position[i]
        out_p[count] = position[i]
        out_a[count] = area[i]
        count += 1
    return out_p[:count].copy(), out_a[:count].copy()
