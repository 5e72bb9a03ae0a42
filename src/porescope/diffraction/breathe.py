"""Anisotropic breathing: each cell edge and the zero shift are scanned for the best match.

Used on the few hundred best cards of a search. The observed peaks and the reflections of a card
are both drawn with one Gaussian on one grid of angles, so that the cosine is exact also where
reflections overlap. Angles of the cell stay as they are; a later fit refines them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numba import njit, prange

from porescope.diffraction.peaks import PeakList
from porescope.diffraction.search import ReflectionTable


@dataclass(frozen=True, slots=True, kw_only=True)
class BreatheConfig:
    """Grid and blur of the anisotropic scan."""

    grid_step_deg: float = 0.08
    """Step of the grid of angles [°]."""
    blurs_deg: tuple[float, ...] = (0.22, 0.13)
    """Standard deviations of the Gaussian, one pass each [°]."""
    max_deviation: float = 0.02
    """Largest difference between the strain of an edge and the isotropic one."""
    deviation_step: float = 0.005
    """Step of the first scan over these differences."""
    max_zero_shift_deg: float = 0.2
    """Largest zero shift [°]."""
    power: float = 0.5
    """Intensities are raised to this power before they are compared."""
    max_reflections: int = 120
    """Strongest reflections of a card that are compared."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BreatheHits:
    """The best anisotropic match of each card that was asked for."""

    score: Float[np.ndarray, "cards"]
    """Cosine, 0 to 1."""
    strain: Float[np.ndarray, "cards 3"]
    """Change of the edges a, b, c."""
    zero_shift_deg: Float[np.ndarray, "cards"]
    """Zero shift [°]."""

    def lattice(self, table: ReflectionTable, cards: np.ndarray) -> np.ndarray:
        """Strained cells of the cards, shape (cards, 3, 3) [Å]."""
        return table.lattice[cards] * (1.0 + self.strain)[:, :, None]


def breathe_cards(
    table: ReflectionTable,
    cards: Int[np.ndarray, "cards"],
    peaks: PeakList,
    *,
    strain: Float[np.ndarray, "cards"],
    zero_shift_deg: Float[np.ndarray, "cards"],
    two_theta_range_deg: tuple[float, float],
    polarised: bool = True,
    config: BreatheConfig | None = None,
) -> BreatheHits:
    """Refine strains of the cell edges and the zero shift of some cards by a scan.

    Parameters
    ----------
    table:
        Cards with intensities for the radiation that was used.
    cards:
        Rows of the table.
    peaks:
        Observed peaks.
    strain, zero_shift_deg:
        Isotropic start of each card, from :func:`porescope.diffraction.search.search_cards`.
    two_theta_range_deg:
        First and last angle that were measured [°].
    polarised:
        Whether the polarisation factor applies.
    config:
        Grid, blur and bounds.
    """
    config = config or BreatheConfig()
    low, _ = two_theta_range_deg
    maps = observed_maps(
        peaks,
        two_theta_range_deg=two_theta_range_deg,
        step_deg=config.grid_step_deg,
        blurs_deg=config.blurs_deg,
        power=config.power,
    )
    score, strains, zeros = _breathe(
        np.ascontiguousarray(np.linalg.inv(table.lattice[cards]).transpose(0, 2, 1)),
        edge_ties(table.lattice[cards]),
        np.asarray(cards, dtype=np.int64),
        table.offsets,
        table.hkl,
        table.intensity,
        maps,
        np.asarray(config.blurs_deg),
        low,
        config.grid_step_deg,
        peaks.wavelength,
        np.asarray(strain, dtype=np.float64),
        np.asarray(zero_shift_deg, dtype=np.float64),
        config.max_deviation,
        config.deviation_step,
        config.max_zero_shift_deg,
        config.power,
        config.max_reflections,
        polarised,
    )
    return BreatheHits(score=score, strain=strains, zero_shift_deg=zeros)


def observed_maps(
    peaks: PeakList,
    *,
    two_theta_range_deg: tuple[float, float],
    step_deg: float,
    blurs_deg: tuple[float, ...],
    power: float,
) -> Float[np.ndarray, "blurs points"]:
    """The observed peaks drawn with Gaussians on a grid of angles, each map of norm one.

    Parameters
    ----------
    peaks:
        Observed peaks.
    two_theta_range_deg:
        First and last angle [°].
    step_deg:
        Step of the grid [°].
    blurs_deg:
        Standard deviations, one map each [°].
    power:
        Intensities are raised to this power.
    """
    low, high = two_theta_range_deg
    grid = low + step_deg * np.arange(int((high - low) / step_deg) + 1)
    maps = np.empty((len(blurs_deg), len(grid)))
    for i, blur in enumerate(blurs_deg):
        gauss = np.exp(-0.5 * ((grid[:, None] - peaks.two_theta_deg) / blur) ** 2)
        maps[i] = (gauss @ np.maximum(peaks.area, 0.0)) ** power
        maps[i] /= max(np.linalg.norm(maps[i]), 1e-30)
    return maps


