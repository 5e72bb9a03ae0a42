"""Tensors of all processes of a distributed run, with gradients."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor
from torch import distributed as dist


def process_count() -> int:
    """Number of processes that train together; 1 outside of a distributed run."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def process_rank() -> int:
    """Number of this process among them, from 0."""
    return dist.get_rank() if process_count() > 1 else 0


class _Gather(torch.autograd.Function):
    """All processes' rows; the gradient of a row is summed over the processes that used it."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.n_rows = len(rows)
        parts = [torch.empty_like(rows) for _ in range(process_count())]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Tensor:
        total = grads[0].contiguous()
        dist.all_reduce(total)
        start = process_rank() * ctx.n_rows
        return total[start : start + ctx.n_rows]


def gathered(rows: Shaped[Tensor, "rows *rest"]) -> Shaped[Tensor, "all_rows *rest"]:
    """Rows of all processes, in the order of the processes; each must bring as many.

    Gradients flow back to the process that made a row. Alone, the rows themselves.
    """
    if process_count() == 1:
        return rows
    return _Gather.apply(rows)  # type: ignore[return-value]
