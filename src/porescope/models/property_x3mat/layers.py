"""Equivariant layers of EquiformerV2 (Liao et al. 2024, https://arxiv.org/abs/2306.12059)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from porescope.models.property_x3mat.sphere import degrees, grid_matrices, kept_components


class DegreeLinear(nn.Module):
    """One linear layer for each degree; a bias for degree 0 only.

    Parameters
    ----------
    n_in, n_out:
        Channels.
    l_max:
        Highest degree.
    """

    degree: Tensor

    def __init__(self, n_in: int, n_out: int, *, l_max: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(l_max + 1, n_in, n_out))
        self.bias = nn.Parameter(torch.zeros(n_out))
        nn.init.uniform_(self.weight, -(n_in**-0.5), n_in**-0.5)
        self.register_buffer("degree", degrees(l_max=l_max), persistent=False)

    def forward(
        self, x: Float[Tensor, "atoms components channels"]
    ) -> Float[Tensor, "atoms components outputs"]:
        """The features, mixed channel by channel."""
        made = torch.einsum("nkc,kcd->nkd", x, self.weight[self.degree])
        return torch.cat([made[:, :1] + self.bias, made[:, 1:]], dim=1)


class DegreeNorm(nn.Module):
    """Layer norm of degree 0, and one length for all higher degrees together.

    Each degree has the same say in that length, whatever its number of components.

    Parameters
    ----------
    channels:
        Channels.
    l_max:
        Highest degree.
    """

    degree: Tensor
    share: Tensor

    def __init__(self, channels: int, *, l_max: int) -> None:
        super().__init__()
        self.scalars = nn.LayerNorm(channels)
        self.weight = nn.Parameter(torch.ones(l_max, channels))
        degree = degrees(l_max=l_max)[1:]
        self.register_buffer("degree", degree - 1, persistent=False)
        share = 1.0 / (l_max * (2.0 * degree + 1.0))
        self.register_buffer("share", share[:, None], persistent=False)

    def forward(
        self, x: Float[Tensor, "atoms components channels"]
    ) -> Float[Tensor, "atoms components channels"]:
        """The features at a usual size."""
        higher = x[:, 1:]
        length = (higher.square() * self.share).sum(dim=1, keepdim=True).mean(dim=2, keepdim=True)
        higher = higher * (length + 1e-6).rsqrt() * self.weight[self.degree]
        return torch.cat([self.scalars(x[:, :1]), higher], dim=1)


class FrameConvolution(nn.Module):
    """Linear layer in the frame of an edge that commutes with turns about the edge.

    The components of orders m and -m together are a complex number that a turn multiplies by a
    phase, so any complex-linear layer among the degrees and channels of one order commutes with it.

    Parameters
    ----------
    n_in, n_out:
        Channels.
    l_max, m_max:
        Highest degree and order.
    n_extra:
        Further outputs that do not change with turns.
    """

    def __init__(self, n_in: int, n_out: int, *, l_max: int, m_max: int, n_extra: int = 0) -> None:
        super().__init__()
        self.n_extra, self.n_out = n_extra, n_out
        self.sizes = [l_max + 1 - m for m in range(m_max + 1)]
        self.still = nn.Linear(self.sizes[0] * n_in, self.sizes[0] * n_out + n_extra)
        self.turning = nn.ModuleList(
            nn.Linear(size * n_in, 2 * size * n_out, bias=False) for size in self.sizes[1:]
        )
        for layer in self.turning:
            assert isinstance(layer, nn.Linear)
            layer.weight.data.mul_(2.0**-0.5)

    def forward(
        self, x: Float[Tensor, "edges kept channels"]
    ) -> tuple[Float[Tensor, "edges kept outputs"], Float[Tensor, "edges extra"]]:
        """Components in the edge's frame, and what does not turn."""
        n = len(x)
        first = self.still(x[:, : self.sizes[0]].flatten(1))
        extra, first = first.split([self.n_extra, first.shape[1] - self.n_extra], dim=1)
        made, start = [first.view(n, self.sizes[0], self.n_out)], self.sizes[0]
        for layer, size in zip(self.turning, self.sizes[1:], strict=True):
            pair = x[:, start : start + 2 * size].reshape(n, 2, size * x.shape[2])
            real, imaginary = layer(pair).chunk(2, dim=2)
            plus = real[:, 0] - imaginary[:, 1]
            minus = real[:, 1] + imaginary[:, 0]
            made += [plus.view(n, size, self.n_out), minus.view(n, size, self.n_out)]
            start += 2 * size
        return torch.cat(made, dim=1), extra


class SphereActivation(nn.Module):
    """SiLU of the function on the sphere; degree 0 is made from other scalars instead.

    Parameters
    ----------
    l_max:
        Highest degree.
    m_max:
        Highest order of components in a frame; None for all components in e3nn's order.
    points:
        Points of the grid along each angle.
    """

    to_grid: Tensor
    from_grid: Tensor

    def __init__(self, *, l_max: int, m_max: int | None, points: int) -> None:
        super().__init__()
        forth, back = grid_matrices(l_max=l_max, points=points)
        if m_max is not None:
            kept = kept_components(l_max=l_max, m_max=m_max)
            forth, back = forth[:, kept], back[kept]
        self.register_buffer("to_grid", forth, persistent=False)
        self.register_buffer("from_grid", back[1:], persistent=False)

    def forward(
        self,
        x: Float[Tensor, "rows components channels"],
        scalars: Float[Tensor, "rows channels"],
        between: nn.Module | None = None,
    ) -> Float[Tensor, "rows components channels"]:
        """The features after the activation.

        Parameters
        ----------
        x:
            The features.
        scalars:
            What degree 0 is made from.
        between:
            Layers that work on each point of the grid, in the place of the bare SiLU.
        """
        n, _, width = x.shape
        values = self.to_grid @ x.transpose(0, 1).flatten(1)
        if between is None:
            values = F.silu(values)
        else:
            points = values.view(len(values) * n, width)
            values = between(points).view(len(values), n * width)
        higher = (self.from_grid @ values).view(len(self.from_grid), n, width).transpose(0, 1)
        return torch.cat([F.silu(scalars)[:, None], higher], dim=1)


def smooth_leaky_relu(x: Float[Tensor, "*shape"], *, slope: float = 0.2) -> Float[Tensor, "*shape"]:
    """Leaky ReLU with a smooth bend."""
    return x * ((1.0 + slope) / 2.0 + (1.0 - slope) / 2.0 * (2.0 * torch.sigmoid(x) - 1.0))


def segment_softmax(
    logits: Float[Tensor, "edges heads"], *, receiver: Int[Tensor, "edges"], n_atoms: int
) -> Float[Tensor, "edges heads"]:
    """Softmax over the edges of each receiver."""
    index = receiver[:, None].expand_as(logits)
    top = logits.new_full((n_atoms, logits.shape[1]), -torch.inf)
    top = top.scatter_reduce(0, index, logits.detach(), reduce="amax")
    grown = (logits - top[receiver]).exp()
    total = grown.new_zeros(n_atoms, logits.shape[1]).index_add(0, receiver, grown)
    return grown / total[receiver].clamp(min=1e-12)
