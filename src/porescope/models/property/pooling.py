"""How what the places say becomes a property of the crystal, and each place's part in it."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from porescope.nn.segments import segment_sum

CHANNELS = {"mean": 1, "weighted": 2, "frontier": 3}
"""Numbers per target that a place gives, by the way of pooling."""
_MOST = 30.0  # largest exponent


def pooled(
    said: Float[Tensor, "places channels targets"],
    *,
    how: str,
    weight: Float[Tensor, "places"],
    crystal: Int[Tensor, "places"],
    n_crystals: int,
    softness: float,
) -> tuple[Float[Tensor, "crystals targets"], Float[Tensor, "places targets"]]:
    """Values of the crystals, and contributions whose weighted means they are.

    With ``mean`` a contribution is what the place says, which depends on its window alone. With
    the others what a place says is as local, while its share also depends on how the other places
    compare: one number per crystal and extreme.

    Parameters
    ----------
    said:
        What each place says.
    how:
        ``mean``, ``weighted`` or ``frontier``.
    weight:
        Share of the crystal that each place stands for.
    crystal:
        The crystal of each place.
    n_crystals:
        Number of crystals.
    softness:
        Breadth of the extremes.
    """

    def mean(values: Float[Tensor, "places targets"]) -> Float[Tensor, "crystals targets"]:
        return segment_sum(values * weight[:, None], batch=crystal, n_members=n_crystals)

    def share(score: Float[Tensor, "places targets"]) -> Float[Tensor, "places targets"]:
        top = score.new_full((n_crystals, score.shape[1]), -torch.inf)
        top = top.scatter_reduce(0, crystal[:, None].expand_as(score), score.detach(), "amax")
        heavy = torch.exp(score - top[crystal])
        return heavy / mean(heavy)[crystal]

    if how == "mean":
        parts = said[:, 0]
    elif how == "weighted":
        parts = share(said[:, 1].clamp(-_MOST, _MOST)) * said[:, 0]
    else:
        empty, occupied = said[:, 0], said[:, 1]
        parts = (
            share(-empty / softness) * empty - share(occupied / softness) * occupied + said[:, 2]
        )
    return mean(parts), parts
