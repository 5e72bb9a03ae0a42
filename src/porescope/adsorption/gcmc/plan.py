"""How a state point is sampled: the way to it, how long, with which moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from porescope.adsorption.gas import Gas
from porescope.adsorption.gcmc.job import JobMoves
from porescope.errors import ConfigError

Start = Literal["previous", "empty", "full"]

_HEAT_PER_CRITICAL_TEMPERATURE = 13.0
_DENSE_BELOW = 0.75
_LADDER = (3.45, 2.65, 2.07, 1.67, 1.4, 1.2)
_OVERFILL = math.exp(2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingPlan:
    """Length and way of the sampling of one state point."""

    cycles: int = 10_000
    """Cycles at the state point, those of equilibration among them."""
    wanted_error: float | None = None
    """Relative half width of the 95 % interval of the loading at which a run may end; with it the
    run goes on beyond ``cycles`` until it is reached, or ``max_cycles``."""
    max_cycles: int = 200_000
    """Most cycles of a run that goes on until an error is reached."""
    anneal: Literal["auto", "never", "always"] = "auto"
    """Whether an empty box is filled at raised temperatures first; ``auto`` does so for a gas
    below 0.75 of its critical temperature, where insertion into a full pore nearly never works."""
    anneal_cycles: int = 200
    """Cycles at each raised temperature."""
    anneal_heat_k: float | None = None
    """Heat along which the fugacity follows the temperature, so that the loading about stays
    [K]; by default thirteen times the critical temperature."""
    start: Start = "previous"
    """Where a pressure starts: from the state of the pressure before, from an empty box, or from
    one filled beyond its equilibrium."""
    n_blocks: int = 10
    """Blocks of the error."""
    sample_every: int = 0
    """Cycles between two samples of the positions for the density; 0 takes none."""

    def __post_init__(self) -> None:
        if self.cycles < 50:
            raise ConfigError(f"expected at least 50 cycles, got {self.cycles}")
        if self.wanted_error is not None and not 0.0 < self.wanted_error < 1.0:
            raise ConfigError(f"expected a wanted error between 0 and 1, got {self.wanted_error:g}")
        if self.n_blocks < 5:
            raise ConfigError(f"expected at least five blocks, got {self.n_blocks}")
        if self.anneal_cycles < 1:
            raise ConfigError(f"expected a cycle or more of annealing, got {self.anneal_cycles}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A state on the way to the one that is wanted."""

    temperature: float
    """Temperature [K]."""
    fugacities_pa: tuple[float, ...]
    """Fugacity of each gas [Pa]."""


def rungs(
    plan: SamplingPlan,
    *,
    gases: Sequence[Gas],
    temperature: float,
    fugacities_pa: Sequence[float],
    from_empty: bool,
) -> tuple[Rung, ...]:
    """States through which an empty box is filled: hot and dense first, then along an isostere.

    Each fugacity is that of the wanted state times exp(h (1/T - 1/T')), so that with a heat h about
    right the loading stays while the temperature falls; what is inserted at the top can still move
    and order on the way.

    Parameters
    ----------
    plan:
        How to sample.
    gases:
        Gases.
    temperature:
        Temperature of the wanted state [K].
    fugacities_pa:
        Its fugacities [Pa].
    from_empty:
        Whether the box is empty.
    """
    coldest = min(temperature / gas.critical_temperature for gas in gases)
    dense = plan.anneal == "always" or (plan.anneal == "auto" and coldest < _DENSE_BELOW)
    full = plan.start == "full"
    if plan.anneal == "never" or not ((dense and from_empty) or full):
        return ()
    steps = []
    for factor in _LADDER:
        warm = temperature * factor
        raised = []
        for gas, fugacity in zip(gases, fugacities_pa, strict=True):
            heat = plan.anneal_heat_k or _HEAT_PER_CRITICAL_TEMPERATURE * gas.critical_temperature
            gain = math.exp(heat * (1.0 / temperature - 1.0 / warm))
            raised.append(fugacity * gain * (_OVERFILL if full else 1.0))
        steps.append(Rung(temperature=warm, fugacities_pa=tuple(raised)))
    return tuple(steps)


def moves_for(gases: Sequence[Gas]) -> JobMoves:
    """Moves that fit the gases: turns for molecules only, exchanges for mixtures only."""
    single = all(len(gas.beads) == 1 for gas in gases)
    return JobMoves(
        translation=1.0 if single else 0.5,
        rotation=0.0 if single else 0.5,
        reinsertion=0.2,
        swap=0.0,
        swap_biased=1.0,
        identity=0.0,
    )
