"""A positive model of the energy's second derivatives, to scale the steps of a relaxation.

Each term counts with the square of its coordinate's slope, times the curvature that the term has
along that coordinate where this is positive: what is neglected is the part that may be negative.
The last six rows belong to a symmetric strain of cell and atoms, in the order 11, 22, 33, 23, 13,
12.
"""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float

from porescope.reticular.force_field.energy import PairList
from porescope.reticular.force_field.terms import ForceField

_ATOM_FLOOR = 0.1
"""Stiffness that each atom has at least [eV/Å²]."""
_STRAIN_FLOOR = 0.01
"""Stiffness that the cell has at least [eV/Å³]."""
_FAR = 6.0
"""Pairs farther apart than this do not count [Å]."""


def model_stiffness(
    field: ForceField,
    *,
    cart: Float[np.ndarray, "atoms 3"],
    lattice: Float[np.ndarray, "3 3"],
    pairs: PairList,
) -> Float[np.ndarray, "coordinates coordinates"]:
    """The model matrix over all coordinates and the strain [eV/Å², eV/Å, eV].

    Parameters
    ----------
    field:
        The terms.
    cart:
        Cartesian coordinates, unfolded [Å].
    lattice:
        Cell vectors as rows [Å].
    pairs:
        Pairs within the cutoff.
    """
    n = 3 * field.n_atoms
    matrix = np.zeros((1, n + 6, n + 6))
    _fill(matrix, field, np.ascontiguousarray(cart), np.ascontiguousarray(lattice), pairs)
    volume = abs(float(np.linalg.det(lattice)))
    matrix[0, np.arange(n), np.arange(n)] += _ATOM_FLOOR
    matrix[0, np.arange(n, n + 6), np.arange(n, n + 6)] += _STRAIN_FLOOR * volume
    return matrix[0]


def block_stiffness(
    field: ForceField,
    *,
    cart: Float[np.ndarray, "atoms 3"],
    lattice: Float[np.ndarray, "3 3"],
    pairs: PairList,
) -> Float[np.ndarray, "blocks 3 3"]:
    """The model without what couples different atoms: a block of three rows for each atom, and two
    for the strain. For structures so large that the whole matrix would not fit.

    Parameters
    ----------
    field, cart, lattice, pairs:
        As for :func:`model_stiffness`.
    """
    blocks = np.zeros((field.n_atoms + 2, 3, 3))
    _fill(blocks, field, np.ascontiguousarray(cart), np.ascontiguousarray(lattice), pairs)
    volume = abs(float(np.linalg.det(lattice)))
    blocks[:-2] += _ATOM_FLOOR * np.eye(3)
    blocks[-2:] += _STRAIN_FLOOR * volume * np.eye(3)
    return blocks


def _fill(
    store: np.ndarray, f: ForceField, cart: np.ndarray, lattice: np.ndarray, pairs: PairList
) -> None:
    """Add all terms to one whole matrix, or to the blocks on its diagonal."""
    _bonds(store, cart, lattice, f.bond_atoms, f.bond_cells, f.bond_values)
    _angles(store, cart, lattice, f.angle_atoms, f.angle_cells, f.angle_values)
    _torsions(store, cart, lattice, f.torsion_atoms, f.torsion_cells, f.torsion_values)
    _inversions(store, cart, lattice, f.inversion_atoms, f.inversion_cells, f.inversion_values)
    _pairs(store, cart, lattice, pairs.atoms, pairs.cells, f.distances, f.depths)


@numba.njit(cache=True, inline="always")
@no_type_check
def _step(cart, lattice, i, j, cells, t, s, out):
    for c in range(3):
        out[c] = cart[j, c] - cart[i, c]
        for e in range(3):
            out[c] += cells[t, s + e] * lattice[e, c]


