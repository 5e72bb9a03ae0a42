"""A framework and a gas, made ready from what the user names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.adsorption.atom_typing import framework_from_crystal
from porescope.adsorption.charges import Charger, ChargeTable, framework_charges
from porescope.adsorption.fields import field_named
from porescope.adsorption.force_field import ForceField
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.gases import gas_named
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError

Charges = str | Float[np.ndarray, "atoms"] | Mapping[str, float] | Charger | ChargeTable
DEFAULT_FIELD = "UFF"
"""Field that is used where none is named: it has parameters for every element."""
LEARNED = "learned"
"""Charges by the shipped network; needs the extra ``ml``."""


def crystal_of(structure: str | Path | Crystal) -> Crystal:
    """The crystal, read from its file where a path is given.

    Raises
    ------
    ParseError
        The file holds no structure.
    """
    if isinstance(structure, Crystal):
        return structure
    from porescope.io.cif import read_cif

    return read_cif(Path(structure))


def field_of(field: str | Path | ForceField) -> ForceField:
    """The force field: as it is, by its name, or from a file.

    Raises
    ------
    ConfigError
        No field has that name.
    """
    if isinstance(field, ForceField):
        return field
    path = Path(field)
    if isinstance(field, Path) or path.suffix or path.exists():
        from porescope.io.force_field import read_force_field

        return read_force_field(path)
    return field_named(str(field))


def gas_of(
    gas: str | Gas, *, field: ForceField | None = None, temperature: float | None = None
) -> Gas:
    """The gas: as it is, or by its name, ``CO2`` or ``CO2:TraPPE`` with its model.

    Parameters
    ----------
    gas:
        Gas, or its name.
    field:
        Force field of the framework: the model that it was made for is taken where the name
        has none.
    temperature:
        Temperature at which the shapes of a flexible molecule are drawn [K].

    Raises
    ------
    ConfigError
        No gas or model has that name.
    """
    if isinstance(gas, Gas):
        return gas
    name, _, model = gas.partition(":")
    if not name.strip():
        raise ConfigError("expected the name of a gas, such as CO2 or CO2:TraPPE, got nothing")
    if not model and field is not None:
        model = dict(field.gas_models).get(name.strip(), "")
    return gas_named(name.strip(), model=model.strip() or None, temperature=temperature)


def adsorbent(
    structure: str | Path | Crystal,
    *,
    gases: tuple[Gas, ...],
    field: ForceField,
    charges: Charges = "auto",
) -> Framework:
    """The framework of a structure, with charges where a gas needs them.

    Parameters
    ----------
    structure:
        A CIF, or a crystal.
    gases:
        Gases that will be inside.
    field:
        Force field of the framework.
    charges:
        ``auto``, ``none``, ``cif``, ``eqeq``, ``learned``, the name of a table, a table or its
        file (.csv), charges of all atoms [e], a charge for each label or element, or a function
        of the crystal such as a model of one's own.

    Raises
    ------
    ParseError
        The file holds no structure.
    ConfigError
        The structure is disordered, its atoms overlap, the field lacks an element, or charges
        are needed and missing.
    """
    return framework_from_crystal(
        crystal_of(structure),
        field=field,
        charges=_charges_from(charges),
        needs_charges=any(gas.is_charged for gas in gases),
    )


def _charges_from(charges: Charges) -> Charges:
    """What a word stands for that the adsorption bench alone does not know."""
    if not isinstance(charges, str):
        return charges
    if charges.endswith(".csv"):
        from porescope.io.force_field import read_charge_table

        return read_charge_table(Path(charges))
    if charges.strip().lower() == LEARNED:
        from porescope.workflows.learned_charges import shipped_charges

        return shipped_charges()
    return charges


def charged_crystal(structure: str | Path | Crystal, *, charges: Charges = "eqeq") -> Crystal:
    """The crystal with partial charges from equilibration, a table or a learned model.

    Raises
    ------
    ParseError
        The file holds no structure.
    ConfigError
        The charges cannot be made, or are not neutral.
    """
    crystal = crystal_of(structure)
    values, _ = framework_charges(
        crystal, charges=_charges_from(charges), needs_charges=True, field_name=DEFAULT_FIELD
    )
    return replace(crystal, charges=values)
