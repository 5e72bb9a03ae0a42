"""The model of a pattern: from parameters to peaks, and their derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.diffraction.fit import kernels
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.metric import (
    MetricBasis,
    index_products,
    metric_vector,
)
from porescope.diffraction.fit.phase import FitPhase, march_cosines, march_factors
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError

MAX_FREE_AREAS = 1500
"""Most reflections whose areas are parameters of the least squares."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Problem:
    """All that stays the same during a fit.

    The parameter vector holds the cells' parameters phase by phase, then zero, displacement, U, V,
    W, X, Y and K, then the phases' March coefficients, then their added displacements.
    """

    two_theta: Float[np.ndarray, "points"]
    """Angles that are fitted [°]."""
    observed: Float[np.ndarray, "points"]
    """Intensities less the given background."""
    given: Float[np.ndarray, "points"]
    """The given background, or zeros."""
    weight: Float[np.ndarray, "points"]
    """1/σ²."""
    linear: Float[np.ndarray, "terms points"]
    """Terms of the background."""
    radiation: Radiation
    wavelengths: Float[np.ndarray, "lines"]
    line_shares: Float[np.ndarray, "lines"]
    bases: tuple[MetricBasis, ...]
    cell_terms: Float[np.ndarray, "reflections free"]
    """Derivatives of 1/d² by the cell parameters of the reflection's phase."""
    phase: Int[np.ndarray, "reflections"]
    """Phase of each reflection; they are sorted by position."""
    row: Int[np.ndarray, "reflections"]
    """Row of each reflection in the list of its phase."""
    fixed_area: Float[np.ndarray, "reflections"]
    """Multiplicity times squared structure factor, scaled; 1 where unknown."""
    multiplicity: Float[np.ndarray, "reflections"]
    """Number of equivalents of each reflection."""
    free: Bool[np.ndarray, "reflections"]
    """Whether the intensity is free."""
    cosines: tuple[Float[np.ndarray, "of_phase equivalents"] | None, ...]
    """For March-Dollase; rows in the order of the phase's reflections here."""
    cell_offsets: tuple[int, ...]
    shape_offset: int
    march_offset: int
    u_offset: int
    cut: float
    """Half-width of the lines' windows, in full widths at half maximum."""

    @property
    def n_phases(self) -> int:
        """Number of phases."""
        return len(self.bases)

    @property
    def n_parameters(self) -> int:
        """Length of the parameter vector."""
        return self.u_offset + self.n_phases

    def cell_slice(self, phase: int) -> slice:
        """Where the cell of a phase stands in the parameter vector."""
        start = self.cell_offsets[phase]
        return slice(start, start + self.bases[phase].n_free)

    def shape(self, parameters: Float[np.ndarray, "parameters"]) -> Float[np.ndarray, "8"]:
        """Zero, displacement and peak shape."""
        return parameters[self.shape_offset : self.shape_offset + kernels.N_SHAPE]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Peaks:
    """Positions and profiles of all reflections for one parameter vector."""

    parameters: Float[np.ndarray, "parameters"]
    s2: Float[np.ndarray, "reflections"]
    """1/d² [1/Å²]."""
    line_weight: Float[np.ndarray, "reflections lines"]
    """Intensity of each line for unit area."""
    dlog_line: Float[np.ndarray, "reflections lines"]
    """Derivatives of ln(area times line weight) by 1/d²."""
    start: Int[np.ndarray, "reflections"]
    stop: Int[np.ndarray, "reflections"]
    offset: Int[np.ndarray, "reflections+1"]
    values: Float[np.ndarray, "packed"]
    fixed_area: Float[np.ndarray, "reflections"]
    """Areas of fixed intensities for scale 1, without angle factors."""
    dlog_march: Float[np.ndarray, "reflections"]


