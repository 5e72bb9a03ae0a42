"""What goes wrong in a laboratory, drawn for a whole batch of peak lists at once.

The amplitudes are those of :class:`porescope.diffraction.corruption.CorruptionConfig`; what only
matters here (how often a pattern is clean, how near peaks merge, which scans end early) stands in
:class:`PeakCorruptionConfig`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from porescope.diffraction.corruption import CorruptionConfig, Range


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakCorruptionConfig:
    """How peak lists are corrupted for training."""

    laboratory: CorruptionConfig = field(
        default_factory=lambda: CorruptionConfig(cell_isotropic=0.0, cell_axis=0.015)
    )
    """Amplitudes; here every axis changes by its own amount up to 1.5 %."""
    ideal_share: float = 0.2
    """Share of the patterns that are ideal: 3–30°, nothing wrong."""
    isotropic_share: float = 0.3
    """Share of the corrupted patterns whose axes change together."""
    short_share: float = 0.3
    """Share of the corrupted patterns whose scan ends early."""
    short_end_deg: Range = (26.0, 40.0)
    """Last angle of these [°]."""
    merge: Range = (0.7, 1.2)
    """Distance below which two lines are one peak, over the full width."""
    crowding: Range = (0.1, 0.6)
    """Share of the neighbours' heights that a fit leaves as if it were noise."""
    threshold: Range = (4.0, 11.0)
    """Least ratio of a peak to its noise; with ``merge`` and ``crowding`` such that peaks are as
    many, at all angles, as ``prepare_pattern`` finds."""
    ideal_threshold: float = 2.0
    """Factor on it for ideal patterns, whose noise is taken from their weak peaks."""
    contents_sigma: float = 0.2
    """Scale of the standard deviation (half-normal) of the logarithm of a factor on each line:
    other contents of the pores, another metal."""
    new_cell: float = 0.06
    """Crystal and pattern together: each axis is changed by up to this, which makes crystals that
    nobody made; 0 for none."""
    new_cell_share: float = 0.7
    """Share of the pairs so changed."""
    new_intensity: float = 0.4
    """Crystal and pattern together: scale of the standard deviation (half-normal) of the logarithm
    of a factor on each line."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeakDraws:
    """One draw of everything for each pattern of a batch."""

    start_deg: Float[np.ndarray, "n"]
    end_deg: Float[np.ndarray, "n"]
    shift_deg: Float[np.ndarray, "n"]
    """Zero shift [°]."""
    tilt_deg: Float[np.ndarray, "n"]
    """Shift by displacement at 2θ = 0 [°]; it goes with cos θ."""
    axis_factors: Float[np.ndarray, "n 3"]
    fwhm_deg: Float[np.ndarray, "n"]
    march: Float[np.ndarray, "n"]
    march_axis: Int[np.ndarray, "n 3"]
    u_iso: Float[np.ndarray, "n"]
    counts: Float[np.ndarray, "n"]
    """Counts of the strongest point above background."""
    background: Float[np.ndarray, "n 5"]
    """Flat, hump, its position [°], its full width [°], air scatter."""
    impurities: Float[np.ndarray, "n 3 2"]
    """Angle [°] and area over the strongest line's; area 0 for none."""
    guests: Float[np.ndarray, "n 8"]
    """Logarithms of factors at equal steps of 1/d from 0 to that of ``guest_d_min``."""
    contents: Float[np.ndarray, "n"]
    """Standard deviation of the logarithm of a factor on each line."""
    merge: Float[np.ndarray, "n"]
    crowding: Float[np.ndarray, "n"]
    threshold: Float[np.ndarray, "n"]


