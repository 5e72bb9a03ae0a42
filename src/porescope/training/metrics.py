"""How well a space finds what belongs together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor


def ranks_of_truth(
    queries: Float[Tensor, "queries dimension"],
    haystack: Float[Tensor, "candidates dimension"],
    *,
    query_groups: Int[Tensor, "queries"],
    haystack_groups: Int[Tensor, "candidates"],
    rows: int = 512,
) -> Int[Tensor, "queries"]:
    """Rank of each query's framework among all frameworks of the haystack, from 1.

    Candidates of one group are one framework: the query's best one counts, and each better
    framework costs one place however many candidates it has. A tie counts against the query.

    Parameters
    ----------
    queries, haystack:
        Embeddings.
    query_groups, haystack_groups:
        Frameworks; one that the haystack lacks has rank 0.
    rows:
        Queries at a time.
    """
    groups, place = torch.unique(haystack_groups, return_inverse=True)
    known = torch.searchsorted(groups, query_groups).clamp(max=len(groups) - 1)
    present = groups[known] == query_groups
    ranks = torch.zeros(len(queries), dtype=torch.int64, device=queries.device)
    for start in range(0, len(queries), rows):
        part = slice(start, min(start + rows, len(queries)))
        scores = queries[part].float() @ haystack.float().T
        best = scores.new_full((len(scores), len(groups)), float("-inf"))
        best.scatter_reduce_(1, place.expand(len(scores), -1), scores, "amax")
        own = best.gather(1, known[part, None])
        ranks[part] = (best >= own).sum(dim=1)
    return torch.where(present, ranks, 0)


def hit_rates(
    ranks: Int[Tensor, "queries"], *, depths: Sequence[int] = (1, 5, 10)
) -> dict[str, float]:
    """Share of queries whose framework is among the first few, and the mean reciprocal rank.

    Parameters
    ----------
    ranks:
        Of :func:`ranks_of_truth`; rank 0 is a miss.
    depths:
        How many are looked at.
    """
    if not len(ranks):
        return {f"top_{depth}": 0.0 for depth in depths} | {"mrr": 0.0}
    found = ranks > 0
    rates = {f"top_{d}": float((found & (ranks <= d)).double().mean()) for d in depths}
    reciprocal = torch.where(found, 1.0 / ranks.clamp(min=1).double(), 0.0)
    return rates | {"mrr": float(reciprocal.mean())}
