"""Settings of the preset ``x3mat``."""

from __future__ import annotations

from dataclasses import dataclass

from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class X3matConfig:
    """X(3)mat: windows of a crystal, and an EquiformerV2-like network on each.

    Known of the published model are the windows' radius (6 Å for gases, 8 Å for the band gap), the
    grid's step of 2 Å, that EquiformerV2's attention with eSCN convolutions works on each window,
    and that the mean over the windows is the property and alone enters the loss. Its code is not
    public: widths, number of layers, degree, the readout, and how atoms are joined to edges could
    not be checked, and are chosen here so that a processor can train them. EquiformerV2's smallest
    published model has degree 4, order 2, 8 layers and 128 channels.
    """

    n_targets: int = 1
    """Number of properties."""
    radius: float = 6.0
    """Radius of a window [Å]."""
    step: float = 2.0
    """Largest distance between neighbouring centres along a cell vector [Å]."""
    train_windows: int | None = 48
    """Windows that are drawn from each crystal in each epoch of training, since their mean is an
    unbiased estimate of the mean over all; None for all of them, as published."""
    predict_windows: int | None = None
    """Windows that predictions are made from, evenly spaced among all; None for all of them, as
    published."""
    windows_at_once: int = 8
    """Windows worked on at once: few fit a processor's caches, hundreds fill an accelerator."""
    recompute: bool = True
    """Whether training works each of these parts out twice and so holds one of them in memory."""
    cutoff: float = 5.0
    """Largest distance of two atoms that see each other within a window [Å]."""
    most_neighbours: int = 12
    """Neighbours that an atom listens to, the nearest; those as far as the last join them."""
    l_max: int = 2
    """Highest degree of the atoms' features."""
    m_max: int = 2
    """Highest order kept in the frame of an edge."""
    layers: int = 3
    """Number of blocks."""
    channels: int = 32
    """Numbers per atom and component."""
    hidden: int = 32
    """The same within attention and feed-forward layers."""
    heads: int = 4
    """Heads of the attention."""
    alpha_channels: int = 16
    """Numbers from which a head's weight is made."""
    value_channels: int = 8
    """Numbers per component that a head sends."""
    edge_channels: int = 32
    """Width of what is made from an edge's length and elements."""
    n_gaussians: int = 64
    """Gaussians of the length."""
    grid: int = 6
    """Points of the sphere's grid along each angle, on which activations work."""
    alpha_dropout: float = 0.1
    """Share of the attention's weights dropped while training."""
    usual_atoms: float = 50.0
    """Divisor of the sum over a window's atoms, about their usual number."""
    usual_neighbours: float = 12.0
    """Divisor of the sum over an atom's first messages."""

    def __post_init__(self) -> None:
        for name in ("radius", "step", "cutoff"):
            if getattr(self, name) <= 0.0:
                raise ConfigError(f"{name} must be a length above 0 Å, not {getattr(self, name)}")
        if not 0 <= self.m_max <= self.l_max:
            raise ConfigError(
                f"the order must lie between 0 and the degree, not {self.m_max} with degree "
                f"{self.l_max}"
            )
        if self.l_max < 1 or self.grid < 2 * self.l_max + 1:
            raise ConfigError(
                f"a degree of at least 1 and a grid of at least {2 * self.l_max + 1} points are "
                f"needed, not {self.l_max} and {self.grid}"
            )
        for most in (self.train_windows, self.predict_windows):
            if most is not None and most < 1:
                raise ConfigError(f"at least one window is needed, not {most}")
