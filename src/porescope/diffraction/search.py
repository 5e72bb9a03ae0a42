"""Search of many powder cards for one observed pattern, with every cell free to breathe.

A card is a list of reflections with intensities and the cell that places them. The observed
peaks are drawn as a map over log Q, once for each trial zero shift; scaling the cell moves all
reflections of a card by the same amount in log Q, so that the score of all scalings at once is a
sum of shifted windows of the map. The score is the cosine between the square roots of observed
and calculated intensities, in the range that was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numba import njit, prange

from porescope.diffraction.peaks import PeakList

MERGE = 1.5
"""Peaks closer than this many blur widths count as one on both sides."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReflectionTable:
    """Reflections of many crystals, packed one after another."""

    lattice: Float[np.ndarray, "cards 3 3"]
    """Cells, rows a, b, c [Å]."""
    offsets: Int[np.ndarray, "cards_plus_1"]
    """Reflections of card i are ``offsets[i]`` to ``offsets[i + 1]``."""
    hkl: Int[np.ndarray, "reflections 3"]
    """Miller indices."""
    intensity: Float[np.ndarray, "reflections"]
    """Multiplicity times squared structure factor, on any scale."""

    @property
    def n_cards(self) -> int:
        """Number of cards."""
        return len(self.lattice)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """How far cells may breathe and how tolerant the comparison is."""

    max_strain: float = 0.045
    """Largest isotropic change of the cell edges (0.045 is 4.5 %)."""
    strain_step: float = 0.0015
    """Step of the scan over isotropic changes."""
    zero_shifts_deg: tuple[float, ...] = (-0.12, -0.06, 0.0, 0.06, 0.12)
    """Trial zero shifts of the angle [°]."""
    tolerance_deg: float = 0.12
    """Standard deviation of the Gaussian that forgives position errors, in angle [°]."""
    tolerance_relative: float = 0.003
    """The same in ΔQ/Q, for anisotropic changes of the cell."""
    power: float = 0.5
    """Intensities are raised to this power before they are compared."""
    max_reflections: int = 80
    """Strongest reflections of a card that are compared."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SearchHits:
    """The best isotropic match of every card."""

    score: Float[np.ndarray, "cards"]
    """Cosine, 0 to 1."""
    strain: Float[np.ndarray, "cards"]
    """Isotropic change of the cell edges at the best score."""
    zero_shift_deg: Float[np.ndarray, "cards"]
    """Zero shift at the best score [°]."""


def search_cards(
    table: ReflectionTable,
    peaks: PeakList,
    *,
    two_theta_range_deg: tuple[float, float],
    polarised: bool = True,
    config: SearchConfig | None = None,
) -> SearchHits:
    """Score every card against the observed peaks, over isotropic strains and zero shifts.

    Parameters
    ----------
    table:
        Cards with intensities for the radiation that was used.
    peaks:
        Observed peaks.
    two_theta_range_deg:
        First and last angle that were measured [°].
    polarised:
        Whether the polarisation factor applies (X-rays) or not (neutrons).
    config:
        Tolerances and steps.
    """
    config = config or SearchConfig()
    low, high = (np.deg2rad(x) for x in two_theta_range_deg)
    step = config.strain_step
    n_strain = round(config.max_strain / step)
    q_of = 4.0 * np.pi / peaks.wavelength
    x_min = np.log(q_of * np.sin(0.5 * low)) - (n_strain + 2) * step
    x_max = np.log(q_of * np.sin(0.5 * high)) + (n_strain + 2) * step
    n_grid = int((x_max - x_min) / step) + 2
    grid = x_min + step * np.arange(n_grid)
    maps, norms = _observed_maps(peaks, grid, config)
    margin = (n_strain + 2) * step
    inside = ((grid >= x_min + margin) & (grid <= x_max - margin)).astype(np.float32)
    score, strain, zero = _scan(
        np.ascontiguousarray(np.linalg.inv(table.lattice).transpose(0, 2, 1)),
        table.offsets,
        table.hkl,
        table.intensity,
        maps,
        inside,
        norms,
        x_min,
        step,
        n_strain,
        peaks.wavelength,
        config.tolerance_deg,
        config.tolerance_relative,
        config.power,
        config.max_reflections,
        polarised,
    )
    return SearchHits(
        score=score,
        strain=strain,
        zero_shift_deg=np.asarray(config.zero_shifts_deg)[zero],
    )


def _observed_maps(
    peaks: PeakList, grid: np.ndarray, config: SearchConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Observed intensities, blurred and rooted, over log Q; one map for each zero shift."""
    maps = np.zeros((len(config.zero_shifts_deg), len(grid)), dtype=np.float32)
    norms = np.zeros(len(maps), dtype=np.float32)
    area = np.maximum(peaks.area, 0.0)
    area = area / max(area.max(initial=0.0), 1e-30)
    for i, zero in enumerate(config.zero_shifts_deg):
        two_theta = peaks.two_theta_deg - zero
        theta = 0.5 * np.deg2rad(two_theta)
        good = theta > 1e-3
        x0 = np.log(4.0 * np.pi * np.sin(theta[good]) / peaks.wavelength)
        # A width in angle is a width in log Q times cot(theta) / 2.
        width = np.hypot(
            config.tolerance_relative,
            0.5 * np.deg2rad(config.tolerance_deg) / np.tan(theta[good]),
        )
        gauss = np.exp(-0.5 * ((grid[:, None] - x0) / width) ** 2)
        maps[i] = (gauss @ area[good]) ** config.power
        # Peaks that blur into one another count once, as on the calculated side.
        norms[i] = np.sqrt(_merged_norm(x0, area[good], width, config.power))
    return maps, norms


