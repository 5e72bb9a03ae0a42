"""The loss of the preset: symmetric InfoNCE, as the other presets have it."""

from __future__ import annotations

from porescope.models.contrastive import Contrast, contrast

__all__ = ["Contrast", "contrast"]
