"""Atoms as the sums of structure factors want them: folded by symmetry, sorted into groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.structure import Crystal
from porescope.diffraction.reflections import ReflectionSymmetry, plain_array
from porescope.diffraction.structure_factor_kernels import _fold

DEFAULT_U_ISO = 0.02
"""Displacement U [Å²] of atoms whose source gives none (B = 1.6 Å², room temperature)."""

_NO_CENTRE = np.zeros(3)
_IDENTITY = np.eye(3, dtype=np.int64)[None]
_NO_SHIFT = np.zeros((1, 3))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scatterers:
    """Atoms as the sums want them: folded by symmetry, sorted into groups of equal kind and U."""

    frac: Float[np.ndarray, "atoms 3"]
    """Positions, with the inversion centre at the origin where ``centric``."""
    weight: Float[np.ndarray, "atoms"]
    """Occupancy times the number of atoms that one stands for."""
    start: Int[np.ndarray, "groups_and_one"]
    """First atom of each group, and the number of atoms at the end."""
    group_species: Int[np.ndarray, "groups"]
    """Index of the species of each group."""
    group_u: Float[np.ndarray, "groups"]
    """Isotropic displacement of each group [Å²]."""
    numbers: Int[np.ndarray, "species"]
    """Atomic numbers of the species."""
    isotopes: Int[np.ndarray, "species"]
    """Their mass numbers, 0 for the natural mixture."""
    centric: bool
    """Whether the sum of cosines alone is the structure factor."""


def scatterers_of(
    crystal: Crystal,
    *,
    symmetry: ReflectionSymmetry | None = None,
    default_u_iso: float = DEFAULT_U_ISO,
) -> Scatterers:
    """Atoms of a crystal, folded by symmetry and grouped by species and U.

    Parameters
    ----------
    crystal:
        The structure.
    symmetry:
        Fold the atoms by these operations: valid for reflections that are not absent, up to a
        phase. ``None`` keeps every atom of the cell.
    default_u_iso:
        Displacement of atoms whose U is unknown [Å²].
    """
    orbit, isotopes, rotations, shifts, centre, centric = folding(crystal, symmetry)
    frac, weight, start, species, u, numbers, kinds = _fold(
        plain_array(crystal.frac),
        orbit,
        plain_array(crystal.numbers),
        isotopes,
        plain_array(crystal.u_iso),
        plain_array(crystal.occupancy),
        rotations,
        shifts,
        centre,
        1.0 / len(rotations),
        default_u_iso,
    )
    return Scatterers(
        frac=frac,
        weight=weight,
        start=start,
        group_species=species,
        group_u=u,
        numbers=numbers,
        isotopes=kinds,
        centric=centric,
    )


def folding(crystal: Crystal, symmetry: ReflectionSymmetry | None):
    """Orbits, isotopes, coset operations, centre and centricity for the folding kernel."""
    n = crystal.n_atoms
    isotopes = np.zeros(n, np.int64) if crystal.isotopes is None else plain_array(crystal.isotopes)
    if symmetry is None or crystal.orbit is None:
        return np.arange(n), isotopes, _IDENTITY, _NO_SHIFT, _NO_CENTRE, False
    orbit = plain_array(crystal.orbit)
    rotations, shifts = symmetry.coset_rotations, symmetry.coset_translations
    if symmetry.inversion is None:
        return orbit, isotopes, rotations, shifts, _NO_CENTRE, False
    return orbit, isotopes, rotations, shifts, 0.5 * symmetry.inversion, True
