"""Edges and angles of a cell that breathe together."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters, parameters_from_lattice
from porescope.diffraction.breathe_cells import CellSearchConfig, breathe_cells, free_angles
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.search import ReflectionTable

WAVELENGTH = 1.5406


def _table(cell: tuple[float, ...], *, seed: int) -> ReflectionTable:
    rng = np.random.default_rng(seed)
    hkl = np.array([(h, k, l) for h in range(-3, 4) for k in range(-3, 4) for l in range(4)])
    hkl = hkl[np.any(hkl != 0, axis=1)][:200]
    return ReflectionTable(
        lattice=lattice_from_parameters(*cell)[None],
        offsets=np.array([0, len(hkl)]),
        hkl=hkl.astype(np.int16),
        intensity=(rng.pareto(1.5, size=len(hkl)) + 0.05).astype(np.float32),
    )


def _peaks(table: ReflectionTable, cell: tuple[float, ...]) -> PeakList:
    lattice = lattice_from_parameters(*cell)
    sine = 0.5 * WAVELENGTH * np.linalg.norm(table.hkl @ np.linalg.inv(lattice).T, axis=1)
    angle = 2.0 * np.rad2deg(np.arcsin(sine))
    lorentz = 1.0 / (sine**2 * np.sqrt(1.0 - sine**2)) * 0.5 * (1.0 + (1.0 - 2.0 * sine**2) ** 2)
    area = table.intensity * lorentz
    keep = (angle > 4.0) & (angle < 40.0) & (area > 0.01 * area.max())
    order = np.argsort(angle[keep])
    x, y = angle[keep][order], area[keep][order].astype(np.float64)
    n = len(x)
    return PeakList(
        two_theta_deg=x,
        sigma_two_theta_deg=np.full(n, 0.01),
        height=y,
        area=y,
        sigma_area=0.01 * y,
        fwhm_deg=np.full(n, 0.1),
        eta=np.full(n, 0.5),
        wavelength=WAVELENGTH,
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_triclinic_cell_that_is_off_by_degrees_is_found(seed: int) -> None:
    true = (8.1, 10.2, 13.9, 84.0, 95.0, 101.0)
    guess = (8.25, 10.0, 14.2, 86.5, 93.0, 99.0)
    table = _table(guess, seed=seed)
    found = breathe_cells(
        table,
        np.array([0]),
        _peaks(table, true),
        space_groups=np.array([2]),
        two_theta_range_deg=(4.0, 40.0),
        config=CellSearchConfig(generations=140),
    )
    assert parameters_from_lattice(found[0]) == pytest.approx(true, rel=0.012)


def test_what_symmetry_fixes_stays() -> None:
    guess = (8.0, 8.0, 14.0, 90.0, 90.0, 90.0)
    table = _table(guess, seed=0)
    peaks = _peaks(table, (8.2, 8.2, 13.7, 90.0, 90.0, 90.0))
    found = breathe_cells(
        table,
        np.array([0]),
        peaks,
        space_groups=np.array([75]),
        two_theta_range_deg=(4.0, 40.0),
    )
    a, b, c, *angles = parameters_from_lattice(found[0])
    assert a == pytest.approx(b)
    assert angles == pytest.approx([90.0] * 3)
    assert (a, c) == pytest.approx((8.2, 13.7), rel=0.005)


def test_free_angles_of_the_systems() -> None:
    assert free_angles(2) == (0, 1, 2)
    assert free_angles(14) == (1,)
    assert free_angles(62) == ()


def test_no_cards_give_no_cells() -> None:
    table = _table((8.0, 9.0, 10.0, 90.0, 90.0, 90.0), seed=0)
    none = breathe_cells(
        table,
        np.zeros(0, dtype=np.int64),
        _peaks(table, (8.0, 9.0, 10.0, 90.0, 90.0, 90.0)),
        space_groups=np.zeros(0, dtype=np.int64),
        two_theta_range_deg=(4.0, 40.0),
    )
    assert none.shape == (0, 3, 3)
