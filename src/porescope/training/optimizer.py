"""The optimiser of every training."""

from __future__ import annotations

import torch
from torch import nn

from porescope.training.config import TrainConfig


def adamw(model: nn.Module, *, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only, in torch's fused form.

    Parameters
    ----------
    model:
        The model; weights without gradient are left out.
    config:
        Settings of the training.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas, fused=True)
