"""What property models are trained to make small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from porescope.errors import ConfigError, MissingExtraError

try:
    import torch
    from jaxtyping import Float
    from torch import Tensor
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

from porescope.models.property_model import PropertyModel, PropertyOutput

LEAST_LOG_VARIANCE = -8.0
"""A stated variance does not fall below exp of this, in scaled units."""

Robust = Literal["absolute", "squared", "huber"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PropertyFit:
    """The loss of a batch and how far off each value is."""

    loss: Float[Tensor, ""]
    """What is minimised."""
    error: Float[Tensor, "crystals targets"]
    """Value minus target in scaled units; NaN where the target is."""


def fit(
    model: PropertyModel,
    output: PropertyOutput,
    *,
    targets: Float[Tensor, "crystals targets"],
    kind: Robust = "huber",
) -> PropertyFit:
    """Robust loss over the targets that are known, each target with the same say.

    Where the model states variances, a Laplace likelihood replaces the robust loss:
    ``|error| sqrt(2) / s + ln s`` with ``s² = exp(log_variance)``.

    Parameters
    ----------
    model:
        Holds shift and scale.
    output:
        What it said.
    targets:
        Values in the units of the labels; NaN where unknown.
    kind:
        Loss of a value's error in scaled units; Huber's turns linear at 1.

    Raises
    ------
    ConfigError
        If the shapes differ.
    """
    if output.mean.shape != targets.shape:
        raise ConfigError(
            f"values {tuple(output.mean.shape)} and targets {tuple(targets.shape)} must have one "
            "shape; set n_targets of the model to the number of targets"
        )
    error = output.mean.float() - (targets - model.shift) / model.scale
    known = torch.isfinite(targets)
    off = torch.where(known, error, 0.0)
    if output.log_variance is not None:
        log_variance = output.log_variance.float().clamp(min=LEAST_LOG_VARIANCE)
        each = off.abs() * 2.0**0.5 * torch.exp(-0.5 * log_variance) + 0.5 * log_variance
    elif kind == "absolute":
        each = off.abs()
    elif kind == "squared":
        each = off.square()
    else:
        each = torch.nn.functional.huber_loss(off, torch.zeros_like(off), reduction="none")
    each = torch.where(known, each, 0.0)
    counts = known.sum(dim=0)
    loss = (each.sum(dim=0) / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)
    return PropertyFit(loss=loss, error=error)
