"""Functional groups on aromatic carbon: which hydrogens may go, and what takes their place.

Bond lengths and angles are the usual means of organic crystals: F. H. Allen et al., J. Chem. Soc.
Perkin Trans. 2 (1987) S1, https://doi.org/10.1039/P298700000S1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.reticular.block import Block

_TETRAHEDRAL = np.deg2rad(109.5)
_RING = 7
"""Largest ring that counts as aromatic."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FunctionalGroup:
    """Atoms that take the place of a hydrogen.

    The carbon that bears the group is at the origin, the bond to the group along z, and the ring
    in the yz plane; the first atom is the one that is bound.
    """

    name: str
    """Such as ``NO2``."""
    numbers: Int[np.ndarray, "atoms"]
    """Atomic numbers."""
    positions: Float[np.ndarray, "atoms 3"]
    """Places [Å]."""
    bonds: Int[np.ndarray, "bonds 2"]
    """Bonds within the group."""
    turns: tuple[float, ...]
    """Turns about z worth trying [rad], the most likely first."""


def _arm(length: float, angle: float, turn: float) -> np.ndarray:
    """A bond that makes an angle with the bond towards the ring, turned about z from the ring."""
    away = np.pi - angle
    return length * np.array(
        [np.sin(away) * np.sin(turn), np.sin(away) * np.cos(turn), np.cos(away)]
    )


def _group(
    name: str,
    numbers: Sequence[int],
    positions: Sequence[np.ndarray],
    bonds: Sequence[tuple[int, int]],
    turns_deg: Sequence[float],
) -> FunctionalGroup:
    return FunctionalGroup(
        name=name,
        numbers=np.array(numbers, dtype=np.int64),
        positions=np.array(positions),
        bonds=np.array(bonds, dtype=np.int64).reshape(-1, 2),
        turns=tuple(np.deg2rad(t) for t in turns_deg),
    )


def _groups() -> dict[str, FunctionalGroup]:
    z = np.array([0.0, 0.0, 1.0])
    third = 2.0 * np.pi / 3.0
    flat = np.deg2rad(120.0)
    made = [
        _group("F", [9], [1.36 * z], [], [0]),
        _group("Cl", [17], [1.74 * z], [], [0]),
        _group("Br", [35], [1.90 * z], [], [0]),
        _group("CN", [6, 7], [1.44 * z, 2.58 * z], [(0, 1)], [0]),
    ]
    c = 1.51 * z
    hydrogens = [c + _arm(1.09, _TETRAHEDRAL, k * third) for k in range(3)]
    made.append(
        _group("CH3", [6, 1, 1, 1], [c, *hydrogens], [(0, 1), (0, 2), (0, 3)], [90, 30, 0, 60])
    )
    n = 1.37 * z
    made.append(
        _group(
            "NH2",
            [7, 1, 1],
            [n, n + _arm(1.01, flat, 0.0), n + _arm(1.01, flat, np.pi)],
            [(0, 1), (0, 2)],
            [0, 30, -30, 90],
        )
    )
    n, nitro = 1.47 * z, np.deg2rad(118.0)
    made.append(
        _group(
            "NO2",
            [7, 8, 8],
            [n, n + _arm(1.22, nitro, 0.0), n + _arm(1.22, nitro, np.pi)],
            [(0, 1), (0, 2)],
            [0, 45, -45, 90],
        )
    )
    o = 1.36 * z
    made.append(
        _group("OH", [8, 1], [o, o + _arm(0.97, _TETRAHEDRAL, 0.0)], [(0, 1)], [0, 180, 45, 135])
    )
    bent = np.deg2rad(117.5)
    carbon = o + _arm(1.43, bent, 0.0)
    # The methyl group's frame: its own z axis runs from the oxygen to the carbon.
    axis = (carbon - o) / 1.43
    side = np.array([1.0, 0.0, 0.0])
    frame = np.stack([side, np.cross(axis, side), axis])
    methyl = [carbon + _arm(1.09, _TETRAHEDRAL, k * third + np.pi) @ frame for k in range(3)]
    made.append(
        _group(
            "OCH3",
            [8, 6, 1, 1, 1],
            [o, carbon, *methyl],
            [(0, 1), (1, 2), (1, 3), (1, 4)],
            [0, 180, 60, 120, -60, -120, 90, -90],
        )
    )
    return {group.name: group for group in made}


