"""How far predicted properties are off."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

METRICS = ("mae", "rmse", "r2", "spearman")
"""What is measured for each target."""


def property_metrics(
    predicted: Float[np.ndarray, "crystals"], truth: Float[np.ndarray, "crystals"]
) -> dict[str, float]:
    """Mean absolute error, root mean square error, R² and Spearman's rank correlation.

    Crystals without a known value are left out; with fewer than two, or with values that are all
    the same, R² and the rank correlation are NaN, and without any everything is.

    Parameters
    ----------
    predicted, truth:
        Values in the unit of the label; NaN in ``truth`` where unknown.
    """
    known = np.isfinite(truth)
    predicted, truth = np.asarray(predicted[known], float), np.asarray(truth[known], float)
    if not len(truth):
        return dict.fromkeys(METRICS, float("nan"))
    off = predicted - truth
    spread = float(np.sum((truth - truth.mean()) ** 2))
    many = len(truth) > 1 and spread > 0.0
    return {
        "mae": float(np.abs(off).mean()),
        "rmse": float(np.sqrt(np.mean(off**2))),
        "r2": 1.0 - float(np.sum(off**2)) / spread if many else float("nan"),
        "spearman": rank_correlation(predicted, truth) if many else float("nan"),
    }


def rank_correlation(
    one: Float[np.ndarray, "crystals"], other: Float[np.ndarray, "crystals"]
) -> float:
    """Spearman's: Pearson's correlation of ranks, equal values sharing their mean rank.

    It is 0 where one side is constant.
    """
    a, b = _ranks(one), _ranks(other)
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0.0 else 0.0


def _ranks(values: Float[np.ndarray, "crystals"]) -> Float[np.ndarray, "crystals"]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - 0.5 * (counts - 1))[place]
