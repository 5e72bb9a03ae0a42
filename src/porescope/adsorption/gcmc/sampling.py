"""A state point sampled piece by piece, so that it can be saved, stopped, and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.gas import Gas
from porescope.adsorption.gcmc.child import GcmcChild, Positions
from porescope.adsorption.gcmc.job import JobMoves, JobStage
from porescope.adsorption.gcmc.plan import Rung, SamplingPlan, moves_for, rungs
from porescope.adsorption.gcmc.statistics import (
    Estimate,
    cycle_weights,
    equilibration_cycles,
    estimate,
    has_drift,
    isosteric_heats,
)

Progress = Callable[[float, str], None]
"""Called with the share done and a text."""

_PIECES = 20
_SHORTEST_PIECE = 25


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PointState:
    """How far a state point is."""

    rungs_done: int
    """States on the way that are done."""
    molecules: Int[np.ndarray, "cycles gases"]
    """Molecules of each gas at the end of each cycle at the state itself."""
    energy_k: Float[np.ndarray, "cycles"]
    """Energy at the end of each cycle over Boltzmann's constant [K]."""
    positions: Positions
    """Cartesian positions in the box [Å]."""
    samples: tuple[Positions, ...] = ()
    """Positions along the way since the last state."""
    finished: bool = False
    """Whether the plan is fulfilled."""

    @property
    def cycles(self) -> int:
        """Cycles done at the state itself."""
        return len(self.energy_k)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointAverages:
    """Averages of a state point over the box."""

    molecules: tuple[Estimate, ...]
    """Molecules of each gas in the box."""
    cycle_means: tuple[float, ...]
    """The same as plain means over cycles, as RASPA prints them."""
    heat_k: tuple[Estimate, ...]
    """Isosteric heat of each gas over Boltzmann's constant [K]."""
    n_equilibration: int
    """Cycles left out."""
    n_cycles: int
    """Cycles averaged."""
    equilibrated: bool
    """Whether no drift was left."""


def empty_state(gases: Sequence[Gas], positions: Positions | None = None) -> PointState:
    """The state before the first cycle.

    Parameters
    ----------
    gases:
        Gases.
    positions:
        Molecules that are already there; none by default.
    """
    nothing = tuple(np.zeros((0, len(gas.beads), 3)) for gas in gases)
    return PointState(
        rungs_done=0,
        molecules=np.zeros((0, len(gases)), dtype=np.int64),
        energy_k=np.zeros(0),
        positions=nothing if positions is None else positions,
    )


