"""Moments of the surroundings: what an atom or a point sees of the atoms near it.

For each receiver i the neighbours j within a cutoff are summed up in moments

.. math:: A_{i,k,l,c} = \\sum_j R_k(r_{ij})\\, T_l(\\hat r_{ij})\\, x_{j,c}

with radial functions R, Cartesian tensors T (1, the unit vector, its traceless square) and features
x of the neighbours. Lengths of linear combinations of the moments over k and c do not change under
rotation and know the angles between pairs of neighbours. The features themselves are scalars, so
atoms that are equal by symmetry have equal features, and only one of each orbit need be computed:
moments of the others are never asked for.

The geometry of all receivers is gathered once in matrices that every layer shares, and a layer is
one batched product of matrices; nothing of the size edges x channels x functions is ever made.
The expansion is the density trick of the atomic cluster expansion (Drautz, Phys. Rev. B 99 (2019)
014104, https://doi.org/10.1103/PhysRevB.99.014104) to the first two correlation orders.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

N_TENSORS = 9
"""Components of the Cartesian tensors of rank 0, 1 and 2."""
_PLATEAU = 0.7  # of the cutoff, where the envelope begins to fall
_GAIN = 3.0  # of the first weights, so that what is about an atom counts from the start
_SOFT = 1e-3  # length below which the root of a square is rounded off
_BUCKETS = 4  # groups of receivers of similar numbers of neighbours, so that little is filled up
_LEAST_BUCKET = 256  # receivers below which a group is not split


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bucket:
    """Receivers with similar numbers of neighbours, each filled up to the largest."""

    receivers: Int[Tensor, "n"]
    """Which receivers."""
    senders: Int[Tensor, "n slots"]
    """Neighbours; what fills up names row 0 and has a basis of zeros."""
    basis: Float[Tensor, "n functions slots"]
    """Radial function times tensor of each neighbour, tensors slowest."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """Geometry of all receivers' neighbours within a cutoff."""

    buckets: tuple[Bucket, ...]
    """Receivers that have neighbours."""
    n_receivers: int
    """Number of receivers, with and without neighbours."""
    n_radial: int
    """Number of radial functions."""


def radial_basis(
    distance: Float[Tensor, "edges"], *, cutoff: float, n_radial: int
) -> Float[Tensor, "edges n_radial"]:
    """Gaussians at even distances times an envelope that ends smoothly at the cutoff.

    The envelope is one up to 0.7 of the cutoff, as the outer part of a small window counts too.

    Parameters
    ----------
    distance:
        Distances [Å].
    cutoff:
        Where all functions and their first two derivatives are zero [Å].
    n_radial:
        Number of functions.
    """
    width = cutoff / n_radial
    centres = torch.linspace(0.5 * width, cutoff - 0.5 * width, n_radial, device=distance.device)
    x = ((distance / cutoff - _PLATEAU) / (1.0 - _PLATEAU)).clamp(0.0, 1.0)
    envelope = 1.0 - x**3 * (10.0 - 15.0 * x + 6.0 * x * x)
    gauss = torch.exp(-0.5 * ((distance[:, None] - centres) / width) ** 2)
    return gauss * envelope[:, None]


def direction_tensors(vector: Float[Tensor, "edges 3"]) -> Float[Tensor, "edges tensors"]:
    """1, unit vector, and traceless symmetric square of it, each of length one.

    A vector of no length has the tensors 1, 0 and 0.
    """
    length = vector.norm(dim=1, keepdim=True)
    x, y, z = (vector / length.clamp(min=1e-6)).unbind(dim=1)
    there = (length[:, 0] > 1e-6).to(vector.dtype)
    root = 3.0**0.5
    return torch.stack(
        (
            torch.ones_like(x),
            x,
            y,
            z,
            root * x * y,
            root * y * z,
            root * x * z,
            0.5 * root * (x * x - y * y),
            (1.5 * z * z - 0.5) * there,
        ),
        dim=1,
    )


