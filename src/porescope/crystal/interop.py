"""Crystals to and from pymatgen and ASE.

Both packages come with the extra ``interop`` and are imported when they are used, so
their classes do not stand in the signatures.
pymatgen: https://doi.org/10.1016/j.commatsci.2012.10.028.
ASE: https://doi.org/10.1088/1361-648X/aa680e.
"""

from __future__ import annotations

from typing import Any

import gemmi
import numpy as np

from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.errors import ConfigError, MissingExtraError


def _symbol(number: int) -> str:
    return gemmi.Element(number).name


def crystal_from_pymatgen(structure: Any, *, name: str = "") -> Crystal:
    """Crystal from a ``pymatgen.core.Structure``, in P1.

    Parameters
    ----------
    structure:
        Ordered or disordered; a mixed site becomes one atom for each of its species. Site
        properties ``charge`` and ``u_iso`` [Å²] are taken over.
    name:
        Name of the crystal.

    Raises
    ------
    ConfigError
        Where the structure has no sites, or a species that is no element.
    """
    frac, numbers, isotopes, occupancy, charges, u_iso, labels = [], [], [], [], [], [], []
    for site in structure:
        for species, amount in site.species.items():
            symbol = getattr(getattr(species, "element", species), "symbol", str(species))
            number = gemmi.Element(symbol).atomic_number
            if not number:
                raise ConfigError(f"the species {species} is no element; remove it")
            frac.append(site.frac_coords)
            numbers.append(number)
            isotopes.append(2 if symbol == "D" else 0)
            occupancy.append(float(amount))
            charges.append(site.properties.get("charge"))
            u_iso.append(site.properties.get("u_iso"))
            labels.append(str(site.label))
    if not numbers:
        raise ConfigError("the structure has no sites")
    return crystal_from_asymmetric_unit(
        lattice=np.array(structure.lattice.matrix, dtype=np.float64),
        frac=np.array(frac, dtype=np.float64),
        numbers=np.array(numbers, dtype=np.int64),
        occupancy=np.array(occupancy),
        u_iso=np.array([np.nan if value is None else value for value in u_iso], dtype=float),
        isotopes=np.array(isotopes, dtype=np.int64) if any(isotopes) else None,
        charges=None if None in charges else np.array(charges, dtype=np.float64),
        labels=tuple(labels),
        name=name,
    )


def pymatgen_from_crystal(crystal: Crystal) -> Any:
    """A ``pymatgen.core.Structure`` with all atoms of the cell.

    Atoms on the very same place become one mixed site, as pymatgen has it.

    Raises
    ------
    MissingExtraError
        Where pymatgen is not installed.
    """
    try:
        from pymatgen.core import Structure
    except ImportError:
        raise MissingExtraError("pymatgen", extra="interop") from None
    places: dict[tuple[int, ...], int] = {}
    species: list[dict[str, float]] = []
    atoms: list[int] = []
    for atom, key in enumerate(np.rint((crystal.frac % 1.0) * 1e5).astype(int) % 100000):
        symbol = _symbol(int(crystal.numbers[atom]))
        if crystal.isotopes is not None and crystal.isotopes[atom] == 2:
            symbol = "D"
        where = places.setdefault(tuple(key.tolist()), len(species))
        if where == len(species):
            species.append({})
            atoms.append(atom)
        species[where][symbol] = species[where].get(symbol, 0.0) + float(crystal.occupancy[atom])
    properties: dict[str, list[float]] = {}
    if crystal.charges is not None:
        properties["charge"] = crystal.charges[atoms].tolist()
    if bool(np.all(np.isfinite(crystal.u_iso))):
        properties["u_iso"] = crystal.u_iso[atoms].tolist()
    return Structure(
        crystal.lattice,
        species,
        crystal.frac[atoms],
        labels=[crystal.labels[atom] for atom in atoms] if crystal.labels else None,
        site_properties=properties or None,
    )


def crystal_from_ase(atoms: Any, *, name: str = "") -> Crystal:
    """Crystal from ``ase.Atoms`` with a cell, in P1.

    Parameters
    ----------
    atoms:
        Atoms; initial charges are taken over where they are set. Hydrogen of mass 2 is deuterium.
    name:
        Name of the crystal.

    Raises
    ------
    ConfigError
        Where there are no atoms, or no cell with a volume.
    """
    lattice = np.array(atoms.cell.array, dtype=np.float64)
    if not len(atoms):
        raise ConfigError("there are no atoms")
    if abs(np.linalg.det(lattice)) < 1e-6:
        raise ConfigError("the atoms have no unit cell; set atoms.cell to three vectors in Å")
    numbers = np.array(atoms.numbers, dtype=np.int64)
    if np.any(numbers < 1):
        raise ConfigError("an atom has the number 0, which is no element; remove it")
    isotopes = np.where((numbers == 1) & (np.abs(atoms.get_masses() - 2.014) < 0.1), 2, 0)
    charges = atoms.get_initial_charges() if atoms.has("initial_charges") else None
    return crystal_from_asymmetric_unit(
        lattice=lattice,
        frac=np.array(atoms.get_scaled_positions(wrap=True), dtype=np.float64),
        numbers=numbers,
        isotopes=isotopes.astype(np.int64) if np.any(isotopes) else None,
        charges=None if charges is None else np.array(charges, dtype=np.float64),
        name=name,
    )


def ase_from_crystal(crystal: Crystal) -> Any:
    """``ase.Atoms`` with all atoms of the cell; occupancies are kept in ``arrays['occupancy']``.

    Raises
    ------
    MissingExtraError
        Where ASE is not installed.
    """
    try:
        from ase import Atoms
    except ImportError:
        raise MissingExtraError("ase", extra="interop") from None
    atoms = Atoms(
        numbers=crystal.numbers, scaled_positions=crystal.frac, cell=crystal.lattice, pbc=True
    )
    if crystal.charges is not None:
        atoms.set_initial_charges(crystal.charges)
    if crystal.isotopes is not None and np.any(crystal.isotopes == 2):
        masses = atoms.get_masses()
        masses[crystal.isotopes == 2] = 2.0141
        atoms.set_masses(masses)  # pyright: ignore[reportArgumentType]
    if np.any(crystal.occupancy < 1.0):
        atoms.set_array("occupancy", crystal.occupancy)
    return atoms
