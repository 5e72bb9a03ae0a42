"""Rules that choose a row of a table for each atom: by element, and by bonded neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import gemmi
import numpy as np
from jaxtyping import Int

from porescope.crystal.bonds import bonds_of
from porescope.crystal.structure import Crystal

SiteRule = tuple[int, tuple[str, ...]]
"""Atomic number, and the elements that must be bonded to the atom, each as often as it is named."""


def matching_rows(crystal: Crystal, *, rules: Sequence[SiteRule]) -> Int[np.ndarray, "atoms"]:
    """Row of the rule that each atom fits, -1 where there is none.

    Of several, the one that asks for most neighbours; of those, the first.

    Parameters
    ----------
    crystal:
        A structure.
    rules:
        One rule per row.
    """
    by_number: dict[int, list[int]] = {}
    for row, (number, _) in enumerate(rules):
        by_number.setdefault(number, []).append(row)
    for rows in by_number.values():
        rows.sort(key=lambda row: -len(rules[row][1]))
    asked = {number for number, neighbours in rules if neighbours}
    around = _neighbour_counts(crystal, numbers=asked)
    found = np.full(crystal.n_atoms, -1, dtype=np.int64)
    for atom, number in enumerate(crystal.numbers):
        for row in by_number.get(int(number), []):
            wanted = rules[row][1]
            if not wanted or Counter(wanted) <= around.get(atom, Counter()):
                found[atom] = row
                break
    return found


def atom_name(crystal: Crystal, atom: int) -> str:
    """Label, element and index of an atom, for messages."""
    number = int(crystal.numbers[atom])
    symbol = gemmi.Element(number).name if 0 < number < 119 else f"atomic number {number}"
    label = crystal.labels[atom] if crystal.labels else ""
    return f"{label} ({symbol}, atom {atom})" if label else f"{symbol} (atom {atom})"


def _neighbour_counts(crystal: Crystal, *, numbers: set[int]) -> dict[int, Counter[str]]:
    """Bonded elements of the atoms of some elements."""
    chosen = np.isin(crystal.numbers, sorted(numbers))
    if not np.any(chosen):
        return {}
    bonds = bonds_of(crystal)
    around: dict[int, Counter[str]] = {}
    keep = chosen[bonds.first]
    for first, second in zip(bonds.first[keep], bonds.second[keep], strict=True):
        symbol = gemmi.Element(int(crystal.numbers[second])).name
        around.setdefault(int(first), Counter())[symbol] += 1
    return around
