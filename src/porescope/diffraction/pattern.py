"""One powder pattern."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from porescope.diffraction.radiation import Radiation


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pattern:
    """Intensity against scattering angle."""

    two_theta_deg: Float[np.ndarray, "points"]
    """Scattering angles [°], strictly increasing."""
    intensity: Float[np.ndarray, "points"]
    """Counts, or any unit proportional to them."""
    sigma: Float[np.ndarray, "points"]
    """Standard uncertainties of the intensities, positive."""
    radiation: Radiation | None = None
    """What was used; ``None`` where the file does not say."""
    name: str = ""
    """File stem or sample name."""
    source_format: str = ""
    """Format that the pattern was read from, such as ``xrdml``."""
    metadata: dict[str, str] = field(default_factory=dict)
    """What else the file says, as text."""
    notes: tuple[str, ...] = ()
    """What was done to the data on the way in, in a person's words."""

    @property
    def n_points(self) -> int:
        """Number of points."""
        return len(self.two_theta_deg)
