"""From all cards to the few frameworks that are worth a fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.datasets.library import CardTable
from porescope.diffraction.breathe import BreatheConfig, BreatheHits, breathe_cards
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.search import ReflectionTable, SearchConfig, SearchHits, search_cards


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortlistConfig:
    """How many cards pass each sieve."""

    n_breathe: int = 200
    """Cards whose edges are scanned one by one."""
    n_per_framework: int = 3
    """Most cards of one framework among them."""
    n_fits: int = 20
    """Frameworks that are fitted."""
    uneven_penalty: float = 2.0
    """Taken off the cosine for each unit of spread between the strains of a, b and c."""
    isotropic_share: float = 0.3
    """Weight of the isotropic cosine beside the anisotropic one, when the list is cut."""
    search: SearchConfig = SearchConfig()
    """The isotropic search."""
    breathe: BreatheConfig = BreatheConfig()
    """The anisotropic scan."""
    n_learned: int = 60
    """Nearest frameworks of the learned space whose edges are scanned too, where there is one."""
    n_learned_fits: int = 3
    """Of these, how many are fitted whatever the scan says."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shortlist:
    """The best card of each of the best frameworks, best first."""

    rows: Int[np.ndarray, "hits"]
    """Rows in the table of cards."""
    score: Float[np.ndarray, "hits"]
    """Cosine after the anisotropic scan."""
    strain: Float[np.ndarray, "hits 3"]
    """Change of a, b, c."""
    zero_shift_deg: Float[np.ndarray, "hits"]
    """Zero shift [°]."""
    chance_score: float
    """Cosine that unrelated frameworks reach on this pattern: the median over the frameworks
    behind the shortlist."""
    n_searched: int
    """Number of cards that were compared."""


def shortlist_frameworks(
    table: CardTable,
    peaks: PeakList,
    *,
    kind: str,
    framework_codes: Int[np.ndarray, "cards"],
    two_theta_range_deg: tuple[float, float],
    allowed: Bool[np.ndarray, "cards"] | None = None,
    hits: SearchHits | None = None,
    breathe: Callable[..., BreatheHits] = breathe_cards,
    config: ShortlistConfig | None = None,
    proposed: Int[np.ndarray, "rows"] | None = None,
) -> Shortlist:
    """Search all cards, then scan the cell edges of the best.

    Parameters
    ----------
    table:
        Cards of the library.
    peaks:
        Observed peaks.
    kind:
        ``xray`` or ``neutron``.
    framework_codes:
        Cards with equal codes are the same framework.
    two_theta_range_deg:
        First and last angle that were measured [°].
    allowed:
        Cards that may be proposed; all by default.
    hits:
        Outcome of the isotropic search of these cards, if it is known already.
    breathe:
        What scans the edges; the default, or one that remembers earlier scans of the pattern.
    config:
        Sizes of the sieves.
    proposed:
        Rows that are scanned beside the best of the search, the most promising first, no two of
        one framework; none by default.
    """
    config = config or ShortlistConfig()
    reflections = reflection_table(table, kind=kind)
    polarised = kind == "xray"
    if hits is None:
        hits = search_rows(
            reflections,
            np.ones(table.n_cards, dtype=bool) if allowed is None else allowed,
            peaks,
            two_theta_range_deg=two_theta_range_deg,
            polarised=polarised,
            config=config.search,
        )
    score = hits.score if allowed is None else np.where(allowed, hits.score, 0.0)
    order = np.argsort(-score, kind="stable")
    kept = order[_rank_within(framework_codes[order]) < config.n_per_framework]
    chosen = kept[: config.n_breathe]
    chosen = chosen[score[chosen] > 0.0]
    n_found = len(chosen)
    proposed = np.zeros(0, dtype=np.int64) if proposed is None else proposed
    chosen = np.concatenate([chosen, proposed[~np.isin(proposed, chosen)]])
    breath = breathe(
        reflections,
        chosen,
        peaks,
        strain=hits.strain[chosen],
        zero_shift_deg=hits.zero_shift_deg[chosen],
        two_theta_range_deg=two_theta_range_deg,
        polarised=polarised,
        config=config.breathe,
    )
    merit = (
        breath.score
        - config.uneven_penalty * breath.strain.std(axis=1)
        + config.isotropic_share * hits.score[chosen]
    )
    best = np.argsort(-merit, kind="stable")
    first = best[_rank_within(framework_codes[chosen[best]]) == 0]
    # what was proposed besides says nothing of what unrelated frameworks reach
    unrelated = first[first < n_found]
    beyond = breath.score[unrelated[config.n_fits : 4 * config.n_fits]]
    sure = np.isin(
        framework_codes[chosen[first]], framework_codes[proposed[: config.n_learned_fits]]
    )
    top = first[(np.arange(len(first)) < config.n_fits) | sure]
    return Shortlist(
        rows=chosen[top],
        score=breath.score[top],
        strain=breath.strain[top],
        zero_shift_deg=breath.zero_shift_deg[top],
        chance_score=float(np.median(beyond)) if len(beyond) else 0.0,
        n_searched=table.n_cards if allowed is None else int(allowed.sum()),
    )


def search_rows(
    reflections: ReflectionTable,
    rows: Bool[np.ndarray, "cards"],
    peaks: PeakList,
    *,
    two_theta_range_deg: tuple[float, float],
    polarised: bool,
    config: SearchConfig,
) -> SearchHits:
    """The isotropic search of some of the cards; the others score nothing.

    Parameters
    ----------
    reflections:
        All cards.
    rows:
        Which of them are compared.
    peaks, two_theta_range_deg, polarised, config:
        As for :func:`porescope.diffraction.search.search_cards`.
    """
    settings = {
        "two_theta_range_deg": two_theta_range_deg,
        "polarised": polarised,
        "config": config,
    }
    if rows.all():
        return search_cards(reflections, peaks, **settings)
    counts = np.diff(reflections.offsets)
    within = np.repeat(rows, counts)
    offsets = np.concatenate([[0], np.cumsum(counts[rows])])
    part = ReflectionTable(
        lattice=reflections.lattice[rows],
        offsets=offsets.astype(reflections.offsets.dtype),
        hkl=reflections.hkl[within],
        intensity=reflections.intensity[within],
    )
    found = search_cards(part, peaks, **settings)
    score, strain, zero = (np.zeros(len(rows)) for _ in range(3))
    score[rows], strain[rows], zero[rows] = found.score, found.strain, found.zero_shift_deg
    return SearchHits(score=score, strain=strain, zero_shift_deg=zero)


def reflection_table(table: CardTable, *, kind: str) -> ReflectionTable:
    """The reflections of all cards with the intensities of one kind of radiation."""
    return ReflectionTable(
        lattice=table.lattices,
        offsets=table.offsets,
        hkl=table.hkl,
        intensity=table.intensity_xray if kind == "xray" else table.intensity_neutron,
    )


def _rank_within(codes: np.ndarray) -> np.ndarray:
    """How many earlier entries have the same code, for each entry."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.arange(len(codes)) - np.repeat(starts, np.diff(np.r_[starts, len(codes)]))
    result = np.empty(len(codes), dtype=np.int64)
    result[order] = rank
    return result
