"""Xrd2Mof's extractor: pattern, metal and linkers on one side, a coarse crystal on the other."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from porescope.errors import ConfigError
from porescope.models.inputs import (
    ELEMENT_SLOTS,
    BeadInputs,
    CrystalInputs,
    LinkerGraphs,
    PatternInputs,
    require_inputs,
)
from porescope.models.retrieval_model import RetrievalModel
from porescope.models.retrieval_xrd2mof.config import Xrd2mofConfig
from porescope.models.retrieval_xrd2mof.features import (
    ATOM_FEATURES,
    METAL_FEATURES,
    atom_features,
    metal_table,
)
from porescope.nn.segments import segment_mean

PATTERN_FEATURES, METAL_OUT, LINKER_OUT = 1024, 64, 64
LATTICE_OUT, BEADS_OUT = 32, 256


class Xrd2mofNetwork(RetrievalModel):
    """Patterns with their chemistry, and coarse crystals, in Xrd2Mof's space.

    As published, the crystal's side reads the beads' coordinates in the order given and knows
    neither what they are nor, with ``rows_normalised``, how large the cell is; its embedding
    changes with origin, order, cell and orientation. Patterns without linkers or metal are read
    with zeros in their place.

    Parameters
    ----------
    config:
        Sizes.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"profile", "metal", "linkers", "beads"})
    invariances: ClassVar[frozenset[str]] = frozenset()
    """What the crystal's embedding does not change with."""

    def __init__(self, config: Xrd2mofConfig) -> None:
        super().__init__(
            config,
            dimension=config.dimension,
            temperature=config.temperature,
            learned=config.learned_temperature,
        )
        self.profile = ProfileEncoder(config.n_points)
        self.metal = MetalEncoder()
        self.linkers = LinkerEncoder()
        self.lattice = LatticeEncoder()
        self.beads = BeadEncoder()
        fused = PATTERN_FEATURES + METAL_OUT + LINKER_OUT
        crystal = LATTICE_OUT + BEADS_OUT
        self.pattern_fusion = nn.Sequential(nn.Linear(fused, 512), nn.ReLU(), nn.Linear(512, fused))
        self.crystal_fusion = nn.Sequential(
            nn.Linear(crystal, 128), nn.ReLU(), nn.Linear(128, crystal)
        )
        self.pattern_projection = Projection(fused, config.dimension, dropout=config.dropout)
        self.crystal_projection = Projection(crystal, config.dimension, dropout=config.dropout)

    def encode_patterns(self, patterns: PatternInputs) -> Float[Tensor, "patterns dimension"]:
        """Embeddings of patterns with metal and linkers.

        Raises
        ------
        ConfigError
            Where profiles or linkers are missing, or profiles have another number of points.
        """
        require_inputs(patterns, needs=self.needs)
        assert patterns.profile is not None
        return self.patterns_from_maps(self.profile.maps(patterns.profile), patterns)

    def patterns_from_maps(
        self, maps: Float[Tensor, "patterns channels places"], patterns: PatternInputs
    ) -> Float[Tensor, "patterns dimension"]:
        """Embeddings from what the pattern network's convolutions made of the profiles.

        Parameters
        ----------
        maps:
            From :meth:`ProfileEncoder.maps`.
        patterns:
            The patterns, for metal and linkers.
        """
        assert patterns.linkers is not None
        parts = [
            self.profile.features(maps),
            self.metal(patterns.metal),
            self.linkers(patterns.linkers),
        ]
        return self._scaled(self.pattern_projection(self.pattern_fusion(_joined(parts))))

    def encode_crystals(self, crystals: CrystalInputs) -> Float[Tensor, "crystals dimension"]:
        """Embeddings of coarse crystals.

        Raises
        ------
        ConfigError
            Where there are no beads.
        """
        require_inputs(crystals, needs=self.needs)
        assert crystals.beads is not None
        lattice = crystals.beads.lattice.float()
        frac = _in_slots(crystals.beads, n_slots=self.config.most_beads)
        if self.config.rows_normalised:
            lattice, frac = F.normalize(lattice, dim=-1), F.normalize(frac, dim=-1)
        parts = [self.lattice(lattice), self.beads(frac)]
        return self._scaled(self.crystal_projection(self.crystal_fusion(_joined(parts))))

    def _scaled(self, made: Float[Tensor, "any dimension"]) -> Float[Tensor, "any dimension"]:
        return F.normalize(made.float(), dim=-1) if self.config.unit_vectors else made.float()


