"""Sets of peaks on a ruler of Q: sums over the set that do not see how peaks merge.

Two lines nearer than a peak is wide are seen as one, and whether they are depends on the sample. A
sum of Gaussians with the lines' intensities changes little then, while a list of peaks changes its
length. The sum does not depend on the order of the peaks, and its Gaussians are as wide as peaks
are usually displaced, so that a crystal's lines and its pattern's peaks overlap on the ruler.
"""

from __future__ import annotations

from math import asinh, ceil

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

LOUDEST, FAINTEST = 3.0, -8.0
"""Logarithms of intensities over the reference are kept within these."""
REFERENCE_Q = (0.36, 2.1)
"""Range of the strongest peak that intensities refer to [1/Å]: 5° to 30° of Cu Kα, which every
pattern covers; where it is empty, the strongest of all."""


class Ruler(nn.Module):
    """Peaks as curves on marks of equal distance in asinh(Q / knee).

    Parameters
    ----------
    q_knee, q_lowest, q_highest, step, blur:
        See :class:`porescope.models.retrieval.config.RetrievalConfig`.
    """

    smoothing: Tensor

    def __init__(
        self,
        *,
        q_knee: float,
        q_lowest: float,
        q_highest: float,
        step: float,
        blur: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.q_knee, self.step = q_knee, step
        self.start = asinh(q_lowest / q_knee)
        self.n_marks = 16 * ceil((asinh(q_highest / q_knee) - self.start) / step / 16)
        marks = torch.arange(self.n_marks, dtype=torch.float32)
        gap = marks[:, None] - marks[None, :]
        curves = [torch.exp(-0.5 * (gap / sigma) ** 2) for sigma in blur]
        self.register_buffer("smoothing", torch.cat(curves, dim=1), persistent=False)
        self.n_channels = 3 * len(blur)

    def forward(
        self,
        q: Float[Tensor, "sets peaks"],
        log_intensity: Float[Tensor, "sets peaks"],
        mask: Bool[Tensor, "sets peaks"],
    ) -> Float[Tensor, "sets channels marks"]:
        """Curves of each set: intensities, their square roots, and presence, at each blur.

        Parameters
        ----------
        q:
            Q of the peaks [1/Å].
        log_intensity:
            Natural logarithm of the intensity, times any constant of the set.
        mask:
            True where a slot holds a peak.
        """
        with torch.autocast(q.device.type, enabled=False):
            relative = over_reference(q.float(), log_intensity.float(), mask)
            place = (torch.asinh(q.float() / self.q_knee) - self.start) / self.step
            inside = mask & (place >= 0.0) & (place < self.n_marks - 1)
            place = torch.where(inside, place, 0.0)
            left = place.floor()
            share = place - left
            strength = torch.stack(
                [relative.exp(), (0.5 * relative).exp(), 1.0 - relative / FAINTEST]
            )
            strength = torch.where(inside, strength, 0.0).transpose(0, 1)
            curves = q.new_zeros((len(q), 3, self.n_marks), dtype=torch.float32)
            index = left.long()[:, None, :].expand(-1, 3, -1)
            curves.scatter_add_(2, index, strength * (1.0 - share)[:, None])
            curves.scatter_add_(2, index + 1, strength * share[:, None])
        blurred = (curves @ self.smoothing).unflatten(-1, (-1, self.n_marks)).flatten(1, 2)
        return compressed(blurred.float())


def compressed(curves: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Logarithmic above a twentieth, so that weak peaks count beside strong ones."""
    return torch.log1p(20.0 * curves) * 0.5


def over_reference(
    q: Float[Tensor, "sets peaks"],
    log_intensity: Float[Tensor, "sets peaks"],
    mask: Bool[Tensor, "sets peaks"],
) -> Float[Tensor, "sets peaks"]:
    """Logarithms of intensities over the strongest in a range that every pattern covers."""
    low, high = REFERENCE_Q
    usual = mask & (q > low) & (q < high)
    usual = torch.where(usual.any(dim=1, keepdim=True), usual, mask)
    top = torch.where(usual, log_intensity, -1e4).amax(dim=1, keepdim=True)
    return (log_intensity - top).clamp(FAINTEST, LOUDEST)
