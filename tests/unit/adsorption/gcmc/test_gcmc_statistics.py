"""Averages over series whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from porescope.adsorption.gcmc.statistics import (
    blocks,
    cycle_weights,
    equilibration_cycles,
    estimate,
    half_width,
    has_drift,
    isosteric_heats,
)
from porescope.errors import ConfigError


def autoregressive(n: int, *, memory: float, rng: np.random.Generator) -> np.ndarray:
    """A stationary series of unit variance whose correlation falls by ``memory`` a step."""
    noise = rng.normal(size=n) * np.sqrt(1.0 - memory**2)
    noise[0] = rng.normal()
    return lfilter([1.0], [1.0, -memory], noise)


def test_block_error_of_correlated_series_covers_its_mean():
    rng = np.random.default_rng(1)
    memory, n = 0.9, 20_000
    exact = np.sqrt((1 + memory) / (1 - memory) / n)
    found = [estimate(autoregressive(n, memory=memory, rng=rng)) for _ in range(200)]
    covered = np.mean([abs(each.mean) <= each.error for each in found])
    assert 0.91 <= covered <= 0.985
    # Half width over Student's t is the standard error.
    assert np.mean([each.error for each in found]) / 2.262 == pytest.approx(exact, rel=0.06)


def test_naive_error_would_be_too_small():
    series = autoregressive(20_000, memory=0.95, rng=np.random.default_rng(2))
    assert estimate(series).error > 3.0 * 1.96 * series.std() / np.sqrt(len(series))


def test_half_width_of_five_values():
    # Student's t for 4 degrees of freedom is 2.776; the standard error of 1..5 is sqrt(0.5).
    assert half_width(np.array([1.0, 2.0, 3.0, 4.0, 5.0])) == pytest.approx(
        2.776 * 0.7071, abs=1e-3
    )


@pytest.mark.parametrize(("cycles", "n_blocks"), [(100, 4), (5, 10)])
def test_blocks_refuse(cycles: int, n_blocks: int):
    with pytest.raises(ConfigError):
        blocks(cycles, n_blocks=n_blocks)


def test_blocks_hold_every_cycle_once():
    pieces = blocks(103, n_blocks=10)
    assert np.array_equal(np.concatenate([np.arange(103)[p] for p in pieces]), np.arange(103))


def test_equilibration_of_a_rising_series_is_found():
    rng = np.random.default_rng(3)
    cycles = np.arange(4000)
    series = 100.0 * (1.0 - np.exp(-cycles / 150.0)) + autoregressive(4000, memory=0.8, rng=rng)
    left_out = equilibration_cycles(series)
    assert 450 <= left_out <= 1400
    assert abs(series[left_out:].mean() - 100.0) < 0.5 < abs(series.mean() - 100.0)


def test_equilibrated_series_keeps_most_cycles():
    rng = np.random.default_rng(4)
    left = [equilibration_cycles(autoregressive(4000, memory=0.5, rng=rng)) for _ in range(20)]
    assert np.median(left) < 800


def test_constant_series_is_equilibrated():
    assert equilibration_cycles(np.full(100, 7.0)) == 0
    assert not has_drift(np.full(100, 7.0))


def test_drift_is_seen_and_noise_is_not():
    rng = np.random.default_rng(5)
    noise = autoregressive(5000, memory=0.5, rng=rng)
    assert has_drift(100.0 + noise + np.linspace(0.0, 5.0, 5000))
    false = [has_drift(100.0 + autoregressive(2000, memory=0.5, rng=rng)) for _ in range(100)]
    assert np.mean(false) <= 0.05


def test_small_change_is_no_drift():
    rng = np.random.default_rng(6)
    assert not has_drift(100.0 + 1e-3 * rng.normal(size=5000) + np.linspace(0.0, 0.1, 5000))


def birth_and_death(mean: float, *, cycles: int, share: float, rng: np.random.Generator):
    """Molecules of an ideal gas at the ends of cycles with as many moves as molecules.

    Every move tries an insertion or a removal with the probability ``share``.
    """
    n, out = int(mean), np.empty((cycles, 1))
    for cycle in range(cycles):
        moves = max(n, 20)
        kind, chance = rng.random(moves), rng.random(moves)
        for move in range(moves):
            if kind[move] < 0.5 * share:
                n += chance[move] < mean / (n + 1)
            elif kind[move] < share and n:
                n -= chance[move] < n / mean
        out[cycle] = n
    return out


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_weights_undo_the_bias_of_cycles(share: float):
    mean = 40.0
    series = birth_and_death(mean, cycles=10_000, share=share, rng=np.random.default_rng(7))
    plain = estimate(series[:, 0])
    weighted = estimate(series[:, 0], weights=cycle_weights(series))
    # The plain mean is about one molecule low: far beyond its own error.
    assert plain.mean < mean - 1.5 * plain.error
    assert abs(weighted.mean - mean) < 1.5 * weighted.error


def test_weights_of_few_molecules_are_one():
    # Fewer than twenty molecules: all cycles have twenty moves.
    series = np.random.default_rng(8).integers(0, 20, size=(500, 1)).astype(float)
    assert np.allclose(cycle_weights(series), 1.0)


def test_heat_of_molecules_with_fixed_energy():
    rng = np.random.default_rng(9)
    molecules = rng.poisson(30.0, size=(5000, 2)).astype(float)
    energy = molecules @ np.array([-1000.0, -2500.0]) + rng.normal(size=5000)
    heats = isosteric_heats(molecules, energy, temperature=300.0)
    assert [each.mean for each in heats] == pytest.approx([1300.0, 2800.0], abs=0.5)
    assert all(each.error < 1.0 for each in heats)


def test_heat_without_fluctuations_is_unknown():
    heats = isosteric_heats(np.full((50, 1), 8.0), np.zeros(50), temperature=87.0)
    assert np.isnan(heats[0].mean)
