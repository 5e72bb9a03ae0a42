"""What can be set of the preset ``xrd2mof``; the defaults are the published values but one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Xrd2mofConfig:
    """Xrd2Mof's contrastive pretraining (Feng et al., code of PKUsam2023/Xrd2Mof, MIT).

    All sizes were read in the released code. It reads patterns from 5° to 110° in 5250 points;
    here they reach from 3° to 30° in 1351, which is all that a MOF's laboratory pattern usually
    shows, so that the pattern's last layer has 672 inputs and not 2624. Everything else is as
    published, the temperature and the missing normalisation included.
    """

    n_points: int = 1351
    """Points of a profile (published: 5250)."""
    most_beads: int = 50
    """Slots for beads; further ones are not read."""
    rows_normalised: bool = True
    """Whether each cell vector and each bead's coordinates are scaled to length 1, as the released
    code does before both reach the network. The lengths of the cell are lost so."""
    dimension: int = 256
    """Length of an embedding."""
    dropout: float = 0.0
    """Share of numbers left out of the projections in training."""
    temperature: float = 1.0
    """Temperature of the loss."""
    learned_temperature: bool = False
    """Whether it is learned."""
    unit_vectors: bool = False
    """Whether embeddings are scaled to length 1."""
    targets: Literal["similarity", "pairs"] = "similarity"
    """What the softmax of a batch is to be: ``similarity``, the softmax of how alike the members
    are on either side (published); ``pairs``, one for the pair's own and zero elsewhere."""

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.targets not in ("similarity", "pairs"):
            raise ConfigError(f"targets must be 'similarity' or 'pairs', got {self.targets!r}")
        if self.n_points < 64:
            raise ConfigError(f"n_points must be 64 or more, got {self.n_points}")
        if self.most_beads < 2:
            raise ConfigError(f"most_beads must be 2 or more, got {self.most_beads}")
