"""The loss of the preset: the robust loss, or the likelihood where variances are stated."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from porescope.errors import ConfigError
from porescope.models.property_loss import PropertyFit, fit
from porescope.models.property_model import PropertyModel, PropertyOutput

__all__ = ["PropertyFit", "fit", "fit_atoms"]


def fit_atoms(
    model: PropertyModel, output: PropertyOutput, *, truth: Float[Tensor, "atoms targets"]
) -> PropertyFit:
    """Mean absolute error of the atoms' values, such as charges.

    Parameters
    ----------
    model:
        Holds the scale. Values of atoms have no shift, so that zero stays zero.
    output:
        What it said.
    truth:
        Values of the packed atoms in the units of the labels; NaN where unknown.

    Raises
    ------
    ConfigError
        If the model gives no values of atoms, or of other atoms.
    """
    if output.atoms is None or output.atoms.shape != truth.shape:
        raise ConfigError(
            f"the model gives no values for {tuple(truth.shape)} atoms and targets; set places to "
            "'atoms' and n_targets to the number of values of an atom"
        )
    error = output.atoms - truth / model.scale
    known = torch.isfinite(truth)
    off = torch.where(known, error, 0.0).abs()
    return PropertyFit(loss=off.sum() / known.sum().clamp(min=1), error=error)
