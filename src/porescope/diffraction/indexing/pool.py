"""Search one Bravais lattice: propose cells, refine them, keep the best."""

from __future__ import annotations

from dataclasses import dataclass
from time import thread_time

import numpy as np
from jaxtyping import Float

from porescope.diffraction.indexing import dichotomy, forms, random_starts, trials
from porescope.diffraction.indexing.candidate import IndexingConfig, Method
from porescope.diffraction.indexing.lines import LineList
from porescope.diffraction.indexing.merit import _evidence_many
from porescope.diffraction.indexing.refine import _refine_many
from porescope.diffraction.indexing.screen import Screen
from porescope.diffraction.indexing.settle import Settled

FIRST_CUTS = np.array([6.0, 4.0, 3.0, 2.5, 2.0, 2.0])
MAX_CALCULATED = 160
"""Most lines that a cell may have below the last observed one of the search."""
MAX_REFINED = 2500
"""Trial cells per Bravais lattice that are refined."""
N_FIRST_RANKING = 26
"""Lines that the first refinement and ranking use."""
KEPT = 40
"""Refined cells per Bravais lattice that go on."""

RANDOM_CELLS = {1: 200, 2: 1000, 3: 2500, 4: 6000, 6: 12_000}
"""Random starts per round, by number of free parameters."""

