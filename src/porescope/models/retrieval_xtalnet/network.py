"""XtalNet's two encoders: a transformer over peaks, and CSPNet over atoms."""

from __future__ import annotations

from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from porescope.errors import ConfigError
from porescope.models.inputs import AtomInputs, CrystalInputs, PatternInputs, require_inputs
from porescope.models.retrieval_model import RetrievalModel
from porescope.models.retrieval_xtalnet.config import XtalnetConfig
from porescope.models.retrieval_xtalnet.tokens import tokens_of_profile
from porescope.nn.cspnet import CspNet

N_ELEMENTS = 100
"""Atomic numbers that the crystal encoder knows."""


class XtalnetNetwork(RetrievalModel):
    """Patterns and crystals in XtalNet's space (Lai et al., arXiv:2401.03862).

    As published, the pattern is read through its profile of one wavelength, and the crystal
    through all atoms of the cell that is given: a supercell, or another choice of the cell, has
    another embedding. A pattern without peaks gets the embedding of the class token alone.

    Parameters
    ----------
    config:
        Sizes.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"profile", "atoms"})
    invariances: ClassVar[frozenset[str]] = frozenset({"origin", "order", "rotation"})
    """What the crystal's embedding does not change with."""

    def __init__(self, config: XtalnetConfig) -> None:
        super().__init__(
            config,
            dimension=config.width,
            temperature=config.temperature,
            learned=config.learned_temperature,
        )
        self.patterns = PeakTransformer(config)
        self.crystals = CspNet(
            width=config.width,
            layers=config.crystal_layers,
            frequencies=config.frequencies,
            layer_norm=config.layer_norm,
            n_elements=N_ELEMENTS,
            pairs_at_once=config.pairs_at_once,
        )

    def encode_patterns(self, patterns: PatternInputs) -> Float[Tensor, "patterns dimension"]:
        """Unit vectors of patterns.

        Raises
        ------
        ConfigError
            Where there are no profiles, or an intensity is not finite.
        """
        require_inputs(patterns, needs=self.needs)
        assert patterns.profile is not None
        device = patterns.profile.device
        tokens = tokens_of_profile(
            patterns.profile.detach().cpu().numpy(),
            least_height=self.config.least_height,
            least_prominence=self.config.least_prominence,
        )
        made = self.patterns(
            torch.from_numpy(tokens.index).to(device),
            torch.from_numpy(tokens.height).to(device),
            torch.from_numpy(tokens.mask).to(device),
        )
        return nn.functional.normalize(made.float(), dim=-1)

    def encode_crystals(self, crystals: CrystalInputs) -> Float[Tensor, "crystals dimension"]:
        """Unit vectors of crystals.

        Raises
        ------
        ConfigError
            Where there are no atoms or too many.
        """
        require_inputs(crystals, needs=self.needs)
        assert crystals.atoms is not None
        atoms = crystals.atoms
        _check_atoms(atoms, most=self.config.most_atoms)
        made = self.crystals(atoms.numbers, atoms.frac, atoms.batch, atoms.lattice)
        return nn.functional.normalize(made.float(), dim=-1)


class PeakTransformer(nn.Module):
    """A class token and one token for each peak, through a transformer; the class token is read.

    A token is the sum of a small network of the height and of a learned vector of the point on
    the grid. Layers normalise first. As in the released code, dropout acts on the embedding, the
    attention weights and what each half of a layer adds.
    """

    def __init__(self, config: XtalnetConfig) -> None:
        super().__init__()
        width = config.width
        self.height = nn.Sequential(
            nn.Linear(1, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width)
        )
        self.position = nn.Embedding(config.positions, width)
        self.first = nn.Parameter(torch.empty(1, 1, width))
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList()
        for _ in range(config.pattern_layers):
            layer = nn.TransformerEncoderLayer(
                width,
                config.heads,
                dim_feedforward=config.feed_forward,
                dropout=config.dropout,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            layer.dropout.p = 0.0
            self.layers.append(layer)
        self.last_norm = nn.LayerNorm(width)
        self.apply(_start_as_bert)
        nn.init.normal_(self.first, std=0.02)

    def forward(
        self,
        index: Int[Tensor, "patterns peaks"],
        height: Float[Tensor, "patterns peaks"],
        mask: Bool[Tensor, "patterns peaks"],
    ) -> Float[Tensor, "patterns width"]:
        """The class token after the last layer.

        Parameters
        ----------
        index:
            Point of the grid of each peak.
        height:
            Its height, of the highest.
        mask:
            True where there is a peak.
        """
        tokens = self.height(height[..., None]) + self.position(index)
        first = self.first.expand(len(index), -1, -1).to(tokens.dtype)
        x = self.dropout(self.norm(torch.cat([first, tokens], dim=1)))
        absent = torch.cat([torch.zeros_like(mask[:, :1]), ~mask], dim=1)
        if not mask.shape[1]:
            absent = torch.zeros(len(mask), 1, dtype=torch.bool, device=mask.device)
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=absent)
        return self.last_norm(x[:, 0])


def _start_as_bert(module: nn.Module) -> None:
    """Weights from a normal distribution of width 0.02, no biases, as BERT starts."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.MultiheadAttention) and module.in_proj_weight is not None:
        nn.init.normal_(module.in_proj_weight, std=0.02)


def _check_atoms(atoms: AtomInputs, *, most: int) -> None:
    """Refuse crystals that the encoder cannot read."""
    counts = torch.bincount(atoms.batch, minlength=len(atoms))
    if int(counts.min()) == 0:
        raise ConfigError(f"crystal {int(counts.argmin())} of the batch has no atoms")
    if int(counts.max()) > most:
        raise ConfigError(
            f"crystal {int(counts.argmax())} of the batch has {int(counts.max())} atoms, 'xtalnet' "
            f"reads at most {most}; reduce it to its primitive cell, or use the preset 'small'"
        )
