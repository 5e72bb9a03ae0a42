"""Fitting an assembled framework's building blocks to the whole pattern.

After the cell is fitted, nodes and linkers still stand where they were put together. They are
moved as rigid bodies, with the bonds that turn within a linker, under the symmetry that the
assembly has, to lower the residual of the pattern and the energy of the force field together.
Linkers start from several twists. The result is kept only if the pattern is fitted better and the
framework is chemically no worse: the same bonds, no closer contact, no higher energy than the
pattern can pay for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from porescope.crystal.space_group import SpaceGroup
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import find_symmetry, symmetrised
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.refine import fit_pattern
from porescope.diffraction.fit.result import FitResult
from porescope.diffraction.profile import ProfileParameters
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import ConfigError
from porescope.reticular.assembly import Assembly, bonds_of_assembly, crystal_of_assembly
from porescope.reticular.force_field.terms import force_field_of
from porescope.workflows.candidate_fits import FitTask
from porescope.workflows.proposal_chemistry import chemically_worse, wrong_bonds
from porescope.workflows.proposal_motion import (
    Motion,
    atom_slopes,
    moved_pieces,
    symmetric_motion,
)
from porescope.workflows.proposal_target import EnergyTarget, PatternTarget, pattern_target
from porescope.workflows.proposal_torsions import (
    cut_at_torsions,
    kept_stiff,
    put_back,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalFitConfig:
    """How rigid blocks are fitted."""

    symprec: float = 0.15
    """Tolerance of the symmetry that is kept [Å]."""
    max_steps: int = 12
    """Most steps from the best starts."""
    first_steps: int = 3
    """Steps from every start, after which the best are chosen."""
    n_best: int = 2
    """Starts that are followed to the end."""
    twists_deg: tuple[float, ...] = (30.0, -30.0, 60.0, 90.0)
    """Turns of the linkers about their long axes from which the fit starts too [°]."""
    energy_per_piece: float = 5.0
    """Energy per piece that counts as much as the whole pattern's intensity [eV]."""
    max_reflections: int = 600
    """Reflections that count, from low angles up."""
    max_strain: float = 0.025
    """Largest change of the cell in the fits before and after."""
    least_gain: float = 0.03
    """Relative fall of Rwp below which the framework stays as it was."""
    price_of_bonds: float = 0.01
    """Rise of Rwp that is taken where all broken bonds are mended."""
    max_modes: int = 80
    """Most motions that a pattern is trusted with; linkers are kept stiff, or nothing is moved."""
    rounds: int = 2
    """Times that blocks and cell are fitted in turn."""
    max_starts: int = 8
    """Most starts, the one without twist included."""

    def __post_init__(self) -> None:
        if self.max_steps < 1 or self.n_best < 1 or self.max_reflections < 1:
            raise ConfigError(
                "max_steps, n_best and max_reflections must be at least 1, got "
                f"{self.max_steps}, {self.n_best}, {self.max_reflections}"
            )
        if not self.energy_per_piece > 0.0:
            raise ConfigError(f"energy_per_piece must be positive, got {self.energy_per_piece}")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ProposalFit:
    """An assembled framework with its blocks fitted, or as it was."""

    assembly: Assembly
    """The blocks in the fitted cell."""
    crystal: Crystal
    """All atoms, in P1."""
    fit: FitResult
    """Fit of the pattern with this framework's intensities."""
    start_fit: FitResult
    """The same for the framework as it came, in its own fitted cell."""
    accepted: bool
    """Whether the blocks were moved."""
    reason: str
    """Why they were not, or empty."""
    n_modes: int
    """Motions that the symmetry leaves free."""
    seconds: float
    """Time it took [s]."""


def fit_proposal(
    assembly: Assembly, *, task: FitTask, config: ProposalFitConfig | None = None
) -> ProposalFit:
    """Move an assembly's blocks until the pattern is fitted best.

    Parameters
    ----------
    assembly:
        Posed blocks, in a cell within a few percent of the true one.
    task:
        The pattern.
    config:
        Limits and weights.

    Raises
    ------
    ConfigError
        Where the assembly has no atoms, or none of its reflections lies in the pattern.
    """
    config = config or ProposalFitConfig()
    begin = time.perf_counter()
    if not assembly.n_atoms:
        raise ConfigError("expected an assembly with atoms, got none")
    found = symmetrised(find_symmetry(crystal_of_assembly(assembly), symprec=config.symprec))
    group = found.space_group
    assembly = in_cell(assembly, found.lattice)
    start_fit = _cell_fit(assembly, group, task=task, config=config)
    start = best = in_cell(assembly, start_fit.phases[0].lattice)
    fit, reason, n_modes = start_fit, "", 0
    for turn in range(config.rounds):
        # Twisted linkers are tried once.
        now = config if turn == 0 else replace(config, twists_deg=())
        moved, n_modes, reason = _moved(best, group, task=task, fit=fit, config=now)
        if moved is None:
            break
        new_fit = _cell_fit(moved, group, task=task, config=config, like=fit)
        moved = in_cell(moved, new_fit.phases[0].lattice)
        reason = chemically_worse(moved, best) or _no_better(moved, best, new_fit, fit, config)
        if reason:
            break
        gain = fit.rwp - new_fit.rwp
        best, fit = moved, new_fit
        if gain < 2.0 * config.least_gain * fit.rwp:
            break
    return ProposalFit(
        assembly=best,
        crystal=crystal_of_assembly(best),
        fit=fit,
        start_fit=start_fit,
        accepted=best is not start,
        reason="" if best is not start else reason,
        n_modes=n_modes,
        seconds=time.perf_counter() - begin,
    )


