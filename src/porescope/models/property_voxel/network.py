"""The preset ``voxel``: convolutions on a periodic grid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from porescope.crystal.structure import Crystal
from porescope.models.property_inputs import PropertyBatch, require_property_inputs
from porescope.models.property_model import PropertyModel, PropertyOutput
from porescope.models.property_voxel.config import VoxelConfig
from porescope.models.property_voxel.predict import (
    N_CHANNELS,
    cell_features,
    voxels_of,
)

N_CELL = 7
"""Numbers that give the grid its size and shape."""


class VoxelNetwork(PropertyModel):
    """Convolutions that wrap around the cell, a mean over it, and the cell's size beside it.

    The network sees the cell's axes: another choice of cell or origin gives other voxels and a
    somewhat other value. Rotations do not, since voxels lie along the cell's axes.

    Parameters
    ----------
    config:
        The preset's settings.
    """

    needs = frozenset({"voxels", "features"})
    invariances = frozenset({"order", "rotation"})

    def __init__(self, config: VoxelConfig) -> None:
        super().__init__(config)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise((N_CHANNELS, *config.channels)):
            layers += [
                nn.Conv3d(n_in, n_out, 3, padding=1, padding_mode="circular", bias=False),
                nn.BatchNorm3d(n_out),
                nn.ReLU(),
                nn.AvgPool3d(2),
            ]
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(config.channels[-1] + N_CELL, config.width),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.width, config.n_targets),
        )

    def described(
        self, crystal: Crystal, *, generator: np.random.Generator | None = None
    ) -> PropertyBatch:
        """Voxels and cell of one crystal; nothing is drawn."""
        config = self.config
        voxels = voxels_of(
            crystal,
            points=config.points,
            least_length=config.least_length,
            sigma=config.sigma,
            probe=config.probe,
        )
        cell = cell_features(crystal, points=config.points, least_length=config.least_length)
        return PropertyBatch(
            targets=self.unknown(),
            voxels=torch.from_numpy(voxels)[None],
            features=torch.from_numpy(cell.astype(np.float32))[None],
        )

    def forward(self, batch: PropertyBatch) -> PropertyOutput:
        """Values of a batch in scaled units."""
        require_property_inputs(batch, needs=self.needs)
        assert batch.voxels is not None
        assert batch.features is not None
        pooled = self.convolutions(batch.voxels).mean(dim=(2, 3, 4))
        return PropertyOutput(mean=self.head(torch.cat([pooled, batch.features], dim=1)))
