"""The loss of the preset: on the mean over windows only, as for all property models."""

from __future__ import annotations

from porescope.models.property_loss import PropertyFit, fit

__all__ = ["PropertyFit", "fit"]
