"""Bond orders from a bond graph: aromatic rings, carboxylates, amides, double and triple bonds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from porescope.reticular.force_field.bond_graph import BondGraph, Neighbour

H, B, C, N, O, P, S, SE = 1, 5, 6, 7, 8, 15, 16, 34
_RING = (5, 6)
"""Sizes of the rings that may be aromatic."""
_BENT = float(np.cos(np.deg2rad(150.0)))
"""An atom with two bonds is linear where the cosine of its angle is below this."""
AMIDE = 1.41
"""Order of an amide's C-N bond, as in the paper on UFF."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Perception:
    """What the graph says of each atom and bond."""

    planar: tuple[bool, ...]
    """Whether an atom of carbon, nitrogen, oxygen or boron counts as sp2."""
    linear: tuple[bool, ...]
    """Whether an atom counts as sp."""
    aromatic: tuple[bool, ...]
    """Whether an atom is in an aromatic ring."""
    order: tuple[float, ...]
    """Order of each bond; 0.5 where a metal takes part."""
    bare: int
    """Number of carbon atoms that seem to have lost their hydrogen."""


def perceive(graph: BondGraph) -> Perception:
    """Bond orders and shapes of the non-metal part.

    Parameters
    ----------
    graph:
        The bond graph. Coordinates serve only to tell bent carbon with two neighbours, which has
        lost a hydrogen atom, from linear carbon.
    """
    state = _State(graph)
    state.find_shapes()
    state.find_rings()
    state.order_by_groups()
    state.order_linear()
    state.order_doubles()
    for row, (a, b) in enumerate(graph.bonds[:, :2].tolist()):
        if graph.metal[a] or graph.metal[b]:
            state.order[row] = 0.5
    return Perception(
        planar=tuple(state.planar),
        linear=tuple(state.linear),
        aromatic=tuple(state.aromatic),
        order=tuple(state.order),
        bare=state.bare,
    )


