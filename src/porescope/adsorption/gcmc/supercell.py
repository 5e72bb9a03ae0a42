"""How often a cell is repeated so that the cutoff sees no atom twice."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def perpendicular_widths(lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3"]:
    """Distances between opposite faces of a cell [Å]."""
    return 1.0 / np.linalg.norm(np.linalg.inv(lattice), axis=0)


def repeats_for_cutoff(lattice: Float[np.ndarray, "3 3"], *, cutoff: float) -> tuple[int, int, int]:
    """Least number of cells along a, b and c whose box is twice the cutoff wide everywhere.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    cutoff:
        Cutoff of the pair energies [Å].
    """
    # The engine compares widths in double precision: a cell that fits exactly must count.
    n = np.ceil(2.0 * cutoff / perpendicular_widths(lattice) - 1e-9).astype(int)
    return int(n[0]), int(n[1]), int(n[2])
