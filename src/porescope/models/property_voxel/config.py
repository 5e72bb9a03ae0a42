"""Settings of the preset ``voxel``."""

from __future__ import annotations

from dataclasses import dataclass

from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class VoxelConfig:
    """A 3-D CNN on voxels of atoms and of a probe's energy.

    Networks of this kind are published with many sizes (ZeoNet, Liu et al. 2023,
    https://doi.org/10.1039/D3TA01911J, on distances to the wall; the energy grid of MOFTransformer,
    Kang et al. 2023, https://doi.org/10.1038/s42256-023-00628-2, 30 points along cells of at least
    30 Å). Which one X(3)mat was compared with could not be checked: this is a plain one, small
    enough for a processor.
    """

    n_targets: int = 1
    """Number of properties."""
    points: int = 32
    """Voxels along each cell vector, a power of two."""
    least_length: float = 20.0
    """Shorter cell vectors are doubled until they are at least as long [Å]."""
    sigma: float = 0.8
    """Standard deviation of an atom's density [Å]."""
    probe: str = "CH4"
    """Single-site gas whose energy is given; its field is UFF."""
    channels: tuple[int, ...] = (16, 32, 64, 96)
    """Channels of the convolutions; each block halves the grid."""
    width: int = 96
    """Width of the layer after pooling."""
    dropout: float = 0.1
    """Share of that layer's values dropped while training."""

    def __post_init__(self) -> None:
        if self.points < 2 or self.points & (self.points - 1):
            raise ConfigError(f"the voxels along a vector must be a power of 2, not {self.points}")
        if self.points >> len(self.channels) < 1:
            raise ConfigError(
                f"{len(self.channels)} blocks halve a grid of {self.points} points too often; take "
                "fewer blocks or more points"
            )
        if self.least_length <= 0.0 or self.sigma <= 0.0:
            raise ConfigError("least_length and sigma must be lengths above 0 Å")