def make_problem(pattern: Pattern, phases: tuple[FitPhase, ...], *, config: FitConfig) -> Problem:
    """Collect what a fit needs.

    Raises
    ------
    ConfigError
        Where the input cannot be fitted: no wavelength, no points, missing structure factors.
    """
    if pattern.radiation is None:
        raise ConfigError("the pattern has no wavelength; give its radiation before the fit")
    if not phases:
        raise ConfigError("a fit needs at least one phase")
    two_theta, observed, given, weight = _points(pattern, config)
    radiation = pattern.radiation
    bases = tuple(phase.free_metric for phase in phases)
    parts = [
        _reflections_of(phase, basis, index, config, two_theta, radiation)
        for index, (phase, basis) in enumerate(zip(phases, bases, strict=True))
    ]
    n_reflections = sum(len(p[0]) for p in parts)
    if config.mode in ("pawley", "restrained") and n_reflections > MAX_FREE_AREAS:
        raise ConfigError(
            f"{n_reflections} reflections lie in the range, and the mode {config.mode!r} solves "
            f"for at most {MAX_FREE_AREAS}; narrow two_theta_range_deg or use the mode 'le_bail'"
        )
    width = max(basis.n_free for basis in bases)
    terms = np.concatenate([np.pad(p[0], ((0, 0), (0, width - p[0].shape[1]))) for p in parts])
    which = np.concatenate([np.full(len(p[0]), i) for i, p in enumerate(parts)])
    s2 = np.concatenate([p[1] for p in parts])
    order = np.argsort(s2, kind="stable")
    cosines = tuple(
        march_cosines(phase)[part[2][np.argsort(part[1], kind="stable")]]
        if phase.march_axis is not None
        else None
        for phase, part in zip(phases, parts, strict=True)
    )
    offsets = np.concatenate([[0], np.cumsum([basis.n_free for basis in bases])])
    shape_offset = int(offsets[-1])
    return Problem(
        two_theta=two_theta,
        observed=observed - given,
        given=given,
        weight=weight,
        linear=_background_terms(two_theta, config),
        radiation=radiation,
        wavelengths=np.asarray(radiation.wavelengths, dtype=np.float64),
        line_shares=np.asarray(radiation.weights, dtype=np.float64),
        bases=bases,
        cell_terms=np.ascontiguousarray(terms[order]),
        phase=which[order],
        row=np.concatenate([p[2] for p in parts])[order],
        fixed_area=np.concatenate([p[3] for p in parts])[order],
        multiplicity=np.concatenate([p[5] for p in parts])[order],
        free=np.concatenate([p[4] for p in parts])[order],
        cosines=cosines,
        cell_offsets=tuple(int(i) for i in offsets[:-1]),
        shape_offset=shape_offset,
        march_offset=shape_offset + kernels.N_SHAPE,
        u_offset=shape_offset + kernels.N_SHAPE + len(phases),
        cut=config.cut,
    )


def _points(
    pattern: Pattern, config: FitConfig
) -> tuple[
    Float[np.ndarray, "points"],
    Float[np.ndarray, "points"],
    Float[np.ndarray, "points"],
    Float[np.ndarray, "points"],
]:
    """Angles, intensities, given background and weights of the points that are fitted."""
    two_theta = pattern.two_theta_deg.astype(np.float64)
    keep = np.isfinite(pattern.intensity) & np.isfinite(pattern.sigma) & (pattern.sigma > 0.0)
    if config.two_theta_range_deg is not None:
        low, high = config.two_theta_range_deg
        keep &= (two_theta >= low) & (two_theta <= high)
    for low, high in config.excluded_deg:
        keep &= (two_theta < low) | (two_theta > high)
    if np.count_nonzero(keep) < 10:
        raise ConfigError(
            f"only {np.count_nonzero(keep)} points with positive sigma lie in the range that is "
            "to be fitted; widen two_theta_range_deg or give uncertainties"
        )
    given = np.zeros(len(two_theta)) if config.background is None else config.background
    if len(given) != len(two_theta):
        raise ConfigError(
            f"the given background has {len(given)} points and the pattern {len(two_theta)}"
        )
    return (
        two_theta[keep],
        pattern.intensity[keep].astype(np.float64),
        given[keep].astype(np.float64),
        1.0 / pattern.sigma[keep].astype(np.float64) ** 2,
    )