def _moved(
    assembly: Assembly,
    group: SpaceGroup,
    *,
    task: FitTask,
    fit: FitResult,
    config: ProposalFitConfig,
) -> tuple[Assembly | None, int, str]:
    """The blocks where pattern and energy want them, in the same cell; or why there is none."""
    for turning in (cut_at_torsions(assembly), kept_stiff(assembly)):
        bodies = turning.assembly
        crystal = replace(crystal_of_assembly(bodies), space_group=group)
        motion = symmetric_motion(bodies, crystal)
        if motion.n_modes <= config.max_modes:
            break
    if not 0 < motion.n_modes <= config.max_modes:
        why = f"{motion.n_modes} motions are free" if motion.n_modes else "no motion is free"
        return None, motion.n_modes, f"{why} under the symmetry"
    try:
        field = force_field_of(crystal_of_assembly(bodies), bonds_of_assembly(bodies))
    except ConfigError as error:
        return None, motion.n_modes, str(error)
    pattern = pattern_target(
        crystal,
        task=task,
        reflections=_reflections(crystal, task, config),
        fit=fit,
        space_group=group,
    )
    scale = config.energy_per_piece * assembly.n_pieces
    energy = EnergyTarget(field=field, lattice=assembly.lattice, scale=scale)
    best = _best_of_starts(bodies, motion, pattern, energy, config=config)
    return put_back(replace(turning, assembly=best), assembly), motion.n_modes, ""


def _no_better(
    moved: Assembly, before: Assembly, fit: FitResult, old: FitResult, config: ProposalFitConfig
) -> str:
    """Why the blocks are better left alone; empty where they are not.

    A framework whose broken bonds are mended may fit the pattern a little worse.
    """
    mended = wrong_bonds(before) > 0 and wrong_bonds(moved) == 0
    allowed = old.rwp + config.price_of_bonds if mended else old.rwp * (1.0 - config.least_gain)
    return "" if fit.rwp <= allowed else f"Rwp would be {fit.rwp:.3f} after {old.rwp:.3f}"


def in_cell(assembly: Assembly, lattice: Float[np.ndarray, "3 3"]) -> Assembly:
    """The assembly in a strained cell: pieces keep their shapes, their centres move along.

    Parameters
    ----------
    assembly:
        Posed blocks.
    lattice:
        The new cell, close to the old one [Å].
    """
    strain = np.linalg.inv(assembly.lattice) @ lattice
    centres = np.array([assembly.piece_positions(i).mean(axis=0) for i in range(assembly.n_pieces)])
    return replace(assembly, lattice=lattice, origins=assembly.origins + centres @ strain - centres)


def _cell_fit(
    assembly: Assembly,
    group: SpaceGroup,
    *,
    task: FitTask,
    config: ProposalFitConfig,
    like: FitResult | None = None,
) -> FitResult:
    """Cell, zero and widths with the framework's own intensities."""
    crystal = replace(crystal_of_assembly(assembly), space_group=group)
    profile = ProfileParameters.from_fwhm(task.fwhm_deg) if like is None else like.profile
    return fit_pattern(
        task.pattern,
        FitPhase(
            lattice=assembly.lattice,
            space_group=group,
            reflections=_reflections(crystal, task, None),
            name=assembly.name,
        ),
        config=FitConfig(
            mode="fixed",
            background=task.background,
            background_terms=3,
            profile=profile,
            zero_deg=0.0 if like is None else like.zero_deg,
            max_iterations=12,
            tolerance=1e-3,
            cut=8.0,
            refine_shape=("w", "x"),
            max_strain=config.max_strain,
            max_angle_deg=1.5,
            approach=like is None,
        ),
    )