class ProfileEncoder(nn.Module):
    """Four convolutions with pooling over a profile scaled to length 1."""

    def __init__(self, n_points: int) -> None:
        super().__init__()
        self.n_points = n_points
        channels, pools = (1, 4, 8, 16, 32), (4, 4, 2, 2)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(a, b, kernel_size=3, padding=1) for a, b in pairwise(channels)
        )
        self.pools = nn.ModuleList(nn.MaxPool1d(size) for size in pools)
        self.norms = nn.ModuleList(nn.BatchNorm1d(b) for b in channels[1:])
        places = n_points
        for size in pools:
            places //= size
        self.last = nn.Linear(channels[-1] * places, PATTERN_FEATURES)

    def maps(
        self, profile: Float[Tensor, "patterns points"]
    ) -> Float[Tensor, "patterns channels places"]:
        """What the convolutions see at each place of the profile.

        Raises
        ------
        ConfigError
            Where the profile has another number of points than the network.
        """
        if profile.shape[1] != self.n_points:
            raise ConfigError(
                f"this network reads profiles of {self.n_points} points, got {profile.shape[1]}"
            )
        x = F.normalize(profile.float(), dim=-1)[:, None, :]
        for convolution, pool, norm in zip(self.convolutions, self.pools, self.norms, strict=True):
            x = F.relu(norm(pool(F.relu(convolution(x)))))
        return x

    def features(
        self, maps: Float[Tensor, "patterns channels places"]
    ) -> Float[Tensor, "patterns features"]:
        """All places as one vector."""
        return self.last(maps.flatten(1))


class MetalEncoder(nn.Module):
    """Three convolutions and five layers over a metal's features."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.from_numpy(metal_table(ELEMENT_SLOTS)))
        self.table: Tensor
        self.norm = nn.LayerNorm(METAL_FEATURES)
        self.convolutions = _convolutions((1, 16, 32, 32))
        sizes = (32 * METAL_FEATURES, 1024, 512, 256, 128, METAL_OUT)
        self.layers = nn.Sequential(
            *(part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU()))
        )
        self.last_norm = nn.LayerNorm(METAL_OUT)

    def forward(self, metal: Int[Tensor, "patterns"]) -> Float[Tensor, "patterns features"]:
        """One vector for each metal; numbers without a metal count as none."""
        x = self.norm(self.table[metal])[:, None, :]
        return self.last_norm(self.layers(self.convolutions(x).flatten(1)))


class LinkerEncoder(nn.Module):
    """Three graph convolutions over the linkers' atoms, their mean, and two layers."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (ATOM_FEATURES, 64, 128, 64)
        self.convolutions = nn.ModuleList(GraphConvolution(a, b) for a, b in pairwise(sizes))
        self.layers = nn.Sequential(
            nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, LINKER_OUT), nn.ReLU()
        )
        self.norm = nn.LayerNorm(LINKER_OUT)

    def forward(self, linkers: LinkerGraphs) -> Float[Tensor, "patterns features"]:
        """One vector for all linkers of each pattern."""
        made = atom_features(
            linkers.numbers.cpu().numpy(),
            linkers.bonds.cpu().numpy(),
            linkers.orders.float().cpu().numpy(),
        )
        x = torch.from_numpy(made).to(linkers.numbers.device)
        for convolution in self.convolutions:
            x = F.relu(convolution(x, linkers.bonds))
        pooled = segment_mean(x.float(), batch=linkers.batch, n_members=len(linkers))
        return self.norm(self.layers(pooled))


