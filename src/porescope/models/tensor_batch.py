"""Batches of tensors that move together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from porescope.errors import MissingExtraError

try:
    import torch
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

Made = TypeVar("Made", bound="TensorBatch")


def changed(inputs: Made, change: Callable[[str, Any], Any]) -> Made:
    """The same batch with all fields changed but those that are None.

    Parameters
    ----------
    inputs:
        A batch.
    change:
        Makes the new value of a field from its name and value.
    """
    values = {field.name: getattr(inputs, field.name) for field in fields(inputs)}  # type: ignore[arg-type]
    new = {name: None if v is None else change(name, v) for name, v in values.items()}
    return type(inputs)(**new)


class TensorBatch:
    """A frozen dataclass of tensors and smaller batches, each of which may be None."""

    __slots__ = ()

    def to(self: Made, device: torch.device | str) -> Made:
        """The same batch with every tensor on the device."""
        return changed(self, lambda _, value: value.to(device))
