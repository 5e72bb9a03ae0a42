"""What a proposal's pieces are moved for: the pattern, and the energy of the force field.

Both are quadratic near where they stand: the pattern through its derivatives by the modes, with
background and scale following, the energy through the force field's own stiffness. Together they
give a Gauss-Newton step for all pieces at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.space_group import SpaceGroup
from porescope.crystal.structure import Crystal
from porescope.diffraction.fit import kernels
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.intensities import solve_columns
from porescope.diffraction.fit.least_squares import eliminate_linear
from porescope.diffraction.fit.model import Peaks, Problem, make_problem, peaks_of
from porescope.diffraction.fit.parameters import start_parameters
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.result import FitResult
from porescope.diffraction.reflections import ReflectionList
from porescope.diffraction.scatterers import DEFAULT_U_ISO
from porescope.diffraction.scattering import scattering_factors
from porescope.reticular.force_field.energy import PairList, energies_of, pair_list
from porescope.reticular.force_field.stiffness import model_stiffness
from porescope.reticular.force_field.terms import ForceField
from porescope.workflows.candidate_fits import FitTask

SOFT = 0.02
"""Share of the strongest point that is added to the uncertainty of each: what the model lacks,
preferred orientation and guests, is worth more than counting noise."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Quadratic:
    """A cost near a place: value, half of its gradient, half of its second derivatives."""

    value: float
    gradient: Float[np.ndarray, "modes"]
    curvature: Float[np.ndarray, "modes modes"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PatternTarget:
    """The squared residual of the pattern, peaks held where a fit has put them."""

    problem: Problem
    peaks: Peaks
    weight: Float[np.ndarray, "points"]
    """Weights that add up to 1 over the squared intensities above the background."""
    hkl: Int[np.ndarray, "reflections 3"]
    multiplicity: Float[np.ndarray, "reflections"]
    waves: Float[np.ndarray, "reflections 3"]
    """Scattering vectors 2π/d [1/Å]."""
    amplitudes: Float[np.ndarray, "atoms reflections"]
    """Scattering of each atom at rest in the origin, thermal motion included."""

    def value(self, cart: Float[np.ndarray, "atoms 3"]) -> float:
        """Squared residual for atoms at these places, 0 to about 1."""
        total, _ = self._sums(cart)
        return self._residual(np.abs(total) ** 2)[0]

    def quadratic(
        self, cart: Float[np.ndarray, "atoms 3"], slopes: Float[np.ndarray, "modes atoms 3"]
    ) -> Quadratic:
        """The squared residual and its derivatives by the modes.

        Parameters
        ----------
        cart:
            Cartesian coordinates [Å].
        slopes:
            Velocities of the atoms along the modes.
        """
        total, wave = self._sums(cart)
        value, residual, columns, scale = self._residual(np.abs(total) ** 2)
        # d|F|²/dx of each atom: a number for each reflection, along its scattering vector
        pull = (-2.0 * np.imag(np.conj(total) * wave)).T
        n_modes, n_atoms = slopes.shape[:2]
        steep = (pull[:, :, None] * self.waves[:, None, :]).reshape(len(pull), 3 * n_atoms)
        by_mode = slopes.reshape(n_modes, -1) @ steep.T
        lines = kernels._sum_weighted(
            np.ascontiguousarray(by_mode * (self.multiplicity * scale)),
            self.peaks.start,
            self.peaks.stop,
            self.peaks.offset,
            self.peaks.values,
            len(self.problem.two_theta),
        )
        normal = eliminate_linear(lines, columns=columns, weight=self.weight, residual=residual)
        return Quadratic(value=value, gradient=-normal.gradient, curvature=normal.matrix)

    def _sums(self, cart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Structure factors, and the part of each atom."""
        wave = self.amplitudes * np.exp(1j * (cart @ self.waves.T))
        return wave.sum(axis=0), wave

    def _residual(self, f_squared: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, float]:
        """Squared residual, residual, linear columns and scale."""
        problem, peaks = self.problem, self.peaks
        curve = kernels._sum_peaks(
            f_squared * self.multiplicity,
            np.zeros(len(f_squared), dtype=np.int64),
            1,
            peaks.start,
            peaks.stop,
            peaks.offset,
            peaks.values,
            len(problem.two_theta),
        )
        columns = np.concatenate([problem.linear, curve])
        found = solve_columns(columns, weight=self.weight, target=problem.observed, n_positive=1)
        residual = problem.observed - found @ columns
        return float(self.weight @ residual**2), residual, columns, float(found[-1])


def pattern_target(
    crystal: Crystal,
    *,
    task: FitTask,
    reflections: ReflectionList,
    fit: FitResult,
    space_group: SpaceGroup,
) -> PatternTarget:
    """The pattern as a target, in the cell and with the profile of a fit.

    Parameters
    ----------
    crystal:
        All atoms, in the fitted cell.
    task:
        The pattern.
    reflections:
        Unique reflections with multiplicities.
    fit:
        Where peaks are and how wide.
    space_group:
        That of the reflections.
    """
    config = FitConfig(
        mode="fixed",
        background=task.background,
        background_terms=3,
        profile=fit.profile,
        zero_deg=fit.zero_deg,
        cut=8.0,
    )
    phase = FitPhase(lattice=crystal.lattice, space_group=space_group, reflections=reflections)
    problem = make_problem(task.pattern, (phase,), config=config)
    start = start_parameters(problem, (phase,), config=config, profile=fit.profile)
    peaks = peaks_of(problem, start)
    top = float(np.max(np.abs(problem.observed)))
    weight = 1.0 / (1.0 / problem.weight + (SOFT * top) ** 2)
    net = np.maximum(problem.observed, 0.0)
    weight /= max(float(weight @ net**2), 1e-300)
    hkl = reflections.hkl[problem.row]
    waves = 2.0 * np.pi * hkl @ np.linalg.inv(crystal.lattice).T
    s_squared = np.sum(waves**2, axis=1) / (16.0 * np.pi**2)
    assert task.pattern.radiation is not None
    kinds, kind = np.unique(crystal.numbers, return_inverse=True)
    factors, _ = scattering_factors(
        kinds,
        isotopes=np.zeros(len(kinds), dtype=np.int64),
        s_squared=s_squared,
        radiation=task.pattern.radiation,
    )
    u_iso = np.where(np.isnan(crystal.u_iso), DEFAULT_U_ISO, crystal.u_iso)
    thermal = np.exp(-8.0 * np.pi**2 * u_iso[:, None] * s_squared)
    return PatternTarget(
        problem=problem,
        peaks=peaks,
        weight=weight,
        hkl=hkl,
        multiplicity=reflections.multiplicity[problem.row].astype(np.float64),
        waves=waves,
        amplitudes=factors[kind] * thermal * crystal.occupancy[:, None],
    )


@dataclass(slots=True, eq=False, kw_only=True)
class EnergyTarget:
    """The energy of the force field over a scale."""

    field: ForceField
    lattice: Float[np.ndarray, "3 3"]
    scale: float
    """Energy that counts as 1 [eV]."""
    _pairs: PairList | None = None

    def value(self, cart: Float[np.ndarray, "atoms 3"]) -> float:
        """Energy over the scale."""
        pairs = self._pairs_for(cart)
        found = energies_of(self.field, cart=cart, lattice=self.lattice, pairs=pairs)
        return found.total / self.scale

    def quadratic(
        self, cart: Float[np.ndarray, "atoms 3"], slopes: Float[np.ndarray, "modes atoms 3"]
    ) -> Quadratic:
        """Energy over the scale, with half of its derivatives by the modes.

        Parameters
        ----------
        cart:
            Cartesian coordinates [Å].
        slopes:
            Velocities of the atoms along the modes.
        """
        pairs = self._pairs_for(cart)
        found = energies_of(self.field, cart=cart, lattice=self.lattice, pairs=pairs)
        stiff = model_stiffness(self.field, cart=cart, lattice=self.lattice, pairs=pairs)[:-6, :-6]
        along = slopes.reshape(len(slopes), -1)
        half = 0.5 / self.scale
        return Quadratic(
            value=found.total / self.scale,
            gradient=half * (along @ found.gradient.ravel()),
            curvature=half * (along @ stiff @ along.T),
        )

    def _pairs_for(self, cart: np.ndarray) -> PairList:
        """A list of pairs that serves these places."""
        if self._pairs is None or not self._pairs.serves(cart, self.lattice):
            self._pairs = pair_list(self.field, cart=cart, lattice=self.lattice)
        return self._pairs
