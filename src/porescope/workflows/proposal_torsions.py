"""Linkers cut at the bonds that turn, and put together again.

A fit of rigid bodies knows no torsions. A linker that is cut at its single bonds into bodies that
are linked like any other pieces has them all; the force field keeps the cut bonds as they should
be. Afterwards each linker is one piece again, in the shape that it has taken.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block

_SINGLE = {(6, 6): 1.42, (6, 7): 1.38, (6, 8): 1.33, (6, 16): 1.70, (7, 7): 1.38}
"""Shortest single bonds between flat atoms [Å]; of other pairs every bond is one."""
_LEAST = 3
"""Heavy atoms on the smaller side of a bond whose turn is worth a body of its own."""
_MOST = 6
"""Most bonds of a linker that turn; the others, nearest to its ends, stay as they are."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TurningPieces:
    """An assembly whose linkers are cut at the bonds that turn."""

    assembly: Assembly
    """The bodies."""
    owner: Int[np.ndarray, "bodies"]
    """Piece of the whole assembly that each body is of."""
    atoms: tuple[Int[np.ndarray, "_"], ...]
    """Atoms of its piece that each body holds."""


def turning_bonds(block: Block) -> list[int]:
    """Rows of a block's bonds about which its halves turn.

    Parameters
    ----------
    block:
        A linker.
    """
    found = []
    heavy = block.numbers != 1
    for row, (a, b) in enumerate(block.bonds.tolist()):
        if not (heavy[a] and heavy[b]):
            continue
        one, other = sorted((int(block.numbers[a]), int(block.numbers[b])))
        length = float(np.linalg.norm(block.positions[a] - block.positions[b]))
        if length < _SINGLE.get((one, other), 0.0):
            continue
        side = _side(block, row)
        if side[b]:
            continue  # in a ring
        sizes = int((side & heavy).sum()), int((~side & heavy).sum())
        if min(sizes) >= _LEAST:
            found.append((-min(sizes), row))
    return sorted(row for _, row in sorted(found)[:_MOST])


def _side(block: Block, row: int) -> np.ndarray:
    """Atoms that are reached from the first atom of a bond without it."""
    near: list[list[int]] = [[] for _ in range(block.n_atoms)]
    for other, (a, b) in enumerate(block.bonds.tolist()):
        if other != row:
            near[a].append(b)
            near[b].append(a)
    seen = np.zeros(block.n_atoms, dtype=bool)
    queue = deque([int(block.bonds[row, 0])])
    seen[queue[0]] = True
    while queue:
        for other in near[queue.popleft()]:
            if not seen[other]:
                seen[other] = True
                queue.append(other)
    return seen


def cut_at_torsions(assembly: Assembly) -> TurningPieces:
    """An assembly with its linkers cut at the bonds that turn.

    Parameters
    ----------
    assembly:
        Posed blocks.
    """
    cuts = [_cut(b) if b.kind == "linker" else _whole(b) for b in assembly.blocks]
    first_kind = np.cumsum([0, *(len(c[0]) for c in cuts)])
    n_bodies = [len(cuts[int(k)][0]) for k in assembly.kinds]
    first_body = np.cumsum([0, *n_bodies])
    owner = np.repeat(np.arange(assembly.n_pieces), n_bodies)
    kinds = [
        int(first_kind[int(k)]) + i
        for k, n in zip(assembly.kinds, n_bodies, strict=True)
        for i in range(n)
    ]
    links = []
    for row in assembly.links.tolist():
        for side in (0, 2):
            body, port = cuts[int(assembly.kinds[row[side]])][2][row[side + 1]]
            row[side], row[side + 1] = int(first_body[row[side]]) + body, port
        links.append(row)
    for piece, kind in enumerate(assembly.kinds.tolist()):
        base = int(first_body[piece])
        links += [[base + a, p, base + b, q, 0, 0, 0] for a, p, b, q in cuts[kind][3]]
    return TurningPieces(
        assembly=replace(
            assembly,
            blocks=tuple(b for c in cuts for b in c[0]),
            kinds=np.array(kinds, dtype=np.int64),
            origins=assembly.origins[owner],
            rotations=assembly.rotations[owner],
            links=np.array(links, dtype=np.int64).reshape(-1, 7),
        ),
        owner=owner,
        atoms=tuple(atoms for k in assembly.kinds for atoms in cuts[int(k)][1]),
    )


def kept_stiff(assembly: Assembly) -> TurningPieces:
    """The same with no linker cut.

    Parameters
    ----------
    assembly:
        Posed blocks.
    """
    blocks = [assembly.blocks[int(k)] for k in assembly.kinds]
    return TurningPieces(
        assembly=assembly,
        owner=np.arange(assembly.n_pieces),
        atoms=tuple(np.arange(b.n_atoms) for b in blocks),
    )


