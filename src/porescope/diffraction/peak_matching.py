"""Pairing of peaks, and likeness of two lists of peaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

from porescope.errors import ConfigError

MAIN_PEAKS = 10
"""Number of main peaks that must be paired."""
MAIN_PEAK_TOLERANCE_DEG = 0.2
"""Largest distance of paired main peaks in 2θ at Cu Kα [°]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeakPairs:
    """Peaks of two lists paired one to one."""

    first: Int[np.ndarray, "pairs"]
    """Indices into the first list."""
    second: Int[np.ndarray, "pairs"]
    """Indices into the second list."""
    distance: Float[np.ndarray, "pairs"]
    """Second position less first, in the unit of the positions."""

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return len(self.first)


def match_peaks(
    first: Float[np.ndarray, "first"],
    second: Float[np.ndarray, "second"],
    *,
    tolerance: float,
) -> PeakPairs:
    """Pair peaks one to one: as many as possible, then as close as possible.

    Parameters
    ----------
    first:
        Positions, in any unit (2θ or Q).
    second:
        Positions in the same unit.
    tolerance:
        Largest distance of a pair, in that unit.

    Returns
    -------
    :
        The pairs, sorted by the first position.

    Raises
    ------
    ConfigError
        If the tolerance is negative.
    """
    if tolerance < 0.0:
        raise ConfigError(f"the tolerance of peak positions must not be negative; got {tolerance}")
    order_first = np.argsort(first, kind="stable")
    order_second = np.argsort(second, kind="stable")
    a, b = first[order_first], second[order_second]
    reach = tolerance * (1.0 + 1e-12)
    pairs_first: list[Int[np.ndarray, "pairs"]] = [np.empty(0, dtype=np.int64)]
    pairs_second: list[Int[np.ndarray, "pairs"]] = [np.empty(0, dtype=np.int64)]
    # clusters: stretches that no pair can bridge
    together = np.sort(np.concatenate([a, b]))
    cuts = together[1:][np.diff(together) > reach] if len(together) else together
    ends_first = [0, *np.searchsorted(a, cuts, side="left").tolist(), len(a)]
    ends_second = [0, *np.searchsorted(b, cuts, side="left").tolist(), len(b)]
    for i, j, k, m in zip(
        ends_first[:-1], ends_first[1:], ends_second[:-1], ends_second[1:], strict=True
    ):
        if j > i and m > k:
            inner_first, inner_second = _assignment(a[i:j], b[k:m], reach)
            pairs_first.append(order_first[i + inner_first])
            pairs_second.append(order_second[k + inner_second])
    one = np.concatenate(pairs_first).astype(np.int64)
    two = np.concatenate(pairs_second).astype(np.int64)
    return PeakPairs(first=one, second=two, distance=second[two] - first[one])


def main_peak_match(
    first: Float[np.ndarray, "first 2"],
    second: Float[np.ndarray, "second 2"],
    *,
    tolerance: float = MAIN_PEAK_TOLERANCE_DEG,
    n_main: int = MAIN_PEAKS,
) -> float:
    """Share of the required main peaks that are paired; 1 where the main-peak rule holds.

    Xrd2Mof calls two patterns alike when at least ten of the strongest peaks agree within 0.2° of
    2θ (Cu Kα). Read here as: take the ten strongest peaks of either list (all of them where a
    list has fewer), and pair them one to one, no peak used twice. A main peak of one list may be
    paired with any peak of the other that has at least a tenth of that main peak's relative
    intensity, because intensities near the tenth change order; the score is the smaller share of
    the two lists. Where both lists have fewer than ten peaks, all must pair.

    Parameters
    ----------
    first:
        Positions (2θ at Cu Kα [°] for the rule as published) and intensities.
    second:
        The other list, in the same unit of position.
    tolerance:
        Largest distance of a pair.
    n_main:
        How many main peaks must be paired.

    Returns
    -------
    :
        Paired main peaks over those required, 0 to 1.
    """
    if len(first) == 0 or len(second) == 0:
        return 0.0
    return min(
        _main_share(first, second, tolerance=tolerance, n_main=n_main),
        _main_share(second, first, tolerance=tolerance, n_main=n_main),
    )