def edge_ties(
    lattice: Float[np.ndarray, "cards 3 3"], *, tolerance: float = 2e-3
) -> Int[np.ndarray, "cards 3"]:
    """Which edges of each cell are equal: rows such as (0, 0, 2) for a = b ≠ c."""
    length = np.linalg.norm(lattice, axis=2)
    ties = np.tile(np.arange(3), (len(lattice), 1))
    for i, j in ((0, 1), (1, 2), (0, 2)):
        same = np.abs(length[:, i] - length[:, j]) < tolerance * length[:, i]
        ties[same, j] = ties[same, i]
    return ties


# Cosine of the calculated pattern with the observed map for one cell and zero shift.
# coef (n, 6): products of reciprocal vectors and indices; u: 1 / (1 + strain) of the edges
@njit(cache=True, fastmath=True)
def grid_cosine(
    coef, weight, n, u, zero, wavelength, observed, low, step, blur, power, polarised, buf
):
    n_grid = len(observed)
    for t in range(n_grid):
        buf[t] = 0.0
    reach = int(3.0 * blur / step) + 1
    inv = step / blur
    e1 = np.exp(-0.5 * inv * inv)
    e2 = e1 * e1
    for j in range(n):
        s2 = (
            coef[j, 0] * u[0] * u[0]
            + coef[j, 1] * u[1] * u[1]
            + coef[j, 2] * u[2] * u[2]
            + coef[j, 3] * u[0] * u[1]
            + coef[j, 4] * u[0] * u[2]
            + coef[j, 5] * u[1] * u[2]
        )
        sine2 = 0.25 * wavelength * wavelength * s2
        if sine2 >= 0.96 or sine2 <= 0.0:
            continue
        sine = np.sqrt(sine2)
        two_theta = 2.0 * np.arcsin(sine) * 57.29577951308232 + zero
        centre = (two_theta - low) / step
        mid = int(np.floor(centre + 0.5))
        if mid < -reach or mid >= n_grid + reach:
            continue
        lp = 1.0 / (sine2 * np.sqrt(1.0 - sine2))
        if polarised:
            c2 = 1.0 - 2.0 * sine2
            lp *= 0.5 * (1.0 + c2 * c2)
        # Gaussian by recurrence from the left end of the window
        start = max(0, mid - reach)
        stop = min(n_grid, mid + reach + 1)
        x = (start - centre) * inv
        value = weight[j] * lp * np.exp(-0.5 * x * x)
        ratio = np.exp(-x * inv) * e1
        for t in range(start, stop):
            buf[t] += value
            value *= ratio
            ratio *= e2
    dot = 0.0
    norm = 1e-30
    if power == 0.5:
        for t in range(n_grid):
            norm += buf[t]
            dot += np.sqrt(buf[t]) * observed[t]
    else:
        for t in range(n_grid):
            r = buf[t] ** power
            norm += r * r
            dot += r * observed[t]
    return dot / np.sqrt(norm)


