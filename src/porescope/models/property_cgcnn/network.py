"""The preset ``cgcnn``: convolutions on the graph of the crystal's atoms."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from porescope.crystal.structure import Crystal
from porescope.models.property_cgcnn.config import CgcnnConfig
from porescope.models.property_cgcnn.elements import element_features
from porescope.models.property_cgcnn.predict import graph_of
from porescope.models.property_inputs import PropertyBatch, require_property_inputs
from porescope.models.property_model import PropertyModel, PropertyOutput
from porescope.nn.segments import segment_mean, segment_sum


class Convolution(nn.Module):
    """Each atom adds what its neighbours tell it, each through a gate.

    Parameters
    ----------
    width:
        Numbers per atom.
    n_distances:
        Numbers that stand for the distance.
    """

    def __init__(self, width: int, *, n_distances: int) -> None:
        super().__init__()
        self.receiver = nn.Linear(width, 2 * width)
        self.sender = nn.Linear(width, 2 * width, bias=False)
        self.distance = nn.Linear(n_distances, 2 * width, bias=False)
        self.inner_norm = nn.BatchNorm1d(2 * width)
        self.norm = nn.BatchNorm1d(width)
        # The three are one linear layer of the joined vector, and start as one.
        reach = (2 * width + n_distances) ** -0.5
        for part in (self.receiver, self.sender, self.distance):
            nn.init.uniform_(part.weight, -reach, reach)
        nn.init.uniform_(self.receiver.bias, -reach, reach)

    def forward(
        self,
        atoms: Float[Tensor, "atoms width"],
        distances: Float[Tensor, "edges distances"],
        edges: Int[Tensor, "2 edges"],
    ) -> Float[Tensor, "atoms width"]:
        """Atoms after the convolution."""
        receiver, sender = edges
        joined = (
            self.receiver(atoms)[receiver] + self.sender(atoms)[sender] + self.distance(distances)
        )
        gate, core = self.inner_norm(joined).chunk(2, dim=1)
        told = segment_sum(
            torch.sigmoid(gate) * F.softplus(core), batch=receiver, n_members=len(atoms)
        )
        return F.softplus(atoms + self.norm(told))


class CgcnnNetwork(PropertyModel):
    """Properties of crystals from the mean over their atoms.

    Without the published pretrained weights nothing could be compared number by number; the
    layers are those of the paper and its public code, the elements' properties those of
    :func:`porescope.models.property_cgcnn.elements.element_features`.

    Parameters
    ----------
    config:
        The preset's settings.
    """

    needs = frozenset({"graphs"})
    elements: Tensor
    centres: Tensor

    def __init__(self, config: CgcnnConfig) -> None:
        super().__init__(config)
        table = torch.from_numpy(element_features().copy())
        self.register_buffer("elements", table, persistent=False)
        n_distances = round(config.cutoff / config.step) + 1
        centres = torch.arange(n_distances, dtype=torch.float32) * config.step
        self.register_buffer("centres", centres, persistent=False)
        self.embedding = nn.Linear(table.shape[1], config.width)
        self.convolutions = nn.ModuleList(
            Convolution(config.width, n_distances=n_distances) for _ in range(config.layers)
        )
        widths = [config.width, *[config.head_width] * config.head_layers]
        self.head = nn.ModuleList(nn.Linear(n_in, n_out) for n_in, n_out in pairwise(widths))
        self.out = nn.Linear(config.head_width, config.n_targets)

    def described(
        self, crystal: Crystal, *, generator: np.random.Generator | None = None
    ) -> PropertyBatch:
        """The graph of one crystal; nothing is drawn."""
        graphs = graph_of(crystal, most=self.config.most_neighbours, cutoff=self.config.cutoff)
        return PropertyBatch(targets=self.unknown(), graphs=graphs)

    def forward(self, batch: PropertyBatch) -> PropertyOutput:
        """Values of a batch in scaled units."""
        require_property_inputs(batch, needs=self.needs)
        graphs = batch.graphs
        assert graphs is not None
        distance = graphs.edge_vector.norm(dim=1, keepdim=True)
        gaussians = torch.exp(-(((distance - self.centres) / self.config.step) ** 2))
        known = graphs.numbers.clamp(0, len(self.elements) - 1)
        atoms = self.embedding(self.elements[known])
        for convolution in self.convolutions:
            atoms = convolution(atoms, gaussians, graphs.edge_index)
        x = F.softplus(segment_mean(atoms, batch=graphs.crystal, n_members=len(graphs)))
        for layer in self.head:
            x = F.softplus(layer(x))
        return PropertyOutput(mean=self.out(x))
