"""From a prepared pattern to fitted frameworks with probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.datasets.cards import PowderCard
from porescope.datasets.library import CardTable, Library
from porescope.diffraction.breathe import BreatheHits, breathe_cards
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.search import SearchHits
from porescope.errors import ConfigError
from porescope.workflows.candidate_fits import CandidateFit, FitTask, fit_card
from porescope.workflows.evidence import (
    CANDIDATE_FEATURES,
    LEARNED_FEATURES,
    Evidence,
    candidate_features,
    explained_shares,
    none_features,
    profile_cosine,
)
from porescope.workflows.learned import LearnedQuery
from porescope.workflows.probability import ProbabilityModel
from porescope.workflows.shortlist import Shortlist, ShortlistConfig, shortlist_frameworks

Progress = Callable[[str, float], None]
"""Called with what is being done and the share that is finished, 0 to 1."""

COMMON_ELEMENTS = frozenset({"H", "O"})
"""Elements whose absence from a framework says nothing: water and lost hydrogen."""
ORGANIC_ELEMENTS = frozenset({"C", "N"})
"""Elements that an inorganic framework lacks where the user expects an organic one."""

NAMED_ODDS = 2.0
"""Prior odds of a framework that people have given a name, such as ZIF-8, against one that is
known by its refcode alone: named ones are made more often. It decides only where the pattern
hardly does; the benchmarks of identification are run without it."""

GROUP_TEMPER = 0.4
"""Exponent that evens out probabilities within a group of frameworks alike but for the metal."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SearchSpace:
    """The cards that are searched, held in memory for many patterns."""

    library: Library
    """Where whole cards come from."""
    table: CardTable
    """Cells and reflections of the cards that may be searched."""

    @cached_property
    def codes(self) -> tuple[Int[np.ndarray, "cards"], Int[np.ndarray, "cards"]]:
        """Codes of the same framework, and of the same framework but for the metal."""
        return self.library.framework_codes(self.table.ids)

    def only(self, keep: Bool[np.ndarray, "cards"]) -> SearchSpace:
        """The same with fewer cards."""
        table = self.table
        counts = np.diff(table.offsets)
        peaks = np.repeat(keep, counts)
        space = SearchSpace(
            library=self.library,
            table=replace(
                table,
                ids=table.ids[keep],
                lattices=table.lattices[keep],
                space_groups=table.space_groups[keep],
                offsets=np.concatenate([[0], np.cumsum(counts[keep])]),
                hkl=table.hkl[peaks],
                intensity_xray=table.intensity_xray[peaks],
                intensity_neutron=table.intensity_neutron[peaks],
                elements=table.elements[keep],
            ),
        )
        codes = tuple(code[keep] for code in self.codes)
        space.__dict__["codes"] = codes
        return space


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scored:
    """One fitted framework."""

    card: PowderCard
    """Its best card."""
    fit: CandidateFit
    """Both fits."""
    evidence: Evidence
    """What speaks for it."""
    explained: Bool[np.ndarray, "peaks"]
    """Which observed peaks it explains."""
    probability: float = float("nan")
    """Calibrated probability."""
    row: int
    """Row in the table of the search space."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Identification:
    """Fitted frameworks, most probable first."""

    scored: tuple[Scored, ...]
    """The frameworks."""
    none_of_these: float
    """Probability that none of them is right."""
    shortlist: Shortlist
    """What the search found."""


def identify_peaks(
    space: SearchSpace,
    peaks: PeakList,
    *,
    task: FitTask,
    kind: str,
    model: ProbabilityModel | None,
    elements: frozenset[str] = frozenset(),
    config: ShortlistConfig | None = None,
    allowed: Bool[np.ndarray, "cards"] | None = None,
    hits: SearchHits | None = None,
    breathe: Callable[..., BreatheHits] = breathe_cards,
    fit: Callable[..., CandidateFit] = fit_card,
    learned: LearnedQuery | None = None,
    progress: Progress | None = None,
) -> Identification:
    """Search, fit and rank.

    Parameters
    ----------
    space:
        Cards to search.
    peaks:
        Observed peaks.
    task:
        The pattern, ready for fits.
    kind:
        ``xray`` or ``neutron``.
    model:
        Weights of the probability; without, candidates are ranked by the cosine.
    elements:
        Elements that the user expects in the framework, or none.
    config:
        Sizes of the sieves.
    allowed:
        Cards that may be proposed; all by default.
    hits:
        Outcome of the isotropic search of these cards, if it is known already.
    breathe, fit:
        What scans the edges and what fits one card; the defaults, or functions that remember what
        they did for the same pattern.
    learned:
        What the learned space says of the pattern: its nearest frameworks are looked at too.
    progress:
        Called after each step.
    """
    tell = progress or (lambda stage, share: None)
    tell("searching the library", 0.1)
    within = peaks_within(peaks, task)
    config = config or ShortlistConfig()
    proposed = None
    if learned is not None:
        proposed = learned.nearest_rows(
            space.table.ids, framework_codes=space.codes[0], n=config.n_learned, allowed=allowed
        )
    shortlist = shortlist_frameworks(
        space.table,
        within,
        kind=kind,
        framework_codes=space.codes[0],
        two_theta_range_deg=task.two_theta_range_deg,
        allowed=allowed,
        hits=hits,
        breathe=breathe,
        config=config,
        proposed=proposed,
    )
    cards = space.library.cards(space.table.ids[shortlist.rows])
    found: list[Scored] = []
    for i, card in enumerate(cards):
        tell("fitting the best candidates", 0.2 + 0.7 * i / len(cards))
        fitted = fit(
            card,
            task,
            kind=kind,
            strain=shortlist.strain[i],
            zero_shift_deg=float(shortlist.zero_shift_deg[i]),
        )
        phase = fitted.fixed.phases[0]
        area, count, predicted, mask = explained_shares(
            peaks,
            two_theta_deg=phase.two_theta_deg,
            intensity=phase.area,
            two_theta_range_deg=task.two_theta_range_deg,
        )
        lengths = np.linalg.norm(card.lattice, axis=1)
        strain = np.linalg.norm(phase.lattice, axis=1) / lengths - 1.0
        wanted = {e for e in elements if e not in COMMON_ELEMENTS}
        if "C" not in card.elements:
            # cards of zeolites are idealised: no cations, and one kind of tetrahedral atom
            wanted &= ORGANIC_ELEMENTS
        evidence = Evidence(
            cosine=float(shortlist.score[i]),
            rwp_fixed=fitted.fixed.rwp_background_corrected,
            rwp_le_bail=fitted.le_bail.rwp_background_corrected,
            explained=area,
            explained_count=count,
            predicted=predicted,
            strain=(float(strain[0]), float(strain[1]), float(strain[2])),
            profile_cosine=profile_cosine(
                fitted.fixed.observed - fitted.fixed.background,
                fitted.fixed.calculated - fitted.fixed.background,
            ),
            lines_per_peak=fitted.le_bail.phases[0].in_range.sum() / max(within.n_peaks, 1),
            zero_deg=fitted.fixed.zero_deg,
            rexp=fitted.fixed.rexp,
            missing_elements=len(wanted - set(card.elements)),
            similarity=_similarity(learned, card, row=int(shortlist.rows[i]), space=space),
        )
        found.append(
            Scored(
                card=card,
                fit=fitted,
                evidence=evidence,
                explained=mask,
                row=int(shortlist.rows[i]),
            )
        )
    return rank_scored(found, shortlist=shortlist, n_peaks=within.n_peaks, model=model, space=space)


def _similarity(
    learned: LearnedQuery | None, card: PowderCard, *, row: int, space: SearchSpace
) -> float:
    """Similarity of a framework's nearest card in the learned space, also of an assembled one."""
    if learned is None:
        return float("nan")
    same = space.codes[0] == space.codes[0][row]
    known = learned.of_numbers(space.table.ids[same])
    known = known[np.isfinite(known)]
    return float(known.max()) if len(known) else learned.of_card(card)


