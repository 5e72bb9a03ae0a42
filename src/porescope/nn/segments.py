"""Sums over packed rows that belong together."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor


def segment_sum(
    values: Float[Tensor, "rows features"], *, batch: Int[Tensor, "rows"], n_members: int
) -> Float[Tensor, "members features"]:
    """Sum of each member's rows.

    Parameters
    ----------
    values:
        Packed rows.
    batch:
        The member that each row belongs to.
    n_members:
        Number of members; one without rows gets zeros.
    """
    total = values.new_zeros((n_members, values.shape[1]))
    return total.index_add(0, batch, values)


def segment_mean(
    values: Float[Tensor, "rows features"], *, batch: Int[Tensor, "rows"], n_members: int
) -> Float[Tensor, "members features"]:
    """Mean of each member's rows; zeros for a member without rows."""
    counts = values.new_zeros(n_members).index_add(0, batch, values.new_ones(len(batch)))
    total = segment_sum(values, batch=batch, n_members=n_members)
    return total / counts.clamp(min=1.0).unsqueeze(-1)
