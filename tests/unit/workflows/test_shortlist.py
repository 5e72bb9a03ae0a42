"""Searches of some of the cards."""

from __future__ import annotations

import numpy as np

from porescope.diffraction.peaks import PeakList
from porescope.diffraction.search import ReflectionTable, SearchConfig, search_cards
from porescope.workflows.shortlist import search_rows


def table_of(edges: list[float]) -> ReflectionTable:
    """Cubic cards with the same few reflections."""
    hkl = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1], [2, 0, 0], [2, 1, 0], [2, 1, 1], [2, 2, 0]])
    n = len(edges)
    return ReflectionTable(
        lattice=np.array([np.eye(3) * a for a in edges]),
        offsets=np.arange(n + 1, dtype=np.int64) * len(hkl),
        hkl=np.tile(hkl, (n, 1)).astype(np.int16),
        intensity=np.tile(np.array([9, 5, 4, 3, 6, 2, 1], dtype=np.float32), n),
    )


def peaks_of(edge: float) -> PeakList:
    """The peaks of such a card."""
    size = np.sqrt(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]))
    angle = np.rad2deg(2.0 * np.arcsin(1.5406 * size / (2.0 * edge)))
    ones = np.ones(len(angle))
    return PeakList(
        two_theta_deg=angle,
        sigma_two_theta_deg=0.01 * ones,
        area=np.array([9.0, 5.0, 4.0, 3.0, 6.0, 2.0, 1.0]),
        sigma_area=0.1 * ones,
        height=np.array([9.0, 5.0, 4.0, 3.0, 6.0, 2.0, 1.0]),
        fwhm_deg=0.1 * ones,
        wavelength=1.5406,
    )


def test_some_cards_score_as_in_a_search_of_all_and_the_others_nothing() -> None:
    table, peaks, config = table_of([9.0, 10.0, 11.0, 12.5]), peaks_of(12.4), SearchConfig()
    span = (3.0, 60.0)
    whole = search_cards(table, peaks, two_theta_range_deg=span, config=config)
    rows = np.array([False, True, False, True])
    settings = {"two_theta_range_deg": span, "polarised": True, "config": config}
    part = search_rows(table, rows, peaks, **settings)
    assert np.array_equal(part.score[rows], whole.score[rows])
    assert np.array_equal(part.strain[rows], whole.strain[rows])
    assert not part.score[~rows].any()
    assert int(np.argmax(part.score)) == 3
    every = search_rows(table, np.ones(4, dtype=bool), peaks, **settings)
    assert np.array_equal(every.score, whole.score)
