"""Which lattices are the same, which contain one another, and what symmetry a metric has."""

from __future__ import annotations

import warnings
from functools import lru_cache
from itertools import product

import numpy as np
from jaxtyping import Float

from porescope.crystal.lattice import niggli_lattice, parameters_from_lattice
from porescope.diffraction.indexing import forms
from porescope.errors import ConfigError

_STEPS = np.array([v for v in product(range(-3, 4), repeat=3) if any(v)], dtype=np.float64)


def reduced_cell(lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """Niggli cell, or the cell itself where the reduction fails on its rounding."""
    try:
        return niggli_lattice(lattice)[0]
    except ConfigError:
        return lattice


def same_lattice(
    first: Float[np.ndarray, "3 3"],
    second: Float[np.ndarray, "3 3"],
    *,
    length_tolerance: float = 0.01,
    angle_tolerance_deg: float = 1.0,
) -> bool:
    """Whether two primitive cells span the same lattice, whatever their orientation.

    Some cell of the first lattice must agree with the Niggli cell of the second in every edge and
    angle; this does not jump where a reduction changes its mind.

    Parameters
    ----------
    first, second:
        Primitive cells, rows a, b, c [Å].
    length_tolerance:
        Relative tolerance of the edges.
    angle_tolerance_deg:
        Tolerance of the angles [°].
    """
    volume_1, volume_2 = abs(np.linalg.det(first)), abs(np.linalg.det(second))
    if abs(volume_1 / volume_2 - 1.0) > 3.0 * length_tolerance + 0.02:
        return False
    target = parameters_from_lattice(reduced_cell(second))
    basis = reduced_cell(first)
    vectors = _STEPS @ basis
    lengths = np.linalg.norm(vectors, axis=1)
    fits = [np.abs(lengths / t - 1.0) <= length_tolerance for t in target[:3]]
    if not all(np.any(f) for f in fits):
        return False
    cosine = np.cos(np.deg2rad(target[3:]))
    slack = np.deg2rad(angle_tolerance_deg) * np.maximum(np.sqrt(1.0 - cosine**2), 0.05)
    unit = vectors / lengths[:, None]
    a_all, b_all, c_all = (np.flatnonzero(f) for f in fits)
    for a in a_all:
        for b in b_all:
            if abs(unit[a] @ unit[b] - cosine[2]) > slack[2]:
                continue
            good = c_all[
                (np.abs(unit[c_all] @ unit[a] - cosine[1]) <= slack[1])
                & (np.abs(unit[c_all] @ unit[b] - cosine[0]) <= slack[0])
            ]
            for c in good:
                if abs(abs(np.linalg.det(_STEPS[[a, b, c]])) - 1.0) < 1e-6:
                    return True
    return False


@lru_cache(maxsize=8)
def sublattices(index: int) -> np.ndarray:
    """Every sublattice of an index, as integer matrices in Hermite normal form."""
    out = []
    for a in range(1, index + 1):
        if index % a:
            continue
        for b in range(1, index // a + 1):
            if (index // a) % b:
                continue
            c = index // (a * b)
            out += [
                [[a, i, j], [0, b, k], [0, 0, c]]
                for i in range(b)
                for j in range(c)
                for k in range(c)
            ]
    return np.array(out, dtype=np.float64)


def derivative_index(
    first: Float[np.ndarray, "3 3"], second: Float[np.ndarray, "3 3"], *, max_index: int = 4
) -> int:
    """How many times one primitive lattice fits into the other; 0 where it does not.

    Returns
    -------
    :
        1 for the same lattice, n > 1 where the larger cell is a superlattice of index n of the
        smaller one.
    """
    small, large = sorted((first, second), key=lambda cell: abs(np.linalg.det(cell)))
    ratio = abs(np.linalg.det(large)) / abs(np.linalg.det(small))
    index = round(ratio)
    if not 1 <= index <= max_index or abs(ratio / index - 1.0) > 0.03:
        return 0
    small = reduced_cell(small)
    for matrix in sublattices(index):
        if same_lattice(matrix @ small, large):
            return index
    return 0


def conventional_forms(
    primitive: Float[np.ndarray, "3 3"], *, tolerances: tuple[float, ...] = (0.002, 0.008, 0.02)
) -> list[tuple[int, int, Float[np.ndarray, "6"]]]:
    """Conventional cells of a lattice at several tolerances of its symmetry.

    Parameters
    ----------
    primitive:
        Primitive cell, rows a, b, c [Å].
    tolerances:
        Allowed distortions, as fractions of the cube root of the volume.

    Returns
    -------
    :
        System code, centring code and reciprocal form of each different answer.
    """
    import spglib

    size = abs(np.linalg.det(primitive)) ** (1.0 / 3.0)
    cell = (reduced_cell(primitive).tolist(), [[0.0, 0.0, 0.0]], [1])
    out: list[tuple[int, int, np.ndarray]] = []
    for tolerance in tolerances:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                found = spglib.get_symmetry_dataset(cell, symprec=tolerance * size)
        except spglib.SpglibError:
            found = None
        if found is None:
            continue
        system = _system_of_number(found.number)
        centring = forms.CENTRINGS.index(found.international[0])
        lattice = np.array(found.std_lattice)
        if system == forms.MONOCLINIC:
            lattice, centring = tidy_monoclinic(lattice, centring)
        if all(kind[:2] != (system, centring) for kind in out):
            out.append((system, centring, forms.form_from_lattice(lattice)))
    return out


def standard_setting(
    system: int, centring: int, lattice: Float[np.ndarray, "3 3"]
) -> tuple[int, int, Float[np.ndarray, "6"]]:
    """The same lattice in the setting that is written down: system, centring and form.

    Triclinic cells are Niggli cells; monoclinic ones have β at least 90° and C or I centring; of
    orthorhombic ones with one centred face, that face is C.
    """
    if system == forms.TRICLINIC:
        lattice = reduced_cell(lattice)
    elif system == forms.MONOCLINIC:
        lattice, centring = tidy_monoclinic(lattice, centring)
    elif system == forms.ORTHORHOMBIC and centring in (forms.A_FACE, forms.B_FACE):
        lattice = lattice[[1, 2, 0]] if centring == forms.A_FACE else lattice[[2, 0, 1]]
        centring = forms.C_FACE
    return system, centring, forms.form_from_lattice(lattice)


def _system_of_number(number: int) -> int:
    """System code of a space-group number; trigonal ones count as hexagonal."""
    bounds = ((195, forms.CUBIC), (143, forms.HEXAGONAL), (75, forms.TETRAGONAL))
    for low, system in (*bounds, (16, forms.ORTHORHOMBIC), (3, forms.MONOCLINIC)):
        if number >= low:
            return system
    return forms.TRICLINIC


def tidy_monoclinic(
    lattice: Float[np.ndarray, "3 3"], centring: int
) -> tuple[Float[np.ndarray, "3 3"], int]:
    """Monoclinic cell with b unique, β at least 90° and as near to it as it gets; P or C or I.

    The cell stays P; of the descriptions C and I of a centred one, that with β nearer 90° is taken
    and A becomes C.
    """
    a, b, c = lattice
    best: tuple[float, np.ndarray, int] | None = None
    for m in product(range(-2, 3), repeat=4):
        if m[0] * m[3] - m[1] * m[2] != 1:
            continue
        new_a, new_c = m[0] * a + m[1] * c, m[2] * a + m[3] * c
        kind = _plane_centring(centring, m)
        if kind == forms.A_FACE:
            continue
        length = float(np.linalg.norm(new_a) * np.linalg.norm(new_c))
        cosine = float(new_a @ new_c) / length
        if cosine > 1e-9:
            continue
        order = 0.0 if kind or np.linalg.norm(new_a) <= np.linalg.norm(new_c) * 1.0001 else 1e-3
        rank = -cosine + order + (1e-2 if kind == forms.BODY else 0.0)
        if best is None or rank < best[0]:
            best = (rank, np.array([new_a, b, new_c]), kind)
    if best is None:
        return lattice, centring
    cell = best[1]
    return (cell if np.linalg.det(cell) > 0 else -cell), best[2]


def _plane_centring(centring: int, m: tuple[int, ...]) -> int:
    """Centring after a change of a and c: where the centred point of b/2 goes."""
    if centring == forms.PRIMITIVE:
        return centring
    point = {forms.A_FACE: (0, 1), forms.C_FACE: (1, 0), forms.BODY: (1, 1)}[centring]
    # Coordinates of a vector transform with the inverse transpose of the basis change.
    x = (point[0] * m[3] - point[1] * m[2]) % 2
    z = (-point[0] * m[1] + point[1] * m[0]) % 2
    return {(0, 1): forms.A_FACE, (1, 0): forms.C_FACE, (1, 1): forms.BODY}[(x, z)]
