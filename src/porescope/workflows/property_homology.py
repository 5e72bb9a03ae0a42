"""Persistent homology of a crystal's pores: which voids open and join as a sphere shrinks.

The distance to the nearest atom surface is sampled over one cell, and its superlevel sets are
followed on the torus, so that no supercell is needed and the result does not depend on the cell's
corner. A feature of dimension 0 is a cage, of dimension 1 a loop of channels, of dimension 2 an
island of framework. Those that never vanish are the torus's own: the radius at which the first
one-dimensional one appears is that of the largest sphere that can pass through the crystal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from porescope.adsorption.pore_geometry import crystal_distance_grid
from porescope.crystal.structure import Crystal
from porescope.errors import MissingExtraError

SPACING = 0.6
"""Distance of the grid's points [Å]."""
MOST_POINTS = 110_592
"""Larger cells get a coarser grid."""
BIRTH_EDGES = (-2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Edges of the bins of the radius at which a feature appears [Å]."""
LIFE_EDGES = (0.2, 0.5, 1.0, 2.0)
"""Lower edges of the bins of a feature's life [Å]; shorter ones are noise of the grid."""
_ESSENTIAL = (1, 3, 3)  # Betti numbers of the torus up to dimension 2


def homology_values(
    crystal: Crystal, *, spacing: float = SPACING, max_points: int = MOST_POINTS
) -> dict[str, float]:
    """Counts of features by dimension, birth and life, for 1000 Å³, and radii of those that last.

    Parameters
    ----------
    crystal:
        The structure.
    spacing:
        Distance of the grid's points [Å].
    max_points:
        Bound on the number of points.

    Raises
    ------
    MissingExtraError
        If gudhi is not installed.
    ConfigError
        If there are no atoms or no volume.
    """
    try:
        import gudhi
    except ImportError as error:  # pragma: no cover
        raise MissingExtraError("gudhi", extra="homology") from error
    coarse = max(spacing, float(np.cbrt(crystal.volume / max_points)))
    grid = crystal_distance_grid(crystal, spacing=min(coarse, 2.0))
    cells: Any = gudhi.PeriodicCubicalComplex(  # pyright: ignore[reportAttributeAccessIssue]
        vertices=-grid.distance, periodic_dimensions=[True, True, True]
    )
    cells.compute_persistence()
    made: dict[str, float] = {}
    for dimension, betti in enumerate(_ESSENTIAL):
        pairs = np.asarray(cells.persistence_intervals_in_dimension(dimension)).reshape(-1, 2)
        made |= _described(pairs, dimension=dimension, betti=betti, volume=grid.volume)
    return made


def _described(
    pairs: Float[np.ndarray, "features 2"], *, dimension: int, betti: int, volume: float
) -> dict[str, float]:
    """Numbers of one dimension. Values of the filtration are negative radii."""
    lasting = ~np.isfinite(pairs[:, 1])
    radii = np.sort(-pairs[lasting, 0])[::-1][:betti]
    made = {
        f"h{dimension}_lasting_{i}_angstrom": float(radii[i]) if i < len(radii) else float("nan")
        for i in range(betti)
    }
    birth, life = -pairs[~lasting, 0], pairs[~lasting, 1] - pairs[~lasting, 0]
    row = np.clip(np.searchsorted(BIRTH_EDGES, birth, side="right"), 0, len(BIRTH_EDGES))
    column = np.searchsorted(LIFE_EDGES, life, side="right") - 1
    for i in range(len(BIRTH_EDGES) + 1):
        for j in range(len(LIFE_EDGES)):
            low = f"{BIRTH_EDGES[i - 1]:g}" if i else "lowest"
            name = f"h{dimension}_from_{low}_life_{LIFE_EDGES[j]:g}_per_1000_a3"
            made[name] = float(np.sum((row == i) & (column == j))) * 1000.0 / volume
    return made
