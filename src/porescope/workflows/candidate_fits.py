"""Fits of one library card to a measured pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from porescope.crystal.space_group import P1, SpaceGroup, space_group_from_symbol
from porescope.datasets.cards import PowderCard
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.refine import fit_pattern
from porescope.diffraction.fit.result import FitResult
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.profile import ProfileParameters
from porescope.diffraction.reflections import ReflectionList, unique_reflections
from porescope.errors import ParseError

CARD_D_MIN = 1.5
"""Cards hold reflections down to this spacing [Å]."""
MAX_FIT_REFLECTIONS = 4000
"""A Le Bail fit with more reflections than this explains anything; the range is cut instead."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FitTask:
    """A pattern, made ready for many fits."""

    pattern: Pattern
    """Thinned to a number of points that fits can afford."""
    background: Float[np.ndarray, "points"]
    """Background on these points."""
    fwhm_deg: float
    """Typical width of the peaks [°]."""

    @property
    def two_theta_range_deg(self) -> tuple[float, float]:
        """First and last angle [°]."""
        angles = self.pattern.two_theta_deg
        return float(angles[0]), float(angles[-1])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CandidateFit:
    """The two fits of one candidate."""

    card: PowderCard
    """The candidate."""
    fixed: FitResult
    """Intensities as calculated from the framework."""
    le_bail: FitResult
    """Free intensities, from the cell that the first fit found."""


def fit_card(
    card: PowderCard,
    task: FitTask,
    *,
    kind: str,
    strain: Float[np.ndarray, "3"],
    zero_shift_deg: float,
    max_iterations: int = 10,
) -> CandidateFit:
    """Fit a card with its own intensities, then with free ones: quick, for ranking.

    Parameters
    ----------
    card:
        The candidate.
    task:
        The pattern.
    kind:
        ``xray`` or ``neutron``.
    strain:
        Change of a, b, c from which to start.
    zero_shift_deg:
        Zero shift from which to start [°].
    max_iterations:
        Most steps of each fit.
    """
    config = FitConfig(
        background=task.background,
        background_terms=3,
        profile=ProfileParameters.from_fwhm(task.fwhm_deg),
        max_iterations=max_iterations,
        tolerance=1e-3,
        cut=8.0,
        refine_shape=("w", "x"),
        max_strain=0.025,
        max_angle_deg=1.5,
        zero_deg=zero_shift_deg,
    )
    lattice = card.lattice * (1.0 + np.asarray(strain))[:, None]
    return _both_fits(card, task, kind=kind, lattice=lattice, config=config)


def polish_fit(fit: CandidateFit, task: FitTask, *, kind: str) -> CandidateFit:
    """The same candidate fitted with asymmetric lines, for show: slower, closer to the pattern.

    Parameters
    ----------
    fit:
        What :func:`fit_card` found.
    task:
        The pattern.
    kind:
        ``xray`` or ``neutron``.
    """
    start = fit.fixed
    config = FitConfig(
        background=task.background,
        background_terms=8,
        profile=start.profile,
        max_iterations=25,
        tolerance=1e-4,
        cut=15.0,
        refine_shape=("w", "x", "y", "axial"),
        max_strain=0.01,
        max_angle_deg=0.5,
        zero_deg=start.zero_deg,
    )
    better = _both_fits(fit.card, task, kind=kind, lattice=start.phases[0].lattice, config=config)
    return CandidateFit(
        card=fit.card,
        fixed=min(better.fixed, start, key=lambda f: f.rwp),
        le_bail=min(better.le_bail, fit.le_bail, key=lambda f: f.rwp),
    )


def _both_fits(
    card: PowderCard,
    task: FitTask,
    *,
    kind: str,
    lattice: Float[np.ndarray, "3 3"],
    config: FitConfig,
) -> CandidateFit:
    """Own intensities first; free ones from the cell and the zero that this finds."""
    group = card_space_group(card)
    edges = np.linalg.norm(card.lattice, axis=1)
    # a cubic framework whose file has no symmetry stays cubic
    keep_shape = card.space_group_number <= 2 and float(np.ptp(edges)) < 1e-3 * float(edges[0])
    fixed = fit_pattern(
        task.pattern,
        (
            FitPhase(
                lattice=lattice,
                space_group=group,
                reflections=card_reflections(card, lattice=lattice, kind=kind),
                name=card.title,
                keep_shape=keep_shape,
            ),
        ),
        config=replace(config, mode="fixed"),
    )
    found = fixed.phases[0].lattice
    allowed = _all_reflections(found, group, task)
    if not allowed.n_reflections:  # a cell so small that none lies in the range
        allowed = card_reflections(card, lattice=found, kind=kind)
    le_bail = fit_pattern(
        task.pattern,
        (
            FitPhase(
                lattice=found,
                space_group=group,
                reflections=allowed,
                name=card.title,
                keep_shape=keep_shape,
            ),
        ),
        config=replace(config, mode="le_bail", zero_deg=fixed.zero_deg, approach=False),
    )
    return CandidateFit(card=card, fixed=fixed, le_bail=le_bail)


