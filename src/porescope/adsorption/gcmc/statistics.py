r"""Averages over the cycles of a run: weights, equilibration, block errors, drift, heats.

The engine's cycle has as many moves as there are molecules at its start (at least twenty a gas), so
states with many molecules are looked at more seldom than they occur: the plain mean over cycles is
low by up to var(N)/N, one molecule of an ideal gas. :func:`cycle_weights` undoes that.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import stats

from porescope.adsorption.gcmc.job import MINIMUM_STEPS
from porescope.errors import ConfigError

Matrix = Float[np.ndarray, "cycles gases"]
Series = Float[np.ndarray, "cycles"]


def equilibration_cycles(series: Series, *, batch: int = 5) -> int:
    r"""Cycles to leave out at the start, by the marginal standard error rule on means of five.

    .. math:: d^* = \arg\min_d \frac{1}{(n-d)^2} \sum_{i>d} (Y_i - \bar Y_d)^2

    The least is sought in the first half: where it lies beyond, half of the run is left out, and
    the drift test tells whether that was enough.

    Source: K. P. White, Simulation 69 (1997) 323, https://doi.org/10.1177/003754979706900601.

    Parameters
    ----------
    series:
        Quantity over the cycles.
    batch:
        Cycles in one mean.
    """
    n = len(series) // batch
    if n < 4:
        return 0
    means = series[: n * batch].reshape(n, batch).mean(axis=1)
    # Sums from each point to the end, about the overall mean for accuracy.
    centred = means - means.mean()
    left = np.arange(n, 0, -1)
    total = np.cumsum(centred[::-1])[::-1]
    square = np.cumsum((centred**2)[::-1])[::-1]
    score = (square - total**2 / left) / left**2
    return int(np.argmin(score[: n // 2 + 1])) * batch


def cycle_weights(molecules: Matrix) -> Series:
    r"""Weights that undo the sampling by cycles of unequal length.

    With n moves in the cycle that follows a state, and a = -ln of the correlation of successive
    cycles, the mean over cycles of x is low by cov(n, x)/n times a/(exp(a) - 1), which is 1 for
    slow and 0 for fast changes; the weights 1 + b (n/mean(n) - 1) put that back.

    Parameters
    ----------
    molecules:
        Molecules of each gas at the end of each cycle.

    Returns
    -------
    :
        Weights with the mean 1.
    """
    total = molecules.sum(axis=1).astype(np.float64)
    moves = np.maximum(total, MINIMUM_STEPS)
    centred = total - total.mean()
    variance = float(centred @ centred)
    if variance == 0.0 or len(total) < 3:
        return np.ones(len(total))
    correlation = float(centred[1:] @ centred[:-1]) / variance
    if correlation <= 1e-3:
        return np.ones(len(total))
    rate = max(-np.log(min(correlation, 1.0)), 1e-9)
    share = rate / np.expm1(rate)
    return 1.0 + share * (moves / moves.mean() - 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    """Mean over the cycles."""
    error: float
    """Half width of the 95 % interval, Student's t over blocks."""


def estimate(series: Series, *, weights: Series | None = None, n_blocks: int = 10) -> Estimate:
    """Mean and its 95 % interval from means of blocks.

    Parameters
    ----------
    series:
        Quantity over the cycles.
    weights:
        Weight of each cycle.
    n_blocks:
        Number of blocks, at least five.

    Raises
    ------
    ConfigError
        For fewer than five blocks, or fewer cycles than blocks.
    """
    w = np.ones(len(series)) if weights is None else weights
    parts = blocks(len(series), n_blocks=n_blocks)
    means = np.array([np.average(series[part], weights=w[part]) for part in parts])
    return Estimate(mean=float(np.average(series, weights=w)), error=half_width(means))


def blocks(n_cycles: int, *, n_blocks: int) -> list[slice]:
    """Equal pieces of a series, the remainder in the first ones."""
    if n_blocks < 5:
        raise ConfigError(f"expected at least five blocks, got {n_blocks}")
    if n_cycles < n_blocks:
        raise ConfigError(f"expected at least {n_blocks} cycles, got {n_cycles}")
    edges = np.linspace(0, n_cycles, n_blocks + 1).astype(int)
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(edges)]


def half_width(values: Float[np.ndarray, "blocks"]) -> float:
    """Half width of the 95 % interval of the mean of independent values."""
    n = len(values)
    return float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))


def has_drift(
    series: Series, *, n_blocks: int = 10, level: float = 0.01, least: float = 0.005
) -> bool:
    """Whether block means rise or fall over the run more than chance would have it.

    Parameters
    ----------
    series:
        Quantity over the cycles.
    n_blocks:
        Number of blocks.
    level:
        Significance of the slope at which it counts.
    least:
        Change over the run, as a share of the mean, below which a slope does not matter.
    """
    means = np.array([series[part].mean() for part in blocks(len(series), n_blocks=n_blocks)])
    if np.ptp(means) == 0.0:
        return False
    # Slope, intercept, correlation, probability of chance, error.
    slope, _, _, chance, _ = np.asarray(stats.linregress(np.arange(n_blocks), means), dtype=float)
    change = abs(slope) * (n_blocks - 1)
    return bool(chance < level and change > least * abs(means.mean()))


def isosteric_heats(
    molecules: Matrix,
    energy_k: Series,
    *,
    temperature: float,
    weights: Series | None = None,
    n_blocks: int = 10,
) -> list[Estimate]:
    r"""Isosteric heat of each gas from fluctuations, over Boltzmann's constant [K].

    .. math:: q_i = T - \sum_j \mathrm{cov}(U, N_j) \left[\mathrm{cov}(N, N)^{-1}\right]_{ji}

    NaN where the loading does not fluctuate. The error comes from leaving blocks out in turn.
    Source: Karavias and Myers, Langmuir 7 (1991) 3118, https://doi.org/10.1021/la00060a035.

    Parameters
    ----------
    molecules:
        Molecules of each gas at the end of each cycle.
    energy_k:
        Energy of all molecules over Boltzmann's constant [K].
    temperature:
        Temperature [K].
    weights:
        Weight of each cycle.
    n_blocks:
        Number of blocks.
    """
    w = np.ones(len(energy_k)) if weights is None else weights
    n_gases = molecules.shape[1]
    whole = _heats(molecules, energy_k, w, temperature)
    keep = np.ones(len(energy_k), dtype=bool)
    left_out = np.empty((n_blocks, n_gases))
    for row, part in enumerate(blocks(len(energy_k), n_blocks=n_blocks)):
        keep[part] = False
        left_out[row] = _heats(molecules[keep], energy_k[keep], w[keep], temperature)
        keep[part] = True
    # Jackknife: the spread of the values with one block left out.
    spread = np.sqrt((n_blocks - 1) ** 2 / n_blocks * left_out.var(axis=0, ddof=1))
    factor = stats.t.ppf(0.975, n_blocks - 1)
    return [
        Estimate(mean=float(q), error=float(factor * s)) for q, s in zip(whole, spread, strict=True)
    ]


def _heats(
    molecules: Matrix, energy_k: Series, weights: Series, temperature: float
) -> Float[np.ndarray, "gases"]:
    n_gases = molecules.shape[1]
    centred = molecules - np.average(molecules, axis=0, weights=weights)
    energy = energy_k - np.average(energy_k, weights=weights)
    cross = (weights * energy) @ centred / weights.sum()
    among = (weights[:, None] * centred).T @ centred / weights.sum()
    if np.linalg.matrix_rank(among, tol=1e-9) < n_gases:
        return np.full(n_gases, np.nan)
    return temperature - np.linalg.solve(among, cross)