def _background_terms(
    two_theta: Float[np.ndarray, "points"], config: FitConfig
) -> Float[np.ndarray, "terms points"]:
    """Chebyshev polynomials on the range, and 1/2θ."""
    x = 2.0 * (two_theta - two_theta[0]) / (two_theta[-1] - two_theta[0]) - 1.0
    terms = np.polynomial.chebyshev.chebvander(x, max(config.background_terms - 1, 0)).T
    rows = [terms[: config.background_terms]]
    if config.background_air:
        rows.append((two_theta[0] / np.maximum(two_theta, 1e-3))[None])
    return np.ascontiguousarray(np.concatenate(rows))


def _reflections_of(
    phase: FitPhase,
    basis: MetricBasis,
    index: int,
    config: FitConfig,
    two_theta: Float[np.ndarray, "points"],
    radiation: Radiation,
) -> tuple[np.ndarray, ...]:
    """Cell terms, 1/d², rows, areas, freedom and multiplicities of reflections near the range."""
    products = index_products(phase.reflections.hkl)
    s2 = products @ metric_vector(phase.lattice)
    wavelength = max(radiation.wavelengths)
    edges = 2.0 * np.sin(0.5 * np.deg2rad([max(two_theta[0] - 1.5, 0.0), two_theta[-1] + 1.5]))
    low, high = (edges / wavelength) ** 2 * np.array(
        [(1.0 - config.max_strain) ** 2, (1.0 + config.max_strain) ** 2]
    )
    rows = np.flatnonzero((s2 > low) & (s2 < high) & (s2 < (2.0 / wavelength) ** 2 * 0.999))
    if len(rows) == 0:
        raise ConfigError(
            f"phase {phase.name or index}: none of its reflections lies between "
            f"{two_theta[0]:.2f}° and {two_theta[-1]:.2f}°"
        )
    f_squared = phase.reflections.f_squared
    free = phase.free_intensities
    is_free = config.mode != "fixed" if free is None or config.mode != "le_bail" else free
    if f_squared is None and (not is_free or config.mode == "restrained"):
        raise ConfigError(
            f"phase {phase.name or index}: the mode {config.mode!r} needs squared structure "
            "factors; use reflections_of(crystal, ...) or the mode 'le_bail'"
        )
    known = np.ones(len(s2)) if f_squared is None else np.maximum(f_squared, 0.0)
    area = (known * phase.reflections.multiplicity)[rows].astype(np.float64)
    total = float(np.max(area))
    if total <= 0.0:
        raise ConfigError(
            f"phase {phase.name or index}: all its structure factors in the range are zero"
        )
    return (
        products[rows] @ basis.basis.T,
        s2[rows],
        rows,
        area / total,
        np.full(len(rows), is_free),
        phase.reflections.multiplicity[rows].astype(np.float64),
    )


