"""What stands beside the first framework: named impurities and a second or third phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from porescope.datasets.cards import PowderCard
from porescope.diffraction.breathe import BreatheConfig, breathe_cards
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.search import SearchConfig, search_cards
from porescope.workflows.candidate_fits import FitTask, card_reflections
from porescope.workflows.evidence import explained_shares
from porescope.workflows.identify import SearchSpace
from porescope.workflows.shortlist import reflection_table

MINERALS = "minerals"
"""Source of the cards of common impurities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherPhaseConfig:
    """When a further phase is believed."""

    least_share: float = 0.01
    """Least share of the pattern's peak area that is left to explain."""
    least_explained_mineral: float = 0.12
    """Least share of the left-over area that a common impurity must explain; its strongest line
    must be among the left-over ones."""
    least_explained_framework: float = 0.6
    """The same for any other framework."""
    least_predicted: float = 0.6
    """Least share of the phase's own intensity, on square roots, that is observed."""
    least_lines_mineral: int = 1
    """Fewest left-over lines that a common impurity must explain."""
    least_lines_framework: int = 4
    """The same for any other framework."""
    max_strain_mineral: float = 0.003
    """Common impurities hardly breathe."""
    max_strain_framework: float = 0.02
    """Nor do frameworks this much, when the zero shift is known already."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FurtherPhase:
    """A phase that explains lines which the phases before it leave."""

    card: PowderCard
    """The phase."""
    share: float
    """Share of the pattern's peak area that it explains."""
    explained: Bool[np.ndarray, "peaks"]
    """Which of all observed peaks it explains."""
    lattice: Float[np.ndarray, "3 3"]
    """Its cell after the scan [Å]."""


def find_further_phases(
    space: SearchSpace,
    peaks: PeakList,
    *,
    explained: Bool[np.ndarray, "peaks"],
    task: FitTask,
    kind: str,
    zero_shift_deg: float,
    exclude_group: int,
    max_phases: int,
    config: FurtherPhaseConfig | None = None,
) -> list[FurtherPhase]:
    """Name phases for the lines that are left, strongest first.

    Parameters
    ----------
    space:
        Cards to search.
    peaks:
        All observed peaks.
    explained:
        Which of them the first framework explains.
    task:
        The pattern.
    kind:
        ``xray`` or ``neutron``.
    zero_shift_deg:
        Zero shift that the first framework's fit found [°].
    exclude_group:
        Group code of the first framework, which is not proposed again.
    max_phases:
        Largest number of further phases.
    config:
        Thresholds.
    """
    config = config or FurtherPhaseConfig()
    taken = explained.copy()
    used = {exclude_group}
    found: list[FurtherPhase] = []
    total = max(float(peaks.area.sum()), 1e-30)
    minerals = [entry.number for entry in space.library.entries(source=MINERALS)]
    is_mineral = np.isin(space.table.ids, np.array(minerals, dtype=np.int64))
    while len(found) < max_phases:
        left = peaks.select(~taken)
        if left.n_peaks == 0 or left.area.sum() < config.least_share * total:
            break
        phase = _best_phase(
            space,
            peaks,
            taken,
            task=task,
            kind=kind,
            zero=zero_shift_deg,
            used=used,
            is_mineral=is_mineral,
            config=config,
        )
        if phase is None:
            break
        found.append(phase[0])
        used.add(phase[1])
        taken = taken | phase[0].explained
    return sorted(found, key=lambda p: -p.share)


def _best_phase(
    space: SearchSpace,
    peaks: PeakList,
    taken: Bool[np.ndarray, "peaks"],
    *,
    task: FitTask,
    kind: str,
    zero: float,
    used: set[int],
    is_mineral: Bool[np.ndarray, "cards"],
    config: FurtherPhaseConfig,
) -> tuple[FurtherPhase, int] | None:
    """The phase that explains most of what is left, if any explains enough."""
    left = peaks.select(~taken)
    total = max(float(peaks.area.sum()), 1e-30)
    best: tuple[FurtherPhase, int] | None = None
    best_worth = 0.0
    for mineral in (True, False):
        if best is not None:
            break
        part = space.only(is_mineral if mineral else ~is_mineral)
        if part.table.n_cards == 0:
            continue
        strain = config.max_strain_mineral if mineral else config.max_strain_framework
        for row, lattice in _nearest(
            part, left, task=task, kind=kind, zero=zero, max_strain=strain
        ):
            group = int(part.codes[1][row])
            if group in used:
                continue
            card = part.library.cards(part.table.ids[[row]])[0]
            lines = _lines(card, lattice, task=task, kind=kind, zero=zero)
            if not len(lines[0]):
                continue
            area, _, _, on_left = explained_shares(
                left,
                two_theta_deg=lines[0],
                intensity=lines[1],
                two_theta_range_deg=task.two_theta_range_deg,
                tolerance_deg=0.02,
                least_share=0.25,
            )
            if not on_left.any():
                continue
            predicted = _seen_share(peaks, left.select(on_left), lines)
            least = config.least_explained_mineral if mineral else config.least_explained_framework
            n_least = config.least_lines_mineral if mineral else config.least_lines_framework
            if area < least or predicted < config.least_predicted or on_left.sum() < n_least:
                continue
            if mineral and not _has_strongest(left, on_left, lines):
                continue
            worth = area * predicted
            if worth > best_worth:
                mask = np.zeros(peaks.n_peaks, dtype=bool)
                mask[np.flatnonzero(~taken)[on_left]] = True
                share = float(left.area[on_left].sum() / total)
                best_worth = worth
                best = (
                    FurtherPhase(card=card, share=share, explained=mask, lattice=lattice),
                    group,
                )
    return best


