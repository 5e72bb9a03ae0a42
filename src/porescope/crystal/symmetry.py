"""Symmetry of structures: finding it, attaching it, and standard settings."""

from __future__ import annotations

from dataclasses import replace

import gemmi
import numpy as np
from jaxtyping import Int

from porescope.crystal.space_group import (
    P1,
    LatticeSystem,
    SpaceGroup,
    space_group_from_number,
    space_group_from_operations,
    space_group_from_symbol,
)
from porescope.crystal.structure import Crystal

__all__ = [
    "P1",
    "LatticeSystem",
    "SpaceGroup",
    "find_symmetry",
    "space_group_from_number",
    "space_group_from_operations",
    "space_group_from_symbol",
]


def _species(crystal: Crystal) -> Int[np.ndarray, "atoms"]:
    """One integer for each kind of site: element, occupancy and isotope."""
    columns = [crystal.numbers.astype(np.float64), np.round(crystal.occupancy, 4)]
    if crystal.isotopes is not None:
        columns.append(crystal.isotopes.astype(np.float64))
    _, kinds = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return kinds.reshape(-1).astype(np.int64) + 1


def find_symmetry(crystal: Crystal, *, symprec: float = 0.01) -> Crystal:
    """The same atoms in the same cell, with the symmetry that they have.

    Parameters
    ----------
    crystal:
        A structure; symmetry that it already states is found anew.
    symprec:
        Largest distance between an atom and the image of another one [Å].

    Returns
    -------
    :
        The structure with ``space_group`` and ``orbit``; atoms keep order and place, only that
        each orbit's first atom is its representative. Unchanged, with P1, where none is found.
    """
    import spglib

    cell = (crystal.lattice, crystal.frac, _species(crystal))
    try:
        dataset = spglib.get_symmetry_dataset(cell, symprec=symprec)
    except spglib.SpglibError:
        dataset = None
    if dataset is None:
        return replace(crystal, space_group=P1, orbit=np.arange(crystal.n_atoms))
    group = gemmi.get_spacegroup_reference_setting(dataset.number)
    space_group = SpaceGroup(
        rotations=np.asarray(dataset.rotations, dtype=np.int64),
        translations=np.asarray(dataset.translations, dtype=np.float64) % 1.0,
        number=int(dataset.number),
        symbol=group.xhm(),
    )
    _, orbit = np.unique(np.asarray(dataset.crystallographic_orbits), return_inverse=True)
    return replace(crystal, space_group=space_group, orbit=orbit.astype(np.int64))
