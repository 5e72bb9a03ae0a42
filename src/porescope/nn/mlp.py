"""Fully connected layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def mlp(sizes: Sequence[int], *, dropout: float = 0.0, last_norm: bool = False) -> nn.Sequential:
    """Linear layers with SiLU between them.

    Parameters
    ----------
    sizes:
        Width of the input, of each hidden layer, and of the output.
    dropout:
        Share of hidden values that are dropped while training.
    last_norm:
        Whether a layer norm follows the last layer.
    """
    layers: list[nn.Module] = []
    for place, (n_in, n_out) in enumerate(pairwise(sizes)):
        layers.append(nn.Linear(n_in, n_out))
        if place < len(sizes) - 2:
            layers.append(nn.SiLU())
            if dropout > 0.0:
                layers.append(nn.Dropout(dropout))
    if last_norm:
        layers.append(nn.LayerNorm(sizes[-1]))
    return nn.Sequential(*layers)