@numba.njit(cache=True)
@no_type_check
def _spread(matrix, heads, tails, n_steps, steps, slopes, weight, places, row):
    # Slope of a coordinate by all that it depends on, then its square. The store is one whole
    # matrix, or the blocks of three rows on its diagonal.
    whole = matrix.shape[0] == 1
    n = matrix.shape[1] - 6 if whole else 3 * matrix.shape[0] - 6
    count = 0
    for v in range(n_steps):
        for side in range(2):
            atom = heads[v] if side == 0 else tails[v]
            sign = 1.0 if side == 0 else -1.0
            at = -1
            for p in range(count):
                if places[3 * p] == 3 * atom:
                    at = p
            if at < 0:
                at = count
                count += 1
                for c in range(3):
                    places[3 * at + c] = 3 * atom + c
                    row[3 * at + c] = 0.0
            for c in range(3):
                row[3 * at + c] += sign * slopes[v, c]
    total = 3 * count
    for c in range(6):
        places[total + c] = n + c
        row[total + c] = 0.0
    for v in range(n_steps):
        d, g = steps[v], slopes[v]
        for c in range(3):
            row[total + c] += d[c] * g[c]
        row[total + 3] += d[1] * g[2] + d[2] * g[1]
        row[total + 4] += d[0] * g[2] + d[2] * g[0]
        row[total + 5] += d[0] * g[1] + d[1] * g[0]
    for p in range(total + 6):
        if row[p] == 0.0:
            continue
        a = places[p]
        for q in range(total + 6):
            b = places[q]
            if whole:
                matrix[0, a, b] += weight * row[p] * row[q]
            elif a // 3 == b // 3:
                matrix[a // 3, a % 3, b % 3] += weight * row[p] * row[q]


@numba.njit(cache=True)
@no_type_check
def _bonds(matrix, cart, lattice, atoms, cells, values):
    steps, slopes = np.empty((1, 3)), np.empty((1, 3))
    heads, tails = np.empty(1, np.int64), np.empty(1, np.int64)
    places, row = np.empty(30, np.int64), np.empty(30)
    for t in range(len(atoms)):
        tails[0], heads[0] = atoms[t, 0], atoms[t, 1]
        _step(cart, lattice, tails[0], heads[0], cells, t, 0, steps[0])
        r = np.sqrt((steps[0] ** 2).sum()) + 1e-9
        for c in range(3):
            slopes[0, c] = steps[0, c] / r
        _spread(matrix, heads, tails, 1, steps, slopes, values[t, 1], places, row)


@numba.njit(cache=True)
@no_type_check
def _pairs(matrix, cart, lattice, atoms, cells, distances, depths):
    steps, slopes = np.empty((1, 3)), np.empty((1, 3))
    heads, tails = np.empty(1, np.int64), np.empty(1, np.int64)
    places, row = np.empty(30, np.int64), np.empty(30)
    for t in range(len(atoms)):
        tails[0], heads[0] = atoms[t, 0], atoms[t, 1]
        _step(cart, lattice, tails[0], heads[0], cells, t, 0, steps[0])
        square = (steps[0] ** 2).sum()
        if square > _FAR * _FAR:
            continue
        r = np.sqrt(square)
        place = np.sqrt(distances[tails[0]] * distances[heads[0]])
        near = max(r, 0.7 * place)
        six = (place / near) ** 6
        depth = np.sqrt(depths[tails[0]] * depths[heads[0]])
        curve = 12.0 * depth * six * (13.0 * six - 7.0) / near**2
        if curve <= 0.0:
            continue
        for c in range(3):
            slopes[0, c] = steps[0, c] / max(r, 1e-9)
        _spread(matrix, heads, tails, 1, steps, slopes, curve, places, row)


@numba.njit(cache=True)
@no_type_check
def _angles(matrix, cart, lattice, atoms, cells, values):
    steps, slopes = np.empty((2, 3)), np.empty((2, 3))
    heads, tails = np.empty(2, np.int64), np.empty(2, np.int64)
    places, row = np.empty(30, np.int64), np.empty(30)
    for t in range(len(atoms)):
        tails[0] = tails[1] = atoms[t, 1]
        heads[0], heads[1] = atoms[t, 0], atoms[t, 2]
        _step(cart, lattice, tails[0], heads[0], cells, t, 0, steps[0])
        _step(cart, lattice, tails[1], heads[1], cells, t, 3, steps[1])
        ra = np.sqrt((steps[0] ** 2).sum()) + 1e-9
        rb = np.sqrt((steps[1] ** 2).sum()) + 1e-9
        x = (steps[0] * steps[1]).sum() / (ra * rb)
        x = min(1.0, max(-1.0, x))
        v = values[t]
        slope = v[1] + x * (2.0 * v[2] + x * (3.0 * v[3] + x * 4.0 * v[4]))
        curve = 2.0 * v[2] + x * (6.0 * v[3] + x * 12.0 * v[4])
        if x > v[5]:
            slope += 2.0 * v[6] * (x - v[5])
            curve += 2.0 * v[6]
        square = 1.0 - x * x
        bend = curve * square - slope * x
        if bend <= 0.0:
            continue
        if square > 0.05:
            for c in range(3):
                a, b = steps[0, c] / ra, steps[1, c] / rb
                slopes[0, c] = (b - x * a) / ra
                slopes[1, c] = (a - x * b) / rb
            _spread(matrix, heads, tails, 2, steps, slopes, bend / square, places, row)
            continue
        # Near 0° and 180° the angle has no slope; the sum or difference of the directions has.
        sign = -1.0 if x < 0.0 else 1.0
        for k in range(3):
            for c in range(3):
                a, b = steps[0, c] / ra, steps[1, c] / rb
                own = 1.0 if c == k else 0.0
                slopes[0, c] = (own - a * steps[0, k] / ra) / ra
                slopes[1, c] = -sign * (own - b * steps[1, k] / rb) / rb
            _spread(matrix, heads, tails, 2, steps, slopes, bend, places, row)


@numba.njit(cache=True)
@no_type_check
def _torsions(matrix, cart, lattice, atoms, cells, values):
    steps, slopes = np.empty((3, 3)), np.empty((3, 3))
    heads, tails = np.empty(3, np.int64), np.empty(3, np.int64)
    places, row = np.empty(30, np.int64), np.empty(30)
    w, s, m, n = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for t in range(len(atoms)):
        tails[0] = tails[1] = atoms[t, 1]
        heads[0], heads[1] = atoms[t, 0], atoms[t, 2]
        tails[2], heads[2] = atoms[t, 2], atoms[t, 3]
        _step(cart, lattice, tails[0], heads[0], cells, t, 0, steps[0])
        _step(cart, lattice, tails[1], heads[1], cells, t, 3, steps[1])
        _step(cart, lattice, tails[0], heads[2], cells, t, 6, w)
        p, q = steps[0], steps[1]
        for c in range(3):
            s[c] = w[c] - q[c]
            steps[2, c] = s[c]
        for c in range(3):
            e, f = (c + 1) % 3, (c + 2) % 3
            m[c] = p[e] * q[f] - p[f] * q[e]
            n[c] = s[e] * q[f] - s[f] * q[e]
        mm, nn, qq = (m**2).sum(), (n**2).sum(), (q**2).sum()
        if mm < 0.05 or nn < 0.05:
            continue
        x = (m * n).sum() / np.sqrt(mm * nn)
        v = values[t]
        slope = v[1] + x * (
            2.0 * v[2] + x * (3.0 * v[3] + x * (4.0 * v[4] + x * (5.0 * v[5] + x * 6.0 * v[6])))
        )
        curve = 2.0 * v[2] + x * (
            6.0 * v[3] + x * (12.0 * v[4] + x * (20.0 * v[5] + x * 30.0 * v[6]))
        )
        turn = curve * (1.0 - x * x) - slope * x
        if turn <= 0.0:
            continue
        rq = np.sqrt(qq)
        pq, sq = (p * q).sum(), (s * q).sum()
        for c in range(3):
            slopes[0, c] = rq * m[c] / mm
            slopes[2, c] = -rq * n[c] / nn
            slopes[1, c] = -(pq / rq) * m[c] / mm + (sq / rq) * n[c] / nn
        _spread(matrix, heads, tails, 3, steps, slopes, turn, places, row)


@numba.njit(cache=True)
@no_type_check
def _inversions(matrix, cart, lattice, atoms, cells, values):
    steps, slopes = np.empty((3, 3)), np.empty((3, 3))
    heads, tails = np.empty(3, np.int64), np.empty(3, np.int64)
    places, row = np.empty(30, np.int64), np.empty(30)
    m, u = np.empty(3), np.empty(3)
    for t in range(len(atoms)):
        for v in range(3):
            tails[v], heads[v] = atoms[t, 0], atoms[t, v + 1]
            _step(cart, lattice, tails[v], heads[v], cells, t, 3 * v, steps[v])
        a, b, d = steps[0], steps[1], steps[2]
        for c in range(3):
            e, f = (c + 1) % 3, (c + 2) % 3
            m[c] = a[e] * b[f] - a[f] * b[e]
        rm, rd = np.sqrt((m**2).sum()) + 1e-6, np.sqrt((d**2).sum()) + 1e-9
        x = (m * d).sum() / (rm * rd)
        for c in range(3):
            u[c] = (d[c] / rd - x * m[c] / rm) / rm
        for c in range(3):
            e, f = (c + 1) % 3, (c + 2) % 3
            slopes[0, c] = b[e] * u[f] - b[f] * u[e]
            slopes[1, c] = u[e] * a[f] - u[f] * a[e]
            slopes[2, c] = (m[c] / rm - x * d[c] / rd) / rd
        weight = abs(values[t, 1]) + 4.0 * abs(values[t, 2])
        _spread(matrix, heads, tails, 3, steps, slopes, weight, places, row)
