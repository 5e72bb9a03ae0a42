"""What the loop trains on: a task makes batches, computes a loss, and measures a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int
from torch import Tensor, nn

from porescope.nn.parallel import process_count, process_rank


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """What a checkpoint's card says about the data."""

    data_hash: str
    """Hash of everything that was trained on."""
    split: str
    """Name of the split whose training side it was."""
    n_examples: int
    """Number of training examples."""
    licence: str
    """Licence of the weights, from those of the data."""
    more: dict[str, str | int | float] = field(default_factory=dict)
    """Anything else worth writing down."""


@runtime_checkable
class Task(Protocol):
    """One thing to learn.

    A batch is whatever :meth:`loss` reads; it must have ``to(device)`` and a length.
    """

    @property
    def facts(self) -> TaskFacts:
        """What the card says about the data."""
        ...

    @property
    def batches_per_epoch(self) -> int:
        """Number of batches of an epoch, the same for each process and epoch."""
        ...

    @property
    def watched(self) -> str:
        """The metric of :meth:`validate` that chooses the best weights; higher is better."""
        ...

    def batches(self, epoch: int, generator: np.random.Generator) -> Iterator[Any]:
        """The batches of an epoch.

        They must follow from the arguments alone: the loop makes an epoch again to resume within
        it. The generator differs between processes; :func:`epoch_order` gives each process its
        share of one order. They are made in a thread beside the training, which therefore must
        draw from nothing but ``generator``.
        """
        ...

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        """The loss of a batch, a scalar to be minimised."""
        ...

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Metrics of the model on the validation side, the same names each time.

        The model is in evaluation mode on its device and no gradient is kept.
        """
        ...


def epoch_order(n_examples: int, *, epoch: int, seed: int) -> Int[np.ndarray, "share"]:
    """The places of the examples that this process sees in an epoch, shuffled.

    All processes shuffle alike and take every n-th place, each as many as the others.

    Parameters
    ----------
    n_examples:
        Number of examples.
    epoch:
        Number of the epoch.
    seed:
        Seed of the run.
    """
    order = np.random.default_rng([seed, epoch, 7]).permutation(n_examples)
    share = n_examples // process_count()
    return order[process_rank() :: process_count()][:share]
