"""Profiles of peak lists, for models that read a pattern point by point."""

from __future__ import annotations

from math import cos, exp, log, pi, sin, sqrt
from typing import no_type_check

import numpy as np
from jaxtyping import Float
from numba import njit

from porescope.training.peak_corruption import WAVELENGTH, PeakBatch

GRID_START_DEG, GRID_STEP_DEG, GRID_POINTS = 3.0, 0.02, 1351
"""The grid of the models: 3° to 30°."""
IDEAL_FWHM_DEG = 0.1
"""Width of peaks that have none."""
_REACH = 12.0


def profiles_of_peaks(peaks: PeakBatch, *, eta: float = 0.5) -> Float[np.ndarray, "patterns 1351"]:
    """Background-free intensities from 3° to 30° of Cu Kα1 in steps of 0.02°, maximum 1.

    Each peak is a pseudo-Voigt function of its area and width. Peak lists carry intensities
    without the Lorentz-polarisation factor and over Q²; here both are put back. A pattern without
    peaks in the range is zero.

    Parameters
    ----------
    peaks:
        Observed peaks; a width of 0 stands for 0.1°.
    eta:
        Share of the Lorentz function.
    """
    made = np.zeros((len(peaks.q), GRID_POINTS))
    _add_peaks(peaks.q, peaks.log_intensity, peaks.width, peaks.mask, float(eta), made)
    top = made.max(axis=1, keepdims=True)
    return (made / np.where(top > 0.0, top, 1.0)).astype(np.float32)


@no_type_check
@njit(cache=True, nogil=True)
def _add_peaks(q, log_intensity, width, mask, eta, made):
    """Add each pattern's peaks to its row."""
    gauss = 2.0 * sqrt(log(2.0) / pi)
    for row in range(len(q)):
        for slot in range(q.shape[1]):
            sine = q[row, slot] * WAVELENGTH / (4.0 * pi)
            if not mask[row, slot] or sine <= 0.0 or sine >= 1.0:
                continue
            theta = np.arcsin(sine)
            centre = np.rad2deg(2.0 * theta)
            fwhm = np.rad2deg(width[row, slot] * WAVELENGTH / (2.0 * pi * cos(theta)))
            if fwhm <= 0.0:
                fwhm = IDEAL_FWHM_DEG
            lorentz = (1.0 + cos(2.0 * theta) ** 2) / (sin(theta) ** 2 * cos(theta))
            area = exp(log_intensity[row, slot]) * lorentz * q[row, slot] ** 2 / fwhm
            middle = (centre - GRID_START_DEG) / GRID_STEP_DEG
            span = _REACH * fwhm / GRID_STEP_DEG
            for point in range(
                max(0, int(middle - span)), min(GRID_POINTS, int(middle + span) + 2)
            ):
                x = (point - middle) * GRID_STEP_DEG / fwhm
                voigt = eta * 2.0 / pi / (1.0 + 4.0 * x * x)
                voigt += (1.0 - eta) * gauss * exp(-4.0 * log(2.0) * x * x)
                made[row, point] += area * voigt
