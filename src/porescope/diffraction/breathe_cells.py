"""Breathing of all edges and angles of a cell: for cells that are known to a few percent only.

Assembled frameworks have nearly the cell of the framework that they were built like. Within bounds
about that cell the match of the peaks is maximised by differential evolution (R. Storn and
K. Price, https://doi.org/10.1023/A:1008202821328), first with broad and then with narrow lines.
What symmetry ties together moves together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Int
from numba import njit, prange

from porescope.crystal.lattice import lattice_from_parameters, parameters_from_lattice
from porescope.diffraction.breathe import grid_cosine, observed_maps
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.search import ReflectionTable


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSearchConfig:
    """Bounds and effort of the search."""

    max_strain: float = 0.045
    """Largest change of an edge."""
    max_angle_deg: float = 4.5
    """Largest change of an angle that symmetry leaves free [°]."""
    max_zero_shift_deg: float = 0.15
    """Largest zero shift [°]."""
    population: int = 28
    """Trial cells at a time."""
    generations: int = 70
    """Rounds, half of them with each width."""
    price: float = 0.04
    """Cosine that a cell at its bounds must gain to be taken."""
    grid_step_deg: float = 0.08
    """Step of the grid of angles [°]."""
    blurs_deg: tuple[float, float] = (0.3, 0.15)
    """Standard deviations of the Gaussian [°]."""
    power: float = 0.5
    """Intensities are raised to this power before they are compared."""
    max_reflections: int = 120
    """Strongest reflections of a card that are compared."""


def free_angles(space_group: int) -> tuple[int, ...]:
    """Which angles a space group leaves free, in the standard setting: of alpha, beta, gamma.

    Parameters
    ----------
    space_group:
        Number in International Tables A.
    """
    if space_group <= 2:
        return (0, 1, 2)
    return (1,) if space_group <= 15 else ()


def breathe_cells(
    table: ReflectionTable,
    cards: Int[np.ndarray, "cards"],
    peaks: PeakList,
    *,
    space_groups: Int[np.ndarray, "cards"],
    two_theta_range_deg: tuple[float, float],
    polarised: bool = True,
    config: CellSearchConfig | None = None,
) -> Float[np.ndarray, "cards 3 3"]:
    """The cells of some cards that match the peaks best, edges and angles free.

    Parameters
    ----------
    table:
        Cards with intensities for the radiation that was used.
    cards:
        Rows of the table.
    peaks:
        Observed peaks.
    space_groups:
        Space-group number of each of these cards.
    two_theta_range_deg:
        First and last angle that were measured [°].
    polarised:
        Whether the polarisation factor applies.
    config:
        Bounds and effort.

    Returns
    -------
    :
        Cells [Å]. The same each time: each card has its own fixed seed.
    """
    config = config or CellSearchConfig()
    if not len(cards):
        return np.zeros((0, 3, 3))
    maps = observed_maps(
        peaks,
        two_theta_range_deg=two_theta_range_deg,
        step_deg=config.grid_step_deg,
        blurs_deg=config.blurs_deg,
        power=config.power,
    )
    cells = np.array([parameters_from_lattice(table.lattice[c]) for c in cards])
    bounds = np.zeros((len(cards), 6))
    bounds[:, :3] = config.max_strain
    for row, number in enumerate(space_groups.tolist()):
        for angle in free_angles(int(number)):
            bounds[row, 3 + angle] = np.deg2rad(config.max_angle_deg)
    found = _evolve(
        cells,
        bounds,
        np.asarray(cards, dtype=np.int64),
        table.offsets,
        table.hkl,
        table.intensity,
        maps,
        np.asarray(config.blurs_deg),
        two_theta_range_deg[0],
        config.grid_step_deg,
        peaks.wavelength,
        config.max_zero_shift_deg,
        config.population,
        config.generations,
        config.price,
        config.power,
        config.max_reflections,
        polarised,
    )
    return np.array([lattice_from_parameters(*cell) for cell in found]).reshape(-1, 3, 3)


@njit(cache=True)
@no_type_check
def _metric_terms(cell, change, out):
    # reciprocal metric of a changed cell in the order of the products of indices; False if flat
    a, b, c = cell[0] * (1 + change[0]), cell[1] * (1 + change[1]), cell[2] * (1 + change[2])
    ca = np.cos(cell[3] * 0.017453292519943295 + change[3])
    cb = np.cos(cell[4] * 0.017453292519943295 + change[4])
    cg = np.cos(cell[5] * 0.017453292519943295 + change[5])
    v2 = 1.0 - ca * ca - cb * cb - cg * cg + 2.0 * ca * cb * cg
    if v2 < 0.03:
        return False
    out[0] = (1.0 - ca * ca) / (a * a * v2)
    out[1] = (1.0 - cb * cb) / (b * b * v2)
    out[2] = (1.0 - cg * cg) / (c * c * v2)
    out[3] = 2.0 * (ca * cb - cg) / (a * b * v2)
    out[4] = 2.0 * (ca * cg - cb) / (a * c * v2)
    out[5] = 2.0 * (cb * cg - ca) / (b * c * v2)
    return True


@njit(cache=True, parallel=True)
@no_type_check
def _evolve(
    cells,
    bounds,
    cards,
    offsets,
    hkl,
    intensity,
    maps,
    blurs,
    low,
    step,
    wavelength,
    max_zero,
    population,
    generations,
    price,
    power,
    max_reflections,
    polarised,
):
    n_grid = maps.shape[1]
    found = cells.copy()
    for i in prange(len(cards)):
        np.random.seed(1000 + i)  # noqa: NPY002 (what numba compiles)
        card = cards[i]
        first, n = offsets[card], offsets[card + 1] - offsets[card]
        terms = np.zeros(6)
        zeros = np.zeros(7)
        _metric_terms(cells[i], zeros, terms)
        product = np.empty((n, 6))
        worth = np.empty(n)
        top = (low + step * n_grid) * 1.1 + 1.0
        for j in range(n):
            h, k, l = float(hkl[first + j, 0]), float(hkl[first + j, 1]), float(hkl[first + j, 2])
            product[j] = np.array([h * h, k * k, l * l, h * k, h * l, k * l])
            s2 = np.sum(product[j] * terms)
            sine2 = 0.25 * wavelength * wavelength * s2
            angle = 180.0 if sine2 >= 1.0 else 2.0 * np.arcsin(np.sqrt(sine2)) * 57.29577951308232
            worth[j] = intensity[first + j] / max(s2, 1e-9) if angle < top else 0.0
        order = np.argsort(-worth)[: min(n, max_reflections)]
        m = len(order)
        coef = np.empty((m, 6))
        weight = np.empty(m)
        for j in range(m):
            weight[j] = intensity[first + order[j]]
        buf = np.empty(n_grid)
        one = np.ones(3)
        size = np.empty(7)
        size[:6] = bounds[i]
        size[6] = max_zero
        # edges that are equal stay equal
        tie = np.arange(7)
        for x in range(3):
            for y in range(x):
                if abs(cells[i, x] - cells[i, y]) < 2e-3 * cells[i, x] and size[4] == 0.0:
                    tie[x] = tie[y]
        places = np.empty((population, 7))
        merit = np.empty(population)
        trial = np.empty(7)
        for level in range(2):
            for p in range(population):
                if level == 0:
                    for x in range(7):
                        spread = 0.0 if p == 0 else (2.0 * np.random.random() - 1.0)  # noqa: NPY002
                        places[p, x] = spread * size[x]
                merit[p] = -10.0
            for generation in range(generations // 2 + 1):
                for p in range(population):
                    if generation == 0:
                        trial[:] = places[p]
                    else:
                        one_of = np.random.randint(population)  # noqa: NPY002
                        other = np.random.randint(population)  # noqa: NPY002
                        best = np.argmax(merit)
                        for x in range(7):
                            if np.random.random() < 0.8:  # noqa: NPY002
                                towards = places[best, x] - places[p, x]
                                between = places[one_of, x] - places[other, x]
                                trial[x] = places[p, x] + 0.5 * towards + 0.6 * between
                            else:
                                trial[x] = places[p, x]
                    for x in range(7):
                        trial[x] = trial[tie[x]]
                        trial[x] = min(max(trial[x], -size[x]), size[x])
                    value = -5.0
                    if _metric_terms(cells[i], trial, terms):
                        for j in range(m):
                            for x in range(6):
                                coef[j, x] = product[order[j], x] * terms[x]
                        value = grid_cosine(
                            coef,
                            weight,
                            m,
                            one,
                            trial[6],
                            wavelength,
                            maps[level],
                            low,
                            step,
                            blurs[level],
                            power,
                            polarised,
                            buf,
                        )
                        far = 0.0
                        count = 0.0
                        for x in range(6):
                            if size[x] > 0.0:
                                far += (trial[x] / size[x]) ** 2
                                count += 1.0
                        value -= price * far / count
                    if value > merit[p]:
                        merit[p] = value
                        places[p] = trial
        best = np.argmax(merit)
        for x in range(3):
            found[i, x] = cells[i, x] * (1.0 + places[best, x])
            found[i, 3 + x] = cells[i, 3 + x] + places[best, 3 + x] * 57.29577951308232
    return found
