"""The preset ``text``: a transformer that reads what the framework is made of, not where."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from porescope.crystal.structure import Crystal
from porescope.models.property_inputs import NO_TOKEN, PropertyBatch, require_property_inputs
from porescope.models.property_model import PropertyModel, PropertyOutput
from porescope.models.property_text.config import TextConfig
from porescope.models.property_text.predict import text_of
from porescope.models.property_text.words import tokens_of


class TextNetwork(PropertyModel):
    """Properties from the text that names a framework.

    Two frameworks with one text, as two phases of one composition and net, have one value.

    Parameters
    ----------
    config:
        The preset's settings.
    """

    needs = frozenset({"tokens"})
    places: Tensor

    def __init__(self, config: TextConfig) -> None:
        super().__init__(config)
        width = config.width
        self.embedding = nn.Embedding(config.vocabulary, width)
        nn.init.xavier_normal_(self.embedding.weight)
        self.register_buffer("places", waves(config.longest, width=width), persistent=False)
        self.dropout = nn.Dropout(config.dropout)
        layer = nn.TransformerEncoderLayer(
            width, config.heads, config.feed_forward, config.dropout, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.head = nn.Sequential(
            nn.Linear(width, width // 2),
            nn.ReLU(),
            nn.Linear(width // 2, width // 4),
            nn.ReLU(),
            nn.Linear(width // 4, width // 8),
            nn.ReLU(),
            nn.Linear(width // 8, config.n_targets),
        )

    def described(
        self, crystal: Crystal, *, generator: np.random.Generator | None = None
    ) -> PropertyBatch:
        """The text of one crystal; nothing is drawn."""
        return self.prepare_text(text_of(crystal))

    def prepare_text(self, text: str) -> PropertyBatch:
        """A batch of one crystal of which only the text is known."""
        tokens = tokens_of(text, vocabulary=self.config.vocabulary, longest=self.config.longest)
        return PropertyBatch(targets=self.unknown(), tokens=torch.tensor([tokens]))

    def forward(self, batch: PropertyBatch) -> PropertyOutput:
        """Values of a batch in scaled units."""
        require_property_inputs(batch, needs=self.needs)
        tokens = batch.tokens
        assert tokens is not None
        x = self.embedding(tokens) * sqrt(self.config.width)
        x = self.dropout(x + self.places[: tokens.shape[1]])
        x = self.encoder(x, src_key_padding_mask=tokens == NO_TOKEN)
        return PropertyOutput(mean=self.head(x[:, 0]))


def waves(n_places: int, *, width: int) -> Float[Tensor, "places width"]:
    """Sines and cosines that tell places apart (Vaswani et al. 2017)."""
    rate = torch.exp(torch.arange(0, width, 2) * (-log(10000.0) / width))
    angle = torch.arange(n_places)[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
