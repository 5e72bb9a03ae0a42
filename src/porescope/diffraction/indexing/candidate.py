"""What indexing is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.crystal.symmetry import LatticeSystem
from porescope.errors import ConfigError

Centring = Literal["P", "A", "B", "C", "I", "F", "R"]
"""Lattice centring; R in hexagonal axes."""
Method = Literal["trials", "dichotomy", "random"]
"""Ways to propose cells: low indices on few lines, exhaustive halving, random starts."""

ALL_SYSTEMS: tuple[LatticeSystem, ...] = (
    "cubic",
    "tetragonal",
    "hexagonal",
    "rhombohedral",
    "orthorhombic",
    "monoclinic",
    "triclinic",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexingConfig:
    """How unit cells are searched for."""

    systems: tuple[LatticeSystem, ...] = ALL_SYSTEMS
    """Lattice systems to search."""
    methods: tuple[Method, ...] = ("trials", "dichotomy", "random")
    """Ways to propose cells, in this order; the later ones run only while nothing convinces."""
    n_search: int = 20
    """Lines at the lowest angles that trial cells are tested on."""
    n_rank: int = 40
    """Lines at the lowest angles that cells are refined and ranked on."""
    weakest: float = 0.003
    """Lines weaker than this share of the strongest are left out while 20 others remain."""
    max_unindexed: float = 0.25
    """Share of the lines that may stay unindexed."""
    sigma_deg: float = 0.015
    """Standard uncertainty of a position where the input gives none [° 2θ]."""
    sigma_floor_deg: float = 0.01
    """Smallest uncertainty that is believed [° 2θ]."""
    zero_sigma_deg: float = 0.03
    """Expected size of the zero shift [° 2θ]; 0 fixes it at nothing."""
    max_zero_deg: float = 0.12
    """Largest zero shift that is searched for where nothing convinces without [° 2θ]."""
    min_volume: float = 20.0
    """Smallest volume of a cell [Å³]."""
    max_volume: float | None = None
    """Largest volume of a conventional cell [Å³]; by default from the density of lines."""
    max_edge: float = 120.0
    """Longest edge of a cell [Å]."""
    convincing: float = 10.0
    """Evidence at which the search ends early [natural logarithm]."""
    max_seconds: float = 60.0
    """Limit of the whole search [s] of computing: what else the machine does leaves it alone."""
    max_seconds_per_system: float = 20.0
    """The same for one method in one lattice system [s]."""
    n_candidates: int = 20
    """Cells that are handed back at most."""

    def __post_init__(self) -> None:
        if not self.systems or not set(self.systems) <= set(ALL_SYSTEMS):
            raise ConfigError(f"systems must be some of {ALL_SYSTEMS}, got {self.systems}")
        if not 6 <= self.n_search <= 60:
            raise ConfigError(f"n_search must lie between 6 and 60, got {self.n_search}")
        if self.n_rank < self.n_search:
            raise ConfigError(
                f"n_rank ({self.n_rank}) must not be smaller than n_search ({self.n_search})"
            )
        if not 0.0 <= self.max_unindexed < 0.6:
            raise ConfigError(f"max_unindexed must lie in 0 to 0.6, got {self.max_unindexed}")
        if self.sigma_deg <= 0.0 or self.sigma_floor_deg <= 0.0 or self.zero_sigma_deg < 0.0:
            raise ConfigError("uncertainties of positions must be positive")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CellCandidate:
    """One unit cell that may explain the lines."""

    lattice: Float[np.ndarray, "3 3"]
    """Conventional cell, rows a, b, c [Å]."""
    parameters: Float[np.ndarray, "6"]
    """a, b, c [Å], alpha, beta, gamma [°]."""
    esds: Float[np.ndarray, "6"]
    """Their standard uncertainties from the scatter of the lines; 0 where symmetry fixes them."""
    lattice_system: LatticeSystem
    """System of the metric; ``rhombohedral`` cells are given in hexagonal axes."""
    centring: Centring
    """Centring that the indexed lines speak for."""
    m_n: float
    """De Wolff's figure of merit, times the share of the lines that are indexed."""
    f_n: float
    """Smith and Snyder's figure of merit, with the same penalty; 0 without a wavelength."""
    n_figure: int
    """Lines that the figures stand for: 20, or all where there are fewer."""
    n_lines: int
    """Observed lines used."""
    n_indexed: int
    """Those that the cell explains."""
    n_calculated: int
    """Distinct lines that the cell has up to the last observed one."""
    zero_shift_deg: float
    """Zero shift: observed = calculated + zero shift [° 2θ]."""
    evidence: float
    """Natural logarithm of the odds against chance; the rank score before any fit."""
    hkl: Int[np.ndarray, "lines 3"]
    """Indices of each line, 0 0 0 where it is not indexed."""
    residual_deg: Float[np.ndarray, "lines"]
    """Observed minus calculated position [° 2θ], NaN where not indexed or without wavelength."""
    method: Method
    """How the cell was proposed."""
    status: Literal["convincing", "possible", "weak", "derivative"]
    """``derivative``: a super- or sublattice of a cell that ranks higher."""
    rwp: float | None = None
    """Weighted profile R factor of a Le Bail fit, once one has been made."""

    @property
    def volume(self) -> float:
        """Volume of the conventional cell [Å³]."""
        return float(abs(np.linalg.det(self.lattice)))

    @property
    def n_unindexed(self) -> int:
        """Lines that the cell does not explain (impurities, or a wrong cell)."""
        return self.n_lines - self.n_indexed

    @property
    def indexed(self) -> Bool[np.ndarray, "lines"]:
        """Which lines are indexed."""
        return np.any(self.hkl != 0, axis=1)

    @property
    def primitive_lattice(self) -> Float[np.ndarray, "3 3"]:
        """A primitive cell of the same lattice, rows a, b, c [Å]."""
        return primitive_cell(self.lattice, self.centring)


