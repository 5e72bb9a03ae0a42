"""What the pattern network of the preset ``xrd2mof`` looks at."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from porescope.errors import ConfigError
from porescope.models.inputs import PatternInputs
from porescope.models.retrieval_xrd2mof.network import Xrd2mofNetwork


def grad_cam(
    model: Xrd2mofNetwork,
    patterns: PatternInputs,
    *,
    towards: Float[Tensor, "patterns dimension"],
) -> Float[np.ndarray, "patterns points"]:
    """Places of the patterns that draw their embeddings towards others (Grad-CAM).

    The gradient of the product of each embedding with its target, averaged over the places of
    each channel of the last convolution, weighs the channels; what is positive of their sum is
    spread over the profile (Selvaraju et al. 2017, https://doi.org/10.1109/ICCV.2017.74).

    Parameters
    ----------
    model:
        The network, in evaluation mode.
    patterns:
        Patterns with profiles and linkers.
    towards:
        An embedding for each pattern: of its best crystal, for example.

    Returns
    -------
    :
        Weight of each point of the profiles, the largest 1; zeros where nothing is positive.

    Raises
    ------
    ConfigError
        Where the network is in training mode, or the patterns have no profiles.
    """
    if model.training:
        raise ConfigError("expected a network in evaluation mode; call model.eval() first")
    if patterns.profile is None:
        raise ConfigError("expected patterns with profiles, got none; build the batch with them")
    with torch.no_grad():
        maps = model.profile.maps(patterns.profile)
    maps = maps.detach().requires_grad_(True)
    with torch.enable_grad():
        made = model.patterns_from_maps(maps, patterns)
        (slope,) = torch.autograd.grad((made * towards.detach()).sum(), maps)
    seen = (slope.mean(dim=2, keepdim=True) * maps.detach()).sum(dim=1).clamp(min=0.0)
    wide = _spread(seen, n_points=model.config.n_points)
    top = wide.amax(dim=1, keepdim=True)
    return torch.where(top > 0.0, wide / top.clamp(min=1e-30), 0.0).cpu().numpy()


def _spread(
    seen: Float[Tensor, "patterns places"], *, n_points: int
) -> Float[Tensor, "patterns points"]:
    """Values at places as values at points, straight lines between the middles of the places."""
    reach = n_points // seen.shape[1] * seen.shape[1]
    wide = torch.nn.functional.interpolate(seen[:, None, :], size=reach, mode="linear")[:, 0]
    rest = n_points - reach
    return torch.cat([wide, wide[:, -1:].expand(-1, rest)], dim=1)
