"""A transformer on sets: no order, any number of members, masked slots never read."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from porescope.errors import ConfigError
from porescope.nn.mlp import mlp


def key_mask(mask: Bool[Tensor, "sets members"]) -> Bool[Tensor, "sets 1 1 members"]:
    """Which members may be attended to; all slots of an empty set, lest a softmax has none."""
    return (mask | ~mask.any(dim=1, keepdim=True))[:, None, None, :]


class Attention(nn.Module):
    """Attention of queries over the members of a set.

    Parameters
    ----------
    width:
        Width of the members.
    n_heads:
        Number of heads; divides the width.
    """

    def __init__(self, width: int, *, n_heads: int) -> None:
        super().__init__()
        if width % n_heads:
            raise ConfigError(
                f"the width {width} must be a multiple of the number of heads {n_heads}"
            )
        self.n_heads = n_heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(
        self,
        queries: Float[Tensor, "sets queries width"],
        members: Float[Tensor, "sets members width"],
        keys: Bool[Tensor, "sets 1 1 members"],
    ) -> Float[Tensor, "sets queries width"]:
        """What each query gathers from the members of its set."""
        q = self._heads(self.query(queries))
        k, v = (self._heads(part) for part in self.key_value(members).chunk(2, dim=-1))
        gathered = F.scaled_dot_product_attention(q, k, v, attn_mask=keys)
        return self.out(gathered.transpose(1, 2).flatten(2))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)


class SetBlock(nn.Module):
    """One pre-norm layer: self-attention, then a two-layer network, each added to its input.

    Parameters
    ----------
    width, n_heads:
        See :class:`Attention`.
    expansion:
        Hidden width over width.
    dropout:
        Share of values dropped while training.
    """

    def __init__(
        self, width: int, *, n_heads: int, expansion: int = 4, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.attention = Attention(width, n_heads=n_heads)
        self.norm_network = nn.LayerNorm(width)
        self.network = mlp((width, expansion * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "sets members width"], keys: Bool[Tensor, "sets 1 1 members"]
    ) -> Float[Tensor, "sets members width"]:
        """The members, each having seen the others."""
        normed = self.norm_attention(x)
        x = x + self.dropout(self.attention(normed, normed, keys))
        return x + self.dropout(self.network(self.norm_network(x)))


class SetTransformer(nn.Module):
    """Pre-norm transformer layers on padded sets (Lee et al. 2019, without order).

    Parameters
    ----------
    width, n_heads, expansion, dropout:
        See :class:`SetBlock`.
    n_layers:
        Number of layers.
    """

    def __init__(
        self,
        width: int,
        *,
        n_layers: int,
        n_heads: int,
        expansion: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            SetBlock(width, n_heads=n_heads, expansion=expansion, dropout=dropout)
            for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(
        self, x: Float[Tensor, "sets members width"], mask: Bool[Tensor, "sets members"]
    ) -> Float[Tensor, "sets members width"]:
        """The members after all layers; what stands in masked slots means nothing."""
        keys = key_mask(mask)
        for block in self.blocks:
            x = block(x, keys)
        return self.norm(x)


class AttentionPool(nn.Module):
    """Learned queries that gather a set into a fixed number of vectors.

    Parameters
    ----------
    width, n_heads:
        See :class:`Attention`.
    n_seeds:
        Number of vectors.
    """

    def __init__(self, width: int, *, n_heads: int, n_seeds: int = 1) -> None:
        super().__init__()
        self.seeds = nn.Parameter(torch.randn(n_seeds, width) * width**-0.5)
        self.attention = Attention(width, n_heads=n_heads)
        self.n_seeds = n_seeds

    def forward(
        self, x: Float[Tensor, "sets members width"], mask: Bool[Tensor, "sets members"]
    ) -> Float[Tensor, "sets pooled"]:
        """The gathered vectors of each set, side by side; zeros for an empty set."""
        queries = self.seeds.expand(len(x), -1, -1)
        pooled = self.attention(queries, x, key_mask(mask)).flatten(1)
        return pooled * mask.any(dim=1, keepdim=True)


def masked_mean(
    x: Float[Tensor, "sets members width"], mask: Bool[Tensor, "sets members"]
) -> Float[Tensor, "sets width"]:
    """Mean over the members of each set; zeros for an empty set."""
    weight = mask.unsqueeze(-1).to(x.dtype)
    return torch.where(mask.unsqueeze(-1), x, 0.0).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)
