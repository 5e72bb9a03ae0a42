"""Observed peaks of crystals, as a laboratory would find them, without making a pattern.

Training needs millions of corrupted patterns. Making a profile, counting, estimating a background
and fitting peaks takes a good part of a second; this module goes from the reflections of a crystal
straight to the list of peaks that those steps would leave: lines move with the cell, the zero and
the displacement, change with texture, motion and guests, merge where they are nearer than the
width, and vanish in the noise. It follows :mod:`porescope.diffraction.corrupt` law by law.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, exp, log, pi, sin, sqrt

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit

from porescope.datasets.retrieval_set import RetrievalSet
from porescope.training.peak_draws import PeakCorruptionConfig, PeakDraws, draw_peaks

WAVELENGTH = 1.5405929
"""Cu Kα1 [Å]; peaks leave as Q, so that it only decides which angles are lost."""
MAX_PEAKS = 128
"""Peaks of one pattern at most, the strongest."""
MAX_LINES = 400
"""Ideal lines of one crystal at most, as many as a card holds."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeakBatch:
    """Padded peak lists (float32; unused slots are zero)."""

    q: Float[np.ndarray, "n slots"]
    """Q [1/Å]."""
    log_intensity: Float[np.ndarray, "n slots"]
    """Natural logarithm of the intensity over the strongest."""
    width: Float[np.ndarray, "n slots"]
    """Full width at half maximum in Q [1/Å]; 0 for ideal lines."""
    mask: Bool[np.ndarray, "n slots"]
    """True where a slot holds a peak."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairBatch:
    """Crystals and a corrupted pattern of each."""

    crystals: PeakBatch
    """Ideal lines: multiplicity times F², no Lorentz factor."""
    patterns: PeakBatch
    """Observed peaks; intensities divided by the Lorentz-polarisation factor and by Q², so that
    the wavelength does not matter."""
    changed: Bool[np.ndarray, "n"]
    """Whether the crystal's own cell was changed, so that it is a new one."""


def corrupted_pairs(
    data: RetrievalSet,
    rows: Int[np.ndarray, "n"],
    *,
    config: PeakCorruptionConfig,
    rng: np.random.Generator,
    fixed: Bool[np.ndarray, "n"] | None = None,
) -> PairBatch:
    """One crystal and one pattern for each row.

    Parameters
    ----------
    data:
        The crystals.
    rows:
        Which of them.
    config:
        Amplitudes.
    rng:
        Source of all randomness.
    fixed:
        Rows whose crystals must stay as they are.
    """
    n = len(rows)
    draws = draw_peaks(config, n=n, rng=rng)
    changed = (rng.uniform(size=n) < config.new_cell_share) & (config.new_cell > 0.0)
    if fixed is not None:
        changed &= ~fixed
    together = rng.uniform(-0.5, 0.5, size=(n, 1)) + rng.uniform(-0.5, 0.5, size=(n, 3))
    new = 1.0 + config.new_cell * together * changed[:, None]
    spread = np.abs(rng.normal(size=n)) * config.new_intensity * changed
    noise = rng.standard_normal((n, MAX_LINES, 2), dtype=np.float32)
    crystals, metrics, strengths = _crystals(data, rows, new=new, spread=spread, noise=noise)
    patterns = _patterns(data, rows, metrics, strengths, draws=draws, noise=noise, rng=rng)
    return PairBatch(crystals=crystals, patterns=patterns, changed=changed)


def ideal_lines(data: RetrievalSet, rows: Int[np.ndarray, "n"]) -> PeakBatch:
    """The crystals as they are.

    Parameters
    ----------
    data:
        The crystals.
    rows:
        Which of them.
    """
    n = len(rows)
    none = np.zeros((n, MAX_LINES, 2), dtype=np.float32)
    return _crystals(data, rows, new=np.ones((n, 3)), spread=np.zeros(n), noise=none)[0]


def _empty(n: int, slots: int) -> PeakBatch:
    """A batch without peaks."""
    zeros = [np.zeros((n, slots), dtype=np.float32) for _ in range(3)]
    mask = np.zeros((n, slots), dtype=bool)
    return PeakBatch(q=zeros[0], log_intensity=zeros[1], width=zeros[2], mask=mask)


def _crystals(data, rows, *, new, spread, noise):
    """Ideal lines, and what the patterns follow from: metrics and strengths."""
    batch = _empty(len(rows), MAX_LINES)
    metrics = np.empty((len(rows), 3, 3))
    strengths = np.zeros((len(rows), MAX_LINES))
    _fill_crystals(
        rows, data.offsets, data.hkl, data.strength, data.lattices, data.laue, data.laue_spans,
        new, spread, noise, metrics, strengths, batch.q, batch.log_intensity, batch.mask,
    )  # fmt: skip
    return batch, metrics, strengths


