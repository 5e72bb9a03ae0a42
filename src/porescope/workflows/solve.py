"""From a measured pattern to ranked, fitted frameworks with probabilities."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import gemmi
import numpy as np
from jaxtyping import Bool, Float

import porescope
from porescope.crystal.lattice import parameters_from_lattice
from porescope.crystal.structure import Crystal
from porescope.datasets.cards import PowderCard
from porescope.datasets.library import Library
from porescope.datasets.template_store import TemplateEntry, TemplateStore
from porescope.diffraction.fit.result import FitResult
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.prepare import PreparedPattern, prepare_pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError
from porescope.workflows.candidate_fits import FitTask, fit_task, polish_fit
from porescope.workflows.coordinates import crystal_of_card
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
from porescope.workflows.proposal_space import (
    ASSEMBLED,
    LibraryWithProposals,
    fitted_proposal,
    title_of,
)
from porescope.workflows.shortlist import ShortlistConfig
from porescope.workflows.solution import (
    Candidate,
    FittedCurve,
    Phase,
    SolveResult,
    UnexplainedPeak,
)
from porescope.workflows.wording import methods_paragraph, verdict_of

N_POLISHED = 4
"""Most candidates that are fitted again with more parameters."""
LEAST_POLISHED = 0.02
"""Least probability of a candidate that is fitted again."""

NODE_ELEMENTS = ("H", "C", "N", "O", "F", "Cl")
"""Elements that nodes and caps bring in beside the metals and the linkers."""

FEW_LINES = 4.0
"""A cell with fewer reflections than this for each observed peak explains positions by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveConfig:
    """What the user knows of the sample, and how much work is done."""

    elements: tuple[str, ...] = ()
    """Elements that were in the pot; a framework may have no others but hydrogen."""
    metals: tuple[str, ...] = ()
    """Metals that the framework must have."""
    formula: str = ""
    """Formula of the framework: it must have these elements, and no others but hydrogen."""
    radiation: Radiation | None = None
    """Overrides what the file says."""
    two_theta_range_deg: tuple[float, float] | None = None
    """Range to use [°]."""
    linkers: tuple[str, ...] = ()
    """SMILES of the linkers that were in the pot: frameworks are assembled from them."""
    caps: tuple[str, ...] | None = None
    """SMILES of solvent or modulator that may be bound to the metal; ``None``: any."""
    nets: tuple[str, ...] = ()
    """RCSR symbols to which assembled frameworks are limited."""
    max_atoms: int = 1500
    """Largest number of atoms in the cell of an assembled framework."""
    max_phases: int = 2
    """Largest number of phases, the framework included."""
    n_fits: int = 20
    """Frameworks that are fitted."""
    learned: bool = True
    """Whether the nearest frameworks of the learned space are looked at too, where the extra ml
    and the weights are installed."""

    def __post_init__(self) -> None:
        if not 1 <= self.max_phases <= 3:
            raise ConfigError(f"max_phases must be 1, 2 or 3, got {self.max_phases}")
        if not 1 <= self.n_fits <= 200:
            raise ConfigError(f"n_fits must be between 1 and 200, got {self.n_fits}")


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
    candidates = _candidates(found, space, blocks)
    phases = tuple(_phase(p) for p in further)
    first = candidates[0] if candidates else None
    low, high = task.two_theta_range_deg
    tell("done", 1.0)
    return SolveResult(
        pattern=pattern,
        radiation=pattern.radiation,
        candidates=candidates,
        none_of_these=found.none_of_these,
        unexplained_peaks=_unexplained(prepared.peaks, found, further, task),
        phases=phases,
        steps=(*pattern.notes, *prepared.steps),
        warnings=(*prepared.warnings, *_warnings(found, prepared, task), *not_learned),
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
        settings=_settings(config) | ({"learned space": learned.weights} if learned else {}),
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


def told_elements(
    elements: Sequence[str], metals: Sequence[str], *, formula: str = ""
) -> tuple[str, ...]:
    """What a model is told of the framework's elements; nothing where the user named no full list.

    Parameters
    ----------
    elements:
        All elements that the framework may have.
    metals:
        Metals that it has; alone they are no full list.
    formula:
        Formula of the framework.
    """
    named = (*elements, *metals) if elements else ()
    if formula:
        named = (*named, *elements_of_formula(formula))
    return tuple(dict.fromkeys(named))


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


def element_rule(config: SolveConfig) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Elements that a card must have, and those that it may have (``None``: any).

    Raises
    ------
    ConfigError
        Where the formula holds something that is no element.
    """
    contains = set(config.metals)
    only: set[str] | None = None
    if config.elements:
        only = {*config.elements, *config.metals, "H"}
    if config.linkers:
        from porescope.reticular.smiles import elements_of_smiles

        parts = {e for smiles in config.linkers for e in elements_of_smiles(smiles)}
        contains |= parts - {"H"}
        only = only or {*config.metals, *parts, *NODE_ELEMENTS}
    if config.formula:
        parts = elements_of_formula(config.formula)
        contains |= {e for e in parts if e != "H"}
        only = {*parts, "H"} | (only or set())
    return tuple(sorted(contains)), None if only is None else tuple(sorted(only))


def elements_of_formula(formula: str) -> tuple[str, ...]:
    """Elements of a chemical formula, in the order of their first mention.

    Raises
    ------
    ConfigError
        Where a part of the formula is no element.
    """
    import re

    text = re.sub(r"[\s()\[\]·.,0-9+\-*]", " ", formula)
    found: list[str] = []
    for symbol in re.findall(r"[A-Z][a-z]?|\S", text):
        element = gemmi.Element(symbol)
        if element.atomic_number < 1 or element.name != symbol:
            raise ConfigError(
                f"--formula {formula!r}: {symbol!r} is no element; "
                "write it like ZnC8H10N4 or Zn(C4H5N2)2"
            )
        found.append(symbol)
    if not found:
        raise ConfigError(f"--formula {formula!r} names no element; write it like ZnC8H10N4")
    return tuple(dict.fromkeys(found))


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


def _candidates(
    found: Identification, space: SearchSpace, blocks: dict[str, Crystal]
) -> tuple[Candidate, ...]:
    """Ranked candidates with their curves; frameworks alike but for the metal share a group."""
    names: dict[int, str] = {}
    result = []
    for rank, scored in enumerate(found.scored, start=1):
        code = int(space.codes[1][scored.row])
        title = _title(scored.card, space.library)
        group = names.setdefault(code, title)
        fixed, le_bail = scored.fit.fixed, scored.fit.le_bail
        phase = fixed.phases[0]
        cell = parameters_from_lattice(phase.lattice)
        a, b, c = (100.0 * x for x in scored.evidence.strain)
        result.append(
            Candidate(
                rank=rank,
                id=scored.card.id,
                name=title,
                group=group,
                source=_source(scored.card),
                formula=scored.card.formula,
                cell=tuple(float(x) for x in cell),  # type: ignore[arg-type]
                space_group=scored.card.space_group_symbol,
                rwp=fixed.rwp,
                rwp_le_bail=le_bail.rwp,
                peaks_explained=scored.evidence.explained,
                probability=scored.probability,
                strain_percent=(a, b, c),
                similarity=scored.evidence.similarity,
                curve=_curve(fixed),
                crystal=blocks.get(scored.card.id)
                or _crystal(scored, phase.lattice, space.library),
                doi=scored.card.doi,
                licence=scored.card.licence,
                status="ok" if fixed.converged or le_bail.converged else fixed.message,
            )
        )
    return tuple(result)


def _title(card: PowderCard, library: Library) -> str:
    if isinstance(library, LibraryWithProposals) and card.id in library.proposals:
        return title_of(library.proposals[card.id])
    return card.title


def _source(card: PowderCard) -> str:
    return card.id if card.source == ASSEMBLED else f"library:{card.source}"


def _crystal(scored: Scored, lattice: Float[np.ndarray, "3 3"], library: Library) -> Crystal | None:
    """Coordinates in the fitted cell, where they are known."""
    if isinstance(library, LibraryWithProposals) and scored.card.id in library.proposals:
        return fitted_proposal(scored.card, lattice, library.proposals[scored.card.id].crystal)
    crystal = crystal_of_card(scored.card, library=library)
    if crystal is None:
        return None
    # the card's cell is a standard one; the file's own may be another of the same lattice
    start = scored.card.lattice
    if np.allclose(
        parameters_from_lattice(crystal.lattice), parameters_from_lattice(start), rtol=2e-3
    ):
        return replace(crystal, lattice=lattice)
    return crystal


def _curve(fit: FitResult) -> FittedCurve:
    """What the report draws of a fit."""
    phase = fit.phases[0]
    seen = phase.in_range
    return FittedCurve(
        two_theta_deg=fit.two_theta_deg,
        observed=fit.observed,
        calculated=fit.calculated,
        background=fit.background,
        ticks_two_theta_deg=phase.two_theta_deg[seen],
        ticks_hkl=tuple(" ".join(str(int(x)) for x in hkl) for hkl in phase.hkl[seen]),
    )


def _phase(found: FurtherPhase) -> Phase:
    return Phase(
        id=found.card.id,
        name=found.card.title,
        formula=found.card.formula,
        share_of_intensity=found.share,
    )


def _unexplained(
    peaks: PeakList, found: Identification, further: list[FurtherPhase], task: FitTask
) -> tuple[UnexplainedPeak, ...]:
    """Peaks that the first candidate leaves, with the phase that takes them, if one does."""
    if not peaks.n_peaks:
        return ()
    left: Bool[np.ndarray, "peaks"] = (
        ~found.scored[0].explained if found.scored else np.ones(peaks.n_peaks, dtype=bool)
    )
    low, high = task.two_theta_range_deg
    left = left & (peaks.two_theta_deg >= low) & (peaks.two_theta_deg <= high)
    top = max(float(peaks.height.max()), 1e-30)
    result = []
    for i in np.flatnonzero(left):
        owner = next((p.card.title for p in further if p.explained[i]), "")
        result.append(
            UnexplainedPeak(
                two_theta_deg=float(peaks.two_theta_deg[i]),
                d=float(peaks.d[i]),
                relative_intensity=float(peaks.height[i] / top),
                assigned_to=owner,
            )
        )
    return tuple(sorted(result, key=lambda p: -p.relative_intensity))


def _warnings(found: Identification, prepared: PreparedPattern, task: FitTask) -> tuple[str, ...]:
    """What the user should know before trusting the answer."""
    result = []
    if prepared.peaks.n_peaks < 6:
        result.append(
            f"Only {prepared.peaks.n_peaks} peaks stand above the noise; "
            "so few lines fit many frameworks."
        )
    if found.scored:
        zero = found.scored[0].fit.fixed.zero_deg
        if abs(zero) > 0.15:
            result.append(
                f"The angles are off by {zero:+.2f}°; check the sample height or the alignment."
            )
        strain = max(abs(x) for x in found.scored[0].evidence.strain)
        if strain > 0.02:
            result.append(
                f"The best candidate's cell differs from the library's by {100 * strain:.1f} %: "
                "guests, temperature, another metal, or another framework."
            )
    if task.two_theta_range_deg[1] < 20.0:
        result.append("The pattern ends early; measure to 40° or more for a safer answer.")
    return tuple(result)


def _settings(config: SolveConfig) -> dict[str, str]:
    """What the user asked for, as text."""
    settings = {}
    if config.elements:
        settings["elements"] = ", ".join(config.elements)
    if config.metals:
        settings["metal"] = ", ".join(config.metals)
    if config.linkers:
        settings["linker"] = ", ".join(config.linkers)
    if config.caps is not None:
        settings["caps"] = ", ".join(config.caps) or "none"
    if config.nets:
        settings["nets"] = ", ".join(config.nets)
    if config.formula:
        settings["formula"] = config.formula
    if config.two_theta_range_deg is not None:
        settings["range"] = "{:g}–{:g}°".format(*config.two_theta_range_deg)
    settings["phases"] = str(config.max_phases)
    settings["fits"] = str(config.n_fits)
    return settings


def describe_radiation(radiation: Radiation) -> str:
    """Radiation for a sentence."""
    lines = ", ".join(f"{w:.5g}" for w in radiation.wavelengths)
    name = {"neutron": "neutrons"}.get(radiation.kind, radiation.name or "X-rays")
    return f"{name}, λ = {lines} Å"
