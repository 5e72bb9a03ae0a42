"""Ab-initio indexing: from the positions of powder lines to ranked unit cells."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import thread_time

import numpy as np
from jaxtyping import Float

from porescope.diffraction.indexing import forms
from porescope.diffraction.indexing.candidate import CellCandidate, IndexingConfig, Method
from porescope.diffraction.indexing.lines import (
    LineList,
    lines_from_d,
    lines_from_two_theta,
    shifted,
)
from porescope.diffraction.indexing.pool import (
    Budget,
    propose_dichotomy,
    propose_random,
    propose_trials,
    refine_pool,
)
from porescope.diffraction.indexing.reduce import derivative_index
from porescope.diffraction.indexing.screen import make_screen
from porescope.diffraction.indexing.settle import (
    Settled,
    candidate_of,
    merge,
    settle_derivatives,
    settle_lattice,
)
from porescope.diffraction.peaks import PeakList

logger = logging.getLogger(__name__)

Progress = Callable[[float, str], None]
"""Called with the share of the time that is used and a word about what is being done."""

MAX_RANDOM_ROUNDS = 50
N_DERIVED = 2
"""Best cells whose super- and sublattices are looked at too."""
STRONG = 0.03
"""Share of the strongest line from which on a line counts as strong."""
PLAN = tuple((system, centring) for system, all_ in forms.BRAVAIS.items() for centring in all_)


def index_peaks(
    peaks: PeakList,
    *,
    config: IndexingConfig | None = None,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> tuple[CellCandidate, ...]:
    """Unit cells that explain the peaks of a pattern, the best first.

    Parameters
    ----------
    peaks:
        Peaks with uncertainties and areas.
    config:
        How to search; by default all lattice systems for at most a minute.
    rng:
        Source of random starts; without one they always come from the same seed.
    progress:
        Called now and then with the share of time used and what is being done.

    Returns
    -------
    :
        Cells ranked by evidence, each lattice once; empty where nothing fits.

    Raises
    ------
    ConfigError
        Where there are too few peaks.
    """
    return index_two_theta(
        peaks.two_theta_deg,
        wavelength=peaks.wavelength,
        sigma_deg=peaks.sigma_two_theta_deg,
        intensity=peaks.area,
        config=config,
        rng=rng,
        progress=progress,
    )


def index_two_theta(
    two_theta_deg: Float[np.ndarray, "lines"],
    *,
    wavelength: float,
    sigma_deg: Float[np.ndarray, "lines"] | None = None,
    intensity: Float[np.ndarray, "lines"] | None = None,
    config: IndexingConfig | None = None,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> tuple[CellCandidate, ...]:
    """Unit cells from angles; see :func:`index_peaks`.

    Parameters
    ----------
    two_theta_deg:
        Positions [°].
    wavelength:
        Wavelength [Å].
    sigma_deg:
        Standard uncertainties [° 2θ].
    intensity:
        Intensities in any unit.
    config, rng, progress:
        As for :func:`index_peaks`.
    """
    config = config or IndexingConfig()
    lines = lines_from_two_theta(
        np.asarray(two_theta_deg, dtype=np.float64),
        wavelength=wavelength,
        sigma_deg=sigma_deg,
        intensity=intensity,
        config=config,
    )
    return index_lines(lines, config=config, rng=rng, progress=progress)


def index_d(
    d: Float[np.ndarray, "lines"],
    *,
    sigma_d: Float[np.ndarray, "lines"] | None = None,
    intensity: Float[np.ndarray, "lines"] | None = None,
    config: IndexingConfig | None = None,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> tuple[CellCandidate, ...]:
    """Unit cells from interplanar spacings; see :func:`index_peaks`.

    Parameters
    ----------
    d:
        Spacings [Å].
    sigma_d:
        Standard uncertainties [Å].
    intensity:
        Intensities in any unit.
    config, rng, progress:
        As for :func:`index_peaks`.
    """
    config = config or IndexingConfig()
    lines = lines_from_d(
        np.asarray(d, dtype=np.float64), sigma_d=sigma_d, intensity=intensity, config=config
    )
    return index_lines(lines, config=config, rng=rng, progress=progress)


def index_lines(
    lines: LineList,
    *,
    config: IndexingConfig,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> tuple[CellCandidate, ...]:
    """Unit cells from prepared lines; see :func:`index_peaks`."""
    start = thread_time()
    budget = Budget(end=start + config.max_seconds)
    lines = lines.strong(config.weakest, n_least=20).first(config.n_rank)
    rng = rng or np.random.default_rng(0)

    def tell(text: str) -> None:
        logger.debug("%6.2f s  %s", thread_time() - start, text)
        if progress is not None:
            progress(min((thread_time() - start) / config.max_seconds, 1.0), text)

    settled: list[Settled] = []
    for method, zero_deg, share in _stages(lines, config):
        pool = _search(
            lines.strong(share, n_least=12),
            method=method,
            zero_deg=zero_deg,
            config=config,
            budget=budget,
            rng=rng,
            tell=tell,
        )
        settled += _settle_all(lines, pool, config=config, budget=budget)
        best = max((cell.evidence for cell in settled), default=-np.inf)
        tell(f"{method}, zero {zero_deg:+.2f}°: best evidence {best:.1f}")
        if budget.over or (best >= config.convincing and share == 0.0):
            break
    for cell in merge(settled, n=N_DERIVED):
        if not budget.over:
            settled += settle_derivatives(lines, cell, config=config)
    ranked = merge(settled, n=config.n_candidates)
    return tuple(
        candidate_of(lines, cell, status=status, config=config)
        for cell, status in zip(ranked, _status(ranked, config), strict=True)
    )


def _stages(lines: LineList, config: IndexingConfig) -> list[tuple[Method, float, float]]:
    """What is tried, in order: method, zero shift [° 2θ], and the weakest line that takes part.

    Every method first runs without a zero shift; trials come first, on the strong lines alone,
    which are seldom foreign, and on all.
    """
    first: list[tuple[Method, float, float]] = []
    method: Method = "trials"
    if method in config.methods:
        if lines.strong(STRONG, n_least=12).n_lines < lines.n_lines:
            first.append((method, 0.0, STRONG))
        first.append((method, 0.0, 0.0))
        if lines.wavelength is not None and config.max_zero_deg > 0.0:
            step = config.max_zero_deg / 3.0
            for i in (1, 2, 3):
                first.append((method, i * step, 0.0))
                first.append((method, -i * step, 0.0))
    if "dichotomy" in config.methods:
        first.append(("dichotomy", 0.0, 0.0))
    if "random" in config.methods:
        for _ in range(MAX_RANDOM_ROUNDS):
            first.append(("random", 0.0, 0.0))
    return first


def _search(
    lines: LineList,
    *,
    method: Method,
    zero_deg: float,
    config: IndexingConfig,
    budget: Budget,
    rng: np.random.Generator,
    tell: Callable[[str], None],
) -> list[Settled]:
    """Refined cells of every Bravais lattice by one method."""
    straight = shifted(lines, zero_deg)
    n = min(config.n_search, lines.n_lines)
    exhaustive = method == "dichotomy"
    screen = make_screen(
        straight.s[:n],
        straight.sigma[:n],
        max_missed=min(2, n // 8) if exhaustive else int(config.max_unindexed * n),
        leverage=0.2 if exhaustive else 1.0,
    )
    out: list[Settled] = []
    for system, centring in PLAN:
        if forms.system_name(system, centring) not in config.systems or budget.over:
            continue
        tell(f"{method}: {forms.system_name(system, centring)} {forms.CENTRINGS[centring]}")
        if method == "random":
            found = propose_random(
                straight, system=system, centring=centring, config=config, rng=rng
            )
        else:
            propose = propose_trials if method == "trials" else propose_dichotomy
            found, _ = propose(
                straight,
                system=system,
                centring=centring,
                screen=screen,
                config=config,
                budget=budget.part(config.max_seconds_per_system / (4 if exhaustive else 1)),
            )
        out += refine_pool(
            lines,
            found,
            system=system,
            centring=centring,
            zero_deg=zero_deg,
            method=method,
            config=config,
        )
    return out


def _settle_all(
    lines: LineList, pool: list[Settled], *, config: IndexingConfig, budget: Budget
) -> list[Settled]:
    """Settle the best trial cells under every symmetry that their metric may have."""
    pool = sorted(pool, key=lambda cell: -cell.evidence)[: 4 * config.n_candidates]
    out: list[Settled] = []
    for i, trial in enumerate(pool):
        if i >= config.n_candidates and budget.over:
            break
        out += settle_lattice(lines, trial, config=config)
    return out


def _status(ranked: list[Settled], config: IndexingConfig) -> list[str]:
    """Whether each cell convinces, may be, hardly can be, or derives from a better one."""
    out: list[str] = []
    for i, cell in enumerate(ranked):
        better = [c for c, word in zip(ranked[:i], out, strict=True) if word != "derivative"]
        if any(derivative_index(cell.primitive, other.primitive) > 1 for other in better):
            out.append("derivative")
        elif cell.evidence >= config.convincing:
            out.append("convincing")
        else:
            out.append("possible" if cell.evidence >= 0.4 * config.convincing else "weak")
    return out
