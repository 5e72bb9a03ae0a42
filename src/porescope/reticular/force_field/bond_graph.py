"""The bond graph that a force field works on, as rows and as lists of neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.elements import is_metal
from porescope.crystal.neighbours import NeighbourList
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """One bond as seen from an atom."""

    atom: int
    """The atom at the other end."""
    cell: tuple[int, int, int]
    """Cell of that atom."""
    row: int
    """Row of the bond."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BondGraph:
    """A periodic bond graph with the elements of its atoms."""

    numbers: tuple[int, ...]
    """Atomic number of each atom."""
    metal: tuple[bool, ...]
    """Whether each atom is a metal."""
    bonds: Int[np.ndarray, "bonds 5"]
    """Each bond once: atom, other atom, cell of the other atom."""
    neighbours: tuple[tuple[Neighbour, ...], ...]
    """Bonds of each atom; a bond to an own image stands twice."""
    vectors: Float[np.ndarray, "bonds 3"]
    """From the first atom of each bond to the second [Å]."""

    def vector(self, atom: int, bond: Neighbour) -> Float[np.ndarray, "3"]:
        """From an atom along one of its bonds [Å]."""
        first = self.bonds[bond.row]
        forward = first[0] == atom and tuple(first[2:].tolist()) == bond.cell
        return self.vectors[bond.row] if forward else -self.vectors[bond.row]

    def others(self, atom: int, *, metals: bool) -> list[Neighbour]:
        """Bonds of an atom to metals, or to all else."""
        return [b for b in self.neighbours[atom] if self.metal[b.atom] == metals]


def bond_rows(pairs: NeighbourList) -> Int[np.ndarray, "bonds 5"]:
    """Each bond once, from a list that has them in both directions.

    Parameters
    ----------
    pairs:
        Bonds as :func:`porescope.crystal.bonds.bonds_of` gives them.
    """
    image = pairs.image.astype(np.int64)
    lead = np.where(image[:, 0] != 0, image[:, 0], np.where(image[:, 1] != 0, image[:, 1], 0))
    lead = np.where(lead != 0, lead, image[:, 2])
    keep = (pairs.first < pairs.second) | ((pairs.first == pairs.second) & (lead > 0))
    return np.concatenate(
        [pairs.first[keep, None], pairs.second[keep, None], image[keep]], axis=1
    ).astype(np.int64)


def bond_graph(crystal: Crystal, bonds: Int[np.ndarray, "bonds 5"]) -> BondGraph:
    """Neighbours of each atom from rows of bonds.

    Parameters
    ----------
    crystal:
        The atoms, in the unfolded coordinates that the cells of the bonds refer to.
    bonds:
        Each bond once: atom, other atom, cell of the other atom.

    Raises
    ------
    ConfigError
        Where a bond names an atom that is not there, or joins an atom to itself.
    """
    n_atoms = crystal.n_atoms
    if len(bonds) and not (bonds[:, :2].min() >= 0 and bonds[:, :2].max() < n_atoms):
        raise ConfigError(
            f"the bonds name atom {int(bonds[:, :2].max())}, but the crystal has {n_atoms} atoms"
        )
    found: list[list[Neighbour]] = [[] for _ in range(n_atoms)]
    for row, (a, b, x, y, z) in enumerate(bonds.tolist()):
        if a == b and x == y == z == 0:
            raise ConfigError(f"a bond joins atom {a} to itself; leave such rows out")
        found[a].append(Neighbour(b, (x, y, z), row))
        found[b].append(Neighbour(a, (-x, -y, -z), row))
    step = crystal.frac[bonds[:, 1]] + bonds[:, 2:] - crystal.frac[bonds[:, 0]]
    metal = is_metal()[crystal.numbers]
    return BondGraph(
        numbers=tuple(crystal.numbers.tolist()),
        metal=tuple(metal.tolist()),
        bonds=bonds,
        neighbours=tuple(tuple(b) for b in found),
        vectors=step @ crystal.lattice,
    )
