"""Identification when the metal and the linkers are known: library and assembled frameworks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from porescope.datasets.template_store import TemplateEntry, TemplateStore
from porescope.diffraction.breathe import BreatheConfig
from porescope.diffraction.breathe_cells import breathe_cells
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.search import SearchConfig
from porescope.errors import ConfigError, ConvergenceError
from porescope.reticular.assembly import bonds_of_assembly
from porescope.reticular.smiles import canonical_smiles, linker_key
from porescope.workflows.assembled_odds import log_odds_of
from porescope.workflows.candidate_fits import FitTask
from porescope.workflows.identify import (
    Identification,
    Progress,
    Scored,
    SearchSpace,
    identify_peaks,
    peaks_within,
    rank_scored,
)
from porescope.workflows.learned import LearnedQuery
from porescope.workflows.probability import ProbabilityModel
from porescope.workflows.proposal_cells import IN_CELL, indexed_cells, proposals_in_cells
from porescope.workflows.proposal_space import ASSEMBLED, JoinedSpace, join_proposals
from porescope.workflows.propose import (
    Proposal,
    ProposeConfig,
    overlaps,
    propose_frameworks,
)
from porescope.workflows.shortlist import ShortlistConfig, reflection_table, search_rows

ASSEMBLED_SEARCH = SearchConfig(max_strain=0.06, tolerance_relative=0.005)
"""Assembled cells are off by a few percent."""
ASSEMBLED_BREATHE = BreatheConfig(max_deviation=0.04)
"""Each edge by its own amount."""
INDEXED_SEARCH = SearchConfig(max_strain=0.002, tolerance_relative=0.002)
"""Indexed cells are right or wrong."""
INDEXED_BREATHE = BreatheConfig(max_deviation=0.001)
"""They hardly breathe."""
N_RELAXED = 10
"""Assembled frameworks that are relaxed, and then fitted again."""
MOST_RELAXED_ATOMS = 600
"""Larger ones are left as they are."""
N_CELLS = 60
"""Assembled cells of low symmetry whose edges and angles breathe together."""
KNOWN_LINKERS_ODDS = 4.0
"""Prior odds of a framework of the library that is known to have just these linkers, against one
whose linkers could not be made out, and against one that was assembled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pot:
    """What went into the synthesis."""

    metals: tuple[str, ...]
    """Symbols of the metals of the nodes."""
    linkers: tuple[str, ...]
    """SMILES of the linkers."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AssembledIdentification:
    """Ranked candidates of both kinds."""

    identification: Identification
    """Library and assembled frameworks in one order."""
    joined: JoinedSpace
    """What was searched."""


def identify_assembled(
    space: SearchSpace,
    peaks: PeakList,
    *,
    pot: Pot,
    store: TemplateStore,
    task: FitTask,
    kind: str,
    model: ProbabilityModel | None,
    elements: frozenset[str] = frozenset(),
    shortlist: ShortlistConfig | None = None,
    config: ProposeConfig | None = None,
    without: Callable[[TemplateEntry], bool] | None = None,
    allowed: Bool[np.ndarray, "cards"] | None = None,
    proposals: Sequence[Proposal] | None = None,
    learned: LearnedQuery | None = None,
    progress: Progress | None = None,
) -> AssembledIdentification:
    """Search the library, assemble what metal and linkers allow, fit and rank both together.

    Parameters
    ----------
    space:
        Cards with the right elements.
    peaks:
        Observed peaks.
    pot:
        Metals and linkers.
    store:
        Known kinds of frameworks.
    task, kind, model, elements:
        As in :func:`porescope.workflows.identify.identify_peaks`.
    shortlist:
        Sizes of the sieves.
    config:
        Which frameworks are assembled.
    without:
        Templates to leave out.
    allowed:
        Cards of the library that may be named; all by default.
    proposals:
        Assembled frameworks, where they are known already.
    learned:
        What the learned space says of the pattern.
    progress:
        Called with what is being done and the share that is finished.
    """
    tell = progress or (lambda stage, share: None)
    shortlist = shortlist or ShortlistConfig()
    linkers = tuple(canonical_smiles(s) for s in pot.linkers)
    if proposals is None:
        proposals = propose_frameworks(
            metals=pot.metals,
            linkers=linkers,
            store=store,
            config=config,
            without=without,
            progress=lambda share: tell("assembling frameworks", 0.05 + 0.4 * share),
        )
    tell("indexing", 0.45)
    cells = indexed_cells(peaks_within(peaks, task))
    placed = proposals_in_cells(proposals, cells)
    joined = join_proposals(space, [*proposals, *placed])
    joined = with_breathed_cells(joined, peaks, task=task, kind=kind)
    contents = store.linkers_of()
    mine = ~joined.assembled
    mine[: space.table.n_cards] &= _right_linkers(space, contents, pot=pot, linkers=linkers)
    if allowed is not None:
        mine[: space.table.n_cards] &= allowed
    common = {
        "task": task,
        "kind": kind,
        "model": model,
        "elements": elements,
        "learned": learned,
    }
    library = identify_peaks(
        joined.space,
        peaks,
        config=shortlist,
        allowed=mine,
        progress=lambda stage, share: tell(stage, 0.5 + 0.15 * share),
        **common,
    )
    loose = ShortlistConfig(
        n_fits=shortlist.n_fits,
        search=ASSEMBLED_SEARCH,
        breathe=ASSEMBLED_BREATHE,
        uneven_penalty=1.0,
    )
    exact = replace(loose, search=INDEXED_SEARCH, breathe=INDEXED_BREATHE)
    indexed = joined.named(lambda id: IN_CELL in id)
    assembled = identify_peaks(
        joined.space,
        peaks,
        config=loose,
        allowed=joined.assembled & ~indexed,
        progress=lambda stage, share: tell(stage, 0.65 + 0.1 * share),
        **common,
    )
    if indexed.any():
        there = identify_peaks(joined.space, peaks, config=exact, allowed=indexed, **common)
        assembled = _merged(assembled, there)
    tell("relaxing the best assembled", 0.8)
    relaxed = relaxed_proposals(assembled, joined)
    nothing = space.only(np.zeros(space.table.n_cards, dtype=bool))
    more = with_breathed_cells(join_proposals(nothing, relaxed), peaks, task=task, kind=kind)
    if more.assembled.any():
        there = more.named(lambda id: IN_CELL in id)
        joined, moved = joined.extended(more)
        for settings, rows in ((loose, more.assembled & ~there), (exact, there)):
            if rows.any():
                again = identify_peaks(more.space, peaks, config=settings, allowed=rows, **common)
                assembled = _merged(assembled, again, moved)
    both = [library, assembled]
    return _ranked_together(both, joined, contents, peaks, cells, task=task, model=model)


def _merged(
    one: Identification, other: Identification, moved: Mapping[int, int] | None = None
) -> Identification:
    """Both in one, the more probable first; rows of the other may have moved."""
    scored = [
        *one.scored,
        *(replace(s, row=s.row if moved is None else moved[s.row]) for s in other.scored),
    ]
    scored.sort(key=lambda s: -s.probability)
    return replace(one, scored=tuple(scored))


def relaxed_proposals(found: Identification, joined: JoinedSpace) -> list[Proposal]:
    """The best assembled frameworks after a short relaxation of atoms and cell.

    Rigid blocks from elsewhere break symmetries and leave cells askew; the force field mends it.

    Parameters
    ----------
    found:
        Assembled frameworks, ranked.
    joined:
        What they were made of.
    """
    from porescope.reticular.relax import RelaxSettings, relax

    free = RelaxSettings(max_steps=120, max_force=0.05, max_stress=1e-3, fixed_symmetry=False)
    result = []
    for scored in found.scored[:N_RELAXED]:
        proposal = joined.proposals[scored.card.id]
        if proposal.crystal.n_atoms > MOST_RELAXED_ATOMS:
            continue
        settings = replace(free, fixed_cell=IN_CELL in proposal.id)
        try:
            crystal = relax(
                proposal.crystal, bonds_of_assembly(proposal.assembly), settings=settings
            ).crystal
        except (ConfigError, ConvergenceError):
            continue
        if np.all(np.isfinite(crystal.frac)) and not overlaps(crystal, proposal.assembly):
            result.append(replace(proposal, id=f"{proposal.id}, relaxed", crystal=crystal))
    return result


def with_breathed_cells(
    joined: JoinedSpace, peaks: PeakList, *, task: FitTask, kind: str
) -> JoinedSpace:
    """The same with edges and angles of assembled cells where the peaks want them.

    Only the frameworks that match best before are looked at.

    Parameters
    ----------
    joined:
        Library and assembled cards.
    peaks:
        Observed peaks.
    task:
        The pattern.
    kind:
        ``xray`` or ``neutron``.
    """
    table = joined.space.table
    loose = joined.assembled & (table.space_groups <= 15)
    loose &= ~joined.named(lambda id: IN_CELL in id)
    rows = np.flatnonzero(loose)
    if not len(rows):
        return joined
    within = peaks_within(peaks, task)
    reflections = reflection_table(table, kind=kind)
    hits = search_rows(
        reflections,
        loose,
        within,
        two_theta_range_deg=task.two_theta_range_deg,
        polarised=kind == "xray",
        config=ASSEMBLED_SEARCH,
    )
    rows = rows[np.argsort(-hits.score[rows], kind="stable")][:N_CELLS]
    cells = breathe_cells(
        reflections,
        rows,
        within,
        space_groups=table.space_groups[rows].astype(np.int64),
        two_theta_range_deg=task.two_theta_range_deg,
        polarised=kind == "xray",
    )
    return joined.with_cells(rows, cells)


def _right_linkers(
    space: SearchSpace,
    contents: dict[str, tuple[str, ...]],
    *,
    pot: Pot,
    linkers: tuple[str, ...],
) -> Bool[np.ndarray, "cards"]:
    """Cards of the library whose linkers are these, or not known."""
    wanted = {linker_key(s) for s in linkers}
    wrong = [
        entry.number
        for entry in space.library.entries(contains=pot.metals)
        if entry.id in contents and set(contents[entry.id]) != wanted
    ]
    return ~np.isin(space.table.ids, np.array(wrong, dtype=np.int64))


def _ranked_together(
    both: list[Identification],
    joined: JoinedSpace,
    contents: dict[str, tuple[str, ...]],
    peaks: PeakList,
    cells: Sequence[Float[np.ndarray, "3 3"]],
    *,
    task: FitTask,
    model: ProbabilityModel | None,
) -> AssembledIdentification:
    """One list; what was assembled and stands in the library too is named once."""
    found, prior = [], {}
    graphs: set[str] = set()
    for scored in both[0].scored:
        if scored.card.id in contents:
            prior[scored.card.id] = float(np.log(KNOWN_LINKERS_ODDS))
        graphs.add(scored.card.net_hash)
        found.append(scored)
    n_peaks = peaks_within(peaks, task).n_peaks
    new = [scored for scored in both[1].scored if scored.card.net_hash not in graphs]
    prior |= {
        scored.card.id: odds
        for scored, odds in zip(new, log_odds_of(new, cells, n_peaks=n_peaks), strict=True)
    }
    found += new
    ranked = rank_scored(
        found,
        shortlist=both[0].shortlist,
        n_peaks=n_peaks,
        model=model,
        space=joined.space,
        log_prior=prior,
    )
    return AssembledIdentification(identification=_once_each(ranked), joined=joined)


def _once_each(found: Identification) -> Identification:
    """Each bond graph once, by its most probable cell, with the probability of all its cells."""
    total: dict[str, float] = {}
    first: dict[str, Scored] = {}
    for scored in found.scored:
        graph = scored.card.net_hash or scored.card.id
        if scored.card.source != ASSEMBLED:
            graph = scored.card.id
        first.setdefault(graph, scored)
        total[graph] = total.get(graph, 0.0) + scored.probability
    merged = [replace(scored, probability=total[graph]) for graph, scored in first.items()]
    merged.sort(key=lambda scored: -scored.probability)
    return replace(found, scored=tuple(merged))