def sampled(
    child: GcmcChild,
    *,
    gases: Sequence[Gas],
    temperature: float,
    fugacities_pa: Sequence[float],
    plan: SamplingPlan,
    state: PointState,
    seed: int,
    moves: JobMoves | None = None,
    progress: Progress | None = None,
) -> Iterator[PointState]:
    """Sample a state point; each piece gives a state that can be saved and gone on with.

    Parameters
    ----------
    child:
        Running engine.
    gases:
        Gases of its box.
    temperature:
        Temperature [K].
    fugacities_pa:
        Fugacity of each gas [Pa].
    plan:
        How long and on which way.
    state:
        Where to start.
    seed:
        Seed of the random numbers; every piece has its own from it.
    moves:
        Moves; by default those that fit the gases.
    progress:
        Called with the share done and a text.
    """
    target = Rung(temperature=temperature, fugacities_pa=tuple(map(float, fugacities_pa)))
    chosen = moves or moves_for(gases)
    from_empty = sum(len(each) for each in state.positions) == 0
    way = rungs(
        plan,
        gases=gases,
        temperature=temperature,
        fugacities_pa=target.fugacities_pa,
        from_empty=from_empty or state.rungs_done > 0,
    )
    if state.cycles:
        way = ()
    total = len(way) * plan.anneal_cycles + plan.cycles
    handed: Positions | None = state.positions
    # The plan may ask for more than it did when the state was saved.
    state = replace(state, finished=_is_finished(plan, state, temperature))
    while not state.finished:
        rung, cycles = target, _piece(plan, state.cycles)
        on_the_way = state.rungs_done < len(way)
        if on_the_way:
            rung, cycles = way[state.rungs_done], plan.anneal_cycles
        done = min(state.rungs_done, len(way)) * plan.anneal_cycles + state.cycles
        key = [seed, state.rungs_done, state.cycles]
        stage = JobStage(
            temperature=rung.temperature,
            fugacities_pa=rung.fugacities_pa,
            cycles=cycles,
            moves=chosen,
            seed=int(np.random.SeedSequence(key).generate_state(1)[0] >> 1),
            positions=None if handed is None else _places(handed),
            report_every=max(1, cycles // 10),
            sample_every=0 if on_the_way else min(plan.sample_every, cycles),
        )
        result = child.run(stage, progress=_relay(progress, done, total, rung))
        handed = None
        if on_the_way:
            state = replace(state, rungs_done=state.rungs_done + 1, positions=result.positions)
        else:
            state = replace(
                state,
                molecules=np.concatenate([state.molecules, result.molecules]),
                energy_k=np.concatenate([state.energy_k, result.energy_k]),
                positions=result.positions,
                samples=result.samples,
            )
            state = replace(state, finished=_is_finished(plan, state, temperature))
        yield state


def averages(state: PointState, *, temperature: float, plan: SamplingPlan) -> PointAverages:
    """Averages over the cycles after equilibration.

    Parameters
    ----------
    state:
        A state with cycles.
    temperature:
        Temperature [K].
    plan:
        How many blocks.
    """
    total = state.molecules.sum(axis=1).astype(np.float64)
    left_out = max(equilibration_cycles(total), equilibration_cycles(state.energy_k))
    left_out = min(left_out, len(total) - plan.n_blocks)
    molecules = state.molecules[left_out:].astype(np.float64)
    energy, total = state.energy_k[left_out:], total[left_out:]
    weights = cycle_weights(molecules)
    return PointAverages(
        molecules=tuple(
            estimate(series, weights=weights, n_blocks=plan.n_blocks) for series in molecules.T
        ),
        cycle_means=tuple(float(mean) for mean in molecules.mean(axis=0)),
        heat_k=tuple(
            isosteric_heats(
                molecules,
                energy,
                temperature=temperature,
                weights=weights,
                n_blocks=plan.n_blocks,
            )
        ),
        n_equilibration=left_out,
        n_cycles=len(total),
        equilibrated=not has_drift(total, n_blocks=plan.n_blocks),
    )


def _piece(plan: SamplingPlan, done: int) -> int:
    size = max(_SHORTEST_PIECE, plan.cycles // _PIECES)
    if done < plan.cycles:
        return min(size, plan.cycles - done)
    return min(max(size, done // 4), plan.max_cycles - done)


def _is_finished(plan: SamplingPlan, state: PointState, temperature: float) -> bool:
    if state.cycles < plan.cycles:
        return False
    if plan.wanted_error is None or state.cycles >= plan.max_cycles:
        return True
    found = averages(state, temperature=temperature, plan=plan).molecules
    return all(each.error <= plan.wanted_error * each.mean for each in found)


def _places(positions: Positions) -> tuple[tuple[tuple[float, float, float], ...], ...]:
    return tuple(
        tuple((float(x), float(y), float(z)) for x, y, z in each.reshape(-1, 3))
        for each in positions
    )


def _relay(
    progress: Progress | None, done: int, total: int, rung: Rung
) -> Callable[[int, tuple[int, ...]], None] | None:
    if progress is None:
        return None

    def relay(cycles: int, molecules: tuple[int, ...]) -> None:
        loaded = "+".join(str(n) for n in molecules)
        progress(
            min(1.0, (done + cycles) / max(total, done + cycles)),
            f"{rung.temperature:.0f} K, {loaded} molecules",
        )

    return relay
