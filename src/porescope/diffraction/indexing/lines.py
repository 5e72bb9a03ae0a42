"""Observed lines as indexing sees them: 1/d² with uncertainties."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from porescope.diffraction.indexing.candidate import IndexingConfig
from porescope.errors import ConfigError

MIN_LINES = 5
"""Fewer lines than this say nothing about a cell."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LineList:
    """Lines sorted by angle."""

    s: Float[np.ndarray, "lines"]
    """Positions 1/d² [1/Å²]."""
    sigma: Float[np.ndarray, "lines"]
    """Standard uncertainties of ``s`` [1/Å²]."""
    slope: Float[np.ndarray, "lines"]
    """Change of ``s`` with a zero shift [1/Å² per ° 2θ]; 0 without a wavelength."""
    impurity: Float[np.ndarray, "lines"]
    """Chance that a line belongs to something else."""
    strength: Float[np.ndarray, "lines"]
    """Intensities relative to the strongest line; all 1 where none are known."""
    wavelength: float | None = None
    """Wavelength [Å], if the lines came as angles."""

    @property
    def n_lines(self) -> int:
        """Number of lines."""
        return len(self.s)

    def select(self, which: np.ndarray | slice) -> LineList:
        """Some of the lines."""
        return replace(
            self,
            s=self.s[which],
            sigma=self.sigma[which],
            slope=self.slope[which],
            impurity=self.impurity[which],
            strength=self.strength[which],
        )

    def first(self, n: int) -> LineList:
        """The lines at the lowest angles."""
        return self.select(slice(0, n))

    def strong(self, share: float, *, n_least: int) -> LineList:
        """Lines stronger than a share of the strongest, but not fewer than ``n_least``."""
        if self.n_lines <= n_least:
            return self
        limit = min(share, float(np.sort(self.strength)[-n_least]))
        return self.select(self.strength >= limit)


def _impurity(strength: Float[np.ndarray, "lines"]) -> Float[np.ndarray, "lines"]:
    """Chance of being foreign: the strong lines of a pattern rarely are, the weak ones often."""
    if np.ptp(strength) <= 0.0:
        return np.full(len(strength), 0.1)
    return np.clip(0.015 * strength**-0.5, 0.03, 0.6)


def _strength(intensity: Float[np.ndarray, "lines"] | None, n: int) -> Float[np.ndarray, "lines"]:
    """Intensities relative to the strongest."""
    if intensity is None or not np.max(intensity) > 0.0:
        return np.ones(n)
    return np.clip(np.asarray(intensity) / np.max(intensity), 1e-5, 1.0)


def lines_from_two_theta(
    two_theta_deg: Float[np.ndarray, "lines"],
    *,
    wavelength: float,
    sigma_deg: Float[np.ndarray, "lines"] | None = None,
    intensity: Float[np.ndarray, "lines"] | None = None,
    config: IndexingConfig,
) -> LineList:
    """Lines from angles.

    Parameters
    ----------
    two_theta_deg:
        Positions [°], in any order.
    wavelength:
        Wavelength [Å].
    sigma_deg:
        Standard uncertainties [° 2θ].
    intensity:
        Intensities in any unit: weak lines are more readily taken for impurities.
    config:
        Gives the default and the smallest uncertainty.

    Raises
    ------
    ConfigError
        Where there are too few lines, or positions that no line can have.
    """
    two_theta = np.asarray(two_theta_deg, dtype=np.float64)
    _check(two_theta, "angles")
    if np.any(two_theta >= 180.0) or not wavelength > 0.0:
        raise ConfigError(
            f"angles must lie between 0° and 180° and the wavelength be positive, got up to "
            f"{two_theta.max():.3f}° and {wavelength} Å"
        )
    sigma = np.full(len(two_theta), config.sigma_deg) if sigma_deg is None else sigma_deg
    sigma = np.hypot(sigma, config.sigma_floor_deg) if sigma_deg is not None else sigma
    order = np.argsort(two_theta)
    slope = 2.0 * np.sin(np.deg2rad(two_theta)) / wavelength**2 * np.pi / 180.0
    # Near 90° in θ the slope vanishes, and with it the uncertainty in s; never quite.
    slope = np.maximum(slope, 1e-3 * np.pi / 180.0 / wavelength**2)
    strength = _strength(intensity, len(two_theta))
    return LineList(
        s=((2.0 * np.sin(np.deg2rad(two_theta) / 2.0) / wavelength) ** 2)[order],
        sigma=(slope * sigma)[order],
        slope=slope[order],
        impurity=_impurity(strength)[order],
        strength=strength[order],
        wavelength=wavelength,
    )


def lines_from_d(
    d: Float[np.ndarray, "lines"],
    *,
    sigma_d: Float[np.ndarray, "lines"] | None = None,
    intensity: Float[np.ndarray, "lines"] | None = None,
    config: IndexingConfig,
) -> LineList:
    """Lines from interplanar spacings; no zero shift can be told from them.

    Parameters
    ----------
    d:
        Spacings [Å], in any order.
    sigma_d:
        Standard uncertainties [Å]; by default those of the configuration at Cu Kα1.
    intensity:
        Intensities in any unit.
    config:
        Gives the default uncertainty.

    Raises
    ------
    ConfigError
        Where there are too few lines, or spacings that are not positive.
    """
    d = np.asarray(d, dtype=np.float64)
    _check(d, "spacings")
    order = np.argsort(-d)
    s = 1.0 / d**2
    if sigma_d is None:
        sine = np.clip(1.5405929 / (2.0 * d), 0.0, 0.999)
        slope = 4.0 * sine * np.sqrt(1.0 - sine**2) / 1.5405929**2 * np.pi / 180.0
        sigma = slope * config.sigma_deg
    else:
        sigma = 2.0 * np.asarray(sigma_d) / d**3
    strength = _strength(intensity, len(d))
    return LineList(
        s=s[order],
        sigma=np.maximum(sigma, 1e-6 * s)[order],
        slope=np.zeros(len(d)),
        impurity=_impurity(strength)[order],
        strength=strength[order],
    )


def _check(values: Float[np.ndarray, "lines"], what: str) -> None:
    if values.ndim != 1 or len(values) < MIN_LINES:
        raise ConfigError(
            f"indexing needs at least {MIN_LINES} lines, got {values.size}; "
            "measure longer or lower the threshold of the peak search"
        )
    if not np.all(np.isfinite(values)) or np.any(values <= 0.0):
        raise ConfigError(f"{what} must be positive numbers; remove the lines that are not")


def shifted(lines: LineList, zero_deg: float) -> LineList:
    """The lines with a zero shift taken off [° 2θ]; exact, not linearised."""
    if lines.wavelength is None or zero_deg == 0.0:
        return lines
    wavelength = lines.wavelength
    theta = np.arcsin(np.sqrt(lines.s) * wavelength / 2.0) - np.deg2rad(zero_deg) / 2.0
    theta = np.maximum(theta, 1e-4)
    return replace(lines, s=(2.0 * np.sin(theta) / wavelength) ** 2)
