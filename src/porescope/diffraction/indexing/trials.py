"""Trial cells from a few lines and guessed indices (Werner 1964; Ito 1949).

A system with p free numbers needs p lines with known indices. The lines are taken from the
lowest angles in every combination, the indices from a list of low ones, and every cell that comes
out is screened. Triclinic cells are made from three lines taken as 100, 010, 001 and three more
taken as 011, 101, 110, whose cross terms the theorem of parallelograms limits.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, permutations

import numpy as np
from jaxtyping import Float
from numba import njit

from porescope.diffraction.indexing import forms
from porescope.diffraction.indexing.forms import _allowed, _design, _determinant, _form
from porescope.diffraction.indexing.screen import Screen, _screen

ROOM = 120_000
"""Cells that one call of a kernel can hand back."""

INDEX_RANGE = {
    forms.CUBIC: 7,
    forms.TETRAGONAL: 5,
    forms.HEXAGONAL: 5,
    forms.ORTHORHOMBIC: 3,
    forms.MONOCLINIC: 2,
}
N_INDICES = {
    forms.CUBIC: 40,
    forms.TETRAGONAL: 45,
    forms.HEXAGONAL: 45,
    forms.ORTHORHOMBIC: 22,
    forms.MONOCLINIC: 17,
}
"""How many low indices are tried, by system."""


@lru_cache(maxsize=64)
def low_indices(system: int, centring: int) -> np.ndarray:
    """Low indices that the centring allows, the lowest first, shape (indices, 3)."""
    r = INDEX_RANGE[system]
    found = []
    for h in range(-r, r + 1):
        for k in range(r + 1):
            for l in range(-r, r + 1):
                if (h, k, l) == (0, 0, 0) or not _allowed(h, k, l, centring):
                    continue
                if system != forms.MONOCLINIC and (h < 0 or l < 0):
                    continue
                if system == forms.MONOCLINIC and (h < 0 or (h == 0 and l < 0)):
                    continue
                if system in (forms.TETRAGONAL, forms.HEXAGONAL) and k > h:
                    continue
                if system == forms.CUBIC and not h >= k >= l:
                    continue
                cross = h * l * 0.35 if system == forms.MONOCLINIC else 0.0
                cross += h * k if system == forms.HEXAGONAL else 0.0
                rank = h * h + k * k * 0.9 + l * l * 0.95 + cross
                found.append((rank, h, k, l))
    found.sort()
    rows = np.zeros((len(found), 6))
    for row, (_, h, k, l) in zip(rows, found, strict=True):
        _design(h, k, l, system, row)
    keep, seen = [], set()
    for i, row in enumerate(rows):
        if tuple(row) not in seen:
            seen.add(tuple(row))
            keep.append(i)
    n = N_INDICES[system]
    return np.array([found[i][1:] for i in keep[:n]], dtype=np.int64)


@lru_cache(maxsize=64)
def index_bases(system: int, centring: int, zone: bool = False) -> np.ndarray:
    """Inverse design matrices of every independent set of low indices, shape (sets, p, p).

    With ``zone``, the last index alone leaves the plane of the others: the unique axis b of a
    monoclinic cell, the shortest axis a of an orthorhombic one. Systems of two free numbers have
    no such sets.
    """
    p = forms.N_PARAMETERS[system]
    indices = low_indices(system, centring)
    rows = np.zeros((len(indices), 6))
    for row, (h, k, l) in zip(rows, indices, strict=True):
        _design(h, k, l, system, row)
    rows = rows[:, :p]
    if zone and p > 2:
        axis = 1 if system == forms.MONOCLINIC else 0
        inside = [i for i in range(len(rows)) if indices[i, axis] == 0]
        outside = [i for i in range(len(rows)) if indices[i, axis] != 0]
        sets = [
            (*order, last)
            for chosen in combinations(inside, p - 1)
            for order in permutations(chosen)
            for last in outside
        ]
    else:
        sets = [o for c in combinations(range(len(rows)), p) for o in permutations(c)]
    stack = rows[np.array(sets, dtype=np.int64)]
    good = np.abs(np.linalg.det(stack)) > 0.5
    return np.ascontiguousarray(np.linalg.inv(stack[good]))


def line_sets(p: int, *, n_low: int, n_lines: int, zone: bool = False) -> np.ndarray:
    """Which lines to take together, shape (sets, p): all low ones, or low ones and one more."""
    if zone:
        sets = [
            (*chosen, last)
            for chosen in combinations(range(min(n_low, n_lines)), p - 1)
            for last in range(chosen[-1] + 1, n_lines)
        ]
    else:
        sets = list(combinations(range(min(n_low, n_lines)), p))
    return np.array(sets, dtype=np.int64).reshape(-1, p)


def screen_bases(
    s: Float[np.ndarray, "lines"],
    *,
    sets: np.ndarray,
    bases: np.ndarray,
    system: int,
    centring: int,
    screen: Screen,
    volume: tuple[float, float],
    threshold: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Cells from lines and index sets that pass the screen: parameters and scores."""
    p = forms.N_PARAMETERS[system]
    out = np.empty((ROOM, p))
    score = np.empty(ROOM)
    n = _trials(
        s,
        sets,
        bases,
        system,
        centring,
        volume[0],
        volume[1],
        screen.bits,
        screen.per_bin,
        screen.s,
        screen.tolerance,
        screen.n_first,
        screen.max_missed,
        threshold,
        out,
        score,
    )
    return out[:n], score[:n]


