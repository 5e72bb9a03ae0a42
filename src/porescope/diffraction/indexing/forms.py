"""The quadratic form of a reciprocal lattice and what each Bravais lattice leaves free of it.

A line of spacing d lies at ``s = 1/d²``, and

.. math:: s_{hkl} = A h^2 + B k^2 + C l^2 + D k l + E h l + F h k

is linear in the six numbers of the form. A lattice system leaves one (cubic) to six (triclinic)
of them free, the *parameters* of that system.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numba import njit

from porescope.crystal.symmetry import LatticeSystem

CUBIC, TETRAGONAL, HEXAGONAL, ORTHORHOMBIC, MONOCLINIC, TRICLINIC = range(6)
N_PARAMETERS = (1, 2, 2, 3, 4, 6)
"""Free numbers of the form, by system code."""
MULTIPLICITY = (48, 16, 24, 8, 4, 2)
"""Reflections in a general position that share one spacing, by system code."""

PRIMITIVE, A_FACE, B_FACE, C_FACE, BODY, FACE, RHOMBOHEDRAL = range(7)
CENTRINGS = "PABCIFR"
"""Letters of the centring codes."""
NODES = (1, 2, 2, 2, 2, 4, 3)
"""Lattice points in the conventional cell, by centring code."""

BRAVAIS: dict[int, tuple[int, ...]] = {
    CUBIC: (PRIMITIVE, BODY, FACE),
    TETRAGONAL: (PRIMITIVE, BODY),
    HEXAGONAL: (PRIMITIVE, RHOMBOHEDRAL),
    ORTHORHOMBIC: (PRIMITIVE, A_FACE, B_FACE, C_FACE, BODY, FACE),
    MONOCLINIC: (PRIMITIVE, A_FACE, C_FACE, BODY),
    TRICLINIC: (PRIMITIVE,),
}
"""Centrings that a cell of each system can have (monoclinic: b is the unique axis)."""


def system_name(system: int, centring: int) -> LatticeSystem:
    """Name of the lattice system; a hexagonal cell with R centring is rhombohedral."""
    if system == HEXAGONAL and centring == RHOMBOHEDRAL:
        return "rhombohedral"
    names: tuple[LatticeSystem, ...] = (
        "cubic",
        "tetragonal",
        "hexagonal",
        "orthorhombic",
        "monoclinic",
        "triclinic",
    )
    return names[system]


def form_from_parameters(
    parameters: Float[np.ndarray, "free"], *, system: int
) -> Float[np.ndarray, "6"]:
    """All six numbers of the form [1/Å²] from those that the system leaves free."""
    form = np.zeros(6)
    _form(np.asarray(parameters, dtype=np.float64), system, form)
    return form


def parameters_from_form(form: Float[np.ndarray, "6"], *, system: int) -> Float[np.ndarray, "free"]:
    """Free numbers of the form [1/Å²], averaged over those that the system makes equal."""
    a, b, c, d, e, f = form
    if system == CUBIC:
        return np.array([(a + b + c) / 3.0])
    if system == TETRAGONAL:
        return np.array([(a + b) / 2.0, c])
    if system == HEXAGONAL:
        return np.array([(a + b + f) / 3.0, c])
    if system == ORTHORHOMBIC:
        return np.array([a, b, c])
    if system == MONOCLINIC:
        return np.array([a, b, c, e])
    return np.array([a, b, c, d, e, f])


def lattice_from_form(form: Float[np.ndarray, "6"]) -> Float[np.ndarray, "3 3"]:
    """Cell vectors as rows [Å], a along x and b in the xy plane.

    Raises
    ------
    ValueError
        Where the form is not positive definite.
    """
    a, b, c, d, e, f = form
    reciprocal = np.array([[a, f / 2, e / 2], [f / 2, b, d / 2], [e / 2, d / 2, c]])
    metric = np.linalg.inv(reciprocal)
    try:
        return np.linalg.cholesky(metric)
    except np.linalg.LinAlgError:
        raise ValueError(f"the form {form.tolist()} is not that of a lattice") from None


def form_from_lattice(lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "6"]:
    """Six numbers of the reciprocal form [1/Å²] of a cell (rows a, b, c)."""
    metric = np.linalg.inv(lattice @ lattice.T)
    return np.array(
        [
            metric[0, 0],
            metric[1, 1],
            metric[2, 2],
            2.0 * metric[1, 2],
            2.0 * metric[0, 2],
            2.0 * metric[0, 1],
        ]
    )


def lines_of_form(
    form: Float[np.ndarray, "6"], *, system: int, centring: int, s_max: float
) -> tuple[Float[np.ndarray, "lines"], np.ndarray]:
    """Every line of a lattice up to a limit, one per orbit of the system's Laue group.

    Parameters
    ----------
    form:
        Reciprocal form [1/Å²].
    system, centring:
        Codes of this module.
    s_max:
        Largest 1/d² [1/Å²].

    Returns
    -------
    :
        1/d² in increasing order [1/Å²] and the Miller indices, shape (lines, 3).
    """
    room = 256
    while True:
        s = np.empty(room)
        hkl = np.empty((room, 3), dtype=np.int64)
        n = int(_lines(np.asarray(form, dtype=np.float64), system, centring, s_max, s, hkl))
        if n < room or room > 4_000_000:
            break
        room *= 4
    order = np.argsort(s[:n], kind="stable")
    return s[order], hkl[order]


@njit(cache=True)
def _form(parameters, system, out):
    # Six numbers from the free ones.
    out[:] = 0.0
    if system == 0:
        out[0] = out[1] = out[2] = parameters[0]
    elif system == 1:
        out[0] = out[1] = parameters[0]
        out[2] = parameters[1]
    elif system == 2:
        out[0] = out[1] = out[5] = parameters[0]
        out[2] = parameters[1]
    elif system == 3:
        out[0] = parameters[0]
        out[1] = parameters[1]
        out[2] = parameters[2]
    elif system == 4:
        out[0] = parameters[0]
        out[1] = parameters[1]
        out[2] = parameters[2]
        out[4] = parameters[3]
    else:
        for i in range(6):
            out[i] = parameters[i]


@njit(cache=True)
def _design(h, k, l, system, out):
    # Coefficients of the free parameters in s(hkl).
    if system == 0:
        out[0] = h * h + k * k + l * l
    elif system == 1:
        out[0] = h * h + k * k
        out[1] = l * l
    elif system == 2:
        out[0] = h * h + h * k + k * k
        out[1] = l * l
    elif system == 3:
        out[0] = h * h
        out[1] = k * k
        out[2] = l * l
    elif system == 4:
        out[0] = h * h
        out[1] = k * k
        out[2] = l * l
        out[3] = h * l
    else:
        out[0] = h * h
        out[1] = k * k
        out[2] = l * l
        out[3] = k * l
        out[4] = h * l
        out[5] = h * k


@njit(cache=True)
def _allowed(h, k, l, centring):
    # Whether the centring lets (hkl) through; R means obverse or reverse, same spacing.
    if centring == 0:
        return True
    if centring == 1:
        return (k + l) % 2 == 0
    if centring == 2:
        return (h + l) % 2 == 0
    if centring == 3:
        return (h + k) % 2 == 0
    if centring == 4:
        return (h + k + l) % 2 == 0
    if centring == 5:
        return (h + k) % 2 == 0 and (k + l) % 2 == 0
    return (-h + k + l) % 3 == 0 or (h - k + l) % 3 == 0


@njit(cache=True)
def _determinant(form):
    # Determinant of the reciprocal metric, 1/V².
    a, b, c = form[0], form[1], form[2]
    d, e, f = 0.5 * form[3], 0.5 * form[4], 0.5 * form[5]
    return a * (b * c - d * d) - f * (f * c - d * e) + e * (f * d - b * e)


@njit(cache=True)
def _limits(form, s_max):
    # Largest |h|, |k| below s_max, from the edges of the direct cell; -1 if not a lattice.
    a, b, c = form[0], form[1], form[2]
    d, e, f = 0.5 * form[3], 0.5 * form[4], 0.5 * form[5]
    det = _determinant(form)
    if det <= 0.0 or a <= 0.0 or b <= 0.0 or c <= 0.0 or a * b - f * f <= 0.0:
        return -1, -1
    return (
        int(np.sqrt(s_max * (b * c - d * d) / det) + 1e-9),
        int(np.sqrt(s_max * (a * c - e * e) / det) + 1e-9),
    )


@njit(cache=True)
def _range_l(form, h, k, s_max):
    # First and last l with s(hkl) <= s_max; an empty range where there is none.
    slope = form[3] * k + form[4] * h
    rest = form[0] * h * h + form[1] * k * k + form[5] * h * k
    disc = slope * slope - 4.0 * form[2] * (rest - s_max)
    if disc < 0.0:
        return 1, 0
    root = np.sqrt(disc)
    low = int(np.ceil((-slope - root) / (2.0 * form[2]) - 1e-9))
    high = int(np.floor((-slope + root) / (2.0 * form[2]) + 1e-9))
    return low, high


@njit(cache=True)
def _range_k(system, h, k_max):
    # Values of k that stand for all equivalents at this h.
    if system <= 2:
        return 0, min(h, k_max)
    if system <= 4 or h == 0:
        return 0, k_max
    return -k_max, k_max


@njit(cache=True)
def _clip_l(system, h, k, low, high):
    # Values of l that stand for all equivalents at this h, k.
    if system == 0:
        low = max(low, 0)
        high = min(high, k)
    elif system <= 3:
        low = max(low, 0)
    elif system == 4:
        if h == 0:
            low = max(low, 0)
    elif h == 0 and k == 0:
        low = max(low, 0)
    if h == 0 and k == 0 and low == 0:
        low = 1
    return low, high


@njit(cache=True)
def _lines(form, system, centring, s_max, s, hkl):
    # Fill s and hkl, one entry per orbit; returns the number, at most len(s).
    h_max, k_max = _limits(form, s_max)
    n = 0
    if h_max < 0:
        return 0
    for h in range(h_max + 1):
        k_low, k_high = _range_k(system, h, k_max)
        for k in range(k_low, k_high + 1):
            low, high = _range_l(form, h, k, s_max)
            low, high = _clip_l(system, h, k, low, high)
            base = form[0] * h * h + form[1] * k * k + form[5] * h * k
            slope = form[3] * k + form[4] * h
            for l in range(low, high + 1):
                if not _allowed(h, k, l, centring):
                    continue
                if n == len(s):
                    return n
                s[n] = base + (slope + form[2] * l) * l
                hkl[n, 0] = h
                hkl[n, 1] = k
                hkl[n, 2] = l
                n += 1
    return n