def surroundings(
    edge_index: Int[Tensor, "2 edges"],
    edge_vector: Float[Tensor, "edges 3"],
    *,
    n_receivers: int,
    cutoff: float,
    n_radial: int,
) -> Surroundings:
    """The geometry of neighbours, for any number of layers.

    Parameters
    ----------
    edge_index:
        Receiver and sender of each edge.
    edge_vector:
        From receiver to sender [Å].
    n_receivers:
        Number of receivers.
    cutoff:
        Longer edges are left out [Å].
    n_radial:
        Number of radial functions.
    """
    distance = edge_vector.norm(dim=1)
    near = torch.nonzero(distance < cutoff)[:, 0]
    receiver = edge_index[0, near]
    order = torch.argsort(receiver, stable=True)
    near, receiver = near[order], receiver[order]
    radial = radial_basis(distance[near], cutoff=cutoff, n_radial=n_radial)
    tensors = direction_tensors(edge_vector[near])
    basis = (tensors[:, :, None] * radial[:, None, :]).flatten(1)
    degree = torch.bincount(receiver, minlength=n_receivers)
    slot = torch.arange(len(near), device=near.device) - (degree.cumsum(0) - degree)[receiver]
    return Surroundings(
        buckets=tuple(
            _bucket(rows, basis, receiver, slot, edge_index[1, near], degree)
            for rows in _groups(degree)
        ),
        n_receivers=n_receivers,
        n_radial=n_radial,
    )


def _groups(degree: Int[Tensor, "receivers"]) -> list[Int[Tensor, "some"]]:
    """Receivers with neighbours, in groups of rising number of neighbours."""
    by_degree = torch.argsort(degree, stable=True)
    by_degree = by_degree[int((degree == 0).sum()) :]
    n_groups = max(1, min(_BUCKETS, len(by_degree) // _LEAST_BUCKET))
    return [group for group in by_degree.chunk(n_groups) if len(group)]


def _bucket(
    rows: Int[Tensor, "some"],
    basis: Float[Tensor, "edges functions"],
    receiver: Int[Tensor, "edges"],
    slot: Int[Tensor, "edges"],
    sender: Int[Tensor, "edges"],
    degree: Int[Tensor, "receivers"],
) -> Bucket:
    place = torch.full_like(degree, -1)
    place[rows] = torch.arange(len(rows), device=rows.device)
    mine = torch.nonzero(place[receiver] >= 0)[:, 0]
    n_slots = int(degree[rows].max())
    flat = place[receiver[mine]] * n_slots + slot[mine]
    senders = sender.new_zeros(len(rows) * n_slots).index_copy(0, flat, sender[mine])
    filled = basis.new_zeros(len(rows) * n_slots, basis.shape[1]).index_copy(0, flat, basis[mine])
    return Bucket(
        receivers=rows,
        senders=senders.view(len(rows), n_slots),
        basis=filled.view(len(rows), n_slots, -1).transpose(1, 2).contiguous(),
    )


class Moments(nn.Module):
    """Invariants of the surroundings of receivers.

    Parameters
    ----------
    width:
        Features of a sender.
    channels:
        Numbers that a sender's features are pressed into before they are summed.
    n_radial:
        Radial functions.
    scalars:
        Invariants that come from distances alone.
    pairs:
        Invariants that come from each of the vectors and the squares.
    typical:
        Typical number of neighbours, by whose root sums are divided.
    """

    def __init__(
        self,
        width: int,
        *,
        channels: int,
        n_radial: int,
        scalars: int,
        pairs: int,
        typical: float = 16.0,
    ) -> None:
        super().__init__()
        self.press = nn.Linear(width, channels, bias=False)
        self.mix = nn.ModuleList(
            nn.Linear(n_radial * channels, n_out, bias=False) for n_out in (scalars, pairs, pairs)
        )
        for mix in self.mix:
            assert isinstance(mix, nn.Linear)
            nn.init.normal_(mix.weight, std=_GAIN * mix.in_features**-0.5)
        self.n_out = scalars + 2 * pairs
        self.factor = typical**-0.5

    def forward(
        self, features: Float[Tensor, "senders width"], around: Surroundings
    ) -> Float[Tensor, "receivers n_out"]:
        """Invariants of every receiver; zeros for one without neighbours."""
        x = self.press(features) * self.factor
        channels = x.shape[1]
        out = x.new_zeros(around.n_receivers, self.n_out)
        for bucket in around.buckets:
            moments = torch.bmm(bucket.basis.to(x.dtype), x[bucket.senders])
            moments = moments.view(-1, N_TENSORS, around.n_radial * channels)
            parts = [self.mix[0](moments[:, 0])]
            for rank, ends in ((1, (1, 4)), (2, (4, 9))):
                projected = self.mix[rank](moments[:, ends[0] : ends[1]])
                square = projected.square().sum(dim=1)
                parts.append((square + _SOFT**2).sqrt() - _SOFT)
            out = out.index_copy(0, bucket.receivers, torch.cat(parts, dim=1).to(out.dtype))
        return out