def _reflections(crystal: Crystal, task: FitTask, config: ProposalFitConfig | None):
    """Unique reflections of the range, and a few beyond; the first ones if there are too many."""
    radiation = task.pattern.radiation
    assert radiation is not None
    high = np.deg2rad(task.two_theta_range_deg[1])
    found = reflections_of(
        crystal.without_symmetry() if crystal.space_group.n_ops == 1 else crystal,
        d_min=0.98 * radiation.wavelength / (2.0 * np.sin(0.5 * high)),
        radiation=radiation,
    )
    if config is None or found.n_reflections <= config.max_reflections:
        return found
    few = np.argsort(-found.d)[: config.max_reflections]
    assert found.f_squared is not None
    return replace(
        found,
        hkl=found.hkl[few],
        d=found.d[few],
        multiplicity=found.multiplicity[few],
        f_squared=found.f_squared[few],
    )


def _best_of_starts(
    start: Assembly,
    motion: Motion,
    pattern: PatternTarget,
    energy: EnergyTarget,
    *,
    config: ProposalFitConfig,
) -> Assembly:
    """The lowest cost that is reached from the assembly as it is and from twisted linkers."""
    starts = [start]
    for twist in linker_twists(start, motion):
        starts += [moved_pieces(start, motion, np.deg2rad(t) * twist) for t in config.twists_deg]
    costs = [pattern.value(_cart(s)) for s in starts[1:]]
    few = [0, *(1 + np.argsort(costs, kind="stable")[: config.max_starts - 1])]
    tried = [
        _descent(starts[i], motion, pattern, energy, max_steps=config.first_steps) for i in few
    ]
    order = np.argsort([cost for cost, _ in tried], kind="stable")
    ends = [
        _descent(tried[i][1], motion, pattern, energy, max_steps=config.max_steps)
        for i in order[: config.n_best]
    ]
    return min(ends, key=lambda end: end[0])[1]


def linker_twists(assembly: Assembly, motion: Motion) -> list[Float[np.ndarray, "modes"]]:
    """Amounts of the modes that turn linkers by 1 rad about their long axes, one set a kind."""
    found: list[np.ndarray] = []
    done: set[int] = set()
    for piece, kind in enumerate(assembly.kinds.tolist()):
        block = assembly.blocks[kind]
        if block.kind != "linker" or piece in done or block.n_atoms < 4:
            continue
        places = assembly.piece_positions(piece)
        ends = places[block.port_atoms] - places.mean(axis=0)
        axis = np.linalg.svd(ends)[2][0]
        wanted = np.zeros((assembly.n_pieces, 6))
        wanted[piece, 3:] = axis * motion.radii[piece]
        amounts = np.tensordot(motion.modes, wanted, axes=2)
        _, turns = motion.steps(amounts)
        own = float(turns[piece] @ axis)
        if own < 1e-3:
            continue
        amounts = amounts / own
        _, turns = motion.steps(amounts)
        done |= set(np.flatnonzero(np.linalg.norm(turns, axis=1) > 0.5).tolist())
        found.append(amounts)
    return found


def _descent(
    assembly: Assembly,
    motion: Motion,
    pattern: PatternTarget,
    energy: EnergyTarget,
    *,
    max_steps: int,
) -> tuple[float, Assembly]:
    """Damped Gauss-Newton steps; the cost that is reached, and where."""
    motion = _recentred(assembly, motion)
    cart = _cart(assembly)
    cost = pattern.value(cart) + energy.value(cart)
    damping = 1e-3
    for _ in range(max_steps):
        slopes = atom_slopes(assembly, motion, cart)
        one, other = pattern.quadratic(cart, slopes), energy.quadratic(cart, slopes)
        gradient = one.gradient + other.gradient
        curvature = one.curvature + other.curvature
        before = cost
        for _ in range(6):
            damped = curvature + damping * np.diag(np.diag(curvature) + 1e-9)
            step = -np.linalg.solve(damped, gradient)
            largest = float(np.abs(np.tensordot(step, slopes, axes=1)).max())
            step *= min(1.0, 0.6 / max(largest, 1e-12))
            trial = moved_pieces(assembly, motion, step)
            there = _cart(trial)
            reached = pattern.value(there) + energy.value(there)
            if reached < cost:
                assembly, cart, cost = trial, there, reached
                motion = _recentred(assembly, motion)
                damping = max(damping / 5.0, 1e-6)
                break
            damping *= 8.0
        if before - cost < 1e-4 * max(abs(before), 0.01):
            break
    return cost, assembly


def _cart(assembly: Assembly) -> Float[np.ndarray, "atoms 3"]:
    return np.concatenate([assembly.piece_positions(i) for i in range(assembly.n_pieces)])


def _recentred(assembly: Assembly, motion: Motion) -> Motion:
    """The same modes about the centres where they are now."""
    centres = [assembly.piece_positions(i).mean(axis=0) for i in range(assembly.n_pieces)]
    return replace(motion, centres=np.array(centres))