def matched_intensity(
    first: Float[np.ndarray, "first 2"],
    second: Float[np.ndarray, "second 2"],
    *,
    tolerance: float = MAIN_PEAK_TOLERANCE_DEG,
) -> float:
    """Share of the intensity of both lists that sits in paired peaks.

    Parameters
    ----------
    first:
        Positions and intensities.
    second:
        The other list, in the same unit of position.
    tolerance:
        Largest distance of a pair.

    Returns
    -------
    :
        Mean of the two shares, 0 to 1.
    """
    if len(first) == 0 or len(second) == 0:
        return 0.0
    pairs = match_peaks(first[:, 0], second[:, 0], tolerance=tolerance)
    shares = [
        float(np.sum(rows[used, 1]) / max(float(np.sum(rows[:, 1])), 1e-300))
        for rows, used in ((first, pairs.first), (second, pairs.second))
    ]
    return float(np.clip(0.5 * (shares[0] + shares[1]), 0.0, 1.0))


def peak_f1(
    first: Float[np.ndarray, "first 2"],
    second: Float[np.ndarray, "second 2"],
    *,
    tolerance: float = MAIN_PEAK_TOLERANCE_DEG,
) -> float:
    """Twice the number of pairs over the number of all peaks, intensities not looked at.

    Parameters
    ----------
    first:
        Positions and intensities.
    second:
        The other list, in the same unit of position.
    tolerance:
        Largest distance of a pair.

    Returns
    -------
    :
        0 to 1.
    """
    total = len(first) + len(second)
    if total == 0:
        return 0.0
    pairs = match_peaks(first[:, 0], second[:, 0], tolerance=tolerance)
    return 2.0 * pairs.n_pairs / total


def _main_share(
    first: Float[np.ndarray, "first 2"],
    second: Float[np.ndarray, "second 2"],
    *,
    tolerance: float,
    n_main: int,
) -> float:
    """Share of the first list's main peaks that find a partner of some weight."""
    main = first[np.argsort(first[:, 1])[::-1][:n_main]]
    strength = second[:, 1] / max(float(np.max(second[:, 1])), 1e-300)
    needed = 0.1 * main[:, 1] / max(float(np.max(main[:, 1])), 1e-300)
    distance = np.abs(main[:, 0][:, None] - second[:, 0][None, :])
    allowed = (distance <= tolerance * (1.0 + 1e-12)) & (strength[None, :] >= needed[:, None])
    cost = np.where(allowed, 0.0, 1.0)
    rows, columns = linear_sum_assignment(cost)
    return float(np.count_nonzero(allowed[rows, columns])) / len(main)


def _assignment(
    first: Float[np.ndarray, "first"], second: Float[np.ndarray, "second"], tolerance: float
) -> tuple[Int[np.ndarray, "pairs"], Int[np.ndarray, "pairs"]]:
    """Most pairs, then closest, by dynamic programming cluster by cluster.

    Positions lie on a line, so a best pairing exists that keeps the order of both lists.
    """
    n, m = len(first), len(second)
    # best (pairs, -distance) up to i peaks of the first and j of the second
    pairs = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        gain = 1e6 * (1.0 + np.zeros(m)) - np.abs(second - first[i - 1])
        allowed = np.abs(second - first[i - 1]) <= tolerance
        joined = np.where(allowed, pairs[i - 1, :-1] + gain, -np.inf)
        pairs[i, 1:] = np.maximum.accumulate(np.maximum(joined, pairs[i - 1, 1:]))
    a: list[int] = []
    b: list[int] = []
    i, j = n, m
    while i > 0 and j > 0:
        if pairs[i, j] == pairs[i - 1, j]:
            i -= 1
        elif pairs[i, j] == pairs[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            a.append(i)
            b.append(j)
    return np.array(a[::-1], dtype=np.int64), np.array(b[::-1], dtype=np.int64)