def _patterns(data, rows, metrics, strengths, *, draws: PeakDraws, noise, rng):
    """Observed peaks."""
    batch = _empty(len(rows), MAX_PEAKS)
    error = rng.standard_normal((len(rows), MAX_PEAKS, 3), dtype=np.float32)
    _fill_patterns(
        rows, data.offsets, data.hkl, data.laue, data.laue_spans, metrics, strengths,
        draws.start_deg, draws.end_deg, draws.shift_deg, draws.tilt_deg, draws.axis_factors,
        draws.fwhm_deg, draws.march, draws.march_axis, draws.u_iso, draws.counts,
        draws.background, draws.impurities, draws.guests, draws.contents, draws.merge,
        draws.crowding, draws.threshold, noise, error, batch.q, batch.log_intensity, batch.width,
        batch.mask,
    )  # fmt: skip
    return batch


@njit(cache=True, nogil=True)
def _stretched(metric, factors, laue, first, count):
    # The mean over the Laue class has every symmetry that the space group demands.
    scaled = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            scaled[i, j] = factors[i] * factors[j] * metric[i, j]
    if count == 1:
        return scaled
    mean = np.zeros((3, 3))
    for n in range(first, first + count):
        for i in range(3):
            for j in range(3):
                total = 0.0
                for k in range(3):
                    if laue[n, k, i] != 0:
                        for m in range(3):
                            if laue[n, m, j] != 0:
                                total += laue[n, k, i] * scaled[k, m] * laue[n, m, j]
                mean[i, j] += total
    return mean / count


@njit(cache=True, nogil=True)
def _square(metric, h, k, m):
    # h · G* · h
    return (
        h * h * metric[0, 0]
        + k * k * metric[1, 1]
        + m * m * metric[2, 2]
        + 2.0 * (h * k * metric[0, 1] + h * m * metric[0, 2] + k * m * metric[1, 2])
    )


@njit(cache=True, nogil=True)
def _fill_crystals(
    rows, offsets, hkl, strength, lattices, laue, spans, new, spread, noise,
    metrics, strengths, q, log_intensity, mask,
):  # fmt: skip
    for b in range(len(rows)):
        row = rows[b]
        lattice = lattices[row]
        metrics[b] = _stretched(lattice @ lattice.T, new[b], laue, spans[row, 0], spans[row, 1])
        reciprocal = np.linalg.inv(metrics[b])
        start = offsets[row]
        count = min(offsets[row + 1] - start, q.shape[1])
        top = 0.0
        for i in range(count):
            value = strength[start + i]
            if spread[b] > 0.0:
                value *= exp(spread[b] * noise[b, i, 0])
            strengths[b, i] = value
            top = max(top, value)
        for i in range(count):
            if strengths[b, i] <= 1e-9 * top:
                continue
            h, k, m = hkl[start + i, 0], hkl[start + i, 1], hkl[start + i, 2]
            q[b, i] = 2.0 * pi * sqrt(_square(reciprocal, h, k, m))
            log_intensity[b, i] = log(strengths[b, i] / top)
            mask[b, i] = True


@njit(cache=True, nogil=True)
def _texture(hkl, reciprocal, axis, march, laue, first, count):
    # March and Dollase, the mean over the equivalents.
    square_axis = _square(reciprocal, axis[0], axis[1], axis[2])
    square = _square(reciprocal, hkl[0], hkl[1], hkl[2])
    if square <= 0.0 or square_axis <= 0.0:
        return 1.0
    along = reciprocal @ axis.astype(np.float64)
    total = 0.0
    for n in range(first, first + count):
        dot = 0.0
        for j in range(3):
            index = hkl[0] * laue[n, 0, j] + hkl[1] * laue[n, 1, j] + hkl[2] * laue[n, 2, j]
            dot += index * along[j]
        cos2 = min(dot * dot / (square * square_axis), 1.0)
        base = march * march * cos2 + (1.0 - cos2) / march
        total += 1.0 / (base * sqrt(base))
    return total / count


@njit(cache=True, nogil=True)
def _lorentz(angle):
    # Lorentz and polarisation factors of a tube at 2θ [rad].
    theta = 0.5 * angle
    return (1.0 + cos(angle) ** 2) / (sin(theta) ** 2 * cos(theta))


@njit(cache=True, nogil=True)
def _interpolated(nodes, place):
    # Straight lines between nodes at 0, 1, 2 …; 0 beyond the last.
    if place >= len(nodes) - 1:
        return 0.0
    i = int(place)
    return nodes[i] + (nodes[i + 1] - nodes[i]) * (place - i)


@njit(cache=True, nogil=True)
def _lines_seen(
    hkl, strengths, reciprocal, laue, first, count, start, end, shift, tilt, march, axis, u_iso,
    guests, contents, noise, impurities, position, area,
):  # fmt: skip
    # Angles [°] and areas of what lies in the scan; returns how many.
    seen = 0
    strongest = 0.0
    for i in range(len(hkl)):
        if strengths[i] <= 0.0:
            continue
        square = _square(reciprocal, hkl[i, 0], hkl[i, 1], hkl[i, 2])
        spacing = 1.0 / sqrt(square)
        sine = WAVELENGTH / (2.0 * spacing)
        if sine >= 0.9:
            continue
        angle = 2.0 * np.arcsin(sine)
        degrees = np.rad2deg(angle)
        moved = degrees + shift + tilt * cos(0.5 * angle)
        if moved <= start or moved >= end:
            continue
        value = strengths[i] * exp(-4.0 * pi * pi * u_iso * square) * _lorentz(angle)
        value *= exp(_interpolated(guests, 7.0 * 4.0 / spacing))
        if contents > 0.0:
            value *= exp(contents * noise[i, 1])
        if march != 1.0:
            value *= _texture(hkl[i], reciprocal, axis, march, laue, first, count)
        position[seen] = moved
        area[seen] = value
        strongest = max(strongest, value)
        seen += 1
    for i in range(len(impurities)):
        if impurities[i, 1] > 0.0:
            position[seen] = impurities[i, 0]
            area[seen] = impurities[i, 1] * strongest
            seen += 1
    return seen


