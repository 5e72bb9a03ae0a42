"""Prior odds of assembled frameworks: what their cells and the number of their lines say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from porescope.datasets.cards import centring_vectors
from porescope.workflows.identify import Scored
from porescope.workflows.proposal_cells import CellMatchConfig, match_cells

LINES_PRICE = 0.8
"""Taken off the logarithm of the odds for each factor of e by which the lines outnumber the peaks:
among many assembled cells one without symmetry fits by chance."""
INDEXED_ODDS = (12.0, 3.0, 2.0)
"""Odds of a framework whose fitted cell is the first, second or third that indexing found, against
one whose cell is none of these. Of frameworks left out for development, three in four had the first
cell, and one in six none of the twenty best."""
SAME_LINE_DEG = 0.01
"""Lines nearer than this are one line: a metric may have more symmetry than the framework [°]."""
_SAME_CELL = CellMatchConfig(
    length_tolerance=0.012, angle_tolerance_deg=1.2, volume_tolerance=0.03, max_strain=0.02
)


def log_odds(
    lattices: Sequence[Float[np.ndarray, "3 3"]],
    n_lines: Sequence[int],
    cells: Sequence[Float[np.ndarray, "3 3"]],
    *,
    n_peaks: int,
) -> list[float]:
    """Logarithms of the prior odds of assembled frameworks.

    Parameters
    ----------
    lattices:
        The primitive lattice of each as it was fitted [Å].
    n_lines:
        Number of different lines of each in the range of the fit.
    cells:
        Primitive cells that index the pattern, the best first [Å].
    n_peaks:
        Number of observed peaks.
    """
    ranks = dict.fromkeys(range(len(lattices)), len(INDEXED_ODDS))
    for match in match_cells(lattices, cells[: len(INDEXED_ODDS)], config=_SAME_CELL):
        ranks[match.proposal] = min(ranks[match.proposal], match.cell)
    odds = [*INDEXED_ODDS, 1.0]
    crowd = [max(lines / max(n_peaks, 1), 1.0) for lines in n_lines]
    return [
        float(np.log(odds[ranks[place]]) - LINES_PRICE * np.log(lines))
        for place, lines in enumerate(crowd)
    ]


def log_odds_of(
    scored: Sequence[Scored], cells: Sequence[Float[np.ndarray, "3 3"]], *, n_peaks: int
) -> list[float]:
    """The same for candidates with their fits.

    Parameters
    ----------
    scored:
        Assembled frameworks.
    cells, n_peaks:
        As for :func:`log_odds`.
    """
    lattices = [
        centring_vectors(one.card.space_group_symbol[:1]) @ one.fit.fixed.phases[0].lattice
        for one in scored
    ]
    phases = [one.fit.le_bail.phases[0] for one in scored]
    lines = [distinct_lines(phase.two_theta_deg[phase.in_range]) for phase in phases]
    return log_odds(lattices, lines, cells, n_peaks=n_peaks)


def distinct_lines(two_theta_deg: Float[np.ndarray, "lines"]) -> int:
    """Number of lines that differ in their places.

    Parameters
    ----------
    two_theta_deg:
        Places of the lines [°].
    """
    apart = np.diff(np.sort(two_theta_deg)) > SAME_LINE_DEG
    return int(np.sum(apart)) + int(len(two_theta_deg) > 0)
