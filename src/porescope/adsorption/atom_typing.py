"""Frameworks from crystals: the type of each atom by element and neighbours, and its charge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.force_field import AtomType, ForceField
from porescope.adsorption.framework import Framework
from porescope.crystal.bonds import bonds_of
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError


def framework_from_crystal(
    crystal: Crystal,
    *,
    field: ForceField,
    charges: str | Float[np.ndarray, "atoms"] | Mapping[str, float] = "auto",
    needs_charges: bool = False,
) -> Framework:
    """A crystal ready for guests."""
    if isinstance(charges, str) and charges in ("auto", "cif") and crystal.charges is not None:
        values, source = np.asarray(crystal.charges, dtype=np.float64), "CIF"
    elif isinstance(charges, np.ndarray):
        values, source = np.asarray(charges, dtype=np.float64), "given"
    else:
        values, source = np.zeros(crystal.n_atoms), "none"
    return Framework(
        crystal=crystal,
        field=field,
        type_index=type_index_of(crystal, field=field),
        charges=values,
        charge_source=source,
    )


def type_index_of(crystal: Crystal, *, field: ForceField) -> Int[np.ndarray, "atoms"]:
    """Row of ``field.types`` for each atom.

    Of the types that fit an atom, the one that asks for most neighbours is taken.

    Raises
    ------
    ConfigError
        Where the field has no type for an atom; it names the atom.
    """
    by_number: dict[int, list[int]] = {}
    for row, each in enumerate(field.types):
        by_number.setdefault(each.number, []).append(row)
    for rows in by_number.values():
        rows.sort(key=lambda row: -len(field.types[row].neighbours))
    around = _neighbour_counts(crystal, field=field)
    index = np.zeros(crystal.n_atoms, dtype=np.int64)
    for atom, number in enumerate(crystal.numbers):
        rows = by_number.get(int(number), [])
        fits = (row for row in rows if _fits(field.types[row], around.get(atom)))
        row = next(fits, None)
        if row is None:
            raise ConfigError(_no_type(crystal, atom, field, known=bool(rows)))
        index[atom] = row
    return index


def _neighbour_counts(crystal: Crystal, *, field: ForceField) -> dict[int, Counter[str]]:
    """Bonded elements of the atoms whose types depend on them."""
    asked = {each.number for each in field.types if each.neighbours}
    if not asked & {int(z) for z in crystal.numbers}:
        return {}
    bonds = bonds_of(crystal)
    around: dict[int, Counter[str]] = {}
    keep = np.isin(crystal.numbers[bonds.first], sorted(asked))
    for first, second in zip(bonds.first[keep], bonds.second[keep], strict=True):
        symbol = gemmi.Element(int(crystal.numbers[second])).name
        around.setdefault(int(first), Counter())[symbol] += 1
    return around


def _fits(each: AtomType, around: Counter[str] | None) -> bool:
    return not each.neighbours or Counter(each.neighbours) <= (around or Counter())


def atom_name(crystal: Crystal, atom: int) -> str:
    """Label, element and index of an atom, for messages."""
    symbol = gemmi.Element(int(crystal.numbers[atom])).name
    label = crystal.labels[atom] if crystal.labels else symbol
    return f"{label} ({symbol}, atom {atom})"


def _no_type(crystal: Crystal, atom: int, field: ForceField, *, known: bool) -> str:
    what = "with its bonded neighbours" if known else ""
    symbols = sorted({gemmi.Element(each.number).name for each in field.types})
    covered = f"it covers {', '.join(symbols)}" if len(symbols) < 20 else ""
    return (
        f"the force field {field.name} has no parameters for {atom_name(crystal, atom)} {what}; "
        f"{covered}; choose another field, such as UFF, or add a row to a field of your own"
    )
