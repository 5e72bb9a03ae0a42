"""Averaged weights."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from porescope.training.ema import averaged  # noqa: E402


def _constant(value: float) -> nn.Linear:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    return layer


def test_the_start_is_soon_forgotten() -> None:
    layer = _constant(0.0)
    mean = averaged(layer, decay=0.999)
    mean.update_parameters(layer)
    nn.init.constant_(layer.weight, 1.0)
    expected = 0.0
    for n in range(1, 40):
        mean.update_parameters(layer)
        decay = min(0.999, (1.0 + n) / (10.0 + n))
        expected = decay * expected + (1.0 - decay)
    assert mean.module.weight.item() == pytest.approx(expected, rel=1e-5)
    assert expected > 0.9999


def test_the_decay_is_reached() -> None:
    layer = _constant(0.0)
    mean = averaged(layer, decay=0.5)
    for _ in range(20):
        mean.update_parameters(layer)
    nn.init.constant_(layer.weight, 1.0)
    mean.update_parameters(layer)
    assert mean.module.weight.item() == pytest.approx(0.5)


def test_counters_are_copied() -> None:
    norm = nn.BatchNorm1d(2)
    mean = averaged(norm, decay=0.9)
    norm.train()(torch.ones(3, 2))
    mean.update_parameters(norm)
    norm(torch.ones(3, 2))
    mean.update_parameters(norm)
    assert int(mean.module.num_batches_tracked) == 2
