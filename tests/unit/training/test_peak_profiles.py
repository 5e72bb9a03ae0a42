"""Profiles of peak lists."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.radiation import radiation_from_name
from porescope.training.peak_corruption import WAVELENGTH, PeakBatch
from porescope.training.peak_profiles import GRID_POINTS, profiles_of_peaks

GRID = 3.0 + 0.02 * np.arange(GRID_POINTS)


def _peaks(two_theta: list[float], area: list[float], fwhm: float) -> PeakBatch:
    angle = np.array([two_theta])
    q = 4.0 * np.pi / WAVELENGTH * np.sin(np.deg2rad(angle / 2.0))
    factor = lorentz_polarisation(angle, radiation_from_name("CuKa1"))
    width = 2.0 * np.pi / WAVELENGTH * np.cos(np.deg2rad(angle / 2.0)) * np.deg2rad(fwhm)
    return PeakBatch(
        q=q.astype(np.float32),
        log_intensity=np.log(np.array([area]) / factor / q**2).astype(np.float32),
        width=width.astype(np.float32),
        mask=np.ones(q.shape, dtype=bool),
    )


def test_places_widths_and_areas_come_back() -> None:
    (made,) = profiles_of_peaks(_peaks([8.0, 20.0], [3.0, 1.0], 0.2))
    assert made.max() == 1.0
    assert GRID[made.argmax()] == pytest.approx(8.0, abs=0.011)
    above = GRID[made > 0.5]
    assert np.ptp(above) == pytest.approx(0.2, abs=0.03)
    near = [made[np.abs(GRID - centre) < 2.2].sum() for centre in (8.0, 20.0)]
    assert near[0] / near[1] == pytest.approx(3.0, rel=0.01)


def test_broad_peaks_are_lower() -> None:
    (sharp,) = profiles_of_peaks(_peaks([8.0], [1.0], 0.1))
    (broad,) = profiles_of_peaks(_peaks([8.0], [1.0], 0.4))
    assert broad.sum() == pytest.approx(4.0 * sharp.sum(), rel=0.03)


def test_nothing_where_nothing_is() -> None:
    peaks = _peaks([8.0, 50.0], [1.0, 1.0], 0.1)
    peaks.mask[0, 0] = False
    assert not profiles_of_peaks(peaks).any()
    assert profiles_of_peaks(peaks).dtype == np.float32