# scan of edges and zero shift for every card asked for; see breathe_cards
@njit(cache=True, parallel=True, fastmath=True)
def _breathe(
    reciprocal,
    ties,
    cards,
    offsets,
    hkl,
    intensity,
    maps,
    blurs,
    low,
    step,
    wavelength,
    strain0,
    zero0,
    max_deviation,
    deviation_step,
    max_zero,
    power,
    max_reflections,
    polarised,
):
    n_cards = len(cards)
    n_grid = maps.shape[1]
    out_score = np.zeros(n_cards)
    out_strain = np.zeros((n_cards, 3))
    out_zero = np.zeros(n_cards)
    n_dev = int(max_deviation / deviation_step + 0.5)
    for i in prange(n_cards):
        card = cards[i]
        first = offsets[card]
        n = offsets[card + 1] - first
        coef = np.empty((n, 6))
        weight = np.empty(n)
        visible = np.empty(n)
        r = reciprocal[i]
        for j in range(n):
            h = float(hkl[first + j, 0])
            k = float(hkl[first + j, 1])
            l = float(hkl[first + j, 2])
            coef[j, 0] = h * h * (r[0, 0] ** 2 + r[0, 1] ** 2 + r[0, 2] ** 2)
            coef[j, 1] = k * k * (r[1, 0] ** 2 + r[1, 1] ** 2 + r[1, 2] ** 2)
            coef[j, 2] = l * l * (r[2, 0] ** 2 + r[2, 1] ** 2 + r[2, 2] ** 2)
            coef[j, 3] = 2 * h * k * (r[0, 0] * r[1, 0] + r[0, 1] * r[1, 1] + r[0, 2] * r[1, 2])
            coef[j, 4] = 2 * h * l * (r[0, 0] * r[2, 0] + r[0, 1] * r[2, 1] + r[0, 2] * r[2, 2])
            coef[j, 5] = 2 * k * l * (r[1, 0] * r[2, 0] + r[1, 1] * r[2, 1] + r[1, 2] * r[2, 2])
            s2 = coef[j].sum()
            weight[j] = intensity[first + j]
            sine2 = 0.25 * wavelength * wavelength * s2
            angle = 180.0 if sine2 >= 1.0 else 2.0 * np.arcsin(np.sqrt(sine2)) * 57.29577951308232
            margin = 0.05 * angle + 0.3
            inside = angle > low - margin and angle < low + step * n_grid + margin
            visible[j] = weight[j] / max(s2, 1e-9) if inside else 0.0
        order = np.argsort(-visible)
        m = 0
        c = np.empty((min(n, max_reflections), 6))
        w = np.empty(min(n, max_reflections))
        while m < len(w) and visible[order[m]] > 0.0:
            c[m] = coef[order[m]]
            w[m] = weight[order[m]]
            m += 1
        buf = np.empty(n_grid)
        u = np.empty(3)
        best = np.array([strain0[i], strain0[i], strain0[i], zero0[i]])
        trial = best.copy()
        top = -1.0
        # first scan: differences between independent edges, and the zero shift
        free = np.zeros(3, dtype=np.int64)
        n_free = 0
        for axis in range(3):
            if ties[i, axis] == axis:
                free[n_free] = axis
                n_free += 1
        n1 = n_dev if n_free > 1 else 0
        n2 = n_dev if n_free > 2 else 0
        for a in range(-n1, n1 + 1):
            for b in range(-n2, n2 + 1):
                # opposite signs keep the volume near the isotropic start
                d0 = -(a + b) * deviation_step / n_free
                for axis in range(3):
                    d = d0
                    if n_free > 1 and ties[i, axis] == free[1]:
                        d += a * deviation_step
                    if n_free > 2 and ties[i, axis] == free[2]:
                        d += b * deviation_step
                    trial[axis] = strain0[i] + d
                    u[axis] = 1.0 / (1.0 + trial[axis])
                value = grid_cosine(
                    c,
                    w,
                    m,
                    u,
                    zero0[i],
                    wavelength,
                    maps[0],
                    low,
                    step,
                    blurs[0],
                    power,
                    polarised,
                    buf,
                )
                if value > top:
                    top = value
                    best[:3] = trial[:3]
        # pattern search, once for each blur
        for level in range(len(blurs)):
            delta = 0.5 * deviation_step if level == 0 else 0.25 * deviation_step
            delta_zero = 0.06 if level == 0 else 0.03
            top = -1.0
            for axis in range(3):
                u[axis] = 1.0 / (1.0 + best[axis])
            top = grid_cosine(
                c,
                w,
                m,
                u,
                best[3],
                wavelength,
                maps[level],
                low,
                step,
                blurs[level],
                power,
                polarised,
                buf,
            )
            for _ in range(10):
                improved = False
                for p in range(n_free + 2):
                    for sign in range(-1, 2, 2):
                        trial[:] = best
                        if p < n_free:
                            for axis in range(3):
                                if ties[i, axis] == free[p]:
                                    trial[axis] += sign * delta
                        elif p == n_free:
                            for axis in range(3):
                                trial[axis] += sign * delta
                        else:
                            trial[3] += sign * delta_zero
                            if abs(trial[3]) > max_zero:
                                continue
                        for axis in range(3):
                            u[axis] = 1.0 / (1.0 + trial[axis])
                        value = grid_cosine(
                            c,
                            w,
                            m,
                            u,
                            trial[3],
                            wavelength,
                            maps[level],
                            low,
                            step,
                            blurs[level],
                            power,
                            polarised,
                            buf,
                        )
                        if value > top:
                            top = value
                            best[:] = trial
                            improved = True
                if not improved:
                    delta *= 0.5
                    delta_zero *= 0.5
                    if delta < 2e-4:
                        break
        out_score[i] = top
        out_strain[i] = best[:3]
        out_zero[i] = best[3]
    return out_score, out_strain, out_zero
