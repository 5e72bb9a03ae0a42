"""Spherical components of features: their frames on edges, and the grid of the sphere.

A feature holds ``(l_max + 1)²`` components in e3nn's order: degree l from 0 up, order m from -l to
l. In the frame of an edge its y axis, e3nn's polar axis, lies along the edge. There only orders up
to ``m_max`` are kept, sorted by order: m = 0 with all degrees, then m = +1, m = -1, m = +2 and so
on, each with its degrees rising (eSCN, Passaro and Zitnick 2023, https://arxiv.org/abs/2302.03655).
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from porescope.errors import MissingExtraError

try:
    from e3nn import o3
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("e3nn", extra="ml") from error


def kept_components(*, l_max: int, m_max: int) -> Int[Tensor, "kept"]:
    """Places among all components of those that a frame keeps, in the frame's order."""
    orders = [0]
    for m in range(1, m_max + 1):
        orders += [m, -m]
    return torch.tensor([l * l + l + m for m in orders for l in range(abs(m), l_max + 1)])


def degrees(*, l_max: int) -> Int[Tensor, "components"]:
    """Degree of each component."""
    return torch.cat([torch.full((2 * l + 1,), l) for l in range(l_max + 1)])


@torch.no_grad()
def frames_of(
    direction: Float[Tensor, "edges 3"], *, l_max: int, kept: Int[Tensor, "kept"]
) -> Float[Tensor, "edges kept components"]:
    """Matrices that turn features into the frames of edges; their transposes turn them back.

    The turn about the edge is e3nn's choice: what follows must not depend on it.

    Parameters
    ----------
    direction:
        Vectors along the edges, of any length above 0.
    l_max:
        Highest degree.
    kept:
        What is kept, of :func:`kept_components`.
    """
    alpha, beta = o3.xyz_to_angles(torch.nn.functional.normalize(direction, dim=1))
    gamma = torch.zeros_like(alpha)
    n = (l_max + 1) ** 2
    whole = direction.new_zeros(len(direction), n, n)
    for l in range(l_max + 1):
        part = slice(l * l, (l + 1) ** 2)
        whole[:, part, part] = o3.wigner_D(l, alpha, beta, gamma)
    return whole.mT[:, kept].contiguous()


def grid_matrices(
    *, l_max: int, points: int
) -> tuple[Float[Tensor, "grid components"], Float[Tensor, "components grid"]]:
    """From components to values on the sphere's grid, and back.

    The grid has ``points`` rings and one point more around each, so that no direction repeats;
    what an activation adds above its resolution comes back as an error of equivariance.

    Parameters
    ----------
    l_max:
        Highest degree.
    points:
        Number of rings, even.
    """
    rings = points + points % 2
    around = points + 1 - points % 2
    n = (l_max + 1) ** 2
    to_grid = o3.ToS2Grid(l_max, (rings, around), normalization="component")
    from_grid = o3.FromS2Grid((rings, around), l_max, normalization="component")
    forth = to_grid(torch.eye(n)).reshape(n, -1).T
    back = from_grid(torch.eye(rings * around).reshape(-1, rings, around)).T
    return forth.contiguous(), back.contiguous()
