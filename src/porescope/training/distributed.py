"""Several processes that train one model (``torchrun``).

Each process takes its share of every epoch, and the gradients are averaged in one reduction over
all weights. torch's ``DistributedDataParallel`` wraps one call of ``forward`` per step and overlaps
the reduction with the backward pass; the encoders here are called many times a step (chunks whose
activations are recomputed), and the models are small enough that the overlap gains nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch import distributed as dist

from porescope.nn.parallel import process_count


@contextmanager
def process_group(device: torch.device) -> Iterator[torch.device]:
    """Join the processes that ``torchrun`` started; alone, nothing.

    Parameters
    ----------
    device:
        The kind of device; on GPUs each process gets the one of its local rank.

    Yields
    ------
    :
        The device of this process.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or dist.is_initialized():
        yield device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()


def share_weights(model: nn.Module) -> None:
    """Give every process the weights and buffers of the first."""
    if process_count() > 1:
        for tensor in (*model.parameters(), *model.buffers()):
            dist.broadcast(tensor.data, src=0)


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace each gradient by its mean over the processes; a missing one counts as zero."""
    if process_count() == 1:
        return
    held = [p for p in parameters if p.requires_grad]
    for p in held:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    flat = torch.cat([p.grad.flatten() for p in held if p.grad is not None])
    dist.all_reduce(flat)
    flat /= process_count()
    start = 0
    for p in held:
        assert p.grad is not None
        p.grad.copy_(flat[start : start + p.numel()].view_as(p))
        start += p.numel()


def decided(flag: bool, *, device: torch.device) -> bool:
    """What the first process decides, known to all."""
    if process_count() == 1:
        return flag
    held = torch.tensor(float(flag), device=device)
    dist.broadcast(held, src=0)
    return bool(held.item())