def draw_peaks(config: PeakCorruptionConfig, *, n: int, rng: np.random.Generator) -> PeakDraws:
    """Draw a batch.

    Parameters
    ----------
    config:
        Amplitudes.
    n:
        Number of patterns.
    rng:
        Source of all randomness.
    """
    lab = config.laboratory
    clean = rng.uniform(size=n) < config.ideal_share

    def between(limits: Range, otherwise: float) -> Float[np.ndarray, "n"]:
        return np.where(clean, otherwise, rng.uniform(*limits, size=n))

    def log_between(limits: Range, otherwise: float) -> Float[np.ndarray, "n"]:
        drawn = np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]), size=n))
        return np.where(clean, otherwise, drawn)

    start = between(lab.start_deg, 3.0)
    lost = ~clean & (rng.uniform(size=n) < lab.lost_probability)
    start = np.where(lost, np.maximum(start, lab.lost_below_deg), start)
    end = between(lab.end_deg, 30.0)
    short = ~clean & (rng.uniform(size=n) < config.short_share)
    end = np.where(short, rng.uniform(*config.short_end_deg, size=n), end)
    both = (-1.0, 1.0)
    oriented = np.array(
        [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)]
    )
    guests = rng.normal(size=(n, 8)) * lab.guest_sigma * ~clean[:, None]
    guests[:, -1] = 0.0
    return PeakDraws(
        start_deg=start,
        end_deg=end,
        shift_deg=lab.zero_shift_deg * between(both, 0.0),
        tilt_deg=np.rad2deg(lab.displacement_mm / 100.0) * between(both, 0.0),
        axis_factors=_axis_factors(config, clean=clean, rng=rng),
        fwhm_deg=log_between(lab.fwhm_deg, 0.1),
        march=between(lab.march, 1.0),
        march_axis=oriented[rng.integers(len(oriented), size=n)],
        u_iso=between(lab.u_iso, 0.0),
        counts=log_between(lab.peak_counts, 1e4),
        background=np.stack(
            [
                between(lab.flat_background, 1e-3),
                between(lab.hump, 0.0),
                between(lab.hump_position_deg, 20.0),
                between(lab.hump_fwhm_deg, 10.0),
                between(lab.air_scatter, 0.0),
            ],
            axis=1,
        ),
        impurities=_impurities(lab, clean=clean, start=start, end=end, rng=rng),
        guests=guests,
        contents=np.abs(rng.normal(size=n)) * config.contents_sigma * ~clean,
        merge=rng.uniform(*config.merge, size=n),
        crowding=rng.uniform(*config.crowding, size=n),
        threshold=rng.uniform(*config.threshold, size=n)
        * np.where(clean, config.ideal_threshold, 1.0),
    )


def _axis_factors(config: PeakCorruptionConfig, *, clean, rng) -> Float[np.ndarray, "n 3"]:
    """Factor on each axis: of some patterns mostly the same, of the others each its own."""
    lab, n = config.laboratory, len(clean)
    largest = lab.cell_isotropic + lab.cell_axis
    together = rng.uniform(-1.0, 1.0, size=(n, 1)) * 0.65 * largest
    together = together + rng.uniform(-1.0, 1.0, size=(n, 3)) * 0.35 * largest
    apart = rng.uniform(-1.0, 1.0, size=(n, 1)) * lab.cell_isotropic
    apart = apart + rng.uniform(-1.0, 1.0, size=(n, 3)) * lab.cell_axis
    isotropic = rng.uniform(size=(n, 1)) < config.isotropic_share
    return 1.0 + np.where(clean[:, None], 0.0, np.where(isotropic, together, apart))


def _impurities(lab, *, clean, start, end, rng) -> Float[np.ndarray, "n 3 2"]:
    """Angles and areas of impurity peaks; area 0 where there is none."""
    n, slots = len(start), 3
    made = np.zeros((n, slots, 2))
    number = rng.integers(0, lab.impurity_peaks + 1, size=n)
    made[:, :, 0] = rng.uniform(size=(n, slots)) * (end - start - 2.0)[:, None]
    made[:, :, 0] += start[:, None] + 1.0
    present = (np.arange(slots) < number[:, None]) & ~clean[:, None]
    made[:, :, 1] = rng.uniform(*lab.impurity_height, size=(n, slots)) * present
    return made