_Cut = tuple[list[Block], list[np.ndarray], list[tuple[int, int]], list[tuple[int, int, int, int]]]
"""Bodies, their atoms, body and port of each old port, and links: body, port, body, port."""


def _whole(block: Block) -> _Cut:
    return [block], [np.arange(block.n_atoms)], [(0, p) for p in range(block.n_ports)], []


def _cut(block: Block) -> _Cut:
    """A linker's bodies."""
    rows = turning_bonds(block)
    if not rows:
        return _whole(block)
    kept = np.ones(len(block.bonds), dtype=bool)
    kept[rows] = False
    part = _parts(block.n_atoms, block.bonds[kept])
    bodies, members = [], []
    ports: list[tuple[int, int]] = [(0, 0)] * block.n_ports
    links: list[list[int]] = [[0, 0, 0, 0] for _ in rows]
    for body in range(int(part.max()) + 1):
        atoms = np.flatnonzero(part == body)
        new = np.full(block.n_atoms, -1, dtype=np.int64)
        new[atoms] = np.arange(len(atoms))
        at, vectors = [], []
        for port, atom in enumerate(block.port_atoms.tolist()):
            if part[atom] == body:
                ports[port] = (body, len(at))
                at.append(int(new[atom]))
                vectors.append(block.port_vectors[port])
        for link, row in enumerate(rows):
            for side in (0, 1):
                here, there = block.bonds[row][[side, 1 - side]].tolist()
                if part[here] == body:
                    links[link][2 * side : 2 * side + 2] = [body, len(at)]
                    at.append(int(new[here]))
                    vectors.append(block.positions[there] - block.positions[here])
        inner = block.bonds[kept & (part[block.bonds[:, 0]] == body)]
        bodies.append(
            replace(
                block,
                numbers=block.numbers[atoms],
                positions=block.positions[atoms],
                bonds=new[inner],
                port_atoms=np.array(at, dtype=np.int64),
                port_vectors=np.array(vectors).reshape(-1, 3),
            )
        )
        members.append(atoms)
    return bodies, members, ports, [(a, p, b, q) for a, p, b, q in links]


def _parts(n_atoms: int, bonds: Int[np.ndarray, "bonds 2"]) -> Int[np.ndarray, "atoms"]:
    """Connected parts of a block, numbered in the order of their first atoms."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(bonds))
    graph = coo_matrix((ones, (bonds[:, 0], bonds[:, 1])), shape=(n_atoms, n_atoms))
    _, labels = connected_components(graph, directed=False)
    _, first = np.unique(labels, return_index=True)
    return np.argsort(np.argsort(first))[labels].astype(np.int64)


def put_back(turning: TurningPieces, whole: Assembly) -> Assembly:
    """The whole assembly with its pieces where their bodies are now.

    Parameters
    ----------
    turning:
        Bodies, after they were moved.
    whole:
        What they were cut from; a piece that has changed its shape gets a block of its own.
    """
    bodies = turning.assembly
    blocks = list(whole.blocks)
    kinds, origins = whole.kinds.copy(), whole.origins.copy()
    rotations = whole.rotations.copy()
    for piece, kind in enumerate(whole.kinds.tolist()):
        mine = np.flatnonzero(turning.owner == piece)
        if len(mine) == 1:
            origins[piece], rotations[piece] = bodies.origins[mine[0]], bodies.rotations[mine[0]]
            continue
        block = whole.blocks[kind]
        places = np.zeros((block.n_atoms, 3))
        for body in mine.tolist():
            places[turning.atoms[body]] = bodies.piece_positions(body)
        turn = _best_turn(block.positions @ whole.rotations[piece].T, places)
        rotations[piece] = turn @ whole.rotations[piece]
        origins[piece] = places.mean(axis=0) - rotations[piece] @ block.positions.mean(axis=0)
        vectors = np.zeros((block.n_ports, 3))
        for port, (body, own) in enumerate(_cut(block)[2]):
            vectors[port] = bodies.piece_port_vectors(int(mine[body]))[own]
        kinds[piece] = len(blocks)
        blocks.append(
            replace(
                block,
                positions=(places - origins[piece]) @ rotations[piece],
                port_vectors=vectors @ rotations[piece],
            )
        )
    used = np.unique(kinds)
    return replace(
        whole,
        lattice=bodies.lattice,
        blocks=tuple(blocks[int(k)] for k in used),
        kinds=np.searchsorted(used, kinds).astype(np.int64),
        origins=origins,
        rotations=rotations,
    )


def _best_turn(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Rotation that brings one set of points nearest to another (Kabsch)."""
    u, _, vt = np.linalg.svd((old - old.mean(axis=0)).T @ (new - new.mean(axis=0)))
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return (u @ flip @ vt).T
