"""The corruption model: what a laboratory does to an ideal pattern, named and seeded.

It is the one model behind every test on corrupted patterns. All that is random is drawn first,
from the generator passed in, into a :class:`Corruption`; the pattern follows from it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
from jaxtyping import Float
from numba import njit

from porescope.crystal.space_group import P1, SpaceGroup
from porescope.crystal.structure import Crystal
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

CORRUPTION_VERSION = "1"
"""Changes with every change of what the same seed gives."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorruptionConfig:
    """Amplitudes of each thing that goes wrong; draws are uniform where nothing else is said."""

    radiation: str = "CuKa"
    """Name of the radiation, for :func:`radiation_from_name`."""
    start_deg: Range = (3.0, 5.0)
    """First angle of the scan [°]."""
    end_deg: Range = (40.0, 50.0)
    """Last angle of the scan [°]."""
    step_deg: float = 0.02
    """Step of the scan [°]."""
    lost_below_deg: float = 5.0
    """Where the low-angle region is lost, the pattern begins here [°]."""
    lost_probability: float = 0.5
    """Share of the patterns that lose it."""
    zero_shift_deg: float = 0.1
    """Largest zero shift, either way [°]."""
    displacement_mm: float = 0.15
    """Largest sample displacement, either way [mm], on a radius of 200 mm."""
    cell_isotropic: float = 0.010
    """Largest relative change of all axes together, either way."""
    cell_axis: float = 0.005
    """Largest further change of each axis by itself, either way; the symmetry ties axes."""
    fwhm_deg: Range = (0.05, 0.4)
    """Full width of the lines at low angle [°], drawn on a logarithmic scale."""
    eta: Range = (0.2, 0.9)
    """Lorentzian fraction of the lines."""
    march: Range = (0.6, 1.4)
    """March–Dollase parameter, about a random axis of small indices."""
    u_iso: Range = (-0.01, 0.04)
    """Added to every atom's displacement [Å²]."""
    peak_counts: Range = (500.0, 50_000.0)
    """Counts of the strongest point above background, drawn on a logarithmic scale."""
    flat_background: Range = (0.005, 0.05)
    """Constant background over the strongest point."""
    hump: Range = (0.0, 0.10)
    """Height of the amorphous hump over the strongest point."""
    hump_position_deg: Range = (15.0, 28.0)
    """Position of the hump [°]."""
    hump_fwhm_deg: Range = (5.0, 14.0)
    """Full width of the hump [°]."""
    air_scatter: Range = (0.0, 0.15)
    """Height of the air scatter at 5° over the strongest point; it falls as 1/2θ."""
    impurity_peaks: int = 3
    """Largest number of impurity peaks; 0 to this are drawn."""
    impurity_height: Range = (0.02, 0.30)
    """Area of an impurity peak over that of the strongest line."""
    guest_sigma: float = 0.5
    """Standard deviation of the logarithm of the factors that guests put on low angles."""
    guest_d_min: float = 4.0
    """Guests change intensities of larger spacings than this [Å]."""
    noise: bool = True
    """Whether to draw counts from the Poisson distribution."""

    @property
    def d_min(self) -> float:
        """Smallest spacing that reflections must reach for the widest scan [Å]."""
        shortest = min(radiation_from_name(self.radiation).wavelengths)
        reach = self.end_deg[1] + self.zero_shift_deg + 1.0
        cell = 1.0 + self.cell_isotropic + self.cell_axis
        return shortest / (2.0 * float(np.sin(np.deg2rad(0.5 * reach)))) / cell


