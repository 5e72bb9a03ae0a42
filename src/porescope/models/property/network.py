"""The preset ``sites``: one pass over the atoms, read out at places within a window.

Atoms that symmetry makes equal are computed once (their features are scalars), neighbours are
summed up as moments whose invariants know distances and angles, and each place is read out from the
atoms about it. A layer's features know of atoms within the sum of the cutoffs so far; they are read
out only as far as then remains of the window, so that a place says nothing about what lies outside.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from porescope.crystal.structure import Crystal
from porescope.models.property.config import Amount, SitesConfig
from porescope.models.property.edges import edges_of_places
from porescope.models.property.features import (
    N_ENERGY_FEATURES,
    Elements,
    energy_features,
    openness,
)
from porescope.models.property.known import Known
from porescope.models.property.places import PlaceGrid, PlacePool, drawn, felt_pool, grid_over
from porescope.models.property.pooling import CHANNELS, pooled
from porescope.models.property.quotient import (
    Quotient,
    crystal_key,
    graph_of,
    quotient_of,
    symmetric,
)
from porescope.models.property_inputs import (
    AtomGraphs,
    Probes,
    PropertyBatch,
    require_property_inputs,
)
from porescope.models.property_model import PropertyModel, PropertyOutput
from porescope.nn.moments import Moments, Surroundings, surroundings
from porescope.nn.segments import segment_mean, segment_sum
from porescope.units import BOLTZMANN_EV

AMOUNTS: tuple[Amount, ...] = ("intensive", "per_mass", "per_cell")
"""Kinds of targets, in the order of :func:`sizes_of`."""
_POOL = 4  # points kept of a crystal, over those of a prediction
_OPEN_GAIN = 10.0  # over the share of a cell that is open, about: so that values are of order one
_READ_RADIAL = 8  # radial functions of a readout, whose reach is about twice a layer's


def sizes_of(crystal: Crystal, *, places: str) -> tuple[float, float, float]:
    """By what a mean over places is multiplied for each of :data:`AMOUNTS`.

    Nothing; the specific volume [cm³/g]; the number of atoms over 100 where places are atoms, and
    the volume over 1000 Å³ where they are points.
    """
    cell = crystal.n_atoms / 100.0 if places == "atoms" else crystal.volume / 1000.0
    return 1.0, 1.0 / crystal.density, cell


class Layer(nn.Module):
    """One round of messages: an atom's features change by what is about it.

    Parameters
    ----------
    config:
        The preset's settings.
    """

    def __init__(self, config: SitesConfig) -> None:
        super().__init__()
        width = config.width
        self.moments = Moments(
            width,
            channels=config.channels,
            n_radial=config.n_radial,
            scalars=width,
            pairs=config.pairs,
        )
        n_in = width + self.moments.n_out
        self.change = nn.Sequential(
            nn.LayerNorm(n_in),
            nn.Linear(n_in, 2 * width),
            nn.SiLU(),
            nn.Dropout(config.dropout),
            nn.Linear(2 * width, width),
        )

    def forward(
        self, features: Float[Tensor, "atoms width"], around: Surroundings
    ) -> Float[Tensor, "atoms width"]:
        """The features, changed."""
        seen = self.moments(features, around).to(features.dtype)
        return features + self.change(torch.cat((features, seen), dim=1)).to(features.dtype)


class SitesNetwork(PropertyModel):
    """Properties as means of what places contribute.

    Parameters
    ----------
    config:
        The preset's settings.
    """

    needs = frozenset({"graphs", "probes", "features"})
    config: SitesConfig

    def __init__(self, config: SitesConfig) -> None:
        super().__init__(config)
        width = config.width
        self.elements = Elements(width)
        self.layers = nn.ModuleList(Layer(config) for _ in config.cutoffs)
        self.readers = nn.ModuleList(
            Moments(
                width,
                channels=config.channels,
                n_radial=_READ_RADIAL,
                scalars=width,
                pairs=config.pairs,
                typical=32.0,
            )
            for _ in config.reaches
        )
        n_in = sum(reader.n_out for reader in self.readers if isinstance(reader, Moments))
        n_in += width if config.places == "atoms" else 1
        n_in += 0 if config.probe is None else N_ENERGY_FEATURES
        n_says = CHANNELS[config.pooling] + int(config.states_variance)
        self.head = nn.Sequential(
            nn.LayerNorm(n_in),
            nn.Linear(n_in, width),
            nn.SiLU(),
            nn.Dropout(config.dropout),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, n_says * config.n_targets),
        )
        self.known = Known()
        self.closed = nn.Parameter(torch.zeros(n_says, config.n_targets))

    @property
    def jitters(self) -> bool:  # type: ignore[override]
        """Whether points are drawn anew while training."""
        return self.config.places == "points" and self.config.redraws

    def set_scale(
        self, *, shift: Float[Tensor, "targets"], scale: Float[Tensor, "targets"]
    ) -> None:
        """Set shift and scale (see :class:`PropertyModel`); closed points start with a value of 0.

        They are learned from there on.
        """
        super().set_scale(shift=shift, scale=scale)
        with torch.no_grad():
            self.closed[0] = -self.shift / self.scale

    def described(
        self, crystal: Crystal, *, generator: np.random.Generator | None = None
    ) -> PropertyBatch:
        """A batch of one crystal (see :class:`PropertyModel`)."""
        config = self.config
        key = crystal_key(crystal)
        if (found := self.known.get(key)) is not None:
            quotient, pool = found
        else:
            quotient = quotient_of(crystal)
            if config.places == "points":
                quotient = symmetric(quotient)
            pool = self.pool_of(quotient)
            if self.jitters:
                pool = drawn(pool, n=_POOL * config.n_points_predict)
                self.known.keep(key, (quotient, pool))
        if config.places == "points":
            if generator is not None and config.probe is None:
                pool = grid_over(quotient, spacing=config.spacing, shift=generator.random(3)).pool
            n = config.n_points if generator is not None else config.n_points_predict
            pool = drawn(pool, n=n, generator=generator)
        return self.batch_of(quotient, pool)

    def pool_of(self, quotient: Quotient) -> PlacePool:
        """The places of a crystal, or the points that they are drawn from.

        Parameters
        ----------
        quotient:
            The crystal; its symmetry exact where places are points.
        """
        config, crystal = self.config, quotient.crystal
        if config.places == "atoms":
            weight = quotient.multiplicity / crystal.n_atoms
            return PlacePool(cart=crystal.cart[quotient.unique], weight=weight)
        spacing = config.spacing if config.probe is None else config.fine_spacing
        return self.grid_of(quotient, spacing=spacing, merges=True).pool

    def grid_of(self, quotient: Quotient, *, spacing: float, merges: bool = False) -> PlaceGrid:
        """An even grid of places over a crystal.

        Parameters
        ----------
        quotient:
            The crystal, its symmetry exact.
        spacing:
            Largest distance between points along an axis [Å].
        merges:
            Whether points where the probe does not fit become a single one.
        """
        config = self.config
        grid = grid_over(quotient, spacing=spacing)
        if config.probe is None:
            return grid
        pool = felt_pool(
            quotient,
            grid.pool,
            probe=config.probe,
            field=config.field,
            cap_k=config.energy_cap_k,
            window=config.window,
            merges=merges,
        )
        return replace(grid, pool=pool)

    def batch_of(self, quotient: Quotient, pool: PlacePool) -> PropertyBatch:
        """A batch of one crystal with the places given."""
        config = self.config
        graph = graph_of(quotient, cutoff=max(config.cutoffs))
        edges = np.zeros((2, 0), dtype=np.int64)
        vector = np.zeros((0, 3))
        if config.places == "atoms":
            every = np.arange(len(quotient.unique))
            edges, vector = np.stack([every, every]), np.zeros((len(every), 3))
        if config.reaches:
            far = max(reach for _, reach in config.reaches)
            looked = np.arange(len(pool))
            if pool.energy is not None:
                looked = np.flatnonzero(pool.energy < config.energy_cap_k * BOLTZMANN_EV)
            edges, vector = edges_of_places(pool.cart[looked], quotient.crystal, cutoff=far)
            edges = np.stack([looked[edges[0]], quotient.orbit[edges[1]]])
        probes = Probes(
            place=torch.from_numpy(pool.cart.astype(np.float32)),
            crystal=torch.zeros(len(pool), dtype=torch.int64),
            weight=torch.from_numpy(pool.weight.astype(np.float32)),
            edge_index=torch.from_numpy(edges.astype(np.int64)),
            edge_vector=torch.from_numpy(vector.astype(np.float32)),
            n_probes=torch.tensor([len(pool)]),
            energy=None if pool.energy is None else torch.from_numpy(pool.energy).float(),
            gradient=None if pool.gradient is None else torch.from_numpy(pool.gradient).float(),
        )
        sizes = torch.tensor([sizes_of(quotient.crystal, places=config.places)])
        return PropertyBatch(
            targets=self.unknown(), graphs=graph, probes=probes, features=sizes.float()
        )

    def forward(self, batch: PropertyBatch) -> PropertyOutput:
        """Values of a batch in scaled units."""
        require_property_inputs(batch, needs=self.needs)
        assert batch.graphs is not None
        assert batch.probes is not None
        assert batch.features is not None
        # Half precision costs accuracy in the geometry, and time in casting it.
        with torch.autocast(batch.targets.device.type, enabled=False):
            said = self.said(batch.graphs, batch.probes)
        config, probes = self.config, batch.probes
        n_channels = CHANNELS[config.pooling]
        mean, parts = pooled(
            said[:, :n_channels],
            how=config.pooling,
            weight=probes.weight,
            crystal=probes.crystal,
            n_crystals=len(batch),
            softness=config.softness,
        )
        if config.amounts:
            of_kind = [AMOUNTS.index(amount) for amount in config.amounts]
            factor = batch.features[:, of_kind]
            mean = self._of_amount(mean, factor)
            parts = self._of_amount(parts, factor[probes.crystal])
        log_variance = None
        if config.states_variance:
            log_variance = segment_sum(
                said[:, -1] * probes.weight[:, None], batch=probes.crystal, n_members=len(batch)
            )
        atoms = None
        if config.places == "atoms":
            if config.neutral:
                parts, mean = parts - mean[probes.crystal], torch.zeros_like(mean)
            atoms = parts
        output = PropertyOutput(mean=mean, log_variance=log_variance, contributions=parts)
        return replace(output, atoms=atoms)

    def _of_amount(
        self, values: Float[Tensor, "rows targets"], factor: Float[Tensor, "rows targets"]
    ) -> Float[Tensor, "rows targets"]:
        """Scaled amounts from scaled densities."""
        return ((values * self.scale + self.shift) * factor - self.shift) / self.scale

    def said(self, graphs: AtomGraphs, probes: Probes) -> Float[Tensor, "places channels targets"]:
        """What each place says, from its window alone."""
        config = self.config
        depths = self.atom_features(graphs)
        n_places = len(probes.place)
        parts: list[Tensor] = []
        for (depth, far), reader in zip(config.reaches, self.readers, strict=True):
            around = surroundings(
                probes.edge_index,
                probes.edge_vector,
                n_receivers=n_places,
                cutoff=far,
                n_radial=_READ_RADIAL,
            )
            parts.append(reader(depths[depth], around).float())
        if config.places == "atoms":
            parts.append(depths[-1].float())
        else:
            # So that the norm does not blow up the little that an almost empty window holds.
            parts.append(depths[0].new_ones(n_places, 1))
        gate = None
        if config.probe is not None:
            assert probes.energy is not None
            assert probes.gradient is not None
            cap = config.energy_cap_k
            parts.append(energy_features(probes.energy, probes.gradient, cap_k=cap))
            gate = openness(probes.energy, cap_k=cap)[:, None, None]
        said = self.head(torch.cat(parts, dim=1)).float()
        said = said.view(n_places, -1, config.n_targets)
        return said if gate is None else self.closed + gate * (_OPEN_GAIN * said)

    def atom_features(self, graphs: AtomGraphs) -> list[Float[Tensor, "atoms width"]]:
        """Features of the atoms before the first layer and after each."""
        features = self.elements(graphs.numbers)
        depths, known = [features], dict[float, Surroundings]()
        for layer, cutoff in zip(self.layers, self.config.cutoffs, strict=True):
            if cutoff not in known:
                known[cutoff] = surroundings(
                    graphs.edge_index,
                    graphs.edge_vector,
                    n_receivers=len(graphs.numbers),
                    cutoff=cutoff,
                    n_radial=self.config.n_radial,
                )
            features = layer(features, known[cutoff])
            depths.append(features)
        return depths

    def embedding(self, batch: PropertyBatch) -> Float[Tensor, "crystals width"]:
        """Mean features of each crystal's atoms, by which unlike crystals are told apart."""
        assert batch.graphs is not None
        features = self.atom_features(batch.graphs)[-1]
        return segment_mean(features, batch=batch.graphs.crystal, n_members=len(batch))
