"""What can be set of the preset ``xtalnet``; the defaults are the published values."""

from __future__ import annotations

from dataclasses import dataclass

from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class XtalnetConfig:
    """XtalNet's contrastive module (Lai et al., arXiv:2401.03862).

    Read in the released code: the tokens and their rule, the pattern encoder's sizes, the form of
    the crystal encoder, the start of the temperature. The crystal encoder's 6 layers of 512 are
    the paper's; its 128 frequencies and layer norms are DiffCSP's (Jiao et al. 2023), on which it
    is built, since the released file with these values could not be read.
    """

    width: int = 512
    """Length of a token, of an atom's features and of an embedding."""
    pattern_layers: int = 8
    """Transformer layers over the peaks."""
    heads: int = 64
    """Attention heads of each."""
    feed_forward: int = 2048
    """Width of the layers between attentions."""
    dropout: float = 0.1
    """Share of the pattern encoder's numbers left out in training."""
    positions: int = 2048
    """Rows of the table of positions; a peak's row is its point on the grid."""
    least_height: float = 0.01
    """Lowest peak that becomes a token, of the strongest."""
    least_prominence: float = 0.02
    """Least prominence of a peak that becomes a token, of the strongest."""
    crystal_layers: int = 6
    """Message-passing layers over the atoms."""
    frequencies: int = 128
    """Frequencies of the Fourier features of fractional differences, from 0 up."""
    layer_norm: bool = True
    """Whether each crystal layer normalises its input."""
    most_atoms: int = 400
    """Largest number of atoms of a crystal; every atom sees every other one."""
    pairs_at_once: int = 16384
    """Pairs of atoms worked on at once; bounds the memory, changes no result."""
    temperature: float = 0.36787944117144233
    """Temperature at the start: exp(-1), from a learned scale that starts at 1."""
    learned_temperature: bool = True
    """Whether the temperature is learned."""

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.width % self.heads:
            raise ConfigError(
                f"the width must be a multiple of the heads, got {self.width} and {self.heads}"
            )
        if self.positions < 1351:
            raise ConfigError(f"positions must be 1351 or more, got {self.positions}")
