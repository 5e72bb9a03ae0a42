"""Symmetry of structures: finding it, attaching it, and standard settings."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.lattice import niggli_lattice, symmetrised_lattice
from porescope.crystal.operations import snapped_fractions
from porescope.crystal.orbits import wrapped
from porescope.crystal.space_group import (
    P1,
    LatticeSystem,
    SpaceGroup,
    space_group_from_matrices,
    space_group_from_number,
    space_group_from_operations,
    space_group_from_symbol,
    tabulated_symbol,
)
from porescope.crystal.spglib_calls import call_spglib
from porescope.crystal.structure import Crystal
from porescope.crystal.transform import (
    change_of_basis,
    in_order_of_appearance,
    orbits_under,
    primitive_cell,
)
from porescope.errors import ConfigError

__all__ = [
    "P1",
    "LatticeSystem",
    "SpaceGroup",
    "find_symmetry",
    "space_group_from_matrices",
    "space_group_from_number",
    "space_group_from_operations",
    "space_group_from_symbol",
    "standardise",
    "symmetrised",
    "tabulated_symbol",
]


def _species(crystal: Crystal) -> Int[np.ndarray, "atoms"]:
    """One integer for each kind of site: element, occupancy and isotope."""
    columns = [crystal.numbers.astype(np.float64), np.round(crystal.occupancy, 4)]
    if crystal.isotopes is not None:
        columns.append(crystal.isotopes.astype(np.float64))
    _, kinds = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return kinds.reshape(-1).astype(np.int64) + 1


def _dataset(crystal: Crystal, symprec: float) -> Any:
    """What spglib finds; ``None`` where it finds nothing."""
    cell = (crystal.lattice, crystal.frac, _species(crystal))
    return call_spglib("get_symmetry_dataset", cell, symprec=symprec)


def find_symmetry(crystal: Crystal, *, symprec: float = 0.01, symmetrise: bool = False) -> Crystal:
    """The same atoms in the same cell, with the symmetry that they have.

    Parameters
    ----------
    crystal:
        A structure; symmetry that it already states is found anew.
    symprec:
        Largest distance between an atom and the image of another one [Å].
    symmetrise:
        Also move the atoms, and change the cell, by as little as makes the symmetry exact.

    Returns
    -------
    :
        The structure with ``space_group`` and ``orbit``; atoms keep their order, and their places
        but for ``symmetrise``. Unchanged, in P1, where no symmetry is found.
    """
    dataset = _dataset(crystal, symprec)
    if dataset is None or len(dataset.rotations) == 1:
        return crystal.without_symmetry()
    space_group = _group_from_dataset(dataset)
    orbit = in_order_of_appearance(np.asarray(dataset.equivalent_atoms, dtype=np.int64))
    found = replace(crystal, space_group=space_group, orbit=orbit)
    return symmetrised(found) if symmetrise else found


def _group_from_dataset(dataset: Any) -> SpaceGroup:
    rotations = np.asarray(dataset.rotations, dtype=np.int64)
    translations = np.asarray(dataset.translations, dtype=np.float64)
    exact, is_tabular = snapped_fractions(translations, tolerance=2e-3)
    if is_tabular:
        return space_group_from_matrices(rotations, translations=exact)
    reference = gemmi.get_spacegroup_reference_setting(int(dataset.number))
    return SpaceGroup(
        rotations=rotations,
        translations=exact,
        number=int(dataset.number),
        symbol=reference.xhm(),
    )


def symmetrised(crystal: Crystal) -> Crystal:
    """Atoms and cell moved so that the symmetry that the crystal has within errors is exact.

    Parameters
    ----------
    crystal:
        A structure with ``space_group`` and ``orbit``.

    Returns
    -------
    :
        Each atom at the mean of all images that fall on it; the orientation of the cell is kept
        up to a strain without rotation.
    """
    group = crystal.space_group
    lattice = _unrotated(symmetrised_lattice(crystal.lattice, space_group=group), crystal.lattice)
    atoms = crystal.asymmetric_unit().atoms
    if crystal.orbit is None or group.n_ops == 1:
        return crystal
    frac = crystal.frac.copy()
    first_of_orbit = atoms[crystal.orbit]
    for site in atoms:
        members = np.flatnonzero(first_of_orbit == site)
        images = group.rotations @ crystal.frac[site] + group.translations
        delta = crystal.frac[members][None, :, :] - images[:, None, :]
        delta -= np.rint(delta)
        nearest = np.argmin(np.sum((delta @ crystal.lattice) ** 2, axis=2), axis=1)
        # Each member pulled back to the representative gives one opinion of where that is.
        home = crystal.frac[members[nearest]] - group.translations
        back = np.linalg.inv(group.rotations.astype(np.float64))
        opinions = np.einsum("oij,oj->oi", back, home) - crystal.frac[site]
        opinions -= np.rint(opinions)
        exact = crystal.frac[site] + opinions.mean(axis=0)
        images = group.rotations @ exact + group.translations
        distance = np.sum((delta @ crystal.lattice) ** 2, axis=2)
        for column, member in enumerate(members):
            # of loose symmetry an atom may be no image's nearest: it takes the image next to it
            image = np.flatnonzero(nearest == column)
            chosen = image[0] if len(image) else np.argmin(distance[:, column])
            shift = images[chosen] - crystal.frac[member]
            frac[member] += shift - np.rint(shift)
    return replace(crystal, lattice=lattice, frac=frac)


def _unrotated(
    lattice: Float[np.ndarray, "3 3"], like: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "3 3"]:
    """The lattice turned so that it differs from another one by a pure strain."""
    u, _, vt = np.linalg.svd(np.linalg.inv(lattice) @ like)
    return lattice @ (u @ vt)


def standardise(crystal: Crystal, *, symprec: float = 0.01, primitive: bool = False) -> Crystal:
    """The crystal in the conventional cell of its space group, idealised.

    Parameters
    ----------
    crystal:
        A structure; symmetry that it already states is found anew.
    symprec:
        Largest distance between an atom and the image of another one [Å].
    primitive:
        Give the Niggli-reduced primitive cell instead.

    Returns
    -------
    :
        The structure with its space group and orbits in the standard setting (origin choice as
        spglib has it); displacement tensors are dropped. The Niggli cell where no symmetry is
        found.
    """
    dataset = _dataset(crystal, symprec)
    if dataset is None:
        _, transform = niggli_lattice(crystal.lattice)
        plain = replace(crystal.without_symmetry(), u_aniso=None)
        return change_of_basis(plain, transform=transform.astype(np.float64))
    origin = np.asarray(dataset.mapping_to_primitive)
    place = {int(index): atom for atom, index in reversed(list(enumerate(origin)))}
    source = np.array([place[int(i)] for i in dataset.std_mapping_to_primitive], dtype=np.int64)
    standard = Crystal(
        lattice=np.asarray(dataset.std_lattice, dtype=np.float64),
        frac=wrapped(np.asarray(dataset.std_positions, dtype=np.float64)),
        numbers=crystal.numbers[source],
        occupancy=crystal.occupancy[source],
        u_iso=crystal.u_iso[source],
        isotopes=None if crystal.isotopes is None else crystal.isotopes[source],
        charges=None if crystal.charges is None else crystal.charges[source],
        labels=tuple(crystal.labels[i] for i in source) if crystal.labels else (),
        name=crystal.name,
    )
    group = _group_of_hall(int(dataset.hall_number))
    if group.n_ops == 1:
        standard = standard.without_symmetry()
    else:
        orbit = orbits_under(standard, space_group=group)
        standard = replace(standard, space_group=group, orbit=orbit)
    return primitive_cell(standard) if primitive else standard


@lru_cache(maxsize=530)
def _group_of_hall(hall_number: int) -> SpaceGroup:
    """Operations of one of the 530 settings, by spglib's running number."""
    database = call_spglib("get_symmetry_from_database", hall_number)
    if database is None:
        raise ConfigError(f"there is no setting with the number {hall_number}")
    return space_group_from_matrices(
        np.asarray(database["rotations"], dtype=np.int64),
        translations=np.asarray(database["translations"], dtype=np.float64),
    )
