"""The parts of an answer: candidates with their curves, further phases, what remains, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from porescope.crystal.lattice import parameters_from_lattice
from porescope.crystal.structure import Crystal
from porescope.datasets.cards import PowderCard
from porescope.datasets.library import Library
from porescope.diffraction.fit.result import FitResult
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.prepare import PreparedPattern
from porescope.workflows.candidate_fits import FitTask
from porescope.workflows.coordinates import crystal_of_card
from porescope.workflows.further_phases import FurtherPhase
from porescope.workflows.identify import Identification, Scored, SearchSpace
from porescope.workflows.proposal_space import (
    ASSEMBLED,
    LibraryWithProposals,
    fitted_proposal,
    title_of,
)
from porescope.workflows.solution import Candidate, FittedCurve, Phase, UnexplainedPeak


def candidates_of(
    found: Identification, space: SearchSpace, *, blocks: Mapping[str, Crystal]
) -> tuple[Candidate, ...]:
    """Ranked candidates with their curves; frameworks alike but for the metal share a group.

    Parameters
    ----------
    found:
        Fitted frameworks, the most probable first.
    space:
        The cards that were searched.
    blocks:
        Coordinates of assembled frameworks whose blocks were fitted, by their identifiers.
    """
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


def phase_of(found: FurtherPhase) -> Phase:
    """What the answer says of a further phase."""
    return Phase(
        id=found.card.id,
        name=found.card.title,
        formula=found.card.formula,
        share_of_intensity=found.share,
    )


def unexplained_peaks(
    peaks: PeakList, found: Identification, further: Sequence[FurtherPhase], *, task: FitTask
) -> tuple[UnexplainedPeak, ...]:
    """Peaks that the first candidate leaves, with the phase that takes them, if one does.

    Parameters
    ----------
    peaks:
        Observed peaks.
    found:
        Fitted frameworks, the most probable first.
    further:
        Further phases.
    task:
        The pattern; peaks outside its range are left out.
    """
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


def warnings_of(
    found: Identification, prepared: PreparedPattern, *, task: FitTask
) -> tuple[str, ...]:
    """What the user should know before trusting the answer.

    Parameters
    ----------
    found:
        Fitted frameworks, the most probable first.
    prepared:
        The pattern with its peaks.
    task:
        The range that was fitted.
    """
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
