"""Settings of the preset ``small``."""

from __future__ import annotations

from dataclasses import dataclass

from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalConfig:
    """Shape of both encoders."""

    dimension: int = 256
    """Length of an embedding."""
    q_knee: float = 0.5
    """Where the ruler of Q turns from even to logarithmic steps [1/Å]: errors of the zero dominate
    below, strain above, so that an observed peak is off by about the same number of marks
    everywhere."""
    q_lowest: float = 0.12
    """First mark of the ruler [1/Å]."""
    q_highest: float = 3.6
    """Last mark of the ruler [1/Å]."""
    step: float = 0.006
    """Distance of two marks, relative to Q above the knee."""
    blur: tuple[float, ...] = (1.0, 4.0)
    """Standard deviations of the Gaussians that peaks become on the ruler, in marks."""
    channels: tuple[int, ...] = (48, 96, 128, 128)
    """Channels of the convolutions along the ruler; each halves the number of marks."""
    kernels: tuple[int, ...] = (9, 7, 5, 3)
    """Lengths of the convolutions."""
    width: int = 512
    """Width of the layers after the convolutions."""
    n_layers: int = 2
    """Number of these layers."""
    composition_width: int = 128
    """Numbers that stand for the composition."""
    dropout: float = 0.0
    """Share of values dropped while training."""
    shared: bool = True
    """Whether patterns and crystals go through the same layers; a first learned vector still
    tells them apart."""
    temperature: float = 0.05
    """Temperature of the contrastive loss at the start."""
    learned_temperature: bool = True
    """Whether the temperature is learned."""

    def __post_init__(self) -> None:
        if len(self.channels) != len(self.kernels):
            raise ConfigError(
                f"as many kernels as channels are needed, not {len(self.kernels)} and "
                f"{len(self.channels)}"
            )
        if not 0.0 < self.q_lowest < self.q_highest:
            raise ConfigError(
                f"the ruler must rise from above 0, not from {self.q_lowest} to {self.q_highest}"
            )
