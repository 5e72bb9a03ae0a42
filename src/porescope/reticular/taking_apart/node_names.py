"""Names of nodes: composition by groups, and the shape of what is around their metals."""

from __future__ import annotations

from collections import Counter

import gemmi
import numpy as np
from jaxtyping import Bool, Float

from porescope.crystal.elements import is_metal
from porescope.reticular.block import Block

_H, _C, _N, _O, _P, _S = 1, 6, 7, 8, 15, 16

_SHAPES: dict[str, tuple[tuple[float, float, float], ...]] = {
    "linear": ((0, 0, 1), (0, 0, -1)),
    "bent": ((1, 0, 0), (-0.5, 0.866, 0)),
    "trigonal": ((1, 0, 0), (-0.5, 0.866, 0), (-0.5, -0.866, 0)),
    "T-shaped": ((1, 0, 0), (-1, 0, 0), (0, 1, 0)),
    "pyramid on a triangle": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "tetrahedron": ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)),
    "square": ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)),
    "seesaw": ((0, 0, 1), (0, 0, -1), (1, 0, 0), (-0.5, 0.866, 0)),
    "square pyramid": ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1)),
    "trigonal bipyramid": (
        (0, 0, 1),
        (0, 0, -1),
        (1, 0, 0),
        (-0.5, 0.866, 0),
        (-0.5, -0.866, 0),
    ),
    "octahedron": ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)),
    "trigonal prism": (
        (0.756, 0, 0.655),
        (-0.378, 0.655, 0.655),
        (-0.378, -0.655, 0.655),
        (0.756, 0, -0.655),
        (-0.378, 0.655, -0.655),
        (-0.378, -0.655, -0.655),
    ),
}
"""Directions to the corners of ideal polyhedra."""


def node_name(block: Block, *, rank: int = 0) -> str:
    """Composition of a node by groups, and its shape, such as ``Cu2(CO2)4 paddlewheel``.

    Hydrogen and what is bound to one metal only, such as water, are left out, so that a node has
    one name in the dry and in the wet material.

    Parameters
    ----------
    block:
        A piece with metals.
    rank:
        Directions in which it goes on through links to itself: 1 for a rod, 2 for a layer.
    """
    metal = _metals(block)
    metals = np.flatnonzero(metal)
    if not len(metals):
        return ""
    symbols = Counter(gemmi.Element(int(z)).name for z in block.numbers[metals])
    composition = "".join(f"{s}{n if n > 1 else ''}" for s, n in sorted(symbols.items()))
    groups = _groups(block, metal)
    order = sorted(groups, key=lambda g: (len(g) > 2, g))
    for group in order:
        n = groups[group]
        simple = group in ("O", "S", "F", "Cl", "Br", "I", "N", "Se")
        body = group if simple else f"({group})"
        composition += body + (str(n) if n > 1 else "")
    shape = _shape(block, metals, groups, rank)
    return f"{composition} {shape}" if shape else composition


def _metals(block: Block) -> Bool[np.ndarray, "atoms"]:
    """True for metals, and for six-coordinate silicon and germanium that stand for one."""
    metal = is_metal()[block.numbers]
    if metal.any():
        return metal
    return np.isin(block.numbers, (14, 32)) & (block.n_atoms < 3)


def inner_groups(
    block: Block, metal: Bool[np.ndarray, "atoms"]
) -> list[tuple[list[int], set[tuple[int, int]]]]:
    """The non-metal groups of a node: their atoms, and the metals that each one is bound to.

    A metal is counted once for each bond that reaches it through another cell.

    Parameters
    ----------
    block:
        A node.
    metal:
        True for metals.
    """
    near: list[list[int]] = [[] for _ in range(block.n_atoms)]
    for i, j in block.bonds.tolist():
        near[i].append(j)
        near[j].append(i)
    # Bonds of an endless node to its images: each port of a donor atom is a further metal.
    outward = Counter(block.port_atoms.tolist())
    seen: set[int] = set()
    found = []
    for atom in np.flatnonzero(~metal).tolist():
        if atom in seen:
            continue
        members, stack = [atom], [atom]
        seen.add(atom)
        while stack:
            for other in near[stack.pop()]:
                if not metal[other] and other not in seen:
                    seen.add(other)
                    members.append(other)
                    stack.append(other)
        bound = {(k, 0) for i in members for k in near[i] if metal[k]}
        centre = any(block.numbers[i] in (_C, _P, _S) for i in members)
        for i in members:
            if not (centre and block.numbers[i] in (_C, _P, _S)):
                bound |= {(i, -1 - k) for k in range(outward[i])}
        found.append((members, bound))
    return found


