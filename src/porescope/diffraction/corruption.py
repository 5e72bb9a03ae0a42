"""What the corruption model draws: amplitudes, and one draw of everything random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from porescope.diffraction.radiation import radiation_from_name

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