@njit(cache=True, nogil=True)
def _merged(position, area, tolerance):
    # Neighbours nearer than the tolerance become one, at their centre of gravity; in place.
    count = 0
    anchor = 0.0
    for i in range(len(position)):
        if area[i] <= 0.0:
            continue
        if count and position[i] - anchor < tolerance:
            total = area[count - 1] + area[i]
            position[count - 1] += (position[i] - position[count - 1]) * area[i] / total
            area[count - 1] = total
            # the anchor follows the centre of gravity
            anchor = position[count - 1]
            continue
        anchor = position[i]
        position[count], area[count] = position[i], area[i]
        count += 1
    return count


@njit(cache=True, nogil=True)
def _ratio_to_noise(position, area, i, top, fwhm, counts, background, crowding):
    # Of a filter matched to the width: counts of the peak against its own, what lies below, and
    # what a fit leaves of the neighbours.
    height = counts * area[i] / top
    angle = position[i]
    offset = (angle - background[2]) / background[3]
    below = background[0] + background[1] * exp(-2.77 * offset * offset)
    below = counts * (below + background[4] * 5.0 / angle)
    neighbours = 0.0
    for step in (-1, 1):
        j = i + step
        while 0 <= j < len(area) and abs(position[j] - angle) < 6.0 * fwhm:
            x = 2.0 * (position[j] - angle) / fwhm
            tail = 0.5 / (1.0 + x * x) + 0.5 * exp(-0.693 * x * x)
            neighbours += counts * area[j] / top * tail
            j += step
    variance = (below + neighbours + 0.7 * height + 1.0) / (0.75 * fwhm / 0.02)
    return height / sqrt(variance + (crowding * neighbours) ** 2)


@njit(cache=True, nogil=True)
def _fill_patterns(
    rows, offsets, hkl, laue, spans, metrics, strengths, start, end, shift, tilt, factors, fwhm,
    march, axis, u_iso, counts, background, impurities, guests, contents, merge, crowding,
    threshold, noise, error, q, log_intensity, width, mask,
):  # fmt: skip
    position = np.empty(strengths.shape[1] + 8)
    area = np.empty(strengths.shape[1] + 8)
    slots = q.shape[1]
    for b in range(len(rows)):
        row = rows[b]
        first, count = spans[row, 0], spans[row, 1]
        metric = _stretched(metrics[b], factors[b], laue, first, count)
        n = min(offsets[row + 1] - offsets[row], strengths.shape[1])
        seen = _lines_seen(
            hkl[offsets[row] : offsets[row] + n], strengths[b, :n], np.linalg.inv(metric), laue,
            first, count, start[b], end[b], shift[b], tilt[b], march[b], axis[b], u_iso[b],
            guests[b], contents[b], noise[b], impurities[b], position, area,
        )  # fmt: skip
        if seen == 0:
            continue
        order = np.argsort(position[:seen])
        where, what = position[:seen][order], area[:seen][order]
        found = _merged(where, what, merge[b] * fwhm[b])
        if found == 0:
            continue
        where, what = where[:found], what[:found]
        top = what.max()
        ratio = np.empty(found)
        for i in range(found):
            ratio[i] = _ratio_to_noise(
                where, what, i, top, fwhm[b], counts[b], background[b], crowding[b]
            )
        kept = np.flatnonzero(ratio > threshold[b])
        if len(kept) > slots:
            strongest = np.argsort(-what[kept])[:slots]
            kept = kept[np.sort(strongest)]
        largest = -1e30
        for slot in range(len(kept)):
            i = kept[slot]
            drift = error[b, slot, 0] * min(0.5 * fwhm[b] / ratio[i], 0.1)
            angle = np.deg2rad(where[i] + drift)
            size = 1.5 * error[b, slot, 1] / ratio[i] + 0.05 * error[b, slot, 2]
            value = log(what[i]) + max(min(size, 0.7), -0.7)
            here = 4.0 * pi / WAVELENGTH * sin(0.5 * angle)
            value -= log(_lorentz(angle)) + 2.0 * log(here)
            largest = max(largest, value)
            q[b, slot] = here
            log_intensity[b, slot] = value
            width[b, slot] = 2.0 * pi / WAVELENGTH * cos(0.5 * angle) * np.deg2rad(fwhm[b])
            mask[b, slot] = True
        for slot in range(len(kept)):
            log_intensity[b, slot] -= largest
