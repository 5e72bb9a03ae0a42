"""Force fields in the files of RASPA2.

``force_field_mixing_rules.def``, ``force_field.def`` and ``pseudo_atoms.def``. Format: manual of
RASPA 2.0, https://doi.org/10.1080/08927022.2015.1010082.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from porescope.adsorption.force_field import AtomType, ForceField, Mixing, PairType, Truncation
from porescope.adsorption.text_tables import atomic_number
from porescope.errors import ParseError

_MIXING = {
    "lorentz-berthelot": "lorentz-berthelot",
    "lorentz-bertelot": "lorentz-berthelot",
    "jorgensen": "geometric",
}


@dataclass(slots=True)
class TableLines:
    """Lines of a file that are no comment, read one after the other."""

    path: Path
    lines: list[tuple[int, str]]
    place: int = 0

    def next(self, what: str) -> tuple[int, list[str], str]:
        """Line number, words and trailing remark of the next line."""
        if self.place >= len(self.lines):
            raise ParseError(f"expected {what}, the file ends", path=self.path)
        line, text = self.lines[self.place]
        self.place += 1
        text, _, remark = text.partition("//")
        return line, text.split(), remark.strip()

    def count(self, what: str) -> int:
        """A number of rows."""
        line, words, _ = self.next(what)
        if not words or not words[0].isdecimal():
            raise ParseError(f"expected {what}, got {words}", path=self.path, line=line)
        return int(words[0])

    def numbers(self, words: Sequence[str], line: int, what: str) -> list[float]:
        """Words as finite numbers."""
        try:
            found = [float(word) for word in words]
        except ValueError:
            found = [float("nan")]
        if not np.all(np.isfinite(found)):
            raise ParseError(
                f"expected numbers for {what}, got {' '.join(words)}", path=self.path, line=line
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoAtom:
    """One row of ``pseudo_atoms.def``."""

    number: int
    """Atomic number, 0 for none."""
    mass: float
    """Mass [g/mol]."""
    charge: float
    """Charge [e]."""
    connectivity: int
    """Number of bonds of a framework atom, 0 for a guest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixingRow:
    """One row of ``force_field_mixing_rules.def``."""

    name: str
    """Type, with a trailing underscore where it stands for all that begin so."""
    epsilon_k: float
    """Depth of the well [K], 0 for none."""
    sigma: float
    """Distance at which the energy is zero [Å]."""
    source: str
    """Remark behind the numbers."""
    line: int
    """Line number, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixingRules:
    """The whole of ``force_field_mixing_rules.def``."""

    truncation: Truncation
    """Whether the energy is shifted."""
    tail_correction: bool
    """Whether tails are added."""
    rows: tuple[MixingRow, ...]
    """Types."""
    mixing: Mixing
    """Mixing rule."""


def open_lines(path: Path) -> TableLines:
    """Lines of a file without its comments."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [
        (line, raw)
        for line, raw in enumerate(text.splitlines(), start=1)
        if raw.strip() and not raw.lstrip().startswith("#")
    ]
    return TableLines(path, lines)


def read_mixing_rules(path: Path) -> MixingRules:
    """Read ``force_field_mixing_rules.def``.

    Raises
    ------
    ParseError
        Where a line is not of the format, or an interaction is no Lennard-Jones one.
    """
    lines = open_lines(path)
    line, words, _ = lines.next("'shifted' or 'truncated'")
    truncation = words[0].lower()
    if truncation not in ("shifted", "truncated"):
        raise ParseError(
            f"expected 'shifted' or 'truncated', got {words[0]!r}", path=path, line=line
        )
    line, words, _ = lines.next("'yes' or 'no' for tail corrections")
    tail = words[0].lower()
    if tail not in ("yes", "no"):
        raise ParseError(
            f"expected 'yes' or 'no' for tail corrections, got {words[0]!r}", path=path, line=line
        )
    rows = []
    for _ in range(lines.count("the number of interactions")):
        line, words, remark = lines.next("a type and its interaction")
        epsilon, sigma = _interaction(lines, words[1:], line)
        rows.append(
            MixingRow(name=words[0], epsilon_k=epsilon, sigma=sigma, source=remark, line=line)
        )
    line, words, _ = lines.next("the mixing rule")
    mixing = _MIXING.get(words[0].lower())
    if mixing is None:
        raise ParseError(
            f"expected Lorentz-Berthelot or Jorgensen as mixing rule, got {words[0]!r}; was the "
            "number of interactions right?",
            path=path,
            line=line,
        )
    return MixingRules(
        truncation=cast("Truncation", truncation),
        tail_correction=tail == "yes",
        rows=tuple(rows),
        mixing=cast("Mixing", mixing),
    )