_PRIMITIVE: dict[str, list[list[float]]] = {
    "P": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "A": [[1, 0, 0], [0, 0.5, 0.5], [0, -0.5, 0.5]],
    "B": [[0.5, 0, 0.5], [0, 1, 0], [-0.5, 0, 0.5]],
    "C": [[0.5, 0.5, 0], [-0.5, 0.5, 0], [0, 0, 1]],
    "I": [[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]],
    "F": [[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]],
    "R": [[2 / 3, 1 / 3, 1 / 3], [-1 / 3, 1 / 3, 1 / 3], [-1 / 3, -2 / 3, 1 / 3]],
}


def primitive_cell(
    lattice: Float[np.ndarray, "3 3"], centring: Centring
) -> Float[np.ndarray, "3 3"]:
    """A primitive cell of a centred lattice, rows a, b, c [Å]."""
    return np.array(_PRIMITIVE[centring]) @ lattice


def rank_by_fit(
    candidates: tuple[CellCandidate, ...], rwp: Float[np.ndarray, "candidates"]
) -> tuple[CellCandidate, ...]:
    """Rank cells again once a Le Bail fit of each has been made.

    A cell with twice the lines always fits a little better, so that the fit alone must not decide:
    each doubling of Rwp over the best costs as much as ten natural units of evidence.

    Parameters
    ----------
    candidates:
        Cells, in any order.
    rwp:
        Weighted profile R factor of the fit of each, in any unit; NaN where the fit failed.

    Returns
    -------
    :
        The cells with ``rwp`` filled in, the best first; those without a fit come last.
    """
    if not np.any(np.isfinite(rwp)):
        return candidates
    best = float(np.nanmin(rwp))
    score = [
        c.evidence - 10.0 * np.log2(max(r, 1e-12) / max(best, 1e-12))
        if np.isfinite(r)
        else c.evidence - 1e6
        for c, r in zip(candidates, rwp, strict=True)
    ]
    order = np.argsort(-np.array(score), kind="stable")
    return tuple(
        replace(candidates[i], rwp=float(rwp[i]) if np.isfinite(rwp[i]) else None) for i in order
    )