def card_space_group(card: PowderCard) -> SpaceGroup:
    """Operations of the card's cell; P1 where its symbol is not known."""
    try:
        return space_group_from_symbol(card.space_group_symbol)
    except ParseError:
        return P1


def card_reflections(
    card: PowderCard, *, lattice: Float[np.ndarray, "3 3"], kind: str
) -> ReflectionList:
    """The card's reflections in a changed cell, by falling d; multiplicities are in |F|²."""
    d = 1.0 / np.linalg.norm(card.hkl @ np.linalg.inv(lattice).T, axis=1)
    order = np.argsort(-d, kind="stable")
    intensity = card.intensity_xray if kind == "xray" else card.intensity_neutron
    return ReflectionList(
        hkl=card.hkl[order].astype(np.int64),
        d=d[order],
        multiplicity=np.ones(len(d), dtype=np.int64),
        f_squared=intensity[order].astype(np.float64),
    )


def fit_task(
    pattern: Pattern,
    *,
    background: Float[np.ndarray, "points"],
    sigma: Float[np.ndarray, "points"],
    fwhm_deg: float,
    max_points: int = 2000,
) -> FitTask:
    """Cut a pattern to the range of the cards and thin it to what the widths need.

    Points are averaged over equal numbers of neighbours, never more than a sixth of a peak's
    width, so that no peak loses its shape.

    Parameters
    ----------
    pattern:
        Measured pattern with a known radiation.
    background, sigma:
        On the pattern's points.
    fwhm_deg:
        Typical width of the peaks [°].
    max_points:
        Number of points to aim at.
    """
    assert pattern.radiation is not None
    sine = min(pattern.radiation.wavelength / (2.0 * CARD_D_MIN), 0.999)
    keep = pattern.two_theta_deg <= 2.0 * np.rad2deg(np.arcsin(sine))
    x, y, s, b = (a[keep] for a in (pattern.two_theta_deg, pattern.intensity, sigma, background))
    step = float(np.median(np.diff(x))) if len(x) > 1 else 1.0
    bunch = min(-(-len(x) // max_points), max(1, int(fwhm_deg / (6.0 * step))))
    if bunch > 1:
        n = len(x) // bunch * bunch
        x, y, b = (a[:n].reshape(-1, bunch).mean(axis=1) for a in (x, y, b))
        s = np.sqrt((s[:n] ** 2).reshape(-1, bunch).sum(axis=1)) / bunch
    thin = Pattern(
        two_theta_deg=x,
        intensity=y,
        sigma=s,
        radiation=pattern.radiation,
        name=pattern.name,
        source_format=pattern.source_format,
    )
    return FitTask(pattern=thin, background=b, fwhm_deg=fwhm_deg)


def _all_reflections(
    lattice: Float[np.ndarray, "3 3"], group: SpaceGroup, task: FitTask
) -> ReflectionList:
    """Every reflection in the range, and a few beyond it; fewer where there are too many."""
    assert task.pattern.radiation is not None
    low, high = np.deg2rad(task.two_theta_range_deg)
    wavelength = task.pattern.radiation.wavelength
    d_min = wavelength / (2.0 * np.sin(0.5 * high)) * 0.985
    d_max = wavelength / (2.0 * np.sin(0.5 * max(low, 1e-3))) * 1.03
    # a cell of volume V has about 2π V / (3 d³ n) unique reflections beyond d
    volume = abs(np.linalg.det(lattice))
    n_laue = max(1, len(np.unique(group.rotations, axis=0)))
    expected = 4.0 * np.pi * volume / (3.0 * d_min**3 * n_laue)
    if expected > MAX_FIT_REFLECTIONS:
        d_min *= (expected / MAX_FIT_REFLECTIONS) ** (1.0 / 3.0)
    return unique_reflections(lattice, space_group=group, d_min=d_min, d_max=d_max)