def peaks_of(problem: Problem, parameters: Float[np.ndarray, "parameters"]) -> Peaks:
    """Positions, intensities' factors and profiles of all reflections."""
    s2 = np.empty(len(problem.phase))
    fixed_area = problem.fixed_area.copy()
    dlog_march = np.zeros(len(s2))
    displacement = np.zeros(len(s2))
    for index, basis in enumerate(problem.bases):
        mine = problem.phase == index if problem.n_phases > 1 else slice(None)
        cell = parameters[problem.cell_slice(index)]
        s2[mine] = problem.cell_terms[mine, : basis.n_free] @ cell
        cosines = problem.cosines[index]
        if cosines is not None:
            factor, dlog = march_factors(
                cosines, march=float(parameters[problem.march_offset + index])
            )
            fixed_area[mine] *= factor
            dlog_march[mine] = dlog
        displacement[mine] = parameters[problem.u_offset + index]
    s2 = np.maximum(s2, 1e-8)
    if np.any(displacement):
        fixed_area *= np.exp(-4.0 * np.pi**2 * displacement * s2)
    line_weight, dlog_line = _line_weights(problem, s2, displacement)
    shape = problem.shape(parameters)
    start, stop, offset = kernels._windows(
        problem.two_theta, s2, problem.wavelengths, shape, problem.cut
    )
    values = kernels._profiles(
        problem.two_theta,
        s2,
        problem.wavelengths,
        line_weight,
        shape,
        problem.cut,
        start,
        stop,
        offset,
    )
    return Peaks(
        parameters=parameters,
        s2=s2,
        line_weight=line_weight,
        dlog_line=dlog_line,
        start=start,
        stop=stop,
        offset=offset,
        values=values,
        fixed_area=fixed_area,
        dlog_march=dlog_march,
    )


def _line_weights(
    problem: Problem, s2: Float[np.ndarray, "reflections"], u: Float[np.ndarray, "reflections"]
) -> tuple[Float[np.ndarray, "reflections lines"], Float[np.ndarray, "reflections lines"]]:
    """Shares of the lines with their angle factors, and logarithmic derivatives by 1/d²."""
    sine = np.minimum(0.5 * np.sqrt(s2)[:, None] * problem.wavelengths, 0.9999)
    two_theta = np.rad2deg(2.0 * np.arcsin(sine))
    factor = lorentz_polarisation(two_theta, problem.radiation)
    step = 1e-4
    ahead = lorentz_polarisation(two_theta + step, problem.radiation)
    behind = lorentz_polarisation(two_theta - step, problem.radiation)
    slope = (ahead - behind) / (2.0 * step * factor)
    by_s2 = np.rad2deg(problem.wavelengths**2 / (4.0 * sine * np.sqrt(1.0 - sine**2)))
    dlog = slope * by_s2
    free = problem.free
    relative = factor / factor[:, :1]
    weight = problem.line_shares * np.where(free[:, None], relative, factor)
    dlog = np.where(free[:, None], dlog - dlog[:, :1], dlog - 4.0 * np.pi**2 * u[:, None])
    return weight, dlog


def peak_curves(
    problem: Problem, peaks: Peaks, area: Float[np.ndarray, "reflections"]
) -> Float[np.ndarray, "phases points"]:
    """Intensity of the peaks of each phase."""
    return kernels._sum_peaks(
        area,
        problem.phase,
        problem.n_phases,
        peaks.start,
        peaks.stop,
        peaks.offset,
        peaks.values,
        len(problem.two_theta),
    )


def jacobian(
    problem: Problem,
    peaks: Peaks,
    area: Float[np.ndarray, "reflections"],
    active: Bool[np.ndarray, "parameters"],
) -> Float[np.ndarray, "active points"]:
    """Derivatives of the sum of all peaks by the active parameters, intensities held."""
    column = np.where(active, np.cumsum(active) - 1, -1)
    n = problem.n_phases
    cells = [
        int(column[problem.cell_offsets[i]]) if active[problem.cell_slice(i)].all() else -1
        for i in range(n)
    ]
    at = problem.shape_offset
    return kernels._jacobian(
        problem.two_theta,
        peaks.s2,
        problem.phase,
        area,
        peaks.dlog_line,
        problem.cell_terms,
        np.array(cells),
        np.array([basis.n_free for basis in problem.bases]),
        problem.wavelengths,
        peaks.line_weight,
        problem.shape(peaks.parameters),
        column[at : at + kernels.N_SHAPE],
        column[problem.march_offset : problem.march_offset + n],
        peaks.dlog_march,
        column[problem.u_offset : problem.u_offset + n],
        problem.cut,
        peaks.start,
        peaks.stop,
        int(np.count_nonzero(active)),
    )
