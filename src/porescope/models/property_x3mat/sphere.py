"""Spherical components of features: their frames on edges, and the grid of the sphere.

A feature holds ``(l_max + 1)²`` components in e3nn's order: degree l from 0 up, order m from -l to
l. In the frame of an edge its y axis, e3nn's polar axis, lies along the edge. There only orders up
to ``m_max`` are kept, sorted by order: m = 0 with all degrees, then m = +1, m = -1, m = +2 and so
on, each with its degrees rising (eSCN, Passaro and Zitnick 2023, https://arxiv.org/abs/2302.03655).
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

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


class Frames(nn.Module):
    """Matrices that turn features into the frames of edges; their transposes turn them back.

    A frame is e3nn's ``wigner_D(l, alpha, beta, 0)``, which is made here of turns about y, whose
    matrices hold one sine and one cosine a row, and of e3nn's constant matrix of the turn that
    takes y to x: the same numbers without a matrix exponential for each edge. What follows must
    not depend on the turn about the edge, which is e3nn's choice.

    Parameters
    ----------
    l_max, m_max:
        Highest degree, and highest order that is kept.
    """

    kept: Tensor
    order: Tensor
    mirror: Tensor
    y_to_x: Tensor

    def __init__(self, *, l_max: int, m_max: int) -> None:
        super().__init__()
        orders = [(l, m) for l in range(l_max + 1) for m in range(-l, l + 1)]
        mirror = [l * l + l - m for l, m in orders]
        kept = kept_components(l_max=l_max, m_max=m_max)
        turn = torch.tensor([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        alpha, beta, gamma = o3.matrix_to_angles(turn)
        blocks = [o3.wigner_D(l, alpha, beta, gamma) for l in range(l_max + 1)]
        self.register_buffer("kept", kept, persistent=False)
        self.register_buffer("order", torch.tensor([float(m) for _, m in orders]), persistent=False)
        self.register_buffer("mirror", torch.tensor(mirror), persistent=False)
        self.register_buffer("y_to_x", torch.block_diag(*blocks), persistent=False)

    @torch.no_grad()
    def forward(self, direction: Float[Tensor, "edges 3"]) -> Float[Tensor, "edges kept all"]:
        """The frames of vectors of any length above 0."""
        alpha, beta = o3.xyz_to_angles(nn.functional.normalize(direction, dim=1))
        tilted = self._turned(self.y_to_x.T.expand(len(direction), -1, -1), beta)
        whole = self._turned(self.y_to_x @ tilted, alpha)
        return whole.mT[:, self.kept].contiguous()

    def _turned(
        self, matrices: Float[Tensor, "edges all all"], angle: Float[Tensor, "edges"]
    ) -> Float[Tensor, "edges all all"]:
        """The matrices, with a turn about y [rad] in front of them."""
        phase = angle[:, None, None] * self.order[:, None]
        return phase.cos() * matrices - phase.sin() * matrices[:, self.mirror]


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
