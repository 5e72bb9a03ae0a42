"""Distance to the nearest atom surface on a regular grid over the cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from porescope.adsorption.distance_kernels import (
    binned_atoms,
    distances_at,
    fill_distances,
)
from porescope.errors import ConfigError

Atoms = tuple
"""Cell, binned atoms and radii in the order that the compiled functions take."""

_BIN = 2.5
_MIN_VOLUME = 1e-3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DistanceGrid:
    """Largest hard sphere that fits at each point of a grid.

    The cell is the reduced one, so axes and shape are not those of the crystal it was made from;
    no measure of a pore depends on that.
    """

    lattice: Float[np.ndarray, "3 3"]
    """Vectors of the reduced cell as rows [Å]."""
    frac: Float[np.ndarray, "atoms 3"]
    """Fractional coordinates of the atoms in the reduced cell, 0 to 1."""
    radii: Float[np.ndarray, "atoms"]
    """Radii of the atoms [Å]."""
    distance: Float[np.ndarray, "na nb nc"]
    """Distance to the nearest atom surface [Å], negative inside atoms."""
    atoms: Atoms
    """The same atoms, binned, for compiled functions."""

    @property
    def spacing(self) -> float:
        """Longest distance of neighbouring points along the axes [Å]."""
        lengths = np.linalg.norm(self.lattice, axis=1)
        return float(np.max(lengths / np.array(self.distance.shape)))

    @property
    def volume(self) -> float:
        """Volume of the cell [Å³]."""
        return float(abs(np.linalg.det(self.lattice)))

    def at(self, points: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "points"]:
        """Distance to the nearest surface [Å] at Cartesian points of the reduced cell [Å]."""
        out = np.empty(len(points))
        distances_at(np.ascontiguousarray(points, dtype=np.float64), self.atoms, out)
        return out


def distance_grid(
    lattice: Float[np.ndarray, "3 3"],
    *,
    frac: Float[np.ndarray, "atoms 3"],
    radii: Float[np.ndarray, "atoms"],
    spacing: float = 0.25,
    max_points: int = 4_000_000,
) -> DistanceGrid:
    """Distance to the nearest atom surface over one cell.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    frac:
        Fractional coordinates of the atoms.
    radii:
        Radii of the atoms [Å].
    spacing:
        Largest distance of neighbouring points [Å]; larger where ``max_points`` would be passed.
    max_points:
        Bound on the number of points, and so on memory.

    Raises
    ------
    ConfigError
        No atoms, no volume, or positions that are not finite.
    """
    if len(frac) == 0:
        raise ConfigError("expected a crystal with atoms, and it has none: check the file")
    volume = abs(float(np.linalg.det(lattice)))
    if not volume > _MIN_VOLUME:
        raise ConfigError(
            f"expected a cell with a volume, and it has {volume:g} Å³: check the cell parameters"
        )
    if not np.all(np.isfinite(frac)):
        raise ConfigError("expected finite atom positions, and some are not: check the file")
    if not 0.02 <= spacing <= 2.0:
        raise ConfigError(f"expected a grid spacing between 0.02 and 2 Å, got {spacing:g}")
    reduced, change = reduced_lattice(lattice)
    inside = frac @ np.linalg.inv(change)
    inside = inside - np.floor(inside)
    inside[inside >= 1.0] = 0.0
    spacing = max(spacing, float(np.cbrt(volume / max_points)))
    lengths = np.linalg.norm(reduced, axis=1)
    shape = tuple(int(n) for n in np.maximum(np.ceil(lengths / spacing - 1e-9), 4))
    atoms = packed_atoms(reduced, frac=inside, radii=radii)
    out = np.empty(shape)
    fill_distances(np.array(shape), atoms, out)
    return DistanceGrid(lattice=reduced, frac=inside, radii=radii, distance=out, atoms=atoms)


def packed_atoms(
    lattice: Float[np.ndarray, "3 3"],
    *,
    frac: Float[np.ndarray, "atoms 3"],
    radii: Float[np.ndarray, "atoms"],
) -> Atoms:
    """Atoms in bins, as the compiled functions take them; coordinates must lie in [0, 1)."""
    inverse = np.linalg.inv(lattice)
    widths = 1.0 / np.linalg.norm(inverse, axis=0)
    n_bins = np.maximum((widths / _BIN).astype(np.int64), 1)
    frac = np.ascontiguousarray(frac, dtype=np.float64)
    start, order = binned_atoms(frac, n_bins)
    width = float(np.min(widths / n_bins))
    radii = np.ascontiguousarray(radii, dtype=np.float64)
    lattice = np.ascontiguousarray(lattice, dtype=np.float64)
    inverse = np.ascontiguousarray(inverse)
    return (lattice, inverse, width, frac, radii, start, order, n_bins, float(radii.max()))


def reduced_lattice(
    lattice: Float[np.ndarray, "3 3"],
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3 3"]]:
    """Short vectors of the same lattice, and the whole numbers that make them of the old ones.

    Each vector is made as short as the other two allow, until none changes.
    """
    change = np.eye(3)
    reduced = np.array(lattice, dtype=np.float64)
    changed = True
    while changed:
        changed = False
        for k in range(3):
            first, second = (m for m in range(3) if m != k)
            for m in (-1, 0, 1):
                for n in (-1, 0, 1):
                    trial = reduced[k] + m * reduced[first] + n * reduced[second]
                    if float(trial @ trial) < float(reduced[k] @ reduced[k]) * (1.0 - 1e-9):
                        reduced[k] = trial
                        change[k] += m * change[first] + n * change[second]
                        changed = True
    return reduced, change