def screen_triples(
    s: Float[np.ndarray, "lines"],
    *,
    triples: np.ndarray,
    halved: int,
    n_cross: int,
    screen: Screen,
    volume: tuple[float, float],
    threshold: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Triclinic cells from three basis lines and three cross lines that pass the screen.

    The basis line number ``halved`` counts as a second order (200 and not 100); -1 for none.
    """
    out = np.empty((ROOM, 6))
    score = np.empty(ROOM)
    n = _triclinic(
        s,
        triples,
        halved,
        n_cross,
        volume[0],
        volume[1],
        screen.bits,
        screen.per_bin,
        screen.s,
        screen.tolerance,
        screen.n_first,
        screen.max_missed,
        threshold,
        out,
        score,
    )
    return out[:n], score[:n]


@njit(cache=True)
def _canonical(q, system):
    # Whether parameters are in the one order that stands for all relabellings of the axes.
    if system == 3:
        return q[0] >= q[1] * 0.999 and q[1] >= q[2] * 0.999
    if system == 4:
        return q[2] >= q[0] * 0.999 and -1e-9 <= q[3] <= q[0] * 1.03
    return True


@njit(cache=True)
def _trials(
    s, sets, bases, system, centring, v_min, v_max,
    bits, per_bin, s_screen, tolerance, n_first, max_missed, threshold, out, score,
):  # fmt: skip
    p = bases.shape[1]
    q = np.empty(p)
    form = np.zeros(6)
    n = 0
    for i in range(len(sets)):
        for j in range(len(bases)):
            good = True
            for a in range(p):
                value = 0.0
                for b in range(p):
                    value += bases[j, a, b] * s[sets[i, b]]
                q[a] = value
                if value <= 0.0 and a < 3:
                    good = False
                    break
            if not good or not _canonical(q, system):
                continue
            _form(q, system, form)
            det = _determinant(form)
            if not (det > 0.0 and v_min * v_min * det <= 1.0 <= v_max * v_max * det):
                continue
            value = _screen(
                form, system, centring, bits, per_bin, s_screen, tolerance, n_first, max_missed
            )
            if value > threshold:
                out[n] = q
                score[n] = value
                n += 1
                if n == len(out):
                    return n
    return n


@njit(cache=True)
def _cross_terms(s, n_cross, b, c, out):
    # Sizes of D that lines taken as 011 allow (s = B + C ± D), with 23° to 157° between axes.
    n = 0
    limit = 1.84 * np.sqrt(b * c)
    for m in range(n_cross):
        d = abs(s[m] - b - c)
        if d <= limit:
            out[n] = d
            n += 1
    return n


@njit(cache=True)
def _triclinic(
    s, triples, halved, n_cross, v_min, v_max,
    bits, per_bin, s_screen, tolerance, n_first, max_missed, threshold, out, score,
):  # fmt: skip
    form = np.zeros(6)
    ds = np.empty(n_cross)
    es = np.empty(n_cross)
    fs = np.empty(n_cross)
    n = 0
    for t in range(len(triples)):
        a, b, c = s[triples[t, 0]], s[triples[t, 1]], s[triples[t, 2]]
        if halved == 0:
            a *= 0.25
        elif halved == 1:
            b *= 0.25
        elif halved == 2:
            c *= 0.25
        n_d = _cross_terms(s, n_cross, b, c, ds)
        n_e = _cross_terms(s, n_cross, a, c, es)
        n_f = _cross_terms(s, n_cross, a, b, fs)
        form[0], form[1], form[2] = a, b, c
        for i in range(n_d):
            for j in range(n_e):
                for k in range(n_f):
                    for sign in (-1.0, 1.0):
                        form[3], form[4], form[5] = sign * ds[i], sign * es[j], sign * fs[k]
                        det = _determinant(form)
                        if not (det > 0.0 and v_min * v_min * det <= 1.0 <= v_max * v_max * det):
                            continue
                        value = _screen(
                            form, 5, 0, bits, per_bin, s_screen, tolerance, n_first, max_missed
                        )
                        if value > threshold:
                            out[n] = form
                            score[n] = value
                            n += 1
                            if n == len(out):
                                return n
    return n
