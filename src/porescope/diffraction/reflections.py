"""Lists of reflections: which ones there are, and how many equivalents each has."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from porescope.crystal.space_group import P1, SpaceGroup
from porescope.diffraction.reflection_kernels import _enumerate
from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReflectionList:
    """Symmetry-unique reflections of one cell, sorted by falling d."""

    hkl: Int[np.ndarray, "reflections 3"]
    """Miller indices of one representative of each set."""
    d: Float[np.ndarray, "reflections"]
    """Interplanar spacings [Å]."""
    multiplicity: Int[np.ndarray, "reflections"]
    """Number of equivalent reflections, Friedel mates included."""
    f_squared: Float[np.ndarray, "reflections"] | None = None
    """Squared structure factor of one reflection of the set [electrons² or fm²]."""

    @property
    def n_reflections(self) -> int:
        """Number of unique reflections."""
        return len(self.hkl)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReflectionSymmetry:
    """What a space group says about reflections, in the form that the kernels use."""

    laue: Int[np.ndarray, "laue 3 3"]
    """Rotations of the Laue class; the equivalents of h are ``h @ rotation``."""
    centrings: Float[np.ndarray, "centrings 3"]
    """Pure translations other than zero."""
    screw_rotations: Int[np.ndarray, "screws 3 3"]
    """Rotations of the operations with an intrinsic translation (screws and glides)."""
    screw_translations: Float[np.ndarray, "screws 3"]
    """Their intrinsic translations, exact fractions rounded to float64."""
    inversion: Float[np.ndarray, "3"] | None
    """Translation of the inversion, ``None`` where there is none."""
    coset_rotations: Int[np.ndarray, "cosets 3 3"]
    """Rotations of one operation for each coset of {centrings} × {1, inversion}."""
    coset_translations: Float[np.ndarray, "cosets 3"]
    """Translations of these operations."""
    n_ops: int
    """Operations of the space group in the cell."""


def unique_reflections(
    lattice: Float[np.ndarray, "3 3"],
    *,
    space_group: SpaceGroup = P1,
    d_min: float,
    d_max: float = np.inf,
) -> ReflectionList:
    """All reflections that the space group allows, one of each set of equivalents.

    Equivalents are those of the Laue class, so Friedel mates are merged. Systematic absences of
    centrings, screw axes and glide planes are removed exactly, whatever the origin and the
    setting; International Tables for Crystallography A, chapter 1.6,
    https://doi.org/10.1107/97809553602060000924.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    space_group:
        Operations in the basis of this cell.
    d_min, d_max:
        Smallest and largest interplanar spacing [Å].

    Returns
    -------
    :
        Reflections sorted by falling d, then by h, k, l; no structure factors.

    Raises
    ------
    ConfigError
        ``d_min`` is not positive, or the cell has no volume.
    """
    hkl, multiplicity, s_squared = enumerated(
        lattice, reflection_symmetry(space_group), d_min=d_min, d_max=d_max
    )
    d = 0.5 / np.sqrt(s_squared)
    order = np.argsort(s_squared, kind="stable")
    return ReflectionList(hkl=hkl[order], d=d[order], multiplicity=multiplicity[order])


def enumerated(
    lattice: Float[np.ndarray, "3 3"],
    symmetry: ReflectionSymmetry,
    *,
    d_min: float,
    d_max: float = np.inf,
) -> tuple[
    Int[np.ndarray, "reflections 3"],
    Int[np.ndarray, "reflections"],
    Float[np.ndarray, "reflections"],
]:
    """Indices, multiplicities and (sin θ/λ)² [1/Å²] in rising order of h, k, l.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    symmetry:
        From :func:`reflection_symmetry`.
    d_min, d_max:
        Smallest and largest interplanar spacing [Å].
    """
    try:
        return _enumerate(
            plain_array(lattice),
            _inverse_square(d_min),
            _inverse_square(d_max),
            symmetry.laue,
            symmetry.centrings,
            symmetry.screw_rotations,
            symmetry.screw_translations,
        )
    except ValueError:
        raise bad_request(lattice, d_min=d_min) from None


def plain_array(array: Shaped[np.ndarray, "..."]) -> Shaped[np.ndarray, "..."]:
    """The array as the kernels are compiled for: 64 bits, in order, and writeable.

    Each other kind of array would make numba compile the kernels once more, for seconds.

    Parameters
    ----------
    array:
        Integers or floats; copied only where it must be.
    """
    kind = np.int64 if array.dtype.kind in "iu" else np.float64
    plain = np.ascontiguousarray(array, dtype=kind)
    return plain if plain.flags.writeable else plain.copy()


def bad_request(lattice: Float[np.ndarray, "3 3"], *, d_min: float) -> ConfigError:
    """The error for a cell without volume or a limit that is no length.

    Parameters
    ----------
    lattice, d_min:
        What was asked for.
    """
    a, b, c = lattice
    volume = float(abs(a @ np.cross(b, c)))
    return ConfigError(
        f"reflections need a cell with a volume and a positive d_min [Å]; got {volume:.4g} Å³ "
        f"and d_min = {d_min}"
    )


def _inverse_square(d: float) -> float:
    """1/d², and 0 for a length that is none."""
    return 1.0 / (d * d) if d > 0.0 else 0.0


def absent(
    hkl: Int[np.ndarray, "reflections 3"], *, space_group: SpaceGroup
) -> Bool[np.ndarray, "reflections"]:
    """Which reflections are systematically absent.

    Parameters
    ----------
    hkl:
        Miller indices in the basis of the space group's cell.
    space_group:
        Operations of the cell.
    """
    symmetry = reflection_symmetry(space_group)
    result = np.zeros(len(hkl), dtype=bool)
    for translation in symmetry.centrings:
        phase = hkl @ translation
        result |= np.abs(phase - np.rint(phase)) > 1e-6
    for rotation, translation in zip(
        symmetry.screw_rotations, symmetry.screw_translations, strict=True
    ):
        phase = hkl @ translation
        fixed = np.all(hkl @ rotation == hkl, axis=1)
        result |= fixed & (np.abs(phase - np.rint(phase)) > 1e-6)
    return result


def equivalents(
    hkl: Int[np.ndarray, "3"], *, space_group: SpaceGroup
) -> Int[np.ndarray, "equivalents 3"]:
    """All reflections equivalent to one in the Laue class, itself included.

    Parameters
    ----------
    hkl:
        Miller indices.
    space_group:
        Operations of the cell.
    """
    return np.unique(hkl @ reflection_symmetry(space_group).laue, axis=0)


@lru_cache(maxsize=2048)
def reflection_symmetry(space_group: SpaceGroup) -> ReflectionSymmetry:
    """What a space group says about reflections; kept for groups seen before.

    Parameters
    ----------
    space_group:
        Any setting and origin.
    """
    return _symmetry_from_bytes(
        np.ascontiguousarray(space_group.rotations, dtype=np.int64).tobytes(),
        np.ascontiguousarray(space_group.translations, dtype=np.float64).tobytes(),
    )


@lru_cache(maxsize=1024)
def _symmetry_from_bytes(rotation_bytes: bytes, translation_bytes: bytes) -> ReflectionSymmetry:
    """The same, kept by the operations' content, as each file makes its own object."""
    rotations = np.frombuffer(rotation_bytes, dtype=np.int64).reshape(-1, 3, 3)
    translations = np.frombuffer(translation_bytes).reshape(-1, 3)
    identity = np.eye(3, dtype=np.int64)
    intrinsic = np.array(
        [_intrinsic(r, t) for r, t in zip(rotations, translations, strict=True)]
    ).reshape(-1, 3)
    pure = np.all(rotations == identity, axis=(1, 2))
    moving = np.any(np.abs(intrinsic - np.rint(intrinsic)) > 1e-6, axis=1)
    screws = moving & ~pure
    inverting = np.flatnonzero(np.all(rotations == -identity, axis=(1, 2)))
    point_group = np.unique(rotations, axis=0)
    both = np.unique(np.concatenate([point_group, -point_group]), axis=0)
    # one operation for each rotation, and of a rotation and its inverse only one
    _, first = np.unique(rotations, axis=0, return_index=True)
    cosets, seen = [], set()
    for i in first.tolist():
        key = rotations[i].tobytes()
        if key in seen:
            continue
        cosets.append(i)
        seen.add(key)
        if len(inverting):
            seen.add((-rotations[i]).tobytes())
    return ReflectionSymmetry(
        laue=np.ascontiguousarray(both),
        centrings=np.ascontiguousarray(intrinsic[pure & moving]),
        screw_rotations=np.ascontiguousarray(rotations[screws]),
        screw_translations=np.ascontiguousarray(intrinsic[screws]),
        inversion=translations[inverting[0]].copy() if len(inverting) else None,
        coset_rotations=np.ascontiguousarray(rotations[cosets]),
        coset_translations=np.ascontiguousarray(translations[cosets]),
        n_ops=len(rotations),
    )


def _intrinsic(
    rotation: Int[np.ndarray, "3 3"], translation: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "3"]:
    """Intrinsic (screw or glide) part of an operation, as exact fractions in [0, 1).

    It is the mean of ``R^k t`` over the powers of R, and does not depend on the origin.
    """
    total, power, order = np.zeros(3), np.eye(3, dtype=np.int64), 0
    while order == 0 or not np.array_equal(power, np.eye(3, dtype=np.int64)):
        total += power @ translation
        power = rotation @ power
        order += 1
        if order > 6:
            raise ConfigError("a rotation of the space group has no crystallographic order")
    exact = [Fraction(float(x)).limit_denominator(48) for x in total / order]
    return np.array([float(f % 1) for f in exact])
