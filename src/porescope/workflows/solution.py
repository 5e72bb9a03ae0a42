"""What ``solve`` returns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from porescope.crystal.structure import Crystal
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FittedCurve:
    """A calculated pattern on the points that were fitted."""

    two_theta_deg: Float[np.ndarray, "points"]
    """Scattering angles [°]."""
    observed: Float[np.ndarray, "points"]
    """Observed intensities."""
    calculated: Float[np.ndarray, "points"]
    """Calculated intensities, background included."""
    background: Float[np.ndarray, "points"]
    """Background."""
    ticks_two_theta_deg: Float[np.ndarray, "reflections"]
    """Positions of the reflections, zero shift included [°]."""
    ticks_hkl: tuple[str, ...] = ()
    """Miller indices of the reflections, one text each, or empty."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Candidate:
    """One framework that might have made the pattern."""

    rank: int
    """1 is the most probable."""
    id: str
    """Identifier in the library, such as ``qmof-0001b0d`` or a refcode."""
    name: str
    """Name for people: ``ZIF-8``, ``CHA``, or the refcode."""
    group: str
    """Frameworks that the pattern cannot tell apart share a group."""
    source: str
    """Where it comes from, such as ``library:core-mof-2019``."""
    formula: str
    """Reduced formula in Hill order."""
    cell: tuple[float, float, float, float, float, float]
    """Fitted cell a, b, c [Å], alpha, beta, gamma [°]."""
    space_group: str
    """Hermann-Mauguin symbol."""
    rwp: float
    """Weighted profile residual of the fit with the framework's own intensities, 0 to 1."""
    rwp_le_bail: float
    """Weighted profile residual of the Le Bail fit with the same cell, 0 to 1."""
    peaks_explained: float
    """Share of the observed peak intensity that lies on reflections of the candidate, 0 to 1."""
    probability: float
    """Calibrated probability that this is the framework; with ``none_of_these`` they sum to 1."""
    strain_percent: tuple[float, float, float]
    """Change of a, b, c against the library's cell [%]."""
    curve: FittedCurve | None = None
    """The fit, for the candidates that were fitted."""
    crystal: Crystal | None = None
    """Coordinates in the fitted cell, where they are known."""
    doi: str = ""
    """Source of the structure."""
    licence: str = ""
    """Licence of the structure, as its source states it."""
    similarity: float = float("nan")
    """Cosine of the angle to the pattern in the learned space; NaN where it was not used."""
    status: str = "ok"
    """``ok``, or why the fit is not to be trusted."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class UnexplainedPeak:
    """An observed peak that the best candidates do not explain."""

    two_theta_deg: float
    """Position [°]."""
    d: float
    """Interplanar spacing [Å]."""
    relative_intensity: float
    """Height relative to the strongest peak, 0 to 1."""
    assigned_to: str = ""
    """Name of the impurity phase that it fits, or empty."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Phase:
    """A further phase in the sample."""

    id: str
    """Identifier in the library."""
    name: str
    """Name for people, such as ``quartz``."""
    formula: str
    """Reduced formula."""
    share_of_intensity: float
    """Share of the pattern's peak intensity that it explains, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SolveResult:
    """The answer to one pattern."""

    pattern: Pattern
    """The pattern as it was read."""
    radiation: Radiation
    """The radiation that was used."""
    candidates: tuple[Candidate, ...]
    """Ranked, most probable first."""
    none_of_these: float
    """Calibrated probability that the framework is not in the library."""
    unexplained_peaks: tuple[UnexplainedPeak, ...] = ()
    """Peaks that the first candidate and the further phases do not explain."""
    phases: tuple[Phase, ...] = ()
    """Further phases, strongest first."""
    steps: tuple[str, ...] = ()
    """What was done to the data, one sentence each."""
    warnings: tuple[str, ...] = ()
    """What the user should know before trusting the answer."""
    verdict: str = ""
    """One sentence for a person: what it is, how sure, what stands beside it."""
    methods: str = ""
    """A paragraph for a paper's methods section."""
    n_searched: int = 0
    """Number of library entries that were searched."""
    seconds: float = 0.0
    """Wall time."""
    version: str = ""
    """Version of porescope."""
    settings: dict[str, str] = field(default_factory=dict)
    """What the user asked for: elements, formula, range."""