def _interaction(lines: TableLines, words: Sequence[str], line: int) -> tuple[float, float]:
    """Epsilon [K] and sigma [Å] of a Lennard-Jones interaction or of none."""
    kind = words[0].lower().replace("_", "-") if words else ""
    if kind == "none":
        return 0.0, 1.0
    if kind != "lennard-jones" or len(words) < 3:
        raise ParseError(
            f"expected 'lennard-jones' with epsilon and sigma, or 'none', got {' '.join(words)!r}; "
            "other interactions are not supported",
            path=lines.path,
            line=line,
        )
    epsilon, sigma = lines.numbers(words[1:3], line, "epsilon and sigma")
    if epsilon < 0.0 or sigma <= 0.0:
        raise ParseError(
            f"expected epsilon and sigma above zero, got {epsilon:g} and {sigma:g}",
            path=lines.path,
            line=line,
        )
    return epsilon, sigma


def read_pair_rows(path: Path) -> tuple[tuple[str, str, float, float, str], ...]:
    """Read the pairs in ``force_field.def``: two types, epsilon [K], sigma [Å] and remark.

    Raises
    ------
    ParseError
        Where a line is not of the format, or rules that change mixing are used.
    """
    lines = open_lines(path)
    if lines.count("the number of rules to overwrite"):
        raise ParseError("rules that overwrite truncation are not supported", path=path)
    pairs = []
    for _ in range(lines.count("the number of interactions")):
        line, words, remark = lines.next("two types and their interaction")
        if len(words) < 3:
            raise ParseError(
                f"expected two types and an interaction, got {words}", path=path, line=line
            )
        epsilon, sigma = _interaction(lines, words[2:], line)
        pairs.append((words[0], words[1], epsilon, sigma, remark))
    return tuple(pairs)


def read_pseudo_atoms(path: Path) -> dict[str, PseudoAtom]:
    """Read ``pseudo_atoms.def``.

    Raises
    ------
    ParseError
        Where a line is not of the format.
    """
    lines = open_lines(path)
    found = {}
    for _ in range(lines.count("the number of pseudo atoms")):
        line, words, _ = lines.next("a pseudo atom")
        if len(words) < 11:
            raise ParseError(
                f"expected a pseudo atom with 14 values, got {len(words)}", path=path, line=line
            )
        mass, charge, connectivity = lines.numbers(
            (words[5], words[6], words[10]), line, "mass, charge and connectivity"
        )
        found[words[0]] = PseudoAtom(
            number=atomic_number(words[3]),
            mass=mass,
            charge=charge,
            connectivity=int(connectivity),
        )
    return found


