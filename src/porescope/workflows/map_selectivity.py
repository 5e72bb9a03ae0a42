"""Where a crystal prefers one guest to another: the ratio of two maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from porescope.errors import ConfigError
from porescope.workflows.map_contributions import ContributionMap

LEAST_SHARE = 0.02
"""Share of the denominator's largest contribution below which no ratio is made."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SelectivityMap:
    """The ratio of two maps of one crystal."""

    first: ContributionMap
    """The numerator."""
    second: ContributionMap
    """The denominator."""
    values: Float[np.ndarray, "na nb nc"]
    """Ratios; NaN where the denominator is near zero or below it, and where the numerator is below
    zero."""
    atoms: Float[np.ndarray, "atoms"]
    """Ratio of the atoms' means, with the same exceptions."""

    @property
    def value(self) -> float:
        """Ratio of the two properties; NaN where the second is not above 0."""
        return self.first.value / self.second.value if self.second.value > 0.0 else np.nan

    @property
    def known_share(self) -> float:
        """Share of the cell where there is a ratio."""
        return float(np.isfinite(self.values).mean())


def selectivity_map(
    first: ContributionMap, second: ContributionMap, *, least_share: float = LEAST_SHARE
) -> SelectivityMap:
    """The ratio of two maps.

    A ratio of small numbers says nothing: it is made only where the denominator is at least
    ``least_share`` of its largest value. Contributions may be below zero, uptakes may not: there
    the ratio is not made either.

    Parameters
    ----------
    first:
        The numerator.
    second:
        The denominator, on the same grid of the same crystal.
    least_share:
        Share of the denominator's largest value below which no ratio is made, above 0.

    Raises
    ------
    ConfigError
        If the grids differ, or the share is not between 0 and 1.
    """
    if not 0.0 < least_share < 1.0:
        raise ConfigError(f"the least share must be between 0 and 1, not {least_share:g}")
    same = first.values.shape == second.values.shape
    if not same or not np.allclose(first.crystal.lattice, second.crystal.lattice, atol=1e-6):
        raise ConfigError(
            "expected two maps on the same grid, got "
            f"{' × '.join(map(str, first.values.shape))} and "
            f"{' × '.join(map(str, second.values.shape))} points; make both with one spacing"
        )
    return SelectivityMap(
        first=first,
        second=second,
        values=_ratio(first.values, second.values, least_share=least_share),
        atoms=_ratio(first.atoms.mean, second.atoms.mean, least_share=least_share),
    )


def _ratio(
    above: Float[np.ndarray, "..."], below: Float[np.ndarray, "..."], *, least_share: float
) -> Float[np.ndarray, "..."]:
    known = below[np.isfinite(below)]
    floor = least_share * float(known.max(initial=0.0))
    sound = np.isfinite(above) & np.isfinite(below)
    sound &= (np.nan_to_num(below) > floor) & (np.nan_to_num(above) >= 0.0)
    return np.where(sound, above / np.where(sound, below, 1.0), np.nan)
