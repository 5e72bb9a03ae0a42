"""The bonded surroundings of a place as a graph, and a name for what they are.

Two sites have the same name where their atoms within a radius are bonded in the same way. Hydrogen
is left out, and in silica and its kin the bridging oxygen, so that what is compared are the
frameworks' connections. The name is a Weisfeiler–Lehman hash [1]_: it depends on neither the order
of the atoms, nor the origin, nor the cell that is chosen.

.. [1] N. Shervashidze et al., J. Mach. Learn. Res. 12, 2539 (2011).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.bonds import bonds_of
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.models.surroundings import atoms_around

SITE_RADIUS = 4.0
"""Radius about a place within which atoms belong to its site [Å]."""
SILICA_RADIUS = 6.5
"""The same in silica, where it is counted from one tetrahedral atom to the next [Å]."""
ROUNDS = 3
"""Rounds of the hash: bonds over which an atom's name knows of its neighbours."""
_SLACK = 1e-3  # [Å] so that atoms at the very edge are in, whatever the rounding
_TETRAHEDRAL = (5, 13, 14, 15, 32)
"""B, Al, Si, P and Ge: with oxygen and hydrogen alone they are silica and its kin."""
_ROOT = 1000  # added to the number of the atom that a site is about

Neighbours = Mapping[int, Sequence[tuple[int, tuple[int, int, int]]]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameworkGraph:
    """Which atoms of a crystal count, and how they are joined."""

    crystal: Crystal
    """The crystal."""
    kept: Int[np.ndarray, "kept"]
    """Atoms that count."""
    neighbours: Neighbours
    """For each of them, the atoms joined to it and the cells these lie in."""
    owners: Mapping[int, tuple[int, ...]]
    """For each atom that does not count, those that do and that it is bonded to."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteGraph:
    """The atoms about a place and the bonds among them."""

    numbers: Int[np.ndarray, "nodes"]
    """Atomic numbers."""
    cart: Float[np.ndarray, "nodes 3"]
    """Places from the centre [Å]."""
    bonds: tuple[tuple[int, int], ...]
    """Bonded pairs, each once."""
    root: int | None
    """The atom that the site is about; None where it is a place."""

    @property
    def name(self) -> str:
        """The hash."""
        return graph_hash(self.numbers, bonds=self.bonds, root=self.root)

    @property
    def formula(self) -> str:
        """Elements with their counts, in the order of their symbols."""
        counts = {
            gemmi.Element(int(z)).name: int(n)
            for z, n in zip(*np.unique(self.numbers, return_counts=True), strict=True)
        }
        return " ".join(f"{s}{n}" if n > 1 else s for s, n in sorted(counts.items()))


def is_silica(crystal: Crystal) -> bool:
    """Whether a crystal is of tetrahedral atoms, oxygen and hydrogen alone."""
    present = set(np.unique(crystal.numbers).tolist())
    return 8 in present and bool(present & set(_TETRAHEDRAL)) and present <= {1, 8, *_TETRAHEDRAL}


def usual_radius(crystal: Crystal) -> float:
    """Radius of a site where none is asked for [Å]."""
    return SILICA_RADIUS if is_silica(crystal) else SITE_RADIUS


def framework_graph(crystal: Crystal, *, with_bridges: bool = False) -> FrameworkGraph:
    """The atoms of a crystal that count, joined.

    Parameters
    ----------
    crystal:
        The crystal.
    with_bridges:
        Whether silica keeps its oxygen, as for a picture.
    """
    bonds = bonds_of(crystal)
    silica = is_silica(crystal) and not with_bridges
    left_out = (crystal.numbers == 1) | (silica & (crystal.numbers == 8))
    if left_out.all():
        left_out[:] = False
    bonded = _bonded(bonds.first, bonds.second)
    joined: dict[int, set[tuple[int, tuple[int, int, int]]]] = {}
    for i, j, (a, b, c) in zip(
        bonds.first.tolist(), bonds.second.tolist(), bonds.image.tolist(), strict=True
    ):
        joined.setdefault(i, set()).add((j, (a, b, c)))
    if silica:
        for bridge in np.flatnonzero(crystal.numbers == 8).tolist():
            ends = sorted(joined.get(bridge, ()))
            for i, at in ends:
                for j, to in ends:
                    if (i, at) != (j, to):
                        step = (to[0] - at[0], to[1] - at[1], to[2] - at[2])
                        joined.setdefault(i, set()).add((j, step))
    kept = np.flatnonzero(~left_out)
    counted = set(kept.tolist())
    return FrameworkGraph(
        crystal=crystal,
        kept=kept,
        neighbours={
            i: tuple(sorted(end for end in joined.get(i, ()) if end[0] in counted))
            for i in kept.tolist()
        },
        owners={
            i: tuple(j for j in bonded.get(i, ()) if j in counted)
            for i in np.flatnonzero(left_out).tolist()
        },
    )


def _bonded(
    first: Int[np.ndarray, "pairs"], second: Int[np.ndarray, "pairs"]
) -> dict[int, list[int]]:
    """Atoms bonded to each, as often as they are."""
    found: dict[int, list[int]] = {}
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        found.setdefault(i, []).append(j)
    return found


def site_graphs(
    graph: FrameworkGraph,
    centres: Float[np.ndarray, "sites 3"],
    *,
    radius: float = SITE_RADIUS,
    atoms: Sequence[int] | None = None,
) -> list[SiteGraph]:
    """The graphs about some places.

    Parameters
    ----------
    graph:
        The crystal's.
    centres:
        Cartesian coordinates [Å].
    radius:
        Atoms farther away do not belong to a site [Å].
    atoms:
        The atoms that the places are, if they are atoms: each then is the root of its graph, and
        atoms that are not joined to it within the radius are left out.

    Raises
    ------
    ConfigError
        If the radius is not above 0.
    """
    if not radius > 0.0:
        raise ConfigError(f"the radius of a site must be above 0 Å, not {radius:g}")
    crystal = graph.crystal
    inverse = np.linalg.inv(crystal.lattice)
    inside = centres @ inverse
    home = (inside - np.floor(inside)) @ crystal.lattice
    row, atom, offset = atoms_around(crystal, home, radius=radius + _SLACK)
    start = np.searchsorted(row, np.arange(len(centres) + 1))
    frac = (home[row] + offset) @ inverse - crystal.frac[atom]
    cells = np.rint(frac).astype(np.int64)
    made = []
    for site in range(len(centres)):
        part = slice(start[site], start[site + 1])
        root = None if atoms is None else int(atoms[site])
        made.append(_site(graph, atom[part], cells[part], offset[part], root=root))
    return made


def _site(
    graph: FrameworkGraph,
    atom: Int[np.ndarray, "members"],
    cells: Int[np.ndarray, "members 3"],
    offset: Float[np.ndarray, "members 3"],
    *,
    root: int | None,
) -> SiteGraph:
    node: dict[tuple[int, tuple[int, int, int]], int] = {}
    numbers, places = [], []
    centre = None
    for i, (a, b, c), away in zip(atom.tolist(), cells.tolist(), offset, strict=True):
        if i == root and float(away @ away) < _SLACK**2:
            centre = (i, (a, b, c))
        elif i not in graph.neighbours:
            continue
        node[i, (a, b, c)] = len(numbers)
        numbers.append(int(graph.crystal.numbers[i]))
        places.append(away)
    bonds: list[tuple[int, int]] = []
    for (i, (a, b, c)), one in node.items():
        for j, (x, y, z) in graph.neighbours.get(i, ()):
            other = node.get((j, (a + x, b + y, c + z)))
            if other is not None and one < other:
                bonds.append((one, other))
    rooted = None if centre is None else node[centre]
    kept = np.arange(len(numbers)) if rooted is None else _joined_to(rooted, bonds)
    rank = {int(old): new for new, old in enumerate(kept)}
    return SiteGraph(
        numbers=np.array(numbers, dtype=np.int64)[kept],
        cart=np.array(places, dtype=np.float64).reshape(-1, 3)[kept],
        bonds=tuple((rank[i], rank[j]) for i, j in bonds if i in rank and j in rank),
        root=None if rooted is None else rank[rooted],
    )


def _joined_to(root: int, bonds: Sequence[tuple[int, int]]) -> Int[np.ndarray, "joined"]:
    ends: dict[int, list[int]] = {}
    for i, j in bonds:
        ends.setdefault(i, []).append(j)
        ends.setdefault(j, []).append(i)
    seen, edge = {root}, [root]
    while edge:
        edge = [k for node in edge for k in ends.get(node, ()) if k not in seen]
        seen.update(edge)
    return np.array(sorted(seen), dtype=np.int64)


def graph_hash(
    numbers: Int[np.ndarray, "nodes"],
    *,
    bonds: Sequence[tuple[int, int]],
    root: int | None = None,
    rounds: int = ROUNDS,
) -> str:
    """Weisfeiler–Lehman hash of a graph of atoms; the same for every order of the atoms.

    Parameters
    ----------
    numbers:
        Atomic numbers.
    bonds:
        Bonded pairs.
    root:
        An atom that is told from the others.
    rounds:
        How often each atom's label takes in its neighbours'.
    """
    labels = numbers.tolist()
    if root is not None:
        labels[root] += _ROOT
    ends: list[list[int]] = [[] for _ in labels]
    for i, j in bonds:
        ends[i].append(j)
        ends[j].append(i)
    for _ in range(rounds):
        labels = [
            _label(labels[node], tuple(sorted(labels[k] for k in ends[node])))
            for node in range(len(labels))
        ]
    text = " ".join(map(str, sorted(labels)))
    return blake2b(text.encode(), digest_size=6).hexdigest()


@lru_cache(maxsize=100_000)
def _label(own: int, others: tuple[int, ...]) -> int:
    made = blake2b(f"{own}|{','.join(map(str, others))}".encode(), digest_size=8)
    return int.from_bytes(made.digest(), "big")