class _State:
    """Working lists while the orders are found."""

    def __init__(self, graph: BondGraph) -> None:
        n = len(graph.numbers)
        self.graph = graph
        self.inner = [graph.others(i, metals=False) for i in range(n)]
        self.n_metals = [len(graph.neighbours[i]) - len(self.inner[i]) for i in range(n)]
        self.planar, self.linear, self.aromatic = [False] * n, [False] * n, [False] * n
        self.order = [1.0] * len(graph.bonds)
        self.bare = 0

    def is_end(self, atom: int, *numbers: int) -> bool:
        """An atom of these elements with one non-metal neighbour."""
        return self.graph.numbers[atom] in numbers and len(self.inner[atom]) == 1

    def find_shapes(self) -> None:
        for atom, number in enumerate(self.graph.numbers):
            n_inner = len(self.inner[atom])
            n_hydrogen = sum(self.graph.numbers[b.atom] == H for b in self.inner[atom])
            if number == C:
                if n_inner == 3:
                    self.planar[atom] = not (self.n_metals[atom] and n_hydrogen == 3)
                elif n_inner == 2:
                    bent = bool(self._cosine(atom) > _BENT)
                    self.planar[atom], self.linear[atom] = bent, not bent
                    self.bare += int(bent and not self.n_metals[atom])
                elif n_inner == 1:
                    self.linear[atom] = True
            elif number == N and n_inner == 1:
                self.linear[atom] = self.linear[self.inner[atom][0].atom]
            elif number == N:
                self.planar[atom] = n_inner == 2
            elif number == B:
                self.planar[atom] = n_inner + self.n_metals[atom] == 3
        for atom, number in enumerate(self.graph.numbers):
            if number == N and len(self.inner[atom]) == 1:
                self.linear[atom] = self.linear[self.inner[atom][0].atom]
            if number == N and len(self.inner[atom]) == 3 and not self.n_metals[atom]:
                self.planar[atom] = any(self._is_flat(b.atom) for b in self.inner[atom])
            if number == N and len(self.inner[atom]) == 2:
                # The middle of an azide, or the nitrogen of a ketenimine.
                ends = [self.graph.numbers[b.atom] for b in self.inner[atom]]
                if self._cosine(atom) < _BENT and ends == [N, N]:
                    self.planar[atom], self.linear[atom] = False, True

    def _is_flat(self, atom: int) -> bool:
        """An sp2 atom, but for nitrogen with three bonds, or the oxygen of a nitro group."""
        number, n_inner = self.graph.numbers[atom], len(self.inner[atom])
        if number == N:
            return n_inner == 2
        return (number in (B, C) and self.planar[atom]) or (number == O and n_inner == 1)

    def _cosine(self, atom: int) -> float:
        a, b = (self.graph.vector(atom, bond) for bond in self.inner[atom][:2])
        size = float(np.linalg.norm(a) * np.linalg.norm(b))
        return float(a @ b) / size if size > 0.0 else 1.0

    def find_rings(self) -> None:
        numbers = self.graph.numbers
        able = [
            (numbers[i] in (C, N) and self.planar[i])
            or (numbers[i] in (O, S, SE) and len(self.inner[i]) == 2)
            for i in range(len(numbers))
        ]
        for atom, fit in enumerate(able):
            if fit:
                self._walk([(atom, (0, 0, 0))], [], able)

    def _walk(
        self, path: list[tuple[int, tuple[int, int, int]]], rows: list[int], able: list[bool]
    ) -> None:
        """Follow bonds from the lowest atom of a ring until they close."""
        atom, cell = path[-1]
        for bond in self.inner[atom]:
            if rows and bond.row == rows[-1]:
                continue
            there = (cell[0] + bond.cell[0], cell[1] + bond.cell[1], cell[2] + bond.cell[2])
            if (bond.atom, there) == path[0] and len(path) in _RING:
                self._close([a for a, _ in path], [*rows, bond.row])
            elif (
                able[bond.atom]
                and bond.atom > path[0][0]
                and len(path) < _RING[-1]
                and (bond.atom, there) not in path
            ):
                self._walk([*path, (bond.atom, there)], [*rows, bond.row], able)

    def _close(self, atoms: list[int], rows: list[int]) -> None:
        numbers = self.graph.numbers
        donors = sum(
            numbers[i] in (O, S, SE) or (numbers[i] == N and len(self.inner[i]) == 3) for i in atoms
        )
        if donors > 1 or (len(atoms) == 6 and any(numbers[i] in (O, S, SE) for i in atoms)):
            return
        for i in atoms:
            for bond in self.inner[i]:
                end = self.is_end(bond.atom, O, S)
                if numbers[i] == C and end and not self.n_metals[bond.atom]:
                    return
        for i in atoms:
            self.aromatic[i] = self.planar[i] = True
        for row in rows:
            self.order[row] = 1.5

    def order_by_groups(self) -> None:
        """Carboxylates, carbonates, amides, nitro groups, oxides of sulphur, phosphorus, boron."""
        numbers = self.graph.numbers
        for atom, number in enumerate(numbers):
            bonds = self.inner[atom]
            ends = [b for b in bonds if self.is_end(b.atom, O, S)]
            if number == C and self.planar[atom] and not self.aromatic[atom]:
                self._order_carbon(bonds, ends)
            elif number == N and len(ends) >= 2:
                self._set(ends, 1.5 if len(ends) == 2 else 1.33)
            elif number in (P, S, SE) and len(bonds) >= 3:
                self._set([b for b in bonds if numbers[b.atom] == O], 1.5 if number == P else 1.0)
                self._set(ends, 2.0)
            elif number == B:
                self._set([b for b in bonds if numbers[b.atom] in (N, O)], AMIDE)

    def _order_carbon(self, bonds: list[Neighbour], ends: list[Neighbour]) -> None:
        nitrogen = [b for b in bonds if self.graph.numbers[b.atom] == N]
        if len(ends) >= 2:
            self._set(ends, 1.5 if len(ends) == 2 else 1.33)
        elif (len(ends) == 1 and not self.n_metals[ends[0].atom]) or (
            len(ends) == 1
            and any(self.graph.numbers[b.atom] in (N, O) for b in bonds if b.row != ends[0].row)
        ):
            self._set(ends, 2.0)
            self._set([b for b in nitrogen if not self.aromatic[b.atom]], AMIDE)
        elif len(nitrogen) == 3:
            self._set(nitrogen, 1.33)

    def _set(self, bonds: list[Neighbour], order: float) -> None:
        for bond in bonds:
            self.order[bond.row] = order

    def order_linear(self) -> None:
        """Triple bonds, and the double bonds of cumulenes and azides."""
        numbers = self.graph.numbers
        for atom in range(len(numbers)):
            if not self.linear[atom] or numbers[atom] not in (C, N):
                continue
            bonds = self.inner[atom]
            ends = [b for b in bonds if self.is_end(b.atom, N, O, S)]
            if (len(bonds) == 2 and len(ends) == 2) or (
                len(bonds) == 2 and len(ends) == 1 and numbers[ends[0].atom] in (O, S)
            ):
                self._set(bonds, 2.0)
            elif numbers[atom] == C and ends:
                self._set(ends, 3.0)
        for atom in range(len(numbers)):
            if self.linear[atom] and numbers[atom] == C and self._unsaturated(atom):
                mates = [b for b in self.inner[atom] if self._unsaturated(b.atom)]
                mates = [b for b in mates if self.linear[b.atom] and numbers[b.atom] == C]
                # In a chain, begin at its end.
                if len(mates) == 1:
                    self._set(mates, 3.0)
        for atom in range(len(numbers)):
            if self.linear[atom] and numbers[atom] == C and self._unsaturated(atom):
                self._set(self.inner[atom], 2.0)

    def _unsaturated(self, atom: int) -> bool:
        """Whether an atom may take part in one more multiple bond."""
        return all(self.order[b.row] == 1.0 for b in self.inner[atom])

    def order_doubles(self) -> None:
        """Double bonds among what is left, shortest chains of choices first."""
        numbers = self.graph.numbers
        able = [
            self._unsaturated(i)
            and (
                (numbers[i] == C and self.planar[i])
                or (numbers[i] == N and len(self.inner[i]) == 2 and self.planar[i])
                or self.is_end(i, O, S)
            )
            for i in range(len(numbers))
        ]
        while True:
            choices = []
            for atom, fit in enumerate(able):
                mates = [b for b in self.inner[atom] if able[b.atom]] if fit else []
                if mates:
                    lengths = [float(np.linalg.norm(self.graph.vectors[b.row])) for b in mates]
                    best = int(np.argmin(lengths))
                    choices.append((len(mates), round(lengths[best], 3), atom, mates[best]))
            if not choices:
                break
            _, _, atom, bond = min(choices, key=lambda c: c[:3])
            self.order[bond.row] = 2.0
            able[atom] = able[bond.atom] = False
        # What found no partner is conjugated with its neighbours, as the bridges of porphyrins.
        for atom, fit in enumerate(able):
            if fit and numbers[atom] in (C, N):
                mates = [b for b in self.inner[atom] if self.planar[b.atom]]
                mates = [b for b in mates if self.order[b.row] == 1.0]
                if len(mates) >= 2:
                    self._set(mates, 1.33)
