"""Prior odds of assembled frameworks."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.workflows.assembled_odds import (
    INDEXED_ODDS,
    LINES_PRICE,
    distinct_lines,
    log_odds,
)

CUBE = np.eye(3) * 14.0


def test_lines_at_one_place_are_one_line() -> None:
    assert distinct_lines(np.array([12.0, 10.004, 10.0])) == 2
    assert distinct_lines(np.zeros(0)) == 0


def test_indexed_cells_are_likelier_the_better_they_are() -> None:
    cells = [CUBE, CUBE * 1.2, CUBE * 1.4, CUBE * 1.6]
    found = log_odds([cell * 1.003 for cell in cells], [5] * 4, cells, n_peaks=10)
    assert np.exp(found[:3]) == pytest.approx(INDEXED_ODDS)
    assert found[3] == 0.0
    assert log_odds([CUBE * 1.05], [5], [CUBE], n_peaks=10) == [0.0]


def test_superlattices_of_an_indexed_cell_count_too() -> None:
    double = np.diag([14.0, 14.0, 28.0])
    assert np.exp(log_odds([double], [5], [CUBE], n_peaks=10)) == pytest.approx(INDEXED_ODDS[0])


def test_more_lines_than_peaks_cost() -> None:
    few, many = log_odds([CUBE, CUBE], [10, 40], [], n_peaks=10)
    assert few == 0.0
    assert many == pytest.approx(-LINES_PRICE * np.log(4.0))
