"""What the sample was illuminated with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Radiation:
    """X-rays or neutrons of one or more wavelengths."""

    kind: Literal["xray", "neutron"] = "xray"
    """What scatters: electrons (X-rays) or nuclei (neutrons)."""
    wavelengths: tuple[float, ...]
    """Wavelengths [Å], the strongest line first."""
    weights: tuple[float, ...] = (1.0,)
    """Relative intensities of the lines, the first is 1."""
    name: str = ""
    """Name such as ``CuKa``; empty for a bare wavelength."""
    polarisation: float = 0.5
    """Fraction of the incident intensity polarised perpendicular to the scattering plane: 0.5
    for a tube, near 1 for a synchrotron with a horizontal ring and a vertical scattering plane."""
    monochromator_two_theta_deg: float | None = None
    """Scattering angle of a crystal monochromator [°], if one is known."""

    @property
    def wavelength(self) -> float:
        """Wavelength of the strongest line [Å]."""
        return self.wavelengths[0]

    @property
    def mean_wavelength(self) -> float:
        """Mean wavelength, weighted by the lines' intensities [Å]."""
        return sum(w * x for w, x in zip(self.weights, self.wavelengths, strict=True)) / sum(
            self.weights
        )
