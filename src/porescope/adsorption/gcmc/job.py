"""Everything that a grand canonical run needs, as plain numbers that go through JSON.

The engine cannot share a process with the library that reads crystals, so a run is described by
these objects, and they know nothing of crystals.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

Triple = tuple[float, float, float]

MINIMUM_STEPS = 20
"""Moves of a cycle where fewer molecules are in the box; with more, one for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSite:
    """One kind of atom, of the framework or of a gas."""

    name: str
    """Name in the engine, unique and without blanks."""
    label: str
    """Name of the type in the force field."""
    is_framework: bool
    """Whether framework atoms have it."""
    number: int
    """Atomic number; 0 for a massless site."""
    mass: float
    """Mass [g/mol]."""
    charge: float
    """Partial charge [e]; framework atoms have their own."""
    epsilon_k: float
    """Depth of the Lennard-Jones well over Boltzmann's constant [K]."""
    sigma: float
    """Distance at which the energy is zero [Å]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFramework:
    """Rigid framework: one unit cell, and how often it is repeated."""

    name: str
    """Name, for messages."""
    frac: tuple[Triple, ...]
    """Fractional coordinates in the unit cell."""
    sites: tuple[int, ...]
    """Kind of each atom."""
    charges: tuple[float, ...]
    """Partial charge of each atom [e]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobComponent:
    """One gas."""

    name: str
    """Name, for messages."""
    sites: tuple[int, ...]
    """Kind of each bead."""
    positions: tuple[Triple, ...]
    """Cartesian positions of the beads about the centre of mass [Å]."""
    critical_temperature: float
    """Critical temperature [K]."""
    critical_pressure_pa: float
    """Critical pressure [Pa]."""
    acentric_factor: float
    """Acentric factor."""
    blocked: tuple[tuple[float, float, float, float], ...] = ()
    """Spheres that its first bead may not enter: fractional centre in the unit cell, radius [Å]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMoves:
    """Relative probabilities of the moves of one molecule."""

    translation: float = 0.5
    """Shift by a step whose length is adapted."""
    rotation: float = 0.5
    """Turn by an angle that is adapted; none for single atoms."""
    reinsertion: float = 0.5
    """Removal and growth elsewhere in the box."""
    swap: float = 1.0
    """Insertion at a random place, or removal."""
    swap_biased: float = 0.0
    """Insertion at the best of several random places, or removal."""
    identity: float = 0.0
    """Change of a molecule into one of another gas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GcmcJob:
    """A box with its framework and its gases; state points are asked for one by one."""

    cell: tuple[float, float, float, float, float, float]
    """Unit cell: a, b, c [Å], alpha, beta, gamma [°]."""
    repeats: tuple[int, int, int]
    """Unit cells along a, b and c."""
    framework: JobFramework | None
    """Framework; None for an empty box."""
    sites: tuple[JobSite, ...]
    """Kinds of atoms; those of the gases first."""
    mixing: str
    """``lorentz-berthelot`` or ``geometric``."""
    cutoff: float
    """Cutoff of the pair energies [Å]."""
    shifted: bool
    """Whether the energy at the cutoff is subtracted."""
    tail_correction: bool
    """Whether the energy beyond the cutoff is added for uniform density."""
    charged: bool
    """Whether electrostatics is summed."""
    components: tuple[JobComponent, ...]
    """Gases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStage:
    """Cycles at one state point."""

    temperature: float
    """Temperature [K]."""
    fugacities_pa: tuple[float, ...]
    """Fugacity of each gas [Pa]."""
    cycles: int
    """Number of cycles; a cycle has as many moves as molecules, and at least twenty a gas."""
    moves: JobMoves
    """Relative probabilities of the moves."""
    seed: int
    """Seed of the random numbers, below 2³¹."""
    positions: tuple[tuple[Triple, ...], ...] | None = None
    """Cartesian positions of all beads of each gas at the start [Å]; None goes on as it is."""
    report_every: int = 100
    """Cycles between two reports of progress."""
    sample_every: int = 0
    """Cycles between two samples of all positions; 0 takes none."""


def json_from_job(job: GcmcJob | JobStage) -> dict[str, Any]:
    """The job as an object of JSON."""
    return asdict(job)