def rank_scored(
    found: Sequence[Scored],
    *,
    shortlist: Shortlist,
    n_peaks: int,
    model: ProbabilityModel | None,
    space: SearchSpace,
    log_prior: Mapping[str, float] | None = None,
) -> Identification:
    """Probabilities, and the order that they give.

    Parameters
    ----------
    found:
        Fitted frameworks.
    shortlist:
        The search that found them, or most of them.
    n_peaks:
        Number of observed peaks in the range of the cards.
    model:
        Weights of the probability; without, candidates are ranked by the cosine.
    space:
        The cards that were searched.
    log_prior:
        Logarithms of prior odds of cards, by identifier; 0 where none is given.
    """
    groups = space.codes[1][[s.row for s in found]] if found else np.zeros(0, dtype=np.int64)
    context = none_features(n_peaks=n_peaks, chance_score=shortlist.chance_score)
    features = candidate_features(
        [s.evidence for s in found],
        n_peaks=n_peaks,
        chance_score=shortlist.chance_score,
        learned=model is not None and model.candidate_features == LEARNED_FEATURES,
    )
    if model is not None and model.candidate_features not in (CANDIDATE_FEATURES, LEARNED_FEATURES):
        raise ConfigError(
            f"the weights of the probability are for {len(model.candidate_features)} features, "
            f"this version computes {len(CANDIDATE_FEATURES)}; make them again"
        )
    if model is None:
        probabilities, none = np.array([s.evidence.cosine for s in found]), float("nan")
    else:
        named = np.array([bool(s.card.name) for s in found], dtype=bool)
        prior = np.where(named, np.log(NAMED_ODDS), 0.0)
        if log_prior:
            prior = prior + np.array([log_prior.get(s.card.id, 0.0) for s in found])
        probabilities, none = model.probabilities(features, pattern=context, log_prior=prior)
        probabilities = tempered(probabilities, groups=groups)
    order = np.argsort(-probabilities, kind="stable")
    return Identification(
        scored=tuple(replace(found[i], probability=float(probabilities[i])) for i in order),
        none_of_these=none,
        shortlist=shortlist,
    )


def tempered(
    probabilities: Float[np.ndarray, "candidates"], *, groups: Int[np.ndarray, "candidates"]
) -> Float[np.ndarray, "candidates"]:
    """Probabilities that are evener within a group; each group keeps its total.

    Members of a group differ in the metal alone. A small difference of their fits is decisive for
    simulated patterns, whose model is exact; on measured ones guests, defects and orientation
    change the fit by as much.
    """
    result = probabilities.copy()
    for group in np.unique(groups):
        inside = groups == group
        total = probabilities[inside].sum()
        if total > 0.0:
            even = probabilities[inside] ** GROUP_TEMPER
            result[inside] = total * even / even.sum()
    return result


def peaks_within(peaks: PeakList, task: FitTask) -> PeakList:
    """Peaks in the range that cards cover."""
    low, high = task.two_theta_range_deg
    return peaks.select((peaks.two_theta_deg >= low) & (peaks.two_theta_deg <= high))
