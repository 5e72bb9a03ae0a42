"""Xrd2Mof's loss: a batch's softmax is to be as soft as its members are alike."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from porescope.errors import ConfigError
from porescope.models.contrastive import Contrast, encode_in_chunks
from porescope.models.contrastive import contrast as contrast_of_pairs
from porescope.models.inputs import CrystalInputs, PatternInputs
from porescope.models.retrieval_model import RetrievalModel
from porescope.nn.parallel import process_count


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
    """The loss of a batch of pairs, with the targets that the configuration names.

    With ``targets="pairs"`` it is :func:`porescope.models.contrastive.contrast`. The published
    targets, ``similarity``, know neither groups nor further crystals, and are those of one
    process.

    Parameters
    ----------
    model:
        The model.
    patterns, crystals:
        The pairs.
    groups, chunk, extra, extra_groups:
        As in :func:`porescope.models.contrastive.contrast`. In training the network normalises
        over what is encoded at once, so that ``chunk`` changes the result.

    Raises
    ------
    ConfigError
        Where patterns and crystals differ in number, or the published targets are asked for with
        further crystals or in several processes.
    """
    if model.config.targets == "pairs":
        return contrast_of_pairs(
            model,
            patterns,
            crystals,
            groups=groups,
            chunk=chunk,
            extra=extra,
            extra_groups=extra_groups,
        )
    if extra is not None or process_count() > 1:
        raise ConfigError(
            "Xrd2Mof's targets are those of one batch in one process; for further crystals or "
            "several processes set targets to 'pairs'"
        )
    if len(patterns) != len(crystals):
        raise ConfigError(
            f"as many patterns as crystals are needed, not {len(patterns)} and {len(crystals)}"
        )
    ours = encode_in_chunks(model.encode_patterns, patterns, chunk=chunk)
    theirs = encode_in_chunks(model.encode_crystals, crystals, chunk=chunk)
    loss = similarity_loss(ours, theirs, temperature=model.temperature)
    with torch.no_grad():
        nearest = (ours @ theirs.T).argmax(dim=1)
        right = nearest == torch.arange(len(ours), device=ours.device)
        if groups is not None:
            right = right | (groups == groups[nearest])
    return Contrast(loss=loss, hit=right.float().mean())


def similarity_loss(
    patterns: Float[Tensor, "pairs dimension"],
    crystals: Float[Tensor, "pairs dimension"],
    *,
    temperature: Float[Tensor, ""] | float,
) -> Float[Tensor, ""]:
    """Cross entropy of a batch's softmax against the softmax of the members' own similarities.

    As in the released code: the target is the softmax of the mean of pattern-pattern and
    crystal-crystal products times the temperature, and gradients flow through it.

    Parameters
    ----------
    patterns, crystals:
        Embeddings of the pairs.
    temperature:
        What the products between the sides are divided by.
    """
    with torch.autocast(patterns.device.type, enabled=False):
        patterns, crystals = patterns.float(), crystals.float()
        logits = patterns @ crystals.T / temperature
        alike = (crystals @ crystals.T + patterns @ patterns.T) / 2.0
        targets = F.softmax(alike * temperature, dim=-1)
        return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2.0