class GraphConvolution(nn.Module):
    """Each atom and its neighbours, weighed by their degrees (Kipf & Welling 2017)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out, bias=False)
        self.bias = nn.Parameter(torch.zeros(n_out))
        nn.init.xavier_uniform_(self.linear.weight)

    def forward(
        self, x: Float[Tensor, "atoms features"], bonds: Int[Tensor, "bonds 2"]
    ) -> Float[Tensor, "atoms more"]:
        """Features of the atoms after one step."""
        here = torch.arange(len(x), device=x.device)
        to = torch.cat([bonds[:, 0], bonds[:, 1], here])
        source = torch.cat([bonds[:, 1], bonds[:, 0], here])
        degree = torch.bincount(to, minlength=len(x)).to(torch.float32)
        weight = (degree[to] * degree[source]).rsqrt()[:, None]
        values = self.linear(x).float()
        return torch.zeros_like(values).index_add(0, to, weight * values[source]) + self.bias


class LatticeEncoder(nn.Module):
    """Five convolutions over the three cell vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = _convolutions((3, 8, 16, 32, 32, 16))
        self.last = nn.Linear(16 * 3, LATTICE_OUT)

    def forward(self, lattice: Float[Tensor, "crystals 3 3"]) -> Float[Tensor, "crystals features"]:
        """One vector for each cell."""
        return self.last(self.convolutions(lattice.mT).flatten(1))


class BeadEncoder(nn.Module):
    """Six convolutions over the beads in the order given, and their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.before = _convolutions((3, 16, 32))
        self.pool = nn.MaxPool1d(2)
        self.after = _convolutions((32, 64, 64, 128, 128))
        self.last = nn.Linear(128, BEADS_OUT)

    def forward(
        self, frac: Float[Tensor, "crystals slots 3"]
    ) -> Float[Tensor, "crystals features"]:
        """One vector for each crystal."""
        return self.last(self.after(self.pool(self.before(frac.mT))).mean(dim=-1))


class Projection(nn.Module):
    """A linear layer, and two more added to it, normalised."""

    def __init__(self, n_in: int, n_out: int, *, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(n_in, n_out)
        self.more = nn.Sequential(
            nn.GELU(),
            nn.Linear(n_out, n_out),
            nn.GELU(),
            nn.Linear(n_out, n_out),
            nn.BatchNorm1d(n_out),
            nn.Dropout(dropout),
        )
        self.norm = nn.LayerNorm(n_out)

    def forward(self, x: Float[Tensor, "any features"]) -> Float[Tensor, "any dimension"]:
        """The embedding."""
        first = self.first(x)
        return self.norm(self.more(first) + first)


def _convolutions(channels: tuple[int, ...]) -> nn.Sequential:
    """Convolutions of three neighbours, each normalised over the batch and cut at zero."""
    parts = [
        part
        for a, b in pairwise(channels)
        for part in (nn.Conv1d(a, b, kernel_size=3, padding=1), nn.BatchNorm1d(b), nn.ReLU())
    ]
    return nn.Sequential(*parts)


def _joined(parts: list[Tensor]) -> Tensor:
    """Vectors side by side."""
    return torch.cat([part.float() for part in parts], dim=1)


def _in_slots(beads: BeadInputs, *, n_slots: int) -> Float[Tensor, "crystals slots 3"]:
    """Coordinates of the first beads of each crystal, zeros behind them."""
    counts = torch.bincount(beads.batch, minlength=len(beads))
    place = torch.arange(len(beads.batch), device=beads.batch.device)
    place = place - (counts.cumsum(0) - counts)[beads.batch]
    kept = place < n_slots
    slots = beads.frac.new_zeros((len(beads), n_slots, 3), dtype=torch.float32)
    slots[beads.batch[kept], place[kept]] = beads.frac[kept].float()
    return slots
