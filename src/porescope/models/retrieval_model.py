"""What every retrieval model is: two encoders into one space, and a temperature."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import log
from typing import Any, ClassVar

from porescope.errors import ConfigError, MissingExtraError

try:
    import torch
    from jaxtyping import Float
    from torch import Tensor, nn
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

from porescope.models.inputs import CrystalInputs, PatternInputs

LEAST_TEMPERATURE = 0.01
"""A learned temperature does not fall below this (CLIP's bound, Radford et al. 2021)."""
INVARIANCES = frozenset({"order", "origin", "rotation", "cell", "supercell"})
"""What a crystal's description may change in without the crystal being another: order of the
atoms, origin, orientation, choice of the primitive cell, and repetition of it."""


class RetrievalModel(nn.Module, ABC):
    """Two encoders into one space of ``dimension`` numbers.

    A preset's network derives from this class, names the optional inputs it needs in ``needs``,
    and writes the two encoders. Unless the preset says otherwise they return unit vectors.

    Parameters
    ----------
    config:
        The preset's frozen configuration.
    dimension:
        Length of an embedding.
    temperature:
        Temperature of the contrastive loss at the start.
    learned:
        Whether the temperature is learned.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    """Optional inputs without which it cannot encode."""
    invariances: ClassVar[frozenset[str]] = INVARIANCES
    """What the crystal's embedding does not change with; the contract tests hold it to these."""

    def __init__(
        self, config: Any, *, dimension: int, temperature: float = 0.05, learned: bool = True
    ) -> None:
        super().__init__()
        if temperature <= 0.0:
            raise ConfigError(f"a temperature above 0 is needed, not {temperature}")
        self.config = config
        self.dimension = dimension
        start = torch.tensor(log(temperature))
        self.log_temperature: Tensor
        if learned:
            self.log_temperature = nn.Parameter(start)
        else:
            self.register_buffer("log_temperature", start)

    @property
    def temperature(self) -> Float[Tensor, ""]:
        """Temperature of the contrastive loss."""
        return self.log_temperature.exp().clamp(min=LEAST_TEMPERATURE)

    @property
    def unit_vectors(self) -> bool:
        """Whether the embeddings have length one; a configuration may say otherwise."""
        return getattr(self.config, "unit_vectors", True)

    @abstractmethod
    def encode_patterns(self, patterns: PatternInputs) -> Float[Tensor, "patterns dimension"]:
        """Embeddings of patterns."""

    @abstractmethod
    def encode_crystals(self, crystals: CrystalInputs) -> Float[Tensor, "crystals dimension"]:
        """Embeddings of crystals."""

    def forward(
        self, patterns: PatternInputs, crystals: CrystalInputs
    ) -> tuple[Float[Tensor, "pairs dimension"], Float[Tensor, "pairs dimension"]]:
        """Both sides at once (the call that distributed training wraps)."""
        return self.encode_patterns(patterns), self.encode_crystals(crystals)
