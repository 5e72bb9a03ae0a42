"""Energies of an atom or a molecule at places in a crystal, by any calculator of ASE."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from porescope.crystal.interop import ase_from_crystal
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, MissingExtraError

_VACUUM = 12.0  # [Å] about a guest on its own


def site_energies(
    crystal: Crystal,
    calculator: Any,
    *,
    guest: Any,
    places: Float[np.ndarray, "places 3"],
    repeats: tuple[int, int, int] = (1, 1, 1),
) -> Float[np.ndarray, "places"]:
    """Energy of a guest at each place less those of the crystal and of the guest alone [eV].

    The crystal stays as it is, the guest keeps its shape and the direction it comes with. Every
    image of the cell has a guest: repeat small cells so that these do not see one another.

    Parameters
    ----------
    crystal:
        The crystal.
    calculator:
        Anything that gives ASE energies, such as a learned potential.
    guest:
        Symbol of an atom, such as ``Ar``, or an ``ase.Atoms`` whose centre of mass is put at the
        place.
    places:
        Cartesian coordinates [Å].
    repeats:
        Cells along a, b and c.

    Raises
    ------
    ConfigError
        If there is no place, the guest has no atom or is no element, or the calculator cannot
        handle the atoms.
    MissingExtraError
        If ase is not installed.
    """
    try:
        from ase import Atoms
        from ase.calculators.calculator import CalculatorError
    except ImportError as error:
        raise MissingExtraError("ase", extra="interop") from error

    if not len(places):
        raise ConfigError("at least one place is needed, and there is none")
    try:
        alone = Atoms(guest) if isinstance(guest, str) else guest.copy()
    except (KeyError, ValueError) as error:
        raise ConfigError(f"{guest!r} is no element; name the guest by its symbol") from error
    if not len(alone):
        raise ConfigError("the guest has no atoms; give the symbol of an atom, or an ase.Atoms")
    host = ase_from_crystal(crystal).repeat(repeats)
    shape = alone.get_positions() - alone.get_center_of_mass()

    def energy(atoms: Any) -> float:
        atoms.calc = calculator
        try:
            return float(atoms.get_potential_energy())
        except (CalculatorError, NotImplementedError, KeyError) as error:
            raise ConfigError(
                f"the calculator cannot handle {atoms.get_chemical_formula()} ({error}); choose "
                "one that knows its elements"
            ) from error

    free = Atoms(alone.get_chemical_symbols(), positions=shape)
    free.center(vacuum=_VACUUM)
    free.pbc = True
    apart = energy(host.copy()) + energy(free)
    found = []
    for place in places:
        both = host.copy()
        both += Atoms(alone.get_chemical_symbols(), positions=shape + place)
        found.append(energy(both) - apart)
    return np.array(found)
