"""Molecules in the files of RASPA2.

Format: manual of RASPA 2.0, https://doi.org/10.1080/08927022.2015.1010082.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from porescope.adsorption.gas import Bead
from porescope.adsorption.gas_text import Bend, Bond, GasModel, Torsion
from porescope.errors import ParseError
from porescope.io.raspa_tables import (
    TableLines,
    open_lines,
    read_mixing_rules,
    read_pseudo_atoms,
)


def gas_model_from_raspa(path: Path, *, tables: Path) -> GasModel:
    """Molecule in RASPA2's files.

    Parameters
    ----------
    path:
        Definition of the molecule, such as ``CO2.def``.
    tables:
        Folder with ``force_field_mixing_rules.def`` and ``pseudo_atoms.def``.

    Raises
    ------
    ParseError
        Where a file is not of the format, or the molecule has terms that are not supported.
    """
    lines = open_lines(path)
    critical = []
    for what in ("the critical temperature", "the critical pressure", "the acentric factor"):
        line, words, _ = lines.next(what)
        critical.append(lines.numbers(words[:1], line, what)[0])
    n_beads = lines.count("the number of atoms")
    if lines.count("the number of groups") != 1:
        raise ParseError("molecules of several groups are not supported", path=path)
    line, words, _ = lines.next("'rigid' or 'flexible'")
    kind = words[0].lower()
    if kind not in ("rigid", "flexible"):
        raise ParseError(f"expected 'rigid' or 'flexible', got {words[0]!r}", path=path, line=line)
    lines.count("the number of atoms of the group")
    names, positions = [], []
    for _ in range(n_beads):
        line, words, _ = lines.next("an atom")
        if len(words) < 2 or (kind == "rigid" and len(words) < 5):
            raise ParseError(
                f"expected an atom's type and place, got {words}", path=path, line=line
            )
        names.append((words[1], line))
        place = words[2:5] if kind == "rigid" else ("0", "0", "0")
        positions.append(lines.numbers(place, line, "a position"))
    beads = _beads(names, tables=tables, path=path)
    bonds, bends, torsions = _terms(lines, rigid=kind == "rigid" or n_beads == 1)
    total = sum(bead.charge for bead in beads)
    if abs(total) > 1e-3:
        raise ParseError(
            f"expected a neutral molecule, the charges add up to {total:g} e", path=path
        )
    # Two beads at a fixed distance are rigid.
    pair = n_beads == 2 and bool(bonds)
    if pair:
        positions = [[0.0, 0.0, 0.0], [0.0, 0.0, bonds[0].length]]
    is_rigid = kind == "rigid" or n_beads == 1 or pair
    return GasModel(
        gas=path.stem,
        model=tables.name,
        is_default=True,
        beads=beads,
        positions=np.array(positions) if is_rigid else None,
        bonds=() if is_rigid else bonds,
        bends=() if is_rigid else bends,
        torsions=() if is_rigid else torsions,
        critical_temperature=critical[0],
        critical_pressure_pa=critical[1],
        acentric_factor=critical[2],
        source=f"RASPA2 files {path.name} and {tables.name}",
    )


def _beads(names: Sequence[tuple[str, int]], *, tables: Path, path: Path) -> tuple[Bead, ...]:
    rules = {
        row.name: row for row in read_mixing_rules(tables / "force_field_mixing_rules.def").rows
    }
    known = read_pseudo_atoms(tables / "pseudo_atoms.def")
    beads = []
    for name, line in names:
        row = rules.get(name)
        if row is None or name not in known:
            where = "pseudo_atoms.def" if row else "force_field_mixing_rules.def"
            raise ParseError(f"there is no {name!r} in {where}", path=path, line=line)
        atom = known[name]
        beads.append(
            Bead(
                type=name,
                number=atom.number if atom.mass > 0.0 else 0,
                epsilon_k=row.epsilon_k,
                sigma=row.sigma,
                charge=atom.charge,
                mass=atom.mass,
            )
        )
    return tuple(beads)


def _terms(
    lines: TableLines, *, rigid: bool
) -> tuple[tuple[Bond, ...], tuple[Bend, ...], tuple[Torsion, ...]]:
    """Bonds, bends and torsions; other terms are refused unless the molecule is rigid."""
    line, words, _ = lines.next("the numbers of bonds, bends and torsions")
    counts = [int(value) for value in lines.numbers(words, line, "the numbers of terms")]
    if len(counts) < 15:
        raise ParseError(
            f"expected 15 numbers of terms, got {len(counts)}", path=lines.path, line=line
        )
    if rigid:
        return (), (), ()
    if sum(counts) != counts[1] + counts[3] + counts[6]:
        raise ParseError(
            "only bonds, bends and torsions are supported within a molecule; give a longer one as "
            "a rigid molecule",
            path=lines.path,
            line=line,
        )
    bonds, bends, torsions = [], [], []
    for _ in range(counts[1]):
        atoms, values = _term(lines, 2, "HARMONIC_BOND", 2)
        bonds.append(Bond(atoms=(atoms[0], atoms[1]), length=values[1]))
    for _ in range(counts[3]):
        atoms, values = _term(lines, 3, "HARMONIC_BEND", 2)
        rest = float(np.deg2rad(values[1]))
        bends.append(Bend(atoms=(atoms[0], atoms[1], atoms[2]), rest=rest, force_k=values[0]))
    for _ in range(counts[6]):
        atoms, values = _term(lines, 4, "TRAPPE_DIHEDRAL", 4)
        torsions.append(
            Torsion(
                atoms=(atoms[0], atoms[1], atoms[2], atoms[3]),
                constants_k=(values[0], values[1], values[2], values[3]),
            )
        )
    return tuple(bonds), tuple(bends), tuple(torsions)


def _term(
    lines: TableLines, n_atoms: int, kind: str, n_values: int
) -> tuple[list[int], list[float]]:
    line, words, _ = lines.next(kind)
    if len(words) < n_atoms + 1 + n_values or words[n_atoms].upper() != kind:
        raise ParseError(
            f"expected {n_atoms} atoms, {kind} and {n_values} numbers, got {' '.join(words)!r}",
            path=lines.path,
            line=line,
        )
    atoms = [int(value) for value in lines.numbers(words[:n_atoms], line, "atoms")]
    return atoms, lines.numbers(words[n_atoms + 1 : n_atoms + 1 + n_values], line, kind)
