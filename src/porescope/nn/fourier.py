"""Sines and cosines of a number, so that a network sees small differences of it."""

from __future__ import annotations

from math import pi

import torch
from jaxtyping import Float
from torch import Tensor, nn


class FourierFeatures(nn.Module):
    r"""Sines and cosines of numbers at fixed frequencies.

    .. math:: x \mapsto [\sin 2\pi f_k x, \cos 2\pi f_k x]_k

    The frequencies are a geometric series, or 1, 2, …, n for something periodic with period 1
    (fractional differences). They are computed in float32 also where the network runs in bfloat16,
    whose eight bits of mantissa would lose the phase.

    Parameters
    ----------
    n_frequencies:
        Number of frequencies.
    lowest, highest:
        Ends of the geometric series [1/unit of x]; without them 1, 2, …, n.
    """

    frequencies: Tensor

    def __init__(
        self, n_frequencies: int, *, lowest: float | None = None, highest: float | None = None
    ) -> None:
        super().__init__()
        if lowest is None or highest is None:
            frequencies = torch.arange(1, n_frequencies + 1, dtype=torch.float32)
        else:
            steps = torch.linspace(0.0, 1.0, n_frequencies)
            frequencies = lowest * (highest / lowest) ** steps
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.width = 2 * n_frequencies

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape features"]:
        """Sines, then cosines, along a new last axis."""
        angle = (2.0 * pi) * x.float().unsqueeze(-1) * self.frequencies
        return torch.cat((angle.sin(), angle.cos()), dim=-1)
