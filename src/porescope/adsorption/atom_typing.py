"""Frameworks from crystals: checks, the type of each atom, and its charge."""

from __future__ import annotations

from collections.abc import Mapping

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.charges import Charger, ChargeTable, framework_charges
from porescope.adsorption.force_field import ForceField
from porescope.adsorption.framework import Framework
from porescope.adsorption.site_rules import atom_name, matching_rows
from porescope.crystal.neighbours import coincident_pairs
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError

SAME_PLACE = 0.1
"""Atoms of one element nearer than this are duplicates [Å]."""
NEAREST_HYDROGEN = 0.4
"""Atoms nearer than this to a hydrogen atom overlap with it [Å]."""
NEAREST = 0.7
"""Other atoms nearer than this overlap [Å]."""
LEAST_VOLUME = 2.0
"""Least volume per atom [Å³]; the densest crystals have about 4."""
_FULL = 0.99
"""Occupancy from which a site counts as full."""


def framework_from_crystal(
    crystal: Crystal,
    *,
    field: ForceField,
    charges: str | Float[np.ndarray, "..."] | Mapping[str, float] | Charger | ChargeTable = "auto",
    needs_charges: bool = False,
) -> Framework:
    """A crystal ready for guests.

    Parameters
    ----------
    crystal:
        The structure, ordered and complete.
    field:
        Force field that types its atoms.
    charges:
        ``auto`` (those of the CIF, else the table of the force field where charges are needed),
        ``none``, ``cif``, ``eqeq``, the name of a charge table, a charge table, one value per atom,
        a value per label or element, or a function of the crystal such as a learned model.
    needs_charges:
        Whether a gas with charges is to be simulated, so that charges must be there.

    Raises
    ------
    ConfigError
        Where the crystal is disordered, has overlapping atoms, unknown elements or no volume; an
        atom has no parameters; charges are missing or not neutral.
    """
    check_crystal(crystal)
    type_index = type_index_of(crystal, field=field)
    values, source = framework_charges(
        crystal, charges=charges, needs_charges=needs_charges, field_name=field.name
    )
    return Framework(
        crystal=crystal,
        field=field,
        type_index=type_index,
        charges=values,
        charge_source=source,
    )


def check_crystal(crystal: Crystal) -> None:
    """Refuse what is not one ordered structure.

    Raises
    ------
    ConfigError
        Where the crystal has no atoms or no volume, unknown elements, partly occupied sites, or
        atoms that overlap; the message names the sites.
    """
    name = crystal.name or "the crystal"
    if crystal.n_atoms == 0:
        raise ConfigError(f"{name} has no atoms; expected a complete structure")
    volume = crystal.volume
    if not np.isfinite(volume) or volume < LEAST_VOLUME * crystal.n_atoms:
        raise ConfigError(
            f"the cell of {name} has {volume:.3g} Å³ for {crystal.n_atoms} atoms, expected at "
            f"least {LEAST_VOLUME:g} Å³ per atom; check the cell's lengths (Å) and angles"
        )
    if not np.all(np.isfinite(crystal.frac)):
        atom = int(np.flatnonzero(~np.all(np.isfinite(crystal.frac), axis=1))[0])
        raise ConfigError(f"the position of {atom_name(crystal, atom)} in {name} is no number")
    unknown = (crystal.numbers < 1) | (crystal.numbers > 118)
    if np.any(unknown):
        atom = int(np.flatnonzero(unknown)[0])
        raise ConfigError(
            f"{atom_name(crystal, atom)} in {name} is no element; remove it or correct its symbol"
        )
    _check_occupancies(crystal, name)
    _check_distances(crystal, name)


def _check_occupancies(crystal: Crystal, name: str) -> None:
    partial = np.flatnonzero(crystal.occupancy < _FULL)
    if not len(partial):
        return
    atom = int(partial[0])
    raise ConfigError(
        f"{name} is disordered: {len(partial)} of {crystal.n_atoms} sites are partly occupied, "
        f"the first is {atom_name(crystal, atom)} with {crystal.occupancy[atom]:g}; energies need "
        "one ordered structure: keep one of the alternatives, each fully occupied"
    )


def _check_distances(crystal: Crystal, name: str) -> None:
    pairs = coincident_pairs(crystal.frac, lattice=crystal.lattice, tolerance=NEAREST)
    if not len(pairs):
        return
    delta = crystal.frac[pairs[:, 1]] - crystal.frac[pairs[:, 0]]
    distance = _shortest(delta, lattice=crystal.lattice)
    numbers = crystal.numbers[pairs]
    bound = np.where(np.any(numbers == 1, axis=1), NEAREST_HYDROGEN, NEAREST)
    close = np.flatnonzero(distance < bound)
    if not len(close):
        return
    worst = close[np.argmin(distance[close])]
    first, second = (int(atom) for atom in pairs[worst])
    same = distance[worst] < SAME_PLACE and numbers[worst, 0] == numbers[worst, 1]
    what = "stand at the same place" if same else "overlap"
    advice = (
        "remove the duplicates" if same else "remove one of the alternatives or correct the file"
    )
    raise ConfigError(
        f"{atom_name(crystal, first)} and {atom_name(crystal, second)} in {name} {what}: they are "
        f"{distance[worst]:.3f} Å apart ({len(close)} such pairs); {advice}"
    )


def _shortest(
    delta: Float[np.ndarray, "pairs 3"], *, lattice: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "pairs"]:
    """Distance to the nearest image of each pair, for distances much below the cell [Å]."""
    steps = np.array(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij")).reshape(3, -1).T
    cart = (delta - np.rint(delta))[:, None, :] @ lattice + steps @ lattice
    return np.linalg.norm(cart, axis=-1).min(axis=1)


def type_index_of(crystal: Crystal, *, field: ForceField) -> Int[np.ndarray, "atoms"]:
    """Row of ``field.types`` for each atom.

    Of the types that fit an atom, the one that asks for most neighbours is taken.

    Raises
    ------
    ConfigError
        Where the field has no type for an atom; it names the atom.
    """
    rules = [(each.number, each.neighbours) for each in field.types]
    index = matching_rows(crystal, rules=rules)
    if np.any(index < 0):
        atom = int(np.flatnonzero(index < 0)[0])
        raise ConfigError(_no_type(crystal, atom, field))
    return index


def _no_type(crystal: Crystal, atom: int, field: ForceField) -> str:
    number = int(crystal.numbers[atom])
    rows = [each for each in field.types if each.number == number]
    if rows:
        names = ", ".join(f"{each.name} ({' '.join(each.neighbours)})" for each in rows)
        why = f"its bonded neighbours fit none of the types {names}"
    else:
        symbols = sorted({gemmi.Element(each.number).name for each in field.types})
        covers = ", ".join(symbols) if len(symbols) < 20 else f"{len(symbols)} other elements"
        why = f"it covers {covers}"
    return (
        f"the force field {field.name} has no parameters for {atom_name(crystal, atom)}: {why}; "
        "choose another field, such as UFF, or add the row to a field of your own"
    )