def field_from_raspa(
    folder: Path, *, framework: Sequence[str] | None = None, cutoff: float = 12.0
) -> ForceField:
    """Force field in a folder of RASPA2's tables.

    Parameters
    ----------
    folder:
        Holds ``force_field_mixing_rules.def``, and ``pseudo_atoms.def`` and ``force_field.def``
        where there are any.
    framework:
        Types that stand for framework atoms; behind a colon the elements that must be bonded to
        them, as in ``Oa:Al``. By default those with a trailing underscore; where there are none,
        those whose pseudo atom has bonds.
    cutoff:
        Cutoff [Å], which these files do not state; 12 is RASPA2's own default.

    Raises
    ------
    ParseError
        Where a file is not of the format, or types of the framework cannot be told apart.
    """
    path = folder / "force_field_mixing_rules.def"
    rules = read_mixing_rules(path)
    pseudo = folder / "pseudo_atoms.def"
    known = read_pseudo_atoms(pseudo) if pseudo.exists() else {}
    overrides = folder / "force_field.def"
    pairs = read_pair_rows(overrides) if overrides.exists() else ()
    rows = {row.name: row for row in rules.rows}
    for name in (name for pair in pairs for name in pair[:2]):
        rows.setdefault(name, _only_pairs(name))
    wanted = _framework_names(rows, known) if framework is None else list(framework)
    if not wanted:
        raise ParseError("found no types of framework atoms; name them (framework=...)", path=path)
    types: list[AtomType] = []
    for entry in wanted:
        name, _, neighbours = entry.partition(":")
        each = _atom_type(name, neighbours, rows=rows, known=known, path=path)
        for other in types:
            if (other.number, other.neighbours) == (each.number, each.neighbours):
                raise ParseError(
                    f"the types {other.name!r} and {each.name!r} stand for the same atoms; name "
                    "the types of the framework, with bonded elements where they differ, as in "
                    f"framework=[{other.name!r}, '{each.name}:Al']",
                    path=path,
                )
        types.append(each)
    return ForceField(
        name=folder.name,
        citation=f"RASPA2 tables in {folder.name}",
        types=tuple(types),
        pairs=_pairs(pairs, framework={each.name for each in types}, path=overrides),
        mixing=rules.mixing,
        truncation=rules.truncation,
        tail_correction=rules.tail_correction,
    ).with_options(cutoff=cutoff)


def _only_pairs(name: str) -> MixingRow:
    nan = float("nan")
    return MixingRow(name=name, epsilon_k=nan, sigma=nan, source="only in pairs", line=0)


def _framework_names(rows: dict[str, MixingRow], known: dict[str, PseudoAtom]) -> list[str]:
    marked = [name for name in rows if name.endswith("_")]
    return marked or [name for name in rows if name in known and known[name].connectivity > 0]


def _atom_type(
    name: str,
    neighbours: str,
    *,
    rows: dict[str, MixingRow],
    known: dict[str, PseudoAtom],
    path: Path,
) -> AtomType:
    row = rows.get(name)
    if row is None:
        raise ParseError(f"there is no type {name!r}; the types are {', '.join(rows)}", path=path)
    number = known[name].number if name in known else 0
    number = number or atomic_number(name.rstrip("_"))
    if number == 0:
        raise ParseError(
            f"the type {name!r} stands for no element; give it in pseudo_atoms.def",
            path=path,
            line=row.line or None,
        )
    where = f"{path.name} of {path.parent.name}"
    return AtomType(
        name=name,
        number=number,
        neighbours=tuple(neighbours.split()),
        epsilon_k=row.epsilon_k,
        sigma=row.sigma,
        source=f"{where}: {row.source}" if row.source else where,
    )


def _pairs(
    rows: Sequence[tuple[str, str, float, float, str]], *, framework: set[str], path: Path
) -> tuple[PairType, ...]:
    """Pairs, each with the framework atom first where there is one; the last of several counts."""
    found: dict[frozenset[str], PairType] = {}
    where = f"{path.name} of {path.parent.name}"
    for one, other, epsilon, sigma, remark in rows:
        first, second = (other, one) if other in framework else (one, other)
        found[frozenset((first, second))] = PairType(
            first=first,
            second=second,
            epsilon_k=epsilon,
            sigma=sigma,
            source=f"{where}: {remark}" if remark else where,
        )
    return tuple(found.values())
