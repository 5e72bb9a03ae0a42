"""Settings of the preset ``cgcnn``."""

from __future__ import annotations

from dataclasses import dataclass

from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class CgcnnConfig:
    """CGCNN as published (Xie and Grossman 2018, https://doi.org/10.1103/PhysRevLett.120.145301).

    The sizes are the defaults of its public code; hydrogen and oxygen in pores are kept.
    """

    n_targets: int = 1
    """Number of properties."""
    width: int = 64
    """Numbers per atom."""
    layers: int = 3
    """Number of convolutions."""
    head_width: int = 128
    """Numbers per crystal after pooling."""
    head_layers: int = 1
    """Number of layers of that width."""
    most_neighbours: int = 12
    """Neighbours that an atom listens to, the nearest; those as far as the last join them."""
    cutoff: float = 8.0
    """Largest distance of a neighbour [Å]."""
    step: float = 0.2
    """Distance between two Gaussians of the distance, and their width [Å]."""

    def __post_init__(self) -> None:
        if self.cutoff <= 0.0 or self.step <= 0.0:
            raise ConfigError(
                f"cutoff and step must be lengths above 0 Å, not {self.cutoff} and {self.step}"
            )
        if self.most_neighbours < 1 or self.layers < 1 or self.head_layers < 1:
            raise ConfigError("CGCNN needs at least one neighbour, one convolution and one layer")
