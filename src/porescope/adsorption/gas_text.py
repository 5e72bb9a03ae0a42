"""Models of gases as text: a heading and one row per bead, read into a :class:`GasModel`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.adsorption.gas import Bead
from porescope.adsorption.text_tables import TextTable, atomic_number, table_from_text

COLUMNS = ("type", "element", "epsilon_k", "sigma", "charge", "mass", "x", "y", "z", "source")
"""Columns of the table."""
KEYS = (
    "format",
    "gas",
    "model",
    "default",
    "source",
    "note",
    "critical_temperature",
    "critical_pressure_pa",
    "acentric_factor",
    "critical_source",
    "bond",
    "bend",
    "torsion",
)
"""Keys of the heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """A bond of fixed length."""

    atoms: tuple[int, int]
    """Beads, from 0."""
    length: float
    """Length [Å]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bend:
    """A harmonic bend, energy k/2 (angle - rest)²."""

    atoms: tuple[int, int, int]
    """Beads, from 0, the middle one at the apex."""
    rest: float
    """Angle without strain [rad]."""
    force_k: float
    """Force constant over Boltzmann's constant [K/rad²]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Torsion:
    """A torsion, energy c0 + c1 (1 + cos t) + c2 (1 - cos 2t) + c3 (1 + cos 3t), trans at 180°."""

    atoms: tuple[int, int, int, int]
    """Beads, from 0."""
    constants_k: tuple[float, float, float, float]
    """c0 to c3 over Boltzmann's constant [K]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GasModel:
    """A model as its file states it: beads, and a rigid shape or the terms of a flexible one."""

    gas: str
    """Formula or common name."""
    model: str
    """Name of the model."""
    is_default: bool
    """Whether it is the model that the gas has by default."""
    beads: tuple[Bead, ...]
    """Interaction sites."""
    positions: Float[np.ndarray, "beads 3"] | None
    """Positions of a rigid molecule [Å]; None for a flexible one."""
    bonds: tuple[Bond, ...]
    """Bonds of a flexible molecule."""
    bends: tuple[Bend, ...]
    """Bends of a flexible molecule."""
    torsions: tuple[Torsion, ...]
    """Torsions of a flexible molecule."""
    critical_temperature: float
    """Critical temperature [K]."""
    critical_pressure_pa: float
    """Critical pressure [Pa]."""
    acentric_factor: float
    """Acentric factor."""
    source: str
    """Where the model comes from."""


def gas_model_from_text(text: str, *, path: Path | None = None) -> GasModel:
    """Model of a gas in the text of a table.

    Parameters
    ----------
    text:
        The table, as in ``data/gases``. Positions stay empty where the heading gives ``bond``,
        ``bend`` and ``torsion`` lines; beads are counted from 1 there, angles are in degrees.
    path:
        For error messages.

    Raises
    ------
    ParseError
        Where a value is missing or out of range, with the line.
    """
    table = table_from_text(text, columns=COLUMNS, keys=KEYS, path=path)
    if not table.rows:
        raise table.error("expected one row per bead, got none")
    beads = tuple(_bead(table, row) for row in range(len(table.rows)))
    flexible = any(key in table.heading for key in ("bond", "bend", "torsion"))
    positions = None
    if flexible:
        _check_free(table)
    else:
        positions = np.array(
            [[table.cell_number(row, axis) for axis in "xyz"] for row in range(len(beads))]
        )
    total = sum(bead.charge for bead in beads)
    if abs(total) > 1e-4:
        raise table.error(f"expected a neutral molecule, the charges add up to {total:g} e")
    if sum(bead.mass for bead in beads) <= 0.0:
        raise table.error("expected a molecule with a mass, got 0 g/mol")
    temperature = table.number("critical_temperature")
    pressure = table.number("critical_pressure_pa")
    if temperature <= 0.0 or pressure <= 0.0:
        raise table.error("expected a critical temperature and pressure above zero")
    return GasModel(
        gas=table.value("gas"),
        model=table.value("model"),
        is_default=table.value("default", default="no") == "yes",
        beads=beads,
        positions=positions,
        bonds=_bonds(table, len(beads)),
        bends=_bends(table, len(beads)),
        torsions=_torsions(table, len(beads)),
        critical_temperature=temperature,
        critical_pressure_pa=pressure,
        acentric_factor=table.number("acentric_factor"),
        source=table.value("source"),
    )


def _check_free(table: TextTable) -> None:
    """A flexible molecule has no positions."""
    for row, cells in enumerate(table.rows):
        if cells["x"] or cells["y"] or cells["z"]:
            raise table.error(
                "expected no positions beside '# bond' lines: a molecule is rigid, with positions, "
                "or flexible, with bonds",
                table.lines[row],
            )


def _bead(table: TextTable, row: int) -> Bead:
    cells, line = table.rows[row], table.lines[row]
    number = atomic_number(cells["element"]) if cells["element"] else 0
    if cells["element"] and number == 0:
        raise table.error(
            f"expected the symbol of an element or nothing, got {cells['element']!r}", line
        )
    if not cells["type"] or not cells["source"]:
        raise table.error("expected a type and the source of its numbers", line)
    epsilon, sigma = table.cell_number(row, "epsilon_k"), table.cell_number(row, "sigma")
    if not 0.0 <= epsilon < 1e5 or (epsilon > 0.0 and not 0.5 <= sigma < 20.0):
        raise table.error(
            f"expected epsilon from 0 to 100000 K and sigma from 0.5 to 20 Å, got {epsilon:g} "
            f"and {sigma:g}",
            line,
        )
    mass = table.cell_number(row, "mass")
    if not 0.0 <= mass < 1000.0:
        raise table.error(f"expected a mass between 0 and 1000 g/mol, got {mass:g}", line)
    return Bead(
        type=cells["type"],
        number=number,
        epsilon_k=epsilon,
        sigma=sigma,
        charge=table.cell_number(row, "charge"),
        mass=mass,
    )


def _terms(
    table: TextTable, key: str, *, n_atoms: int, n_values: int, n_beads: int
) -> list[tuple[tuple[int, ...], list[float]]]:
    """Beads and numbers of lines such as ``# bend = 1-2-3 114 62500``."""
    found = []
    for entry in table.heading.get(key, ()):
        words = entry.text.split()
        atoms = words[0].split("-") if words else []
        if len(atoms) != n_atoms or len(words) != 1 + n_values:
            raise table.error(
                f"expected {n_atoms} beads joined by hyphens and {n_values} numbers for a {key}, "
                f"got {entry.text!r}",
                entry.line,
            )
        index = []
        for atom in atoms:
            if not atom.isdecimal() or not 1 <= int(atom) <= n_beads:
                raise table.error(
                    f"expected beads between 1 and {n_beads}, got {atom!r}", entry.line
                )
            index.append(int(atom) - 1)
        values = [table.as_number(word, what=key, line=entry.line) for word in words[1:]]
        found.append((tuple(index), values))
    return found


def _bonds(table: TextTable, n_beads: int) -> tuple[Bond, ...]:
    terms = _terms(table, "bond", n_atoms=2, n_values=1, n_beads=n_beads)
    return tuple(Bond(atoms=(a[0], a[1]), length=v[0]) for a, v in terms)


def _bends(table: TextTable, n_beads: int) -> tuple[Bend, ...]:
    terms = _terms(table, "bend", n_atoms=3, n_values=2, n_beads=n_beads)
    return tuple(
        Bend(atoms=(a[0], a[1], a[2]), rest=float(np.deg2rad(v[0])), force_k=v[1]) for a, v in terms
    )


def _torsions(table: TextTable, n_beads: int) -> tuple[Torsion, ...]:
    terms = _terms(table, "torsion", n_atoms=4, n_values=4, n_beads=n_beads)
    return tuple(
        Torsion(atoms=(a[0], a[1], a[2], a[3]), constants_k=(v[0], v[1], v[2], v[3]))
        for a, v in terms
    )
