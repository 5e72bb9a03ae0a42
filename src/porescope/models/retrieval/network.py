"""The preset ``small``: peaks on a ruler, convolutions along it, composition where it is known.

Both sides see a set of (Q, intensity): a pattern its observed peaks, a crystal its ideal lines with
the Lorentz factor 1/Q². The crystal's side is invariant to the choice of cell, origin, order of
atoms and supercell because lines are, and costs the same whatever the number of atoms.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from porescope.models.inputs import ELEMENT_SLOTS, CrystalInputs, PatternInputs
from porescope.models.retrieval.config import RetrievalConfig
from porescope.models.retrieval.ruler import Ruler
from porescope.models.retrieval_model import RetrievalModel


class Layer(nn.Module):
    """One pre-norm layer that is added to its input.

    Parameters
    ----------
    width:
        Width of the values.
    dropout:
        Share of values dropped while training.
    """

    def __init__(self, width: int, *, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "sets width"]) -> Float[Tensor, "sets width"]:
        """The values, changed."""
        return x + self.dropout(self.down(F.gelu(self.up(self.norm(x)))))


class SetTower(nn.Module):
    """From peaks and composition to an embedding, not yet of length one.

    Parameters
    ----------
    config:
        The preset's settings.
    """

    def __init__(self, config: RetrievalConfig) -> None:
        super().__init__()
        self.ruler = Ruler(
            q_knee=config.q_knee,
            q_lowest=config.q_lowest,
            q_highest=config.q_highest,
            step=config.step,
            blur=config.blur,
        )
        sizes = (self.ruler.n_channels, *config.channels)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(n_in, n_out, kernel, stride=2, padding=kernel // 2)
            for n_in, n_out, kernel in zip(sizes, sizes[1:], config.kernels, strict=False)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(1, n) for n in config.channels)
        marks = self.ruler.n_marks
        for _ in config.channels:
            marks = (marks + 1) // 2
        self.gather = nn.Linear(marks * sizes[-1], config.width)
        self.join = nn.Linear(config.composition_width, config.width)
        self.layers = nn.ModuleList(
            Layer(config.width, dropout=config.dropout) for _ in range(config.n_layers)
        )
        self.norm = nn.LayerNorm(config.width)
        self.out = nn.Linear(config.width, config.dimension)
        self.aside = nn.Linear(config.composition_width, config.dimension, bias=False)

    def forward(
        self,
        q: Float[Tensor, "sets peaks"],
        log_intensity: Float[Tensor, "sets peaks"],
        mask: Bool[Tensor, "sets peaks"],
        composition: Float[Tensor, "sets composition_width"],
    ) -> Float[Tensor, "sets dimension"]:
        """Embeddings of sets of peaks."""
        return self.read(self.ruler(q, log_intensity, mask), composition)

    def read(
        self,
        curves: Float[Tensor, "sets channels marks"],
        composition: Float[Tensor, "sets composition_width"],
    ) -> Float[Tensor, "sets dimension"]:
        """Embeddings of curves on the ruler's marks."""
        x = curves
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.gelu(norm(convolution(x)))
        x = self.gather(x.flatten(1)) + self.join(composition)
        for layer in self.layers:
            x = layer(x)
        return self.out(self.norm(x)) + self.aside(composition)


class RetrievalNetwork(RetrievalModel):
    """Patterns and crystals in one space.

    Parameters
    ----------
    config:
        The preset's settings.
    """

    def __init__(self, config: RetrievalConfig) -> None:
        super().__init__(
            config,
            dimension=config.dimension,
            temperature=config.temperature,
            learned=config.learned_temperature,
        )
        self.towers = nn.ModuleList(SetTower(config) for _ in range(1 if config.shared else 2))
        width = config.composition_width
        self.presence = nn.Linear(ELEMENT_SLOTS, width)
        self.fractions = nn.Linear(ELEMENT_SLOTS, width)
        self.unknown = nn.Parameter(torch.zeros(width))
        self.sides = nn.Parameter(torch.randn(2, width) * 0.1)

    def encode_patterns(self, patterns: PatternInputs) -> Float[Tensor, "patterns dimension"]:
        """Unit vectors of patterns."""
        known = patterns.has_elements[:, None]
        expected = torch.where(known, self.presence(patterns.elements), self.unknown)
        x = self.towers[0](
            patterns.q, patterns.log_intensity, patterns.mask, expected + self.sides[0]
        )
        return self.placed(x)

    def encode_crystals(self, crystals: CrystalInputs) -> Float[Tensor, "crystals dimension"]:
        """Unit vectors of crystals."""
        share = crystals.composition
        contents = self.presence((share > 0.0).to(share.dtype)) + self.fractions(share.sqrt())
        lorentz = crystals.log_intensity - 2.0 * crystals.q.clamp(min=1e-3).log()
        x = self.towers[-1](crystals.q, lorentz, crystals.mask, contents + self.sides[1])
        return self.placed(x)

    def placed(self, x: Float[Tensor, "sets dimension"]) -> Float[Tensor, "sets dimension"]:
        """Where sets lie in the space, from what their tower made of them."""
        return F.normalize(x.float(), dim=1)
