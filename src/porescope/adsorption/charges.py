"""Partial charges of a framework: from its file, a table, an array, EQeq or a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import gemmi
import numpy as np
from jaxtyping import Float

from porescope.adsorption.charge_equilibration import eqeq_charges
from porescope.adsorption.site_rules import SiteRule, atom_name, matching_rows
from porescope.adsorption.text_tables import atomic_number, packaged_texts, plain, table_from_text
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError

Charger = Callable[[Crystal], Float[np.ndarray, "atoms"]]
"""Anything that gives the charges [e] of a crystal's atoms, such as a learned model; its attribute
``name``, or the name of the function, becomes the source."""

LARGEST_TOTAL = 0.01
"""Largest total charge of a cell that counts as rounding [e]."""
COLUMNS = ("type", "element", "neighbours", "charge", "source")
"""Columns of a charge table."""
KEYS = ("format", "name", "citation", "note")
"""Keys of its heading."""
_HOW = (
    "give the framework charges: charges='eqeq', the name of a charge table "
    "(such as 'TraPPE-zeo'), a CIF with _atom_site_charge, or an array"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeTable:
    """Charges of atoms by element and bonded neighbours."""

    name: str
    """Name under which it is called."""
    citation: str
    """Where it was published."""
    types: tuple[str, ...]
    """Names of the kinds of atoms."""
    rules: tuple[SiteRule, ...]
    """Which atoms they stand for."""
    charges: tuple[float, ...]
    """Charge of each kind [e]."""


def charge_table_from_text(text: str, *, path: Path | None = None) -> ChargeTable:
    """Charge table in a text; see ``data/charge_tables``.

    Raises
    ------
    ParseError
        Where a value is missing or unknown, with the line.
    """
    table = table_from_text(text, columns=COLUMNS, keys=KEYS, path=path)
    rules = []
    for cells, line in zip(table.rows, table.lines, strict=True):
        neighbours = tuple(cells["neighbours"].split())
        for symbol in (cells["element"], *neighbours):
            if atomic_number(symbol) == 0:
                raise table.error(f"expected the symbol of an element, got {symbol!r}", line)
        if not cells["source"]:
            raise table.error("expected the source of the charge in the last column", line)
        rules.append((atomic_number(cells["element"]), neighbours))
    return ChargeTable(
        name=table.value("name"),
        citation=table.value("citation"),
        types=tuple(cells["type"] for cells in table.rows),
        rules=tuple(rules),
        charges=tuple(table.cell_number(row, "charge") for row in range(len(table.rows))),
    )


@cache
def _tables() -> dict[str, ChargeTable]:
    tables = map(charge_table_from_text, packaged_texts("charge_tables"))
    return {table.name: table for table in tables}


def charge_table_names() -> tuple[str, ...]:
    """Names of the packaged charge tables."""
    return tuple(_tables())


def charge_table_named(name: str) -> ChargeTable:
    """A packaged charge table; case, blanks and hyphens do not matter.

    Raises
    ------
    ConfigError
        Where there is none of that name, with the names that there are.
    """
    for known, table in _tables().items():
        if plain(known) == plain(name):
            return table
    raise ConfigError(
        f"there is no charge table {name!r}; expected 'auto', 'none', 'cif', 'eqeq' or one of: "
        f"{', '.join(charge_table_names())}"
    )


def framework_charges(
    crystal: Crystal,
    *,
    charges: str | Float[np.ndarray, "..."] | Mapping[str, float] | Charger | ChargeTable,
    needs_charges: bool,
    field_name: str,
) -> tuple[Float[np.ndarray, "atoms"], str]:
    """Neutral charges of a crystal's atoms [e], and where they come from.

    Parameters
    ----------
    crystal:
        The structure.
    charges:
        ``auto`` takes those of the CIF, else, where they are needed, the charge table that belongs
        to the force field, and leaves out those of a CIF that is not neutral where they are not
        needed; ``none``, ``cif``, ``eqeq``, the name of a charge table, a charge table,
        one value per atom, a value per label or element, or a function of the crystal.
    needs_charges:
        Whether a gas with charges is to be simulated.
    field_name:
        Name of the force field.

    Raises
    ------
    ConfigError
        Where charges are needed and there are none, an atom has none, or the cell is not neutral.
    """
    if isinstance(charges, str):
        found, source = _by_word(crystal, charges, needed=needs_charges, field_name=field_name)
    elif isinstance(charges, ChargeTable):
        found, source = _from_table(crystal, charges), f"table {charges.name}"
    elif isinstance(charges, Mapping):
        found, source = _from_mapping(crystal, charges), "given by label or element"
    elif callable(charges):
        found = charges(crystal)
        source = str(getattr(charges, "name", getattr(charges, "__name__", "model")))
    else:
        found, source = np.asarray(charges, dtype=np.float64), "given by atom"
    if source == "none" and needs_charges:
        raise ConfigError(
            f"the gas has charges and {crystal.name or 'the framework'} has none; {_HOW}"
        )
    if source == "none" or source.startswith("none ("):
        return found, source
    return neutral(crystal, found, source=source)


def neutral(
    crystal: Crystal, charges: Float[np.ndarray, "..."], *, source: str
) -> tuple[Float[np.ndarray, "atoms"], str]:
    """Charges without the rounding of their total, and their source with what was spread.

    Raises
    ------
    ConfigError
        Where their number or a value is wrong, or the cell is not neutral.
    """
    if charges.shape != (crystal.n_atoms,):
        raise ConfigError(
            f"expected one charge for each of the {crystal.n_atoms} atoms, got an array of shape "
            f"{charges.shape}"
        )
    if not np.all(np.isfinite(charges)):
        atom = int(np.flatnonzero(~np.isfinite(charges))[0])
        raise ConfigError(
            f"the charge of {atom_name(crystal, atom)} from {source} is no number; {_HOW}"
        )
    total = float(charges.sum())
    if abs(total) > LARGEST_TOTAL:
        raise ConfigError(
            f"the charges from {source} add up to {total:+.4f} e per cell, expected 0 within "
            f"{LARGEST_TOTAL:g} e; complete the framework (counter-ions) or correct the charges"
        )
    if abs(total) > 1e-9:
        source = f"{source}; {total:+.1e} e per cell spread evenly"
    return charges - total / crystal.n_atoms, source


def _by_word(
    crystal: Crystal, word: str, *, needed: bool, field_name: str
) -> tuple[Float[np.ndarray, "atoms"], str]:
    has_own = crystal.charges is not None and bool(np.any(crystal.charges != 0.0))
    choice = plain(word)
    if choice == "auto":
        if has_own:
            choice = "cif"
            total = float(np.sum(crystal.charges)) if crystal.charges is not None else 0.0
            if not needed and abs(total) > LARGEST_TOTAL:
                source = f"none (those of the CIF add up to {total:+.4f} e and are not needed)"
                return np.zeros(crystal.n_atoms), source
        elif needed and any(plain(name) == plain(field_name) for name in charge_table_names()):
            choice = plain(field_name)
        else:
            choice = "none"
    if choice == "none":
        return np.zeros(crystal.n_atoms), "none"
    if choice == "cif":
        if crystal.charges is None or not has_own:
            raise ConfigError(
                f"{crystal.name or 'the crystal'} states no charges (_atom_site_charge); {_HOW}"
            )
        return np.asarray(crystal.charges, dtype=np.float64), "CIF"
    if choice == "eqeq":
        return eqeq_charges(crystal), "EQeq"
    table = charge_table_named(word if plain(word) != "auto" else field_name)
    return _from_table(crystal, table), f"table {table.name}"


def _from_table(crystal: Crystal, table: ChargeTable) -> Float[np.ndarray, "atoms"]:
    rows = matching_rows(crystal, rules=table.rules)
    if np.any(rows < 0):
        atom = int(np.flatnonzero(rows < 0)[0])
        raise ConfigError(
            f"the charge table {table.name} has no charge for {atom_name(crystal, atom)}; it "
            f"covers {', '.join(table.types)}"
        )
    return np.array(table.charges)[rows]


def _from_mapping(crystal: Crystal, given: Mapping[str, float]) -> Float[np.ndarray, "atoms"]:
    found = np.zeros(crystal.n_atoms)
    for atom, number in enumerate(crystal.numbers):
        symbol = gemmi.Element(int(number)).name
        label = crystal.labels[atom] if crystal.labels else symbol
        value = given.get(label, given.get(symbol))
        if value is None:
            raise ConfigError(
                f"there is no charge for {atom_name(crystal, atom)}; give one under its label "
                f"{label!r} or its element {symbol!r}"
            )
        found[atom] = value
    return found
