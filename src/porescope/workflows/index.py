"""From a pattern to candidate unit cells: read, find peaks, index, fit the best cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from jaxtyping import Float

from porescope.crystal.space_group import SpaceGroup, space_group_from_symbol
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.refine import fit_pattern
from porescope.diffraction.indexing.candidate import CellCandidate, IndexingConfig, rank_by_fit
from porescope.diffraction.indexing.index import index_peaks
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.peaks import PeakList, find_peaks_and_background
from porescope.diffraction.radiation import Radiation
from porescope.diffraction.reflections import unique_reflections
from porescope.errors import ConfigError, PorescopeError

Progress = Callable[[str, float], None]
"""Called with what is being done and the share that is finished, 0 to 1."""

_LAUE = {
    "triclinic": "{} -1",
    "monoclinic": "{} 1 2/m 1",
    "orthorhombic": "{} m m m",
    "tetragonal": "{} 4/m m m",
    "hexagonal": "{} 6/m m m",
    "rhombohedral": "R -3 m:H",
    "cubic": "{} m -3 m",
}
_MAX_REFLECTIONS = 4000
_MIN_PEAKS = 6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class IndexResult:
    """Unit cells that may belong to a pattern."""

    pattern: Pattern
    """The pattern."""
    peaks: PeakList
    """The peaks that were indexed."""
    cells: tuple[CellCandidate, ...]
    """Cells, the best first; ``rwp`` is set for those that were fitted."""
    seconds: float
    """Wall time."""


def index_pattern(
    pattern: str | Path | Pattern,
    *,
    radiation: Radiation | None = None,
    two_theta_range_deg: tuple[float, float] | None = None,
    config: IndexingConfig | None = None,
    n_fits: int = 8,
    progress: Progress | None = None,
) -> IndexResult:
    """Find unit cells that explain a pattern and rank them by a Le Bail fit.

    Parameters
    ----------
    pattern:
        A file, or a pattern.
    radiation:
        Overrides or completes what the file says.
    two_theta_range_deg:
        Angles to use [°].
    config:
        How cells are searched for.
    n_fits:
        How many cells are fitted to the whole pattern.
    progress:
        Told what is being done.

    Returns
    -------
    :
        The cells, the best first; none where nothing fits.

    Raises
    ------
    ParseError
        The file is no pattern.
    ConfigError
        The wavelength is unknown, or there are too few peaks.
    """
    start = perf_counter()
    tell = progress or (lambda _stage, _share: None)
    tell("reading", 0.0)
    measured = _prepared(pattern, radiation=radiation, limits=two_theta_range_deg)
    tell("finding peaks", 0.03)
    peaks, background = find_peaks_and_background(measured)
    if peaks.n_peaks < _MIN_PEAKS:
        raise ConfigError(
            f"indexing needs {_MIN_PEAKS} peaks at least, and {peaks.n_peaks} were found; "
            "measure longer, or widen --range"
        )
    cells = index_peaks(
        peaks,
        config=config,
        progress=lambda share, _text: tell("searching cells", 0.05 + 0.75 * share),
    )
    rwp = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells[:n_fits]):
        tell("fitting cells", 0.8 + 0.2 * i / n_fits)
        rwp[i] = _le_bail_rwp(measured, cell, background=background)
    if len(cells):
        cells = rank_by_fit(cells, rwp)
    return IndexResult(pattern=measured, peaks=peaks, cells=cells, seconds=perf_counter() - start)


def _prepared(
    pattern: str | Path | Pattern,
    *,
    radiation: Radiation | None,
    limits: tuple[float, float] | None,
) -> Pattern:
    """The pattern with its radiation, cut to the range."""
    from porescope.io.patterns.reader import read_pattern

    if isinstance(pattern, Pattern):
        measured = pattern if radiation is None else replace(pattern, radiation=radiation)
    else:
        measured = read_pattern(pattern, radiation=radiation)
    if measured.radiation is None:
        raise ConfigError(
            "the file does not say its wavelength; name it, such as --wavelength CuKa or "
            "--wavelength 1.5406"
        )
    if limits is None:
        return measured
    low, high = limits
    keep = (measured.two_theta_deg >= low) & (measured.two_theta_deg <= high)
    if int(keep.sum()) < 20:
        first, last = measured.two_theta_deg[0], measured.two_theta_deg[-1]
        raise ConfigError(
            f"only {int(keep.sum())} points lie between {low:g} and {high:g}°; the pattern runs "
            f"from {first:g} to {last:g}°"
        )
    return replace(
        measured,
        two_theta_deg=measured.two_theta_deg[keep],
        intensity=measured.intensity[keep],
        sigma=measured.sigma[keep],
    )


def holohedry_of(cell: CellCandidate) -> SpaceGroup:
    """The highest symmetry that a lattice can have, without glide planes and screw axes.

    Parameters
    ----------
    cell:
        A cell with its lattice system and centring.

    Returns
    -------
    :
        A symmorphic space group, such as F m -3 m.
    """
    return space_group_from_symbol(_LAUE[cell.lattice_system].format(cell.centring))


def _le_bail_rwp(
    pattern: Pattern, cell: CellCandidate, *, background: Float[np.ndarray, "points"]
) -> float:
    """Weighted profile residual of a Le Bail fit; NaN where the cell cannot be fitted."""
    if pattern.radiation is None:
        return float("nan")
    group = holohedry_of(cell)
    high = float(pattern.two_theta_deg[-1])
    d_min = pattern.radiation.wavelength / (2.0 * np.sin(np.deg2rad(0.5 * min(high + 1, 179.0))))
    n_expected = 4.19 * cell.volume / (d_min**3 * group.n_ops)
    if n_expected > _MAX_REFLECTIONS:
        d_min *= (n_expected / _MAX_REFLECTIONS) ** (1 / 3)
    last = 2.0 * np.rad2deg(np.arcsin(min(pattern.radiation.wavelength / (2.0 * d_min), 1.0)))
    try:
        reflections = unique_reflections(
            cell.lattice, space_group=group, d_min=float(d_min), d_max=np.inf
        )
        fit = fit_pattern(
            pattern,
            FitPhase(lattice=cell.lattice, space_group=group, reflections=reflections),
            config=FitConfig(
                mode="le_bail",
                two_theta_range_deg=(float(pattern.two_theta_deg[0]), float(min(high, last))),
                background=background,
                background_terms=3,
                zero_deg=cell.zero_shift_deg,
                max_strain=0.01,
                max_iterations=15,
            ),
        )
    except PorescopeError:
        return float("nan")
    return float(fit.rwp_background_corrected)