N_LOW = {1: 10, 2: 10, 3: 8, 4: 8, 6: 10}
"""Lowest lines that are taken in all combinations, by number of free parameters."""
N_LOW_HALVED = 8
"""The same for triclinic cells with one basis line of the second order."""
N_LOW_ZONE = {2: 8, 3: 7, 4: 6}
"""The same where one more line comes from anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """When to stop."""

    end: float
    """Time on the ``thread_time`` clock [s], of computing: what is found does not hang on what else
    the machine does."""

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return thread_time() >= self.end

    def part(self, seconds: float) -> Budget:
        """At most so many seconds of it, from now."""
        return Budget(end=min(self.end, thread_time() + seconds))


def volume_range(
    lines: LineList, *, system: int, centring: int, config: IndexingConfig
) -> tuple[float, float]:
    """Smallest and largest volume of the conventional cell [Å³] that is searched."""
    top = lines.s[min(config.n_search, lines.n_lines) - 1]
    sphere = 3.0 / (4.0 * np.pi) / top**1.5
    largest = MAX_CALCULATED * forms.MULTIPLICITY[system] * sphere * forms.NODES[centring]
    if config.max_volume is not None:
        largest = min(largest, config.max_volume)
    return config.min_volume, float(largest)


def propose_trials(
    lines: LineList,
    *,
    system: int,
    centring: int,
    screen: Screen,
    config: IndexingConfig,
    budget: Budget,
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and screening scores of cells from low indices on few lines."""
    p = forms.N_PARAMETERS[system]
    volume = volume_range(lines, system=system, centring=centring, config=config)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    n_search = len(screen.s)
    # Triclinic: which basis line counts as a second order; others: with a line from anywhere.
    plans = {1: (0,), 6: (-1, 0, 1, 2)}.get(p, (0, 1))
    for plan in plans:
        if p == 6:
            n_low = N_LOW[p] if plan < 0 else N_LOW_HALVED
            sets, bases = trials.line_sets(3, n_low=n_low, n_lines=n_search), None
        else:
            n_low = N_LOW_ZONE[p] if plan else N_LOW[p]
            sets = trials.line_sets(p, n_low=n_low, n_lines=n_search, zone=bool(plan))
            bases = trials.index_bases(system, centring, bool(plan))
        for chunk in np.array_split(sets, max(1, len(sets) // 12)):
            if budget.over:
                break
            if bases is None:
                new = trials.screen_triples(
                    lines.s, triples=chunk, halved=plan, n_cross=n_search, screen=screen,
                    volume=volume, threshold=0.0,
                )  # fmt: skip
            else:
                new = trials.screen_bases(
                    lines.s, sets=chunk, bases=bases, system=system, centring=centring,
                    screen=screen, volume=volume, threshold=0.0,
                )  # fmt: skip
            found.append(thin(*new, scale=float(lines.s[4]), n=MAX_REFINED))
    if not found:
        return np.empty((0, p)), np.empty(0)
    parameters, score = (np.concatenate([f[i] for f in found]) for i in (0, 1))
    return thin(parameters, score, scale=float(lines.s[4]), n=MAX_REFINED)


def propose_dichotomy(
    lines: LineList,
    *,
    system: int,
    centring: int,
    screen: Screen,
    config: IndexingConfig,
    budget: Budget,
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and screening scores of cells from the exhaustive search; none if triclinic."""
    p = forms.N_PARAMETERS[system]
    found = [(np.empty((0, p)), np.empty(0))]
    if system != forms.TRICLINIC:
        whole = volume_range(lines, system=system, centring=centring, config=config)
        tables = dichotomy.covering_tables(screen)
        start = dichotomy.domain(screen, system=system, max_edge=config.max_edge)
        # Shells of growing volume: small cells are quick to rule out and the likelier answer.
        shells = np.geomspace(*whole, 2 + int(2.0 * np.log2(whole[1] / whole[0])))
        boxes = [
            (low, high, (float(shells[i]), float(shells[i + 1])))
            for i in range(len(shells) - 1)
            for low, high in dichotomy.split_domain(*start)
        ][::-1]
        while boxes and not budget.over:
            low, high, shell = boxes.pop()
            cells, score, done = dichotomy.search_box(
                low, high, system=system, centring=centring, screen=screen, tables=tables,
                volume=shell,
            )  # fmt: skip
            found.append((cells, score))
            if not done:
                axis = int(np.argmax((high - low)[:3] / high[:3]))
                middle = 0.5 * (low[axis] + high[axis])
                for edge_low, edge_high in ((low[axis], middle), (middle, high[axis])):
                    part_low, part_high = low.copy(), high.copy()
                    part_low[axis], part_high[axis] = edge_low, edge_high
                    boxes.append((part_low, part_high, shell))
    cells, score = (np.concatenate([f[i] for f in found]) for i in (0, 1))
    return thin(cells, score, scale=float(lines.s[4]), n=MAX_REFINED)


def propose_random(
    lines: LineList,
    *,
    system: int,
    centring: int,
    config: IndexingConfig,
    rng: np.random.Generator,
) -> np.ndarray:
    """Parameters of random cells, most of them for the systems of low symmetry."""
    volume = volume_range(lines, system=system, centring=centring, config=config)
    # From a tenth of the largest volume: smaller cells have too few lines to need this method.
    volume = (max(volume[0], 0.02 * volume[1]), 0.7 * volume[1])
    return random_starts.random_cells(
        RANDOM_CELLS[forms.N_PARAMETERS[system]],
        system=system,
        volume=volume,
        longest=config.max_edge,
        rng=rng,
    )


def thin(
    parameters: Float[np.ndarray, "cells free"],
    score: Float[np.ndarray, "cells"],
    *,
    scale: float,
    n: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The best cells, those that agree within 0.3 % of ``scale`` counted once."""
    order = np.argsort(-score, kind="stable")[: 8 * n]
    parameters, score = parameters[order], score[order]
    if len(parameters):
        keys = np.round(parameters / (0.003 * scale)).astype(np.int64)
        first = np.sort(np.unique(keys, axis=0, return_index=True)[1])[:n]
        parameters, score = parameters[first], score[first]
    return parameters.copy(), score.copy()


def refine_pool(
    lines: LineList,
    parameters: Float[np.ndarray, "cells free"],
    *,
    system: int,
    centring: int,
    zero_deg: float,
    method: Method,
    config: IndexingConfig,
) -> list[Settled]:
    """Refine trial cells without a zero shift of their own and keep the best."""
    cuts = random_starts.CUTS if method == "random" else FIRST_CUTS
    if not len(parameters):
        return []
    search = lines.first(max(N_FIRST_RANKING, config.n_search))
    parameters = np.ascontiguousarray(parameters)
    spread = max(config.zero_sigma_deg, 1e-6)
    log_det = _refine_many(
        parameters, zero_deg, system, centring, search.s, search.sigma, search.slope, spread,
        cuts,
    )  # fmt: skip
    log_width = float(np.log(lines.s[min(4, lines.n_lines - 1)]))
    evidence = _evidence_many(
        parameters, zero_deg, system, centring, search.s, search.sigma, search.slope,
        search.impurity, log_det, log_width,
    )  # fmt: skip
    out: list[Settled] = []
    seen: set[tuple[int, int]] = set()
    for i in np.argsort(-evidence, kind="stable"):
        if evidence[i] <= -1e8 or len(out) == KEPT:
            break
        form = forms.form_from_parameters(parameters[i], system=system)
        det = forms._determinant(form)
        if det <= 0.0 or det**-0.5 < config.min_volume:
            continue
        cell = Settled(
            parameters=parameters[i].copy(),
            zero_deg=zero_deg,
            system=system,
            centring=centring,
            evidence=float(evidence[i]),
            method=method,
        )
        # One lattice comes out many times, in many settings: same volume, same evidence.
        key = (round(np.log(det) / 0.002), round(float(evidence[i]) * 4.0))
        if key in seen or np.max(np.linalg.norm(cell.lattice, axis=1)) > config.max_edge:
            continue
        seen.add(key)
        out.append(cell)
    return out