NO_CORRUPTION = CorruptionConfig(
    start_deg=(3.0, 3.0),
    end_deg=(50.0, 50.0),
    lost_probability=0.0,
    zero_shift_deg=0.0,
    displacement_mm=0.0,
    cell_isotropic=0.0,
    cell_axis=0.0,
    fwhm_deg=(0.1, 0.1),
    eta=(0.5, 0.5),
    march=(1.0, 1.0),
    u_iso=(0.0, 0.0),
    peak_counts=(10_000.0, 10_000.0),
    flat_background=(0.0, 0.0),
    hump=(0.0, 0.0),
    air_scatter=(0.0, 0.0),
    impurity_peaks=0,
    guest_sigma=0.0,
    noise=False,
)
"""Every amplitude zero: the start for studies of one effect at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corruption:
    """One draw of everything random but the counting noise."""

    start_deg: float
    """First angle [°]."""
    end_deg: float
    """Last angle [°]."""
    zero_shift_deg: float
    """Zero shift [°]."""
    displacement_mm: float
    """Sample displacement [mm]."""
    axis_factors: tuple[float, float, float]
    """Factor on each axis, before the symmetry ties them."""
    fwhm_deg: float
    """Full width at low angle [°]."""
    eta: float
    """Lorentzian fraction."""
    march: float
    """March–Dollase parameter."""
    march_axis: tuple[int, int, int]
    """Oriented planes."""
    u_iso: float
    """Added displacement [Å²]."""
    peak_counts: float
    """Counts of the strongest point above background."""
    flat_background: float
    """Constant background over the strongest point."""
    hump: float
    """Height of the hump over the strongest point."""
    hump_position_deg: float
    """Position of the hump [°]."""
    hump_fwhm_deg: float
    """Full width of the hump [°]."""
    air_scatter: float
    """Air scatter at 5° over the strongest point."""
    impurities: tuple[tuple[float, float], ...]
    """Angle [°] and relative area of each impurity peak."""
    guest_log_factors: tuple[float, ...]
    """Logarithms of the guests' factors at equal steps in Q from 0 to that of ``guest_d_min``,
    the last one 0."""
    noise_seed: int | None
    """Seed of the counting noise; ``None`` for no noise."""


def draw_corruption(config: CorruptionConfig, *, rng: np.random.Generator) -> Corruption:
    """Draw one corruption.

    Parameters
    ----------
    config:
        Amplitudes.
    rng:
        Source of all randomness.
    """

    def between(limits: Range) -> float:
        return float(rng.uniform(*limits))

    def log_between(limits: Range) -> float:
        return float(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]))))

    start, end = between(config.start_deg), between(config.end_deg)
    if rng.uniform() < config.lost_probability:
        start = max(start, config.lost_below_deg)
    isotropic = rng.uniform(-config.cell_isotropic, config.cell_isotropic)
    axes = rng.uniform(-config.cell_axis, config.cell_axis, size=3)
    a, b, c = (float(x) for x in 1.0 + isotropic + axes)
    oriented = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)]
    n_impurities = int(rng.integers(0, config.impurity_peaks + 1))
    n_guest = 8
    guest = rng.normal(0.0, 1.0, size=n_guest) * config.guest_sigma
    guest[-1] = 0.0
    return Corruption(
        start_deg=round(start / config.step_deg) * config.step_deg,
        end_deg=end,
        zero_shift_deg=config.zero_shift_deg * between((-1.0, 1.0)),
        displacement_mm=config.displacement_mm * between((-1.0, 1.0)),
        axis_factors=(a, b, c),
        fwhm_deg=log_between(config.fwhm_deg),
        eta=between(config.eta),
        march=between(config.march),
        march_axis=oriented[int(rng.integers(len(oriented)))],
        u_iso=between(config.u_iso),
        peak_counts=log_between(config.peak_counts),
        flat_background=between(config.flat_background),
        hump=between(config.hump),
        hump_position_deg=between(config.hump_position_deg),
        hump_fwhm_deg=between(config.hump_fwhm_deg),
        air_scatter=between(config.air_scatter),
        impurities=tuple(
            (between((start + 1.0, end - 1.0)), between(config.impurity_height))
            for _ in range(n_impurities)
        ),
        guest_log_factors=tuple(float(x) for x in guest),
        noise_seed=int(rng.integers(2**31)) if config.noise else None,
    )


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
