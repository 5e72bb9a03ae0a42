"""The symmetric contrastive loss (InfoNCE), for large batches and with false negatives masked.

The softmax runs over the whole batch, over the batches of all processes of a distributed run,
and over further crystals where some are given (hard negatives, a bank of remembered embeddings).
A batch too large for memory is encoded in chunks whose activations are recomputed in the backward
pass, so that memory grows with the chunk, and the gradient is that of the whole batch (Gao et al.
2021, RepL4NLP, "Scaling deep contrastive learning batch size under memory limited setup").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from porescope.errors import ConfigError
from porescope.models.inputs import CrystalInputs, PatternInputs
from porescope.models.retrieval_model import RetrievalModel
from porescope.nn.parallel import gathered, process_rank


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contrast:
    """The loss of a batch and how well it was solved."""

    loss: Float[Tensor, ""]
    """Mean of the two directions' cross entropies."""
    hit: Float[Tensor, ""]
    """Share of patterns whose own crystal is nearest among those of the batch, no gradient."""


def encode_in_chunks(
    encode: Callable[[PatternInputs], Tensor] | Callable[[CrystalInputs], Tensor],
    inputs: PatternInputs | CrystalInputs,
    *,
    chunk: int | None,
) -> Float[Tensor, "members dimension"]:
    """Embeddings of a batch, encoded in chunks.

    Where gradients are wanted each chunk's activations are recomputed in the backward pass, with
    the same dropout. A batch normalisation sees chunks for batches.

    Parameters
    ----------
    encode:
        One of the model's encoders.
    inputs:
        The batch.
    chunk:
        Members at a time; None for all at once, activations kept.
    """
    if chunk is None:
        return encode(inputs)  # type: ignore[arg-type]
    if chunk < 1:
        raise ConfigError(f"a chunk needs at least one member, not {chunk}")
    parts = []
    for start in range(0, len(inputs), chunk):
        part = inputs.part(start, min(start + chunk, len(inputs)))
        if torch.is_grad_enabled():
            parts.append(checkpoint(encode, part, use_reentrant=False))
        else:
            parts.append(encode(part))  # type: ignore[arg-type]
    return torch.cat(parts)  # type: ignore[arg-type]


def info_nce(
    patterns: Float[Tensor, "pairs dimension"],
    crystals: Float[Tensor, "candidates dimension"],
    *,
    temperature: Float[Tensor, ""] | float,
    same: Bool[Tensor, "pairs candidates"] | None = None,
    first: int = 0,
) -> Float[Tensor, ""]:
    """Cross entropy of finding each pattern's crystal among the candidates.

    Parameters
    ----------
    patterns, crystals:
        Embeddings; pattern i belongs to candidate ``first + i``. Exchange them for the other
        direction.
    temperature:
        What the products are divided by.
    same:
        Further candidates that are the pattern's framework too: neither right nor wrong, they are
        left out of the softmax.
    first:
        Place of the first pattern's crystal.
    """
    with torch.autocast(patterns.device.type, enabled=False):
        logits = patterns.float() @ crystals.float().T / temperature
        truth = torch.arange(len(patterns), device=patterns.device) + first
        if same is not None:
            left_out = same.clone()
            left_out[torch.arange(len(patterns), device=patterns.device), truth] = False
            logits = logits.masked_fill(left_out, float("-inf"))
        return F.cross_entropy(logits, truth)


def contrast(
    model: RetrievalModel,
    patterns: PatternInputs,
    crystals: CrystalInputs,
    *,
    groups: Int[Tensor, "pairs"] | None = None,
    chunk: int | None = None,
    extra: Float[Tensor, "extra dimension"] | None = None,
    extra_groups: Int[Tensor, "extra"] | None = None,
) -> Contrast:
    """Symmetric InfoNCE of a batch of pairs.

    Parameters
    ----------
    model:
        The model.
    patterns, crystals:
        The pairs.
    groups:
        Number of each pair's framework; pairs with one number are no negatives of each other.
    chunk:
        Members encoded at a time (see :func:`encode_in_chunks`).
    extra, extra_groups:
        Embeddings of further crystals that every pattern is told apart from, and their frameworks
        (only together with ``groups``).

    Raises
    ------
    ConfigError
        If patterns and crystals differ in number, or ``extra`` comes with groups on one side only.
    """
    if len(patterns) != len(crystals):
        raise ConfigError(
            f"as many patterns as crystals are needed, not {len(patterns)} and {len(crystals)}"
        )
    if extra is not None and (groups is None) != (extra_groups is None):
        raise ConfigError("give groups of the pairs and of the extra crystals, or neither")
    own_patterns = encode_in_chunks(model.encode_patterns, patterns, chunk=chunk)
    own_crystals = encode_in_chunks(model.encode_crystals, crystals, chunk=chunk)
    all_patterns, all_crystals = gathered(own_patterns), gathered(own_crystals)
    first = process_rank() * len(patterns)
    same = same_with_extra = None
    if groups is not None:
        same = same_with_extra = groups[:, None] == gathered(groups)[None, :]
    candidates = all_crystals
    if extra is not None:
        candidates = torch.cat((all_crystals, extra.to(all_crystals.dtype)))
        if same is not None and groups is not None and extra_groups is not None:
            same_with_extra = torch.cat((same, groups[:, None] == extra_groups[None, :]), dim=1)
    temperature = model.temperature
    to_crystals = info_nce(
        own_patterns, candidates, temperature=temperature, same=same_with_extra, first=first
    )
    to_patterns = info_nce(
        own_crystals, all_patterns, temperature=temperature, same=same, first=first
    )
    with torch.no_grad():
        nearest = (own_patterns.float() @ all_crystals.float().T).argmax(dim=1)
        truth = torch.arange(len(patterns), device=nearest.device) + first
        right = nearest == truth
        if same is not None:
            right = right | same.gather(1, nearest[:, None])[:, 0]
    return Contrast(loss=(to_crystals + to_patterns) / 2.0, hit=right.float().mean())
