"""What a linker's block offers: its ports by connecting atom, and the bonds it can turn about."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from gemmi import Element
from jaxtyping import Float

from porescope.crystal.elements import is_metal
from porescope.reticular.block import Block
from porescope.reticular.linkers.conformers import rotation_about
from porescope.reticular.linkers.macrocycles import neighbours
from porescope.reticular.linkers.roles import ring_of
from porescope.reticular.linkers.to_smiles import bond_orders_of_fragment

_SAME_TIP = 0.7
"""Ports of two atoms that end nearer than this go to one metal [Å]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkerSite:
    """All ports at one atom."""

    atom: int
    """Atom of the block."""
    element: str
    """Its element."""
    ports: tuple[int, ...]
    """Its ports; two and more where it bridges metals."""
    kind: str
    """``carboxylate`` (or another acid whose middle atom is the node's: ``phosphonate``,
    ``sulfonate``, ``boronate``), ``azolate``, ``pyridyl``, ``nitrile``, ``amine``, ``oxygen``,
    ``thiolate``, ``imine`` for an end of a cut C=N, ``other``."""
    group: int
    """Equal for the sites of one azolate ring, of one chelate and of one acid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Torsion:
    """A bond about which a part of a block turns."""

    first: int
    """Atom that stays."""
    second: int
    """Atom at the other end of the bond."""
    moved: tuple[int, ...]
    """Atoms that turn, the second and what hangs on it; their ports turn with them."""


def linker_sites(block: Block) -> list[LinkerSite]:
    """Ports of a block by the atom at which they start, in the order of the atoms.

    Parameters
    ----------
    block:
        A linker, cut from a crystal or made from SMILES.
    """
    near = neighbours(block.n_atoms, block.bonds)
    atoms = np.unique(block.port_atoms)
    parents = list(range(len(atoms)))

    def root(i: int) -> int:
        while parents[i] != i:
            i = parents[i]
        return i

    tips = block.positions[block.port_atoms] + block.port_vectors
    rings = {int(a): ring_of(int(a), near, size=5) for a in atoms if block.numbers[a] == 7}
    for i, one in enumerate(atoms.tolist()):
        for j in range(i):
            other = int(atoms[j])
            mine, theirs = block.port_atoms == one, block.port_atoms == other
            gaps = np.linalg.norm(tips[mine][:, None] - tips[theirs][None], axis=-1)
            if gaps.min() < _SAME_TIP or other in rings.get(one, ()):
                parents[root(i)] = root(j)
    return [
        LinkerSite(
            atom=atom,
            element=Element(int(block.numbers[atom])).name,
            ports=tuple(np.flatnonzero(block.port_atoms == atom).tolist()),
            kind=_kind(block, atom, near),
            group=root(i),
        )
        for i, atom in enumerate(atoms.tolist())
    ]


def torsions_of_block(block: Block) -> list[Torsion]:
    """Bonds about which a block can turn without changing bond lengths and angles.

    Single bonds outside rings with something off the axis on both sides; of a straight chain, as
    about an alkyne, only one bond counts. The larger side stays.

    Parameters
    ----------
    block:
        A linker.
    """
    near = neighbours(block.n_atoms, block.bonds)
    removed = [
        (int(a), "CO2") for a in np.unique(block.port_atoms[block.numbers[block.port_atoms] == 6])
    ]
    attached = np.zeros(block.n_atoms, dtype=bool)
    attached[block.port_atoms] = block.numbers[block.port_atoms] != 6
    if np.any(is_metal()[block.numbers]):
        return []
    orders = bond_orders_of_fragment(
        block.numbers, block.positions, block.bonds, attached=attached, removed=removed
    )
    found: list[Torsion] = []
    axes: list[tuple[np.ndarray, np.ndarray]] = []
    for (i, j), order in zip(block.bonds.tolist(), orders.tolist(), strict=True):
        if order != 1 or 1 in (block.numbers[i], block.numbers[j]):
            continue
        side = _side(j, i, near)
        if i in side or not (_off_axis(block, i, j, near) and _off_axis(block, j, i, near)):
            continue
        if min(len(near[i]), len(near[j])) == 1:
            continue
        axis = block.positions[j] - block.positions[i]
        axis = axis / np.linalg.norm(axis)
        if any(_same_line(block.positions[i], axis, *known) for known in axes):
            continue
        axes.append((block.positions[i], axis))
        other = tuple(k for k in range(block.n_atoms) if k not in side)
        first, second, moved = (i, j, tuple(sorted(side)))
        if len(moved) > block.n_atoms // 2:
            first, second, moved = j, i, other
        found.append(Torsion(first=first, second=second, moved=moved))
    return found


def turned(block: Block, torsion: Torsion, *, angle: float) -> Block:
    """A block with one part turned.

    Parameters
    ----------
    block:
        A linker.
    torsion:
        One of :func:`torsions_of_block`.
    angle:
        Turn about the bond [rad].
    """
    start = block.positions[torsion.first]
    axis = block.positions[torsion.second] - start
    rotation = rotation_about(axis, angle=angle)
    moved = np.array(torsion.moved)
    positions = block.positions.copy()
    positions[moved] = (positions[moved] - start) @ rotation.T + start
    with_them = np.isin(block.port_atoms, moved)
    vectors = block.port_vectors.copy()
    vectors[with_them] = vectors[with_them] @ rotation.T
    return replace(block, positions=positions, port_vectors=vectors)


def _kind(block: Block, atom: int, near: list[list[int]]) -> str:
    """Name of the connecting group at an atom."""
    number = int(block.numbers[atom])
    mine = block.port_atoms == atom
    length = float(np.linalg.norm(block.port_vectors[mine], axis=1).min())
    heavy = [j for j in near[atom] if block.numbers[j] != 1]
    if number == 6:
        return _acid(block, length)
    if number == 7 and length < 1.5:
        return "imine"
    if number == 7:
        return _nitrogen(block, atom, heavy, near)
    names = {5: "boronate", 8: "oxygen", 16: "thiolate"}
    return names.get(number, "other")


def _acid(block: Block, length: float) -> str:
    """Which group a port of carbon leads to, by its length and by what the SMILES names."""
    if length < 1.40:
        return "imine"
    if length > 1.70:
        return (
            "sulfonate"
            if "S(=O)(=O)O" in block.smiles or "O=S(=O)" in block.smiles
            else ("phosphonate")
        )
    boron = "B(O)O" in block.smiles or "OB(O)" in block.smiles
    return "boronate" if boron and length > 1.52 else "carboxylate"


def _nitrogen(block: Block, atom: int, heavy: list[int], near: list[list[int]]) -> str:
    ring = ring_of(atom, near, size=5)
    if len(heavy) == 1:
        length = float(np.linalg.norm(block.positions[heavy[0]] - block.positions[atom]))
        return "nitrile" if length < 1.22 else "amine"
    if ring and len(heavy) == 2:
        nitrogen = [k for k in ring if block.numbers[k] == 7]
        bare = all(len(near[k]) == 2 for k in nitrogen)
        return "azolate" if bare and len(nitrogen) > 1 else "pyridyl"
    return "pyridyl" if len(heavy) == 2 else "amine"


def _side(start: int, barred: int, near: list[list[int]]) -> set[int]:
    """Atoms reached from one without the bond to another; holds the other where a ring closes."""
    met, queue = {start}, deque([start])
    while queue:
        i = queue.popleft()
        for j in near[i]:
            if j not in met and not (i == start and j == barred):
                met.add(j)
                queue.append(j)
    return met


def _off_axis(block: Block, atom: int, across: int, near: list[list[int]]) -> bool:
    """Whether an atom, followed along a straight chain, has a neighbour or port off the axis."""
    axis = block.positions[atom] - block.positions[across]
    axis = axis / np.linalg.norm(axis)
    came, here = across, atom
    while True:
        steps = [block.positions[j] - block.positions[here] for j in near[here] if j != came]
        steps += list(block.port_vectors[block.port_atoms == here])
        beside = [s for s in steps if np.linalg.norm(np.cross(s, axis)) > 0.25 * np.linalg.norm(s)]
        if beside:
            return True
        onward = [j for j in near[here] if j != came]
        if not onward:
            return False
        came, here = here, onward[0]


def _same_line(
    point: Float[np.ndarray, "3"],
    axis: Float[np.ndarray, "3"],
    other_point: Float[np.ndarray, "3"],
    other_axis: Float[np.ndarray, "3"],
) -> bool:
    """Whether two bonds of a chain lie on one line with nothing but it between them."""
    apart = point - other_point
    away = np.linalg.norm(apart - (apart @ other_axis) * other_axis)
    return bool(away < 0.3 and abs(axis @ other_axis) > 0.97 and np.linalg.norm(apart) < 3.2)
