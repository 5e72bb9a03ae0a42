"""Whether the atoms of a framework lie apart, and distances tell the bonds that are meant.

Assembled frameworks are judged in two ways. :func:`is_sound` asks that every atom seem to have
just the bonds that it is meant to have, so that the framework is known again from its coordinates.
:func:`crowding_of` counts only bonds between non-metals that are not meant, and so puts crowded
frameworks in order; nodes with metals that come near, and links that are a little open, pass.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int

from porescope.crystal.bonds import bonds_of
from porescope.crystal.elements import covalent_radii, is_metal
from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.orbits import wrapped
from porescope.crystal.structure import Crystal
from porescope.reticular.assembly import Assembly, bonds_of_assembly

ROOM = 4.5
"""Least volume of a framework for each atom [Å³]; dense ionic crystals have twice as much."""
_CLOSE = 0.72
"""Atoms nearer than this share of the sum of their radii, and not bonded, overlap."""


def overlaps(crystal: Crystal, assembly: Assembly, *, allowed: int = 0) -> bool:
    """Whether atoms that are not bonded lie on one another.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    allowed:
        Overlapping pairs that are forgiven.
    """
    radii = covalent_radii()[crystal.numbers]
    near = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=2.0)
    close = near.distance < _CLOSE * (radii[near.first] + radii[near.second])
    close &= ~((crystal.numbers[near.first] == 1) & (crystal.numbers[near.second] == 1)) | (
        near.distance < 1.2
    )
    first, second = near.first[close], near.second[close]
    if not len(first):
        return False
    bonds = bonds_of_assembly(assembly)
    joined = {(a, b) for a, b in bonds[:, :2].tolist()} | {(b, a) for a, b in bonds[:, :2].tolist()}
    bad = [p for p in zip(first.tolist(), second.tolist(), strict=True) if p not in joined]
    return len(bad) > 2 * allowed


def is_free(crystal: Crystal, assembly: Assembly) -> bool:
    """Whether all atoms lie somewhere, and none on another that it is not bonded to.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    """
    return bool(np.all(np.isfinite(crystal.frac))) and not overlaps(crystal, assembly)


def is_sound(crystal: Crystal, assembly: Assembly) -> bool:
    """Whether there is room for all atoms, and distances tell the bonds that are meant.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    """
    if crystal.volume < ROOM * crystal.n_atoms or overlaps(crystal, assembly):
        return False
    return has_its_bonds(crystal, assembly)


def has_its_bonds(crystal: Crystal, assembly: Assembly) -> bool:
    """Whether distances give each atom as many bonds as it is meant to have.

    Hydrogen, and bonds between metals, which come and go with their distance, do not count.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    """
    meant = bonds_of_assembly(assembly)
    found = bonds_of(replace(crystal, frac=wrapped(crystal.frac)))
    one = _degrees(crystal.numbers, meant[:, 0], meant[:, 1])
    one += _degrees(crystal.numbers, meant[:, 1], meant[:, 0])
    return bool(np.array_equal(one, _degrees(crystal.numbers, found.first, found.second)))


def _degrees(
    numbers: Int[np.ndarray, "atoms"],
    first: Int[np.ndarray, "bonds"],
    second: Int[np.ndarray, "bonds"],
) -> Int[np.ndarray, "atoms"]:
    """Bonds that start at each atom, without those to hydrogen or between metals."""
    metal = is_metal()[numbers]
    counts: Bool[np.ndarray, "bonds"] = (numbers[first] != 1) & (numbers[second] != 1)
    counts &= ~(metal[first] & metal[second])
    return np.bincount(first[counts], minlength=len(numbers))


def crowding_of(crystal: Crystal, assembly: Assembly) -> float:
    """Pairs of non-metals that seem bonded and are not, for each atom; 0 where all is well.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    """
    organic = (crystal.numbers > 1) & ~is_metal()[crystal.numbers]
    joined = bonds_of_assembly(assembly)[:, :2]
    seen = bonds_of(crystal)
    want = {_pair(i, j) for i, j in joined.tolist()}
    have = {
        _pair(i, j)
        for i, j in zip(seen.first.tolist(), seen.second.tolist(), strict=True)
        if organic[i] and organic[j]
    }
    false = len(have - want) / crystal.n_atoms
    if crystal.volume < ROOM * crystal.n_atoms or (not false and overlaps(crystal, assembly)):
        return false + 1.0 / crystal.n_atoms
    return false


def is_uncrowded(crystal: Crystal, assembly: Assembly) -> bool:
    """Whether no non-metals seem bonded that are not.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    """
    return crowding_of(crystal, assembly) == 0.0


def _pair(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)
