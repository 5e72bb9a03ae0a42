"""Force fields as text: a table of atom types and of pairs, read into a :class:`ForceField`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from porescope.adsorption.force_field import AtomType, ForceField, Mixing, PairType, Truncation
from porescope.adsorption.text_tables import TextTable, atomic_number, table_from_text

COLUMNS = ("kind", "type", "element", "neighbours_or_second", "epsilon_k", "sigma", "source")
"""Columns of the table."""
KEYS = (
    "format",
    "name",
    "citation",
    "note",
    "mixing",
    "cutoff",
    "truncation",
    "tail_correction",
    "gas_model",
)
"""Keys of the heading."""


def field_from_text(text: str, *, path: Path | None = None) -> ForceField:
    """Force field in the text of a table.

    Rows of kind ``atom`` give a type of framework atom; ``neighbours_or_second`` then lists the
    elements that must be bonded to it, as in ``Al Si``. Where epsilon and sigma are both empty,
    the type has parameters only in its pairs. Rows of kind ``pair`` give the parameters of the
    type with a type of bead, named in ``neighbours_or_second``.

    Parameters
    ----------
    text:
        The table, as in ``data/force_fields``.
    path:
        For error messages.

    Raises
    ------
    ParseError
        Where a value is missing, unknown or out of range, with the line.
    """
    table = table_from_text(text, columns=COLUMNS, keys=KEYS, path=path)
    types = []
    pairs = []
    for row, cells in enumerate(table.rows):
        line = table.lines[row]
        if not cells["source"]:
            raise table.error("expected the source of the numbers in the last column", line)
        if cells["kind"] == "atom":
            types.append(_atom_type(table, row))
        elif cells["kind"] == "pair":
            pairs.append(_pair_type(table, row))
        else:
            raise table.error(f"expected the kind 'atom' or 'pair', got {cells['kind']!r}", line)
    _check_names(table, types, pairs)
    field = ForceField(
        name=table.value("name"),
        citation=table.value("citation"),
        types=tuple(types),
        pairs=tuple(pairs),
        mixing=cast("Mixing", _choice(table, "mixing", ("lorentz-berthelot", "geometric"))),
        truncation=cast("Truncation", _choice(table, "truncation", ("truncated", "shifted"))),
        tail_correction=_choice(table, "tail_correction", ("yes", "no")) == "yes",
        gas_models=_gas_models(table),
    )
    return field.with_options(cutoff=table.number("cutoff"))


def _choice(table: TextTable, key: str, choices: tuple[str, ...]) -> str:
    value = table.value(key)
    if value not in choices:
        line = table.heading[key][0].line
        raise table.error(f"expected {key} to be one of {', '.join(choices)}, got {value!r}", line)
    return value


def _gas_models(table: TextTable) -> tuple[tuple[str, str], ...]:
    models = []
    for entry in table.heading.get("gas_model", ()):
        gas, _, model = entry.text.partition(" ")
        if not model.strip():
            raise table.error(f"expected a gas and its model, got {entry.text!r}", entry.line)
        models.append((gas, model.strip()))
    return tuple(models)


def _parameters(table: TextTable, row: int) -> tuple[float, float]:
    epsilon, sigma = table.cell_number(row, "epsilon_k"), table.cell_number(row, "sigma")
    line = table.lines[row]
    if not 0.0 <= epsilon < 1e5:
        raise table.error(f"expected epsilon between 0 and 100000 K, got {epsilon:g}", line)
    if not 0.5 <= sigma < 20.0 and epsilon > 0.0:
        raise table.error(f"expected sigma between 0.5 and 20 Å, got {sigma:g}", line)
    return epsilon, sigma


def _atom_type(table: TextTable, row: int) -> AtomType:
    cells, line = table.rows[row], table.lines[row]
    neighbours = tuple(cells["neighbours_or_second"].split())
    for symbol in (cells["element"], *neighbours):
        if atomic_number(symbol) == 0:
            raise table.error(f"expected the symbol of an element, got {symbol!r}", line)
    only_pairs = not cells["epsilon_k"] and not cells["sigma"]
    nan = float("nan")
    epsilon, sigma = (nan, nan) if only_pairs else _parameters(table, row)
    return AtomType(
        name=cells["type"],
        number=atomic_number(cells["element"]),
        neighbours=neighbours,
        epsilon_k=epsilon,
        sigma=sigma,
        source=cells["source"],
    )


def _pair_type(table: TextTable, row: int) -> PairType:
    cells = table.rows[row]
    if not cells["type"] or not cells["neighbours_or_second"]:
        raise table.error("expected the names of two types for a pair", table.lines[row])
    epsilon, sigma = _parameters(table, row)
    return PairType(
        first=cells["type"],
        second=cells["neighbours_or_second"],
        epsilon_k=epsilon,
        sigma=sigma,
        source=cells["source"],
    )


def _check_names(table: TextTable, types: list[AtomType], pairs: list[PairType]) -> None:
    if not types:
        raise table.error("expected rows of kind 'atom', got none")
    seen: set[str] = set()
    rules: dict[tuple[int, tuple[str, ...]], str] = {}
    for each in types:
        if not each.name or each.name in seen:
            raise table.error(f"expected a name of its own for each type, got {each.name!r}")
        seen.add(each.name)
        rule = (each.number, tuple(sorted(each.neighbours)))
        if rule in rules:
            raise table.error(
                f"the types {rules[rule]!r} and {each.name!r} stand for the same atoms; "
                "tell them apart by bonded elements, or remove one"
            )
        rules[rule] = each.name
    met: set[frozenset[str]] = set()
    for pair in pairs:
        both = frozenset((pair.first, pair.second))
        if both in met:
            raise table.error(f"the pair {pair.first} {pair.second} stands there twice")
        met.add(both)
