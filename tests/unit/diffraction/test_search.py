"""Cards are found although their cells breathe and the zero is off."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.diffraction.breathe import breathe_cards, edge_ties
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.search import ReflectionTable, SearchConfig, search_cards

WAVELENGTH = 1.5406


def _table(rng: np.random.Generator, n_cards: int) -> ReflectionTable:
    """Orthorhombic cells with random intensities."""
    hkl = np.array(
        [(h, k, l) for h in range(6) for k in range(6) for l in range(6) if h + k + l > 0],
        dtype=np.int16,
    )
    edges = rng.uniform(9.0, 19.0, size=(n_cards, 3))
    lattice = np.array([np.diag(e) for e in edges])
    intensity = rng.lognormal(0.0, 2.0, size=(n_cards, len(hkl))).astype(np.float32)
    offsets = np.arange(n_cards + 1, dtype=np.int64) * len(hkl)
    return ReflectionTable(
        lattice=lattice,
        offsets=offsets,
        hkl=np.tile(hkl, (n_cards, 1)),
        intensity=intensity.reshape(-1),
    )


def _peaks(table: ReflectionTable, card: int, *, strain: np.ndarray, zero_deg: float) -> PeakList:
    """Peaks of one card with strained edges."""
    rows = slice(table.offsets[card], table.offsets[card + 1])
    lattice = table.lattice[card] * (1.0 + strain)[:, None]
    s = np.linalg.norm(table.hkl[rows] @ np.linalg.inv(lattice).T, axis=1)
    sine = 0.5 * WAVELENGTH * s
    seen = sine < np.sin(np.deg2rad(20.0))
    theta = np.arcsin(sine[seen])
    lp = (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
    area = table.intensity[rows][seen] * lp
    order = np.argsort(theta)
    position = np.rad2deg(2 * theta[order]) + zero_deg
    ones = np.ones(len(order))
    return PeakList(
        two_theta_deg=position,
        sigma_two_theta_deg=0.01 * ones,
        area=area[order].astype(np.float64),
        sigma_area=ones,
        height=area[order].astype(np.float64),
        fwhm_deg=0.1 * ones,
        wavelength=WAVELENGTH,
    )


def test_right_card_wins_although_cell_and_zero_are_off() -> None:
    rng = np.random.default_rng(7)
    table = _table(rng, 300)
    for card in range(0, 300, 60):
        strain = np.full(3, rng.uniform(-0.035, 0.035))
        peaks = _peaks(table, card, strain=strain, zero_deg=0.06)
        hits = search_cards(table, peaks, two_theta_range_deg=(4.0, 40.0))
        assert np.argmax(hits.score) == card
        assert hits.strain[card] == pytest.approx(strain[0], abs=0.003)
        # two merges of overlapping peaks are not quite the same: a little above 1 can happen
        assert hits.score.max() < 1.06


def test_anisotropic_scan_finds_each_edge() -> None:
    rng = np.random.default_rng(11)
    table = _table(rng, 40)
    for card in range(0, 40, 8):
        strain = rng.uniform(-0.012, 0.012, size=3)
        peaks = _peaks(table, card, strain=strain, zero_deg=-0.05)
        kwargs = {"two_theta_range_deg": (4.0, 40.0)}
        hits = search_cards(table, peaks, **kwargs)
        everything = np.arange(40)
        breath = breathe_cards(
            table,
            everything,
            peaks,
            strain=hits.strain,
            zero_shift_deg=hits.zero_shift_deg,
            **kwargs,
        )
        assert np.argmax(breath.score) == card
        assert breath.score[card] > 0.97
        assert breath.score.max() <= 1.0 + 1e-9
        np.testing.assert_allclose(breath.strain[card], strain, atol=0.004)


def test_score_does_not_depend_on_the_scale_of_intensities() -> None:
    rng = np.random.default_rng(3)
    table = _table(rng, 20)
    peaks = _peaks(table, 4, strain=np.zeros(3), zero_deg=0.0)
    scaled = ReflectionTable(
        lattice=table.lattice,
        offsets=table.offsets,
        hkl=table.hkl,
        intensity=table.intensity * np.float32(1e-3),
    )
    kwargs = {"two_theta_range_deg": (4.0, 40.0)}
    first = search_cards(table, peaks, **kwargs).score
    np.testing.assert_allclose(search_cards(scaled, peaks, **kwargs).score, first, rtol=1e-4)


def test_equal_edges_stay_tied() -> None:
    cells = np.array(
        [np.diag([10.0, 10.0, 10.0]), np.diag([10.0, 10.0, 12.0]), np.diag([9, 10, 11.0])]
    )
    np.testing.assert_array_equal(edge_ties(cells), [[0, 0, 0], [0, 0, 2], [0, 1, 2]])


def test_card_outside_the_range_scores_nothing() -> None:
    rng = np.random.default_rng(5)
    table = _table(rng, 3)
    peaks = _peaks(table, 0, strain=np.zeros(3), zero_deg=0.0)
    tiny = ReflectionTable(
        lattice=np.array([np.eye(3)]),
        offsets=np.array([0, 1]),
        hkl=np.array([[1, 0, 0]], dtype=np.int16),
        intensity=np.ones(1, dtype=np.float32),
    )
    hits = search_cards(
        tiny, peaks, two_theta_range_deg=(4.0, 40.0), config=SearchConfig(max_reflections=5)
    )
    assert hits.score[0] == 0.0