def _nearest(
    space: SearchSpace, left: PeakList, *, task: FitTask, kind: str, zero: float, max_strain: float
) -> list[tuple[int, np.ndarray]]:
    """Rows and cells of the cards that match the left-over lines best."""
    table = reflection_table(space.table, kind=kind)
    polarised = kind == "xray"
    search = SearchConfig(
        max_strain=max_strain,
        strain_step=0.001,
        zero_shifts_deg=(zero,),
        tolerance_deg=0.07,
        tolerance_relative=0.0015,
    )
    hits = search_cards(
        table,
        left,
        two_theta_range_deg=task.two_theta_range_deg,
        polarised=polarised,
        config=search,
    )
    rows = np.argsort(-hits.score, kind="stable")[:30]
    breath = breathe_cards(
        table,
        rows,
        left,
        strain=hits.strain[rows],
        zero_shift_deg=np.full(len(rows), zero),
        two_theta_range_deg=task.two_theta_range_deg,
        polarised=polarised,
        config=BreatheConfig(
            max_deviation=max_strain / 2.0,
            deviation_step=max_strain / 4.0,
            max_zero_shift_deg=abs(zero) + 0.03,
        ),
    )
    cells = breath.lattice(table, rows)
    order = np.argsort(-breath.score, kind="stable")
    calm = np.abs(breath.strain).max(axis=1) <= 1.3 * max_strain
    return [(int(rows[i]), cells[i]) for i in order if calm[i]]


def _lines(
    card: PowderCard, lattice: np.ndarray, *, task: FitTask, kind: str, zero: float
) -> tuple[np.ndarray, np.ndarray]:
    """Positions [°] and intensities of a card's reflections in this pattern."""
    radiation = task.pattern.radiation
    assert radiation is not None
    reflections = card_reflections(card, lattice=lattice, kind=kind)
    sine = radiation.wavelength / (2.0 * reflections.d)
    seen = sine < 0.98
    angle = 2.0 * np.rad2deg(np.arcsin(sine[seen]))
    assert reflections.f_squared is not None
    intensity = reflections.f_squared[seen] * lorentz_polarisation(angle, radiation=radiation)
    angle += zero
    low, high = task.two_theta_range_deg
    inside = (angle >= low) & (angle <= high)
    return angle[inside], intensity[inside]


def _seen_share(
    peaks: PeakList, own: PeakList, lines: tuple[np.ndarray, np.ndarray], *, reach_deg: float = 0.12
) -> float:
    """Share of a phase's lines, on square roots, that the pattern shows.

    The scale comes from the left-over peaks that the phase explains. Its other lines may lie under
    those of the first phase, and lines that would be fainter than the faintest peak do not count.
    """
    position, intensity = lines
    near_own = np.abs(position[None, :] - own.two_theta_deg[:, None]) <= reach_deg
    matched = near_own @ intensity
    scale = float(np.median(own.area[matched > 0] / matched[matched > 0]))
    expected = scale * intensity
    counts = expected >= max(float(np.percentile(peaks.area, 10)), 0.02 * float(expected.max()))
    near = np.abs(position[None, :] - peaks.two_theta_deg[:, None]) <= reach_deg
    seen = (near * peaks.area[:, None]).sum(axis=0) >= 0.3 * expected
    weight = np.sqrt(expected) * counts
    return float((weight * seen).sum() / max(weight.sum(), 1e-30))


def _has_strongest(
    left: PeakList, on_left: np.ndarray, lines: tuple[np.ndarray, np.ndarray]
) -> bool:
    """Whether the strongest line of the phase in the range is one of the explained ones."""
    position, intensity = lines
    strongest = position[np.argmax(intensity)]
    return bool(np.any(np.abs(left.two_theta_deg[on_left] - strongest) < 0.15))
