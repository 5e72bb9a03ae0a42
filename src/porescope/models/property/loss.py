"""The loss of the preset: the robust loss, or the likelihood where variances are stated."""

from __future__ import annotations

from porescope.models.property_loss import PropertyFit, fit

__all__ = ["PropertyFit", "fit"]