def _merged_norm(x: np.ndarray, area: np.ndarray, width: np.ndarray, power: float) -> float:
    """Sum of squared rooted intensities after merging peaks that are closer than the blur."""
    total, position, weight = 0.0, -np.inf, 0.0
    for xi, ai, wi in zip(x, area, width, strict=True):
        if xi - position < MERGE * wi:
            position = (position * weight + xi * ai) / max(weight + ai, 1e-30)
            weight += ai
        else:
            total += weight ** (2.0 * power)
            position, weight = xi, ai
    return total + weight ** (2.0 * power)


# inverse transposes of the cells, packed reflections, maps (zeros, grid), range mask,
# norm of each map -> best score, strain and zero index of every card
@njit(cache=True, parallel=True, fastmath=True)
def _scan(
    reciprocal,
    offsets,
    hkl,
    intensity,
    maps,
    inside,
    norms,
    x_min,
    step,
    n_strain,
    wavelength,
    tolerance_deg,
    tolerance_relative,
    power,
    max_reflections,
    polarised,
):
    n_cards = len(reciprocal)
    n_zero, n_grid = maps.shape
    n_scan = 2 * n_strain + 1
    best_score = np.zeros(n_cards)
    best_strain = np.zeros(n_cards)
    best_zero = np.zeros(n_cards, dtype=np.int64)
    half_tol = 0.5 * tolerance_deg * np.pi / 180.0
    for card in prange(n_cards):
        first, last = offsets[card], offsets[card + 1]
        n = last - first
        x = np.empty(n)
        w = np.empty(n)
        m = 0
        r = reciprocal[card]
        for j in range(n):
            h, k, l = hkl[first + j, 0], hkl[first + j, 1], hkl[first + j, 2]
            sx = h * r[0, 0] + k * r[1, 0] + l * r[2, 0]
            sy = h * r[0, 1] + k * r[1, 1] + l * r[2, 1]
            sz = h * r[0, 2] + k * r[1, 2] + l * r[2, 2]
            s = np.sqrt(sx * sx + sy * sy + sz * sz)
            sine = 0.5 * wavelength * s
            if sine <= 0.0 or sine > 0.98:
                continue
            xj = np.log(2.0 * np.pi * s)
            u = (xj - x_min) / step
            if u < -2.0 * n_strain or u > n_grid + 2.0 * n_strain:
                continue
            cosine = np.sqrt(1.0 - sine * sine)
            lp = 1.0 / (sine * sine * cosine)
            if polarised:
                c2 = 1.0 - 2.0 * sine * sine
                lp *= 0.5 * (1.0 + c2 * c2)
            x[m] = xj
            w[m] = intensity[first + j] * lp
            m += 1
        if m == 0:
            continue
        order = np.argsort(x[:m])
        # merge what the blur cannot separate
        xm = np.empty(m)
        wm = np.empty(m)
        count = 0
        for jj in range(m):
            j = order[jj]
            if count > 0:
                sine = min(0.98, wavelength * np.exp(x[j]) / (4.0 * np.pi))
                blur = half_tol * np.sqrt(1.0 - sine * sine) / sine
                tol = MERGE * np.sqrt(blur * blur + tolerance_relative * tolerance_relative)
                if x[j] - xm[count - 1] < tol:
                    total = wm[count - 1] + w[j]
                    xm[count - 1] += (x[j] - xm[count - 1]) * w[j] / total
                    wm[count - 1] = total
                    continue
            xm[count] = x[j]
            wm[count] = w[j]
            count += 1
        if count > max_reflections:
            strongest = np.argsort(-wm[:count])[:max_reflections]
            xm = xm[strongest]
            wm = wm[strongest]
            count = max_reflections
        top = 0.0
        for j in range(count):
            top = max(top, wm[j])
        norm2 = np.full(n_scan, 1e-12, dtype=np.float32)
        index = np.empty(count, dtype=np.int64)
        root = np.empty(count, dtype=np.float32)
        for j in range(count):
            # index at strain -n_strain; a larger cell has smaller Q
            index[j] = int(np.floor((xm[j] - x_min) / step + 0.5)) - n_strain
            root[j] = (wm[j] / top) ** power
            lo = max(0, -index[j])
            hi = min(n_scan, n_grid - index[j])
            r2 = root[j] * root[j]
            for t in range(lo, hi):
                norm2[t] += r2 * inside[index[j] + t]
        total_norm = np.float32(0.0)
        for j in range(count):
            total_norm += root[j] * root[j]
        for z in range(n_zero):
            dot = np.zeros(n_scan, dtype=np.float32)
            for j in range(count):
                lo = max(0, -index[j])
                hi = min(n_scan, n_grid - index[j])
                base = index[j]
                for t in range(lo, hi):
                    dot[t] += root[j] * maps[z, base + t]
            for t in range(n_scan):
                # a card that shows almost nothing in the range says nothing
                if norm2[t] < 0.05 * total_norm:
                    continue
                value = dot[t] / (np.sqrt(norm2[t]) * norms[z] + 1e-12)
                if value > best_score[card]:
                    best_score[card] = value
                    best_strain[card] = -(t - n_strain) * step
                    best_zero[card] = z
    return best_score, best_strain, best_zero
