"""The optimiser."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from porescope.training.config import TrainConfig  # noqa: E402
from porescope.training.optimizer import adamw  # noqa: E402


def test_only_matrices_decay() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2), nn.Linear(2, 1, bias=False))
    model[2].weight.requires_grad_(False)
    groups = adamw(model, config=TrainConfig(weight_decay=0.1)).param_groups
    assert [(len(g["params"]), g["weight_decay"]) for g in groups] == [(1, 0.1), (3, 0.0)]
    assert groups[0]["params"][0] is model[0].weight
