"""Which peaks an embedding of the preset ``xtalnet`` rests on."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from porescope.models.retrieval_xtalnet.network import XtalnetNetwork
from porescope.models.retrieval_xtalnet.tokens import PeakTokens, tokens_of_profile


def peak_weights(
    model: XtalnetNetwork, profiles: Float[np.ndarray, "profiles points"]
) -> tuple[PeakTokens, Float[np.ndarray, "profiles tokens"]]:
    """How far each embedding moves when one of its peaks is left out.

    Parameters
    ----------
    model:
        The network, in evaluation mode.
    profiles:
        Intensities from 3° to 30° of Cu Kα in steps of 0.02°.

    Returns
    -------
    :
        The peaks, and one less the cosine between the embeddings with and without each; 0 where
        there is no peak.
    """
    tokens = tokens_of_profile(
        profiles,
        least_height=model.config.least_height,
        least_prominence=model.config.least_prominence,
    )
    weights = np.zeros(tokens.mask.shape, dtype=np.float32)
    device = next(model.parameters()).device
    with torch.no_grad():
        for row, mask in enumerate(tokens.mask):
            n = int(mask.sum())
            if n == 0:
                continue
            without = np.concatenate([np.ones((1, n), dtype=bool), ~np.eye(n, dtype=bool)])
            index = torch.from_numpy(tokens.index[row, :n]).to(device).expand(n + 1, -1)
            height = torch.from_numpy(tokens.height[row, :n]).to(device).expand(n + 1, -1)
            made = model.patterns(index, height, torch.from_numpy(without).to(device)).float()
            cosine = torch.nn.functional.cosine_similarity(made[1:], made[:1])
            weights[row, :n] = (1.0 - cosine).clamp(min=0.0).cpu().numpy()
    return tokens, weights
