"""Blocks of graph attention and feed-forward layers on spherical features."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from porescope.models.property_x3mat.config import X3matConfig
from porescope.models.property_x3mat.layers import (
    DegreeLinear,
    DegreeNorm,
    FrameConvolution,
    SphereActivation,
    segment_softmax,
    smooth_leaky_relu,
)
from porescope.nn.mlp import mlp


class EdgeScalars(nn.Module):
    """What does not turn of an edge: its length in Gaussians and the elements at both ends.

    Parameters
    ----------
    config:
        The preset's settings.
    n_out:
        Numbers made.
    n_elements:
        Length of the table of elements.
    """

    def __init__(self, config: X3matConfig, n_out: int, *, n_elements: int) -> None:
        super().__init__()
        width = config.edge_channels
        self.receiver = nn.Embedding(n_elements, width)
        self.sender = nn.Embedding(n_elements, width)
        for table in (self.receiver, self.sender):
            nn.init.uniform_(table.weight, -0.001, 0.001)
        self.first = nn.Linear(config.n_gaussians + 2 * width, width)
        self.rest = nn.Sequential(
            nn.LayerNorm(width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.LayerNorm(width),
            nn.SiLU(),
            nn.Linear(width, n_out),
        )

    def forward(
        self,
        gaussians: Float[Tensor, "edges gaussians"],
        numbers: Int[Tensor, "atoms"],
        edges: Int[Tensor, "2 edges"],
    ) -> Float[Tensor, "edges outputs"]:
        """Numbers of the edges."""
        ends = [self.receiver(numbers)[edges[0]], self.sender(numbers)[edges[1]]]
        return self.rest(self.first(torch.cat([gaussians, *ends], dim=1)))


class Attention(nn.Module):
    """Messages in the frames of edges, weighted by what does not turn of them.

    Parameters
    ----------
    config:
        The preset's settings.
    n_elements:
        Length of the table of elements.
    """

    spread: Tensor

    def __init__(self, config: X3matConfig, *, n_elements: int) -> None:
        super().__init__()
        self.config = config
        degrees_of = {"l_max": config.l_max, "m_max": config.m_max}
        sizes = [config.l_max + 1 - m for m in range(config.m_max + 1)]
        self.radial = EdgeScalars(config, sum(sizes) * 2 * config.channels, n_elements=n_elements)
        parts = torch.arange(sum(sizes)).split(sizes)
        spread = torch.cat([parts[0], *(part for part in parts[1:] for _ in "+-")])
        self.register_buffer("spread", spread, persistent=False)
        n_alpha = config.heads * config.alpha_channels
        self.first = FrameConvolution(
            2 * config.channels, config.hidden, **degrees_of, n_extra=n_alpha + config.hidden
        )
        self.activation = SphereActivation(**degrees_of, points=config.grid)
        n_values = config.heads * config.value_channels
        self.second = FrameConvolution(config.hidden, n_values, **degrees_of)
        self.alpha_norm = nn.LayerNorm(config.alpha_channels)
        self.alpha = nn.Parameter(torch.empty(config.heads, config.alpha_channels))
        nn.init.uniform_(self.alpha, -(config.alpha_channels**-0.5), config.alpha_channels**-0.5)
        self.dropout = nn.Dropout(config.alpha_dropout)
        self.out = DegreeLinear(n_values, config.channels, l_max=config.l_max)

    def forward(
        self,
        x: Float[Tensor, "atoms components channels"],
        numbers: Int[Tensor, "atoms"],
        edges: Int[Tensor, "2 edges"],
        gaussians: Float[Tensor, "edges gaussians"],
        frames: Float[Tensor, "edges kept components"],
    ) -> Float[Tensor, "atoms components channels"]:
        """What each atom is told."""
        receiver, sender = edges
        heads = self.config.heads
        ends = frames @ torch.cat([x[receiver], x[sender]], dim=2)
        radial = self.radial(gaussians, numbers, edges).unflatten(1, (-1, ends.shape[2]))
        message, extra = self.first(ends * radial[:, self.spread])
        alpha, scalars = extra.split(
            [heads * self.config.alpha_channels, self.config.hidden], dim=1
        )
        message, _ = self.second(self.activation(message, scalars))
        alpha = smooth_leaky_relu(self.alpha_norm(alpha.unflatten(1, (heads, -1))))
        logits = (alpha * self.alpha).sum(dim=2)
        weight = segment_softmax(logits, receiver=receiver, n_atoms=len(x))
        weight = self.dropout(weight).repeat_interleave(self.config.value_channels, dim=1)
        back = frames.mT @ (message * weight[:, None])
        told = back.new_zeros(len(x), *back.shape[1:]).index_add(0, receiver, back)
        return self.out(told)


class FeedForward(nn.Module):
    """Layers of each atom on the grid of the sphere.

    Parameters
    ----------
    config:
        The preset's settings.
    """

    def __init__(self, config: X3matConfig) -> None:
        super().__init__()
        hidden = config.hidden
        self.up = DegreeLinear(config.channels, hidden, l_max=config.l_max)
        self.scalars = nn.Linear(config.channels, hidden)
        self.points = mlp([hidden, hidden, hidden, hidden])
        self.activation = SphereActivation(l_max=config.l_max, m_max=None, points=config.grid)
        self.down = DegreeLinear(hidden, config.channels, l_max=config.l_max)

    def forward(
        self, x: Float[Tensor, "atoms components channels"]
    ) -> Float[Tensor, "atoms components channels"]:
        """The features, changed."""
        return self.down(self.activation(self.up(x), self.scalars(x[:, 0]), self.points))


class Block(nn.Module):
    """Attention and feed-forward layer, each after a norm and added to its input.

    Parameters
    ----------
    config:
        The preset's settings.
    n_elements:
        Length of the table of elements.
    """

    def __init__(self, config: X3matConfig, *, n_elements: int) -> None:
        super().__init__()
        self.attention_norm = DegreeNorm(config.channels, l_max=config.l_max)
        self.attention = Attention(config, n_elements=n_elements)
        self.forward_norm = DegreeNorm(config.channels, l_max=config.l_max)
        self.feed_forward = FeedForward(config)

    def forward(
        self,
        x: Float[Tensor, "atoms components channels"],
        numbers: Int[Tensor, "atoms"],
        edges: Int[Tensor, "2 edges"],
        gaussians: Float[Tensor, "edges gaussians"],
        frames: Float[Tensor, "edges kept components"],
    ) -> Float[Tensor, "atoms components channels"]:
        """The features after the block."""
        x = x + self.attention(self.attention_norm(x), numbers, edges, gaussians, frames)
        return x + self.feed_forward(self.forward_norm(x))
