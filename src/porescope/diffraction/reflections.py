"""Lists of reflections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReflectionList:
    """Symmetry-unique reflections of one cell, sorted by falling d."""

    hkl: Int[np.ndarray, "reflections 3"]
    """Miller indices of one representative of each set."""
    d: Float[np.ndarray, "reflections"]
    """Interplanar spacings [Å]."""
    multiplicity: Int[np.ndarray, "reflections"]
    """Number of equivalent reflections, Friedel mates included."""
    f_squared: Float[np.ndarray, "reflections"] | None = None
    """Squared structure factor of one reflection of the set [electrons² or fm²]."""

    @property
    def n_reflections(self) -> int:
        """Number of unique reflections."""
        return len(self.hkl)
