"""Weights averaged over the steps of a training (torch's own averaged model)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def averaged(model: nn.Module, *, decay: float) -> AveragedModel:
    """An exponential average of a model's weights.

    Early in a training the average looks back over fewer steps: after n updates the decay is at
    most (1 + n) / (10 + n), so that the random start is soon forgotten.

    Parameters
    ----------
    model:
        The model; of its buffers the average keeps the newest.
    decay:
        Decay per step.
    """
    return AveragedModel(model, multi_avg_fn=_average(decay))


def _average(decay: float) -> Callable[[Any, Any, Any], None]:
    def update(mean: Any, current: Any, n_averaged: Any) -> None:
        n = float(n_averaged)
        get_ema_multi_avg_fn(min(decay, (1.0 + n) / (10.0 + n)))(mean, current, n_averaged)

    return update
