"""The preset ``x3mat``: the mean over a crystal's windows of what a network says of each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from porescope.crystal.elements import N_NUMBERS
from porescope.crystal.structure import Crystal
from porescope.models.property_inputs import PropertyBatch, Windows, require_property_inputs
from porescope.models.property_model import PropertyModel, PropertyOutput
from porescope.models.property_x3mat.attention import Block, EdgeScalars
from porescope.models.property_x3mat.config import X3matConfig
from porescope.models.property_x3mat.layers import DegreeNorm
from porescope.models.property_x3mat.predict import windows_of
from porescope.models.property_x3mat.sphere import Frames
from porescope.nn.mlp import mlp
from porescope.nn.segments import segment_sum

ALIKE = 1e-3
"""Distances that differ by no more than this count as equal [Å]."""


class X3matNetwork(PropertyModel):
    """Contributions of spherical windows, whose mean is the property.

    Rotations change nothing but for the sphere's grid, on which activations are worked out as in
    EquiformerV2. The grid of windows begins at the origin of the cell that is given: another
    origin, another cell or a supercell has other windows and a somewhat other value.

    Parameters
    ----------
    config:
        The preset's settings.
    """

    needs = frozenset({"windows"})
    invariances = frozenset({"order", "rotation"})
    jitters = True
    centres: Tensor

    def __init__(self, config: X3matConfig) -> None:
        super().__init__(config)
        self.n_components = (config.l_max + 1) ** 2
        self.frames = Frames(l_max=config.l_max, m_max=config.m_max)
        centres = torch.linspace(0.0, config.cutoff, config.n_gaussians)
        self.register_buffer("centres", centres, persistent=False)
        self.elements = nn.Embedding(N_NUMBERS, config.channels)
        self.first = EdgeScalars(config, (config.l_max + 1) * config.channels, n_elements=N_NUMBERS)
        self.blocks = nn.ModuleList(
            Block(config, n_elements=N_NUMBERS) for _ in range(config.layers)
        )
        self.norm = DegreeNorm(config.channels, l_max=config.l_max)
        self.head = mlp([config.channels, config.hidden, config.n_targets])
        self.empty = nn.Parameter(torch.zeros(config.n_targets))

    def described(
        self, crystal: Crystal, *, generator: np.random.Generator | None = None
    ) -> PropertyBatch:
        """All windows of one crystal, or with a generator some of them."""
        windows = windows_of(
            crystal,
            radius=self.config.radius,
            step=self.config.step,
            most=self.config.predict_windows if generator is None else self.config.train_windows,
            generator=generator,
        )
        return PropertyBatch(targets=self.unknown(), windows=windows)

    def forward(self, batch: PropertyBatch) -> PropertyOutput:
        """Values of a batch in scaled units, and each window's contribution."""
        require_property_inputs(batch, needs=self.needs)
        windows = batch.windows
        assert windows is not None
        contributions = self.contributions(windows)
        mean = segment_sum(
            contributions * windows.weight[:, None],
            batch=windows.crystal,
            n_members=len(windows),
        )
        return PropertyOutput(mean=mean, contributions=contributions)

    def contributions(self, windows: Windows) -> Float[Tensor, "windows targets"]:
        """What the network says of each window, a few windows at a time."""
        n_windows, at_once = len(windows.place), self.config.windows_at_once
        starts = torch.arange(0, n_windows + at_once, at_once, device=windows.window.device)
        bounds = torch.searchsorted(windows.window, starts.clamp(max=n_windows)).tolist()
        parts = []
        for place, (begin, end) in enumerate(pairwise(bounds)):
            n = min(at_once, n_windows - place * at_once)
            inputs = (
                windows.numbers[begin:end],
                windows.window[begin:end] - place * at_once,
                windows.offset[begin:end],
                n,
            )
            if self.config.recompute and torch.is_grad_enabled() and n_windows > at_once:
                parts.append(checkpoint(self._of_windows, *inputs, use_reentrant=False))
            else:
                parts.append(self._of_windows(*inputs))
        return torch.cat(parts) if parts else self.empty.new_zeros(0, self.n_targets)

    def _of_windows(
        self,
        numbers: Int[Tensor, "members"],
        window: Int[Tensor, "members"],
        offset: Float[Tensor, "members 3"],
        n_windows: int,
    ) -> Float[Tensor, "windows targets"]:
        """Contributions of some windows; one without atoms gives what all have in common."""
        total = self.empty.expand(n_windows, -1)
        if not len(numbers):
            return total
        numbers = numbers.clamp(0, N_NUMBERS - 1)
        edges = edges_within(
            offset, window, cutoff=self.config.cutoff, most=self.config.most_neighbours
        )
        vector = offset[edges[1]] - offset[edges[0]]
        frames = self.frames(vector)
        step = self.centres[1] - self.centres[0]
        gaussians = torch.exp(-0.5 * ((vector.norm(dim=1)[:, None] - self.centres) / step) ** 2)
        x = self._embedded(numbers, edges, gaussians, frames)
        for block in self.blocks:
            x = block(x, numbers, edges, gaussians, frames)
        each = self.head(self.norm(x)[:, 0])
        told = segment_sum(each, batch=window, n_members=n_windows)
        return total + told / self.config.usual_atoms

    def _embedded(
        self,
        numbers: Int[Tensor, "members"],
        edges: Int[Tensor, "2 edges"],
        gaussians: Float[Tensor, "edges gaussians"],
        frames: Float[Tensor, "edges kept components"],
    ) -> Float[Tensor, "members components channels"]:
        """Elements at degree 0, and at all degrees where the neighbours lie."""
        n_still = self.config.l_max + 1
        told = self.first(gaussians, numbers, edges).unflatten(1, (n_still, -1))
        told = frames[:, :n_still].mT @ told / self.config.usual_neighbours
        around = told.new_zeros(len(numbers), *told.shape[1:]).index_add(0, edges[0], told)
        return torch.cat([(around[:, 0] + self.elements(numbers))[:, None], around[:, 1:]], dim=1)


@torch.no_grad()
def edges_within(
    offset: Float[Tensor, "members 3"],
    window: Int[Tensor, "members"],
    *,
    cutoff: float,
    most: int,
) -> Int[Tensor, "2 edges"]:
    """Receiver and sender of each edge between atoms of one window.

    Parameters
    ----------
    offset:
        Places of the atoms against their window's centre [Å].
    window:
        The window of each atom, rising.
    cutoff:
        Largest distance [Å].
    most:
        Neighbours of an atom, the nearest; those as far as the last join them.
    """
    counts = torch.bincount(window)
    longest = int(counts.max())
    starts = counts.cumsum(0) - counts
    slot = torch.arange(len(window), device=window.device) - starts[window]
    member = torch.full((len(counts), longest), -1, device=window.device)
    member[window, slot] = torch.arange(len(window), device=window.device)
    there = member >= 0
    place = torch.where(there[..., None], offset[member], 0.0)
    apart = (place[:, :, None] - place[:, None]).square().sum(dim=-1).sqrt()
    pair = there[:, :, None] & there[:, None]
    pair &= ~torch.eye(longest, dtype=torch.bool, device=window.device)
    apart = torch.where(pair & (apart <= cutoff), apart, torch.inf)
    if longest > most:
        last = apart.kthvalue(most, dim=2, keepdim=True).values
        apart = torch.where(apart <= last + ALIKE, apart, torch.inf)
    where, receiver, sender = torch.isfinite(apart).nonzero(as_tuple=True)
    return torch.stack([member[where, receiver], member[where, sender]])
