"""The loss of the preset: that of all property models."""

from __future__ import annotations

from porescope.models.property_loss import PropertyFit, fit

__all__ = ["PropertyFit", "fit"]