GROUPS: Mapping[str, FunctionalGroup] = _groups()
"""All groups by name: F, Cl, Br, CN, CH3, NH2, NO2, OH, OCH3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """Which hydrogens of a linker go, and what takes their place."""

    hydrogens: tuple[int, ...]
    """Atoms of the linker."""
    groups: tuple[str, ...]
    """A group for each."""

    @property
    def name(self) -> str:
        """Such as ``NH2`` or ``2 Br``, without places."""
        kinds = sorted(set(self.groups))
        counts = [(self.groups.count(kind), kind) for kind in kinds]
        return ", ".join(kind if n == 1 else f"{n} {kind}" for n, kind in counts)


def aromatic_hydrogens(block: Block) -> Int[np.ndarray, "hydrogens"]:
    """Hydrogens on flat carbon atoms of rings.

    Parameters
    ----------
    block:
        A linker.
    """
    near = _neighbours(block)
    ports = np.bincount(block.port_atoms, minlength=block.n_atoms)
    found = []
    for h in np.flatnonzero(block.numbers == 1).tolist():
        if len(near[h]) != 1:
            continue
        c = near[h][0]
        heavy = [a for a in near[c] if a != h]
        flat = block.numbers[c] == 6 and len(heavy) == 2 and not ports[c]
        if flat and all(block.numbers[a] != 1 for a in heavy) and _in_ring(near, c, *heavy):
            found.append(h)
    return np.array(found, dtype=np.int64)


def _neighbours(block: Block) -> list[list[int]]:
    near: list[list[int]] = [[] for _ in range(block.n_atoms)]
    for a, b in block.bonds.tolist():
        near[a].append(b)
        near[b].append(a)
    return near


def _in_ring(near: list[list[int]], centre: int, one: int, other: int) -> bool:
    """Whether two neighbours of an atom are joined by a short way around it."""
    reached, edge = {one}, [one]
    for _ in range(_RING - 2):
        edge = [b for a in edge for b in near[a] if b != centre and b not in reached]
        reached.update(edge)
        if other in reached:
            return True
    return False


def substitutions(
    block: Block, *, groups: Sequence[str] | None = None, most: int = 2
) -> list[Substitution]:
    """Different ways to put one to a few equal groups on a linker.

    Places that the bond graph makes equal count once: they are told apart by refined colours of
    the atoms and by the number of bonds between them.

    Parameters
    ----------
    block:
        A linker.
    groups:
        Names of the groups; by default all.
    most:
        Largest number of groups.

    Raises
    ------
    ConfigError
        Where a name is no group.
    """
    names = list(GROUPS) if groups is None else list(groups)
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is no known group; there are {', '.join(GROUPS)}")
    hydrogens = aromatic_hydrogens(block).tolist()
    colours, steps = _colours(block), _steps(block)
    places: dict[tuple, tuple[int, ...]] = {}
    for size in range(1, most + 1):
        for chosen in combinations(hydrogens, size):
            kinds = tuple(sorted(int(colours[h]) for h in chosen))
            apart = tuple(sorted(int(steps[a, b]) for a, b in combinations(chosen, 2)))
            places.setdefault((kinds, apart), chosen)
    return [
        Substitution(hydrogens=chosen, groups=(name,) * len(chosen))
        for chosen in places.values()
        for name in names
    ]


def equal_places(block: Block, substitution: Substitution) -> list[Substitution]:
    """All ways to do the same: the same groups on places that the bond graph makes equal.

    Parameters
    ----------
    block:
        The linker.
    substitution:
        One of the ways, with equal groups.
    """
    colours, steps = _colours(block), _steps(block)

    def shape(chosen: Sequence[int]) -> tuple:
        kinds = tuple(sorted(int(colours[h]) for h in chosen))
        return kinds, tuple(sorted(int(steps[a, b]) for a, b in combinations(chosen, 2)))

    wanted = shape(substitution.hydrogens)
    hydrogens = aromatic_hydrogens(block).tolist()
    return [
        replace(substitution, hydrogens=chosen)
        for chosen in combinations(hydrogens, len(substitution.hydrogens))
        if shape(chosen) == wanted
    ]


def _colours(block: Block) -> np.ndarray:
    """Equal for atoms that refinement of the bond graph cannot tell apart."""
    ports = np.bincount(block.port_atoms, minlength=block.n_atoms)
    keys: list[tuple] = list(zip(block.numbers.tolist(), ports.tolist(), strict=True))
    near = _neighbours(block)
    n_kinds = 0
    while True:
        number = {key: i for i, key in enumerate(sorted(set(keys)))}
        colours = np.array([number[key] for key in keys], dtype=np.int64)
        if len(number) == n_kinds:
            return colours
        n_kinds = len(number)
        keys = [
            (int(colours[i]), *sorted(int(colours[j]) for j in near[i]))
            for i in range(block.n_atoms)
        ]


def _steps(block: Block) -> np.ndarray:
    """Number of bonds between atoms."""
    n = block.n_atoms
    steps = np.full((n, n), n, dtype=np.int64)
    near = _neighbours(block)
    for root in range(n):
        steps[root, root] = 0
        edge = [root]
        while edge:
            new = []
            for a in edge:
                for b in near[a]:
                    if steps[root, b] == n:
                        steps[root, b] = steps[root, a] + 1
                        new.append(b)
            edge = new
    return steps


def with_groups(
    crystal: Crystal,
    bonds: Int[np.ndarray, "bonds 5"],
    *,
    hydrogens: Sequence[int],
    groups: Sequence[str],
    turns: Sequence[float],
) -> tuple[Crystal, Int[np.ndarray, "new_bonds 5"], Int[np.ndarray, "new_atoms"]]:
    """The crystal with groups in the place of hydrogens.

    Parameters
    ----------
    crystal:
        A structure in P1.
    bonds:
        Its bond graph: atom, other atom, cell of the other atom.
    hydrogens:
        Atoms to replace; each has one bond, to a carbon of a ring.
    groups:
        A group for each.
    turns:
        Turn of each group about its bond, from the plane of the ring [rad].

    Returns
    -------
    :
        The crystal, its bonds, and which atoms are new. Atoms that stay keep their order.
    """
    cart, lattice = crystal.cart, crystal.lattice
    gone = np.zeros(crystal.n_atoms, dtype=bool)
    gone[list(hydrogens)] = True
    new_index = np.cumsum(~gone) - 1
    kept = bonds[~gone[bonds[:, 0]] & ~gone[bonds[:, 1]]].copy()
    kept[:, :2] = new_index[kept[:, :2]]
    numbers, places, rows = [crystal.numbers[~gone]], [cart[~gone]], [kept]
    count = int(np.count_nonzero(~gone))
    for h, name, turn in zip(hydrogens, groups, turns, strict=True):
        carbon, origin, others = _surroundings(int(h), bonds, cart, lattice)
        group = GROUPS[name]
        z = cart[h] - origin
        z /= np.linalg.norm(z)
        normal = np.cross(others[0] - origin, others[1] - origin)
        x = normal - (normal @ z) * z
        x /= np.linalg.norm(x)
        y = np.cross(z, x)
        c, s = np.cos(turn), np.sin(turn)
        frame = np.stack([c * x + s * y, c * y - s * x, z])
        places.append(cart[carbon] + group.positions @ frame)
        numbers.append(group.numbers)
        inner = np.zeros((len(group.bonds) + 1, 5), dtype=np.int64)
        inner[0, :2] = new_index[carbon], count
        inner[1:, :2] = group.bonds + count
        rows.append(inner)
        count += len(group.numbers)
    n_old = int(np.count_nonzero(~gone))
    made = Crystal(
        lattice=lattice,
        frac=np.concatenate(places) @ np.linalg.inv(lattice),
        numbers=np.concatenate(numbers).astype(np.int64),
        occupancy=np.ones(count),
        u_iso=np.full(count, np.nan),
        name=crystal.name,
    )
    return made, np.concatenate(rows), np.arange(n_old, count)


def _surroundings(
    hydrogen: int, bonds: np.ndarray, cart: np.ndarray, lattice: np.ndarray
) -> tuple[int, np.ndarray, np.ndarray]:
    """The carbon of a hydrogen, where it is beside that hydrogen, and its other neighbours."""

    def neighbours(atom: int) -> list[tuple[int, np.ndarray]]:
        found = [(int(r[1]), r[2:]) for r in bonds[bonds[:, 0] == atom]]
        return found + [(int(r[0]), -r[2:]) for r in bonds[bonds[:, 1] == atom]]

    (first,) = neighbours(hydrogen)[:1] or [(-1, np.zeros(3))]
    carbon, cell = first
    if carbon < 0:
        raise ConfigError(f"atom {hydrogen} has no bond; groups take the place of bound hydrogens")
    others = [
        cart[a] + (cell + image) @ lattice for a, image in neighbours(carbon) if a != hydrogen
    ]
    if len(others) < 2:
        raise ConfigError(f"atom {carbon} is no carbon of a ring")
    return carbon, cart[carbon] + cell @ lattice, np.array(others[:2])
