"""Settings of the preset ``text``."""

from __future__ import annotations

from dataclasses import dataclass

from porescope.errors import ConfigError
from porescope.models.property_text.words import N_FIXED


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """MOFormer's transformer (Cao et al. 2023, https://doi.org/10.1021/jacs.2c11420).

    The sizes are those of its public configuration. It starts from scratch: the published
    pretraining against CGCNN is not done here. Filled-up places are masked, where the public code
    attends to them.
    """

    n_targets: int = 1
    """Number of properties."""
    vocabulary: int = 4021
    """Different tokens; those beyond the fixed ones share the rest by a hash."""
    longest: int = 512
    """Tokens that are read; the rest of a longer text is left out."""
    width: int = 512
    """Numbers per token."""
    heads: int = 8
    """Heads of the attention."""
    feed_forward: int = 512
    """Width within feed-forward layers."""
    layers: int = 6
    """Number of layers."""
    dropout: float = 0.1
    """Share of values dropped while training."""

    def __post_init__(self) -> None:
        if self.vocabulary <= N_FIXED:
            raise ConfigError(
                f"the vocabulary needs more than its {N_FIXED} fixed tokens, not {self.vocabulary}"
            )
        if self.longest < 3:
            raise ConfigError(f"at least 3 tokens must be read, not {self.longest}")
        if self.width % (2 * self.heads) or self.width < 16:
            raise ConfigError(
                "the width must be at least 16 and a multiple of twice the heads, not "
                f"{self.width} with {self.heads} heads"
            )
