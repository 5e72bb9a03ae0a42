"""Numbers below the smallest normal one, which a training takes as zero."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from porescope.errors import MissingExtraError

try:
    import torch
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error


def are_small_numbers_zero() -> bool:
    """Whether the processor takes them as zero, in this thread; a new thread does as its maker."""
    return not np.any(np.array([1e-310]) * 1.0)


@contextmanager
def small_numbers_as_zero() -> Iterator[None]:
    """Take them as zero; processors are slow with them."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@contextmanager
def small_numbers_kept() -> Iterator[None]:
    """Take them as they are in this thread, where a training takes them as zero.

    Trees of points, as searches for neighbours and for symmetry build them, do not end otherwise.
    """
    are_zero = are_small_numbers_zero()
    if are_zero:
        torch.set_flush_denormal(False)
    try:
        yield
    finally:
        if are_zero:
            torch.set_flush_denormal(True)
