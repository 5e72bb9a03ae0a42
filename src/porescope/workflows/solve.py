"""From a measured pattern to ranked, fitted frameworks with probabilities."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool

import porescope
from porescope.crystal.structure import Crystal
from porescope.datasets.library import Library
from porescope.datasets.template_store import TemplateEntry, TemplateStore
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.prepare import PreparedPattern, prepare_pattern
from porescope.errors import ConfigError
from porescope.workflows.candidate_fits import FitTask, fit_task, polish_fit
from porescope.workflows.further_phases import FurtherPhase, find_further_phases
from porescope.workflows.identify import (
    Identification,
    Progress,
    Scored,
    SearchSpace,
    identify_peaks,
)
from porescope.workflows.learned import LearnedQuery, learned_query
from porescope.workflows.measured import measured_pattern
from porescope.workflows.probability import shipped_model
from porescope.workflows.proposal_space import LibraryWithProposals
from porescope.workflows.shortlist import ShortlistConfig
from porescope.workflows.solution import SolveResult
from porescope.workflows.solution_parts import (
    candidates_of,
    phase_of,
    unexplained_peaks,
    warnings_of,
)
from porescope.workflows.solve_config import (
    SolveConfig,
    element_rule,
    elements_of_formula,
    settings_of,
    told_elements,
)
from porescope.workflows.wording import describe_radiation, methods_paragraph, verdict_of

__all__ = [
    "SolveConfig",
    "describe_radiation",
    "element_rule",
    "elements_of_formula",
    "solve_pattern",
    "told_elements",
]

N_POLISHED = 4
"""Most candidates that are fitted again with more parameters."""
LEAST_POLISHED = 0.02
"""Least probability of a candidate that is fitted again."""

FEW_LINES = 4.0
"""A cell with fewer reflections than this for each observed peak explains positions by itself."""


def solve_pattern(
    source: Path | str | Pattern,
    *,
    config: SolveConfig | None = None,
    library: Library | SearchSpace | None = None,
    templates: TemplateStore | None = None,
    without_template: Callable[[TemplateEntry], bool] | None = None,
    progress: Progress | None = None,
) -> SolveResult:
    """Say which framework made a powder pattern.

    Parameters
    ----------
    source:
        A file that an instrument wrote, or a pattern.
    config:
        What is known of the sample.
    library:
        The cards to search: a library, or cards that are held in memory for many patterns. By
        default the shipped cards and the user's own.
    templates:
        Known kinds of frameworks, on which new ones are assembled where linkers are given; by
        default those that come with the package.
    without_template:
        Templates for which this is true are not used.
    progress:
        Called with what is being done and the share that is finished.

    Returns
    -------
    :
        Candidates, most probable first, with what remains unexplained.

    Raises
    ------
    ParseError
        Where the file holds no powder pattern.
    ConfigError
        Where the wavelength is not known, the range holds no data, or no card has the elements.
    """
    config = config or SolveConfig()
    tell = progress or (lambda stage, share: None)
    started = time.perf_counter()
    tell("reading the pattern", 0.0)
    pattern = measured_pattern(
        source, radiation=config.radiation, two_theta_range_deg=config.two_theta_range_deg
    )
    assert pattern.radiation is not None
    kind = pattern.radiation.kind
    prepared = prepare_pattern(pattern)
    if prepared.peaks.n_peaks == 0:
        raise ConfigError(
            "no peak stands above the noise between "
            f"{pattern.two_theta_deg[0]:.1f} and {pattern.two_theta_deg[-1]:.1f}°; "
            "measure longer, or give another --range"
        )
    task = fit_task(
        pattern,
        background=prepared.background,
        sigma=prepared.sigma,
        fwhm_deg=float(np.median(prepared.peaks.fwhm_deg)),
    )
    tell("opening the library", 0.05)
    space = _space_of(library, config=config)
    learned, not_learned = _learned(space, prepared, config=config, progress=tell)
    if config.linkers:
        found, space = _identified_with_assembled(
            space,
            prepared.peaks,
            task=task,
            kind=kind,
            config=config,
            templates=templates,
            without_template=without_template,
            learned=learned,
            progress=tell,
        )
    else:
        found = identify_peaks(
            space,
            prepared.peaks,
            task=task,
            kind=kind,
            model=shipped_model(learned=learned.weights if learned else ""),
            elements=frozenset(config.elements),
            config=ShortlistConfig(n_fits=config.n_fits),
            learned=learned,
            progress=tell,
        )
    n_assembled = getattr(space.library, "n_assembled", 0)
    tell("refining the most probable", 0.9)
    found = _polished(found, task, kind=kind)
    tell("looking for further phases", 0.95)
    further = _further(space, prepared.peaks, found, task=task, kind=kind, config=config)
    blocks = _fitted_blocks(found, space, task=task)
    candidates = candidates_of(found, space, blocks=blocks)
    phases = tuple(phase_of(p) for p in further)
    first = candidates[0] if candidates else None
    low, high = task.two_theta_range_deg
    tell("done", 1.0)
    return SolveResult(
        pattern=pattern,
        radiation=pattern.radiation,
        candidates=candidates,
        none_of_these=found.none_of_these,
        unexplained_peaks=unexplained_peaks(prepared.peaks, found, further, task=task),
        phases=phases,
        steps=(*pattern.notes, *prepared.steps),
        warnings=(*prepared.warnings, *warnings_of(found, prepared, task=task), *not_learned),
        verdict=verdict_of(candidates, none_of_these=found.none_of_these, phases=phases),
        methods=methods_paragraph(
            version=porescope.__version__,
            n_searched=space.table.n_cards - n_assembled,
            n_assembled=n_assembled,
            n_fits=len(candidates),
            radiation=describe_radiation(pattern.radiation),
            range_deg=(low, high),
            background="asymmetrically reweighted penalised least squares",
            first=first,
            learned=learned.weights if learned else "",
        ),
        n_searched=space.table.n_cards,
        seconds=time.perf_counter() - started,
        version=porescope.__version__,
        settings=settings_of(config) | ({"learned space": learned.weights} if learned else {}),
    )


def _identified_with_assembled(
    space: SearchSpace,
    peaks: PeakList,
    *,
    task: FitTask,
    kind: str,
    config: SolveConfig,
    templates: TemplateStore | None,
    without_template: Callable[[TemplateEntry], bool] | None,
    learned: LearnedQuery | None,
    progress: Progress,
) -> tuple[Identification, SearchSpace]:
    """Candidates of the library and of the pot, and the cards of both."""
    # RDKit takes its time to load, and is needed here only
    from porescope.workflows.identify_assembled import Pot, identify_assembled
    from porescope.workflows.propose import ProposeConfig

    both = identify_assembled(
        space,
        peaks,
        pot=Pot(metals=config.metals, linkers=config.linkers),
        store=templates or TemplateStore(),
        task=task,
        kind=kind,
        model=shipped_model(learned=learned.weights if learned else ""),
        elements=frozenset(config.elements),
        shortlist=ShortlistConfig(n_fits=config.n_fits),
        config=ProposeConfig(nets=config.nets, max_atoms=config.max_atoms, caps=config.caps),
        without=without_template,
        learned=learned,
        progress=progress,
    )
    return both.identification, both.joined.space


def _learned(
    space: SearchSpace, prepared: PreparedPattern, *, config: SolveConfig, progress: Progress
) -> tuple[LearnedQuery | None, tuple[str, ...]]:
    """What the learned space says, and why it says nothing although it is installed."""
    radiation = prepared.pattern.radiation
    if not config.learned or radiation is None:
        return None, ()
    learned, reason = learned_query(
        space.library,
        prepared.peaks,
        radiation=radiation,
        elements=told_elements(config.elements, config.metals, formula=config.formula),
        progress=progress,
    )
    return learned, (reason,) if reason else ()


def _space_of(library: Library | SearchSpace | None, *, config: SolveConfig) -> SearchSpace:
    """The cards with the right elements."""
    contains, only = element_rule(config)
    if isinstance(library, SearchSpace):
        if not contains and only is None:
            return library
        library = library.library
    opened = Library.open() if library is None else library
    table = opened.peak_table(contains=contains, only=only)
    space = SearchSpace(library=opened, table=table)
    return space if config.linkers else _checked(space, config=config)


def _checked(space: SearchSpace, *, config: SolveConfig) -> SearchSpace:
    if space.table.n_cards == 0:
        asked = ", ".join((*config.elements, *config.metals)) or config.formula or "these elements"
        raise ConfigError(
            f"no card of the library agrees with {asked}; name fewer metals or more elements, "
            "or add structures with: porescope library add FOLDER"
        )
    return space


def _polished(found: Identification, task: FitTask, *, kind: str) -> Identification:
    """The most probable candidates with better fits; their order stays."""
    shown = [
        replace(s, fit=polish_fit(s.fit, task, kind=kind))
        if i < N_POLISHED and s.probability > LEAST_POLISHED
        else s
        for i, s in enumerate(found.scored)
    ]
    return replace(found, scored=tuple(shown))


def _further(
    space: SearchSpace,
    peaks: PeakList,
    found: Identification,
    *,
    task: FitTask,
    kind: str,
    config: SolveConfig,
) -> list[FurtherPhase]:
    """Further phases, if the first framework is believed at all."""
    if not found.scored or config.max_phases < 2 or found.none_of_these > 0.9:
        return []
    first = found.scored[0]
    return find_further_phases(
        space,
        peaks,
        explained=first.explained | _on_reflections(peaks, first, task),
        task=task,
        kind=kind,
        zero_shift_deg=first.fit.fixed.zero_deg,
        exclude_group=int(space.codes[1][first.row]),
        max_phases=config.max_phases - 1,
    )


def _on_reflections(peaks: PeakList, first: Scored, task: FitTask) -> Bool[np.ndarray, "peaks"]:
    """Peaks that no further phase is asked to explain.

    They lie outside the range of the fit, or on reflections that the first phase allows, where
    these are so few that it means something: guests change intensities, not positions.
    """
    low, high = task.two_theta_range_deg
    outside = (peaks.two_theta_deg < low) | (peaks.two_theta_deg > high)
    if first.evidence.lines_per_peak > FEW_LINES:
        return outside
    lines = first.fit.le_bail.phases[0].two_theta_deg
    distance = np.abs(peaks.two_theta_deg[:, None] - lines[None, :]).min(axis=1)
    return outside | (distance < 0.05 + 0.2 * peaks.fwhm_deg)


def _fitted_blocks(
    found: Identification, space: SearchSpace, *, task: FitTask
) -> dict[str, Crystal]:
    """Coordinates of the best assembled candidates after their blocks were fitted."""
    library = space.library
    if not isinstance(library, LibraryWithProposals):
        return {}
    from porescope.workflows.fitted_blocks import crystal_with_fitted_blocks

    result = {}
    for scored in found.scored[:N_POLISHED]:
        proposal = library.proposals.get(scored.card.id)
        if proposal is not None and scored.probability > LEAST_POLISHED:
            lattice = scored.fit.fixed.phases[0].lattice
            result[scored.card.id] = crystal_with_fitted_blocks(
                proposal, scored.card, lattice=lattice, task=task
            )
    return result