def group_formula(block: Block, members: list[int], *, hydrogen: bool = True) -> str:
    """Composition of some atoms, such as ``CO2``.

    Parameters
    ----------
    block:
        The block.
    members:
        Some of its atoms.
    hydrogen:
        Whether hydrogen is told.
    """
    counts = Counter(gemmi.Element(int(block.numbers[i])).name for i in members)
    if not hydrogen:
        counts.pop("H", None)
    return "".join(s + (str(n) if n > 1 else "") for s, n in sorted(counts.items()))


def _groups(block: Block, metal: Bool[np.ndarray, "atoms"]) -> Counter[str]:
    """How many of each group join metals or linkers."""
    found: Counter[str] = Counter()
    ported = set(block.port_atoms.tolist())
    for members, bound in inner_groups(block, metal):
        heavy = group_formula(block, members, hydrogen=False)
        if not heavy:
            continue
        if len(bound) < 2 and not any(i in ported for i in members) and heavy in ("O", "N"):
            continue
        heavy = {"O3P": "PO3", "O4P": "PO4", "O3S": "SO3", "O4S": "SO4"}.get(heavy, heavy)
        found[heavy] += 1
    return found


def _shape(block: Block, metals: np.ndarray, groups: Counter[str], rank: int) -> str:
    """What chemists call it."""
    if rank:
        return ("", "rod", "layer", "framework")[rank]
    n = len(metals)
    if n == 1:
        return polyhedron(_directions(block, int(metals[0])))
    acids = groups.get("CO2", 0)
    central = _bridges(block, metals)
    if n == 2 and acids == 4 and not central and _all_bridge(block, metals):
        return "paddlewheel"
    if n == 3 and central.get((_O, 3)) == 1:
        return "trimer"
    if n == 4 and central.get((_O, 4)) == 1:
        return "tetrahedron about oxygen"
    if n == 4 and any(size == 4 for _, size in central):
        return "square about halide" if central.get((17, 4)) else "square"
    if n == 6 and central.get((_O, 3), 0) >= 4:
        return "octahedron"
    if n == 8 and central.get((_O, 2), 0) >= 8:
        return "ring of eight"
    return f"cluster of {n}"


def _bridges(block: Block, metals: np.ndarray) -> Counter[tuple[int, int]]:
    """How many single atoms join how many metals, by element."""
    metal = np.zeros(block.n_atoms, dtype=bool)
    metal[metals] = True
    found: Counter[tuple[int, int]] = Counter()
    for members, bound in inner_groups(block, metal):
        heavy = [i for i in members if block.numbers[i] != _H]
        if len(heavy) == 1 and len(bound) >= 2:
            found[int(block.numbers[heavy[0]]), len(bound)] += 1
    return found


def _all_bridge(block: Block, metals: np.ndarray) -> bool:
    """Whether every carboxylate is bound to both of two metals."""
    metal = np.zeros(block.n_atoms, dtype=bool)
    metal[metals] = True
    return all(
        len(bound) == 2
        for members, bound in inner_groups(block, metal)
        if _C in block.numbers[members]
    )


def _directions(block: Block, atom: int) -> Float[np.ndarray, "arms 3"]:
    """Vectors from a metal to its donor atoms."""
    bonded = [j if i == atom else i for i, j in block.bonds.tolist() if atom in (i, j)]
    inner = block.positions[bonded] - block.positions[atom]
    outer = block.port_vectors[block.port_atoms == atom]
    return np.concatenate([inner, outer])


def polyhedron(arms: Float[np.ndarray, "arms 3"]) -> str:
    """The ideal polyhedron whose angles are nearest to those between some bonds.

    Parameters
    ----------
    arms:
        Vectors from the atom in the middle to its neighbours; only directions count.

    Returns
    -------
    :
        Its name, or the number of arms where there are more than six.
    """
    n = len(arms)
    if n < 2:
        return "end" if n else "bare"
    if n > 6:
        return f"{n}-coordinate"
    angles = _sorted_angles(arms)
    best, least = "", np.inf
    for name, corners in _SHAPES.items():
        if len(corners) != n:
            continue
        off = float(np.abs(_sorted_angles(np.array(corners, dtype=np.float64)) - angles).mean())
        if off < least:
            best, least = name, off
    return best


def _sorted_angles(arms: Float[np.ndarray, "arms 3"]) -> Float[np.ndarray, "pairs"]:
    unit = arms / np.linalg.norm(arms, axis=1)[:, None]
    rows, columns = np.triu_indices(len(arms), 1)
    return np.sort(np.arccos(np.clip((unit @ unit.T)[rows, columns], -1.0, 1.0)))
