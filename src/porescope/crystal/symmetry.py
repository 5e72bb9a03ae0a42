"""Space groups as lists of operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

LatticeSystem = Literal[
    "triclinic",
    "monoclinic",
    "orthorhombic",
    "tetragonal",
    "rhombohedral",
    "hexagonal",
    "cubic",
]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SpaceGroup:
    """All symmetry operations of one unit cell, centring included.

    An operation maps ``frac`` to ``rotation @ frac + translation``.
    """

    rotations: Int[np.ndarray, "ops 3 3"]
    """Rotation parts in the basis of the cell."""
    translations: Float[np.ndarray, "ops 3"]
    """Translation parts [fraction of the cell]."""
    number: int = 1
    """Number in International Tables A, 1 to 230."""
    symbol: str = "P 1"
    """Hermann-Mauguin symbol with its setting, as in gemmi's ``xhm``."""

    @property
    def n_ops(self) -> int:
        """Number of operations in the cell, centring included."""
        return len(self.rotations)


P1 = SpaceGroup(
    rotations=np.eye(3, dtype=np.int64)[None],
    translations=np.zeros((1, 3)),
)
"""The trivial space group."""
