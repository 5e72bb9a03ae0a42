"""What ``similar`` is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float

from porescope.datasets.cards import Cell
from porescope.diffraction.prepare import PreparedPattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError
from porescope.workflows.library_space import LibrarySpace


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarConfig:
    """What is known, and how many frameworks are wanted."""

    n: int = 20
    """How many frameworks."""
    elements: tuple[str, ...] = ()
    """Elements that a framework may have beside hydrogen; told to the model for a pattern."""
    metals: tuple[str, ...] = ()
    """Metals that it must have."""
    formula: str = ""
    """Formula of the framework: it must have these elements, and no others but hydrogen."""
    linkers: tuple[str, ...] = ()
    """SMILES of the linkers; read by the preset ``xrd2mof`` alone."""
    as_pattern: bool = False
    """Whether a CIF that holds atoms and a pattern is read as a pattern."""
    radiation: Radiation | None = None
    """Overrides what the file says."""
    two_theta_range_deg: tuple[float, float] | None = None
    """Angles to use [°]."""

    def __post_init__(self) -> None:
        if not 1 <= self.n <= 10_000:
            raise ConfigError(f"n must be between 1 and 10 000, got {self.n}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarFramework:
    """One framework near the query."""

    rank: int
    """1 is the nearest."""
    number: int
    """Number of its card, for :meth:`porescope.datasets.library.Library.cards`."""
    id: str
    """Identifier in the library."""
    name: str
    """Name for people; the identifier where there is none."""
    formula: str
    """Reduced formula in Hill order."""
    space_group: str
    """Hermann-Mauguin symbol."""
    cell: Cell
    """a, b, c [Å], alpha, beta, gamma [°]."""
    source: str
    """Collection."""
    similarity: float
    """Cosine of the angle between the embeddings, -1 to 1."""
    line_match: float | None
    """Cosine that the card search finds between the pattern's peaks and the card's lines, 0 to 1;
    ``None`` for a crystal."""
    doi: str
    """Source of the structure."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Attention:
    """Where in the pattern a model found the likeness to the nearest framework."""

    two_theta_deg: Float[np.ndarray, "points"]
    """Angles of Cu Kα1 [°]."""
    profile: Float[np.ndarray, "points"]
    """Intensities that the model read, maximum 1."""
    weight: Float[np.ndarray, "points"]
    """Gradient-weighted activation, maximum 1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SimilarResult:
    """The nearest frameworks of one query."""

    kind: Literal["pattern", "crystal"]
    """What was asked for."""
    name: str
    """Name of the pattern or the crystal."""
    frameworks: tuple[SimilarFramework, ...]
    """The nearest first."""
    embedding: Float[np.ndarray, "dimension"]
    """Where the query lies."""
    prepared: PreparedPattern | None
    """The pattern as it was read, with its peaks; ``None`` for a crystal."""
    space: LibrarySpace
    """The library in the learned space."""
    n_searched: int
    """Cards that were looked at."""
    warnings: tuple[str, ...]
    """What the user should know before trusting the answer."""
    attention: Attention | None = None
    """For the preset ``xrd2mof``."""
    settings: dict[str, str] = field(default_factory=dict)
    """What was asked for, and which weights answered."""
    seconds: float = 0.0
    """Wall time."""
    version: str = ""
    """Version of porescope."""
