"""A framework as posed building blocks and the links between their ports."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

from porescope.crystal.structure import Crystal
from porescope.reticular.block import Block
from porescope.reticular.translations import translation_lattice


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Assembly:
    """Posed blocks in one cell. An atom of a piece is at ``origin + rotation @ position``."""

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    blocks: tuple[Block, ...]
    """The different blocks."""
    kinds: Int[np.ndarray, "pieces"]
    """Index in ``blocks`` of each piece."""
    origins: Float[np.ndarray, "pieces 3"]
    """Cartesian places of the blocks' origins [Å]."""
    rotations: Float[np.ndarray, "pieces 3 3"]
    """Orthogonal matrices; a determinant of -1 is the mirror image of the block."""
    links: Int[np.ndarray, "links 7"]
    """Each link once: piece, port, other piece, other port, and the cell of the other piece.
    Pieces may be linked to their own images: the repeat unit of a rod is one piece."""
    name: str = ""
    """Where it came from."""

    @property
    def n_pieces(self) -> int:
        """Number of pieces in the cell."""
        return len(self.kinds)

    @property
    def n_atoms(self) -> int:
        """Number of atoms in the cell."""
        sizes = np.array([b.n_atoms for b in self.blocks], dtype=np.int64)
        return int(sizes[self.kinds].sum()) if len(self.kinds) else 0

    def piece_positions(self, piece: int) -> Float[np.ndarray, "atoms 3"]:
        """Cartesian coordinates of a piece's atoms [Å], whole, not folded into the cell."""
        block = self.blocks[int(self.kinds[piece])]
        return self.origins[piece] + block.positions @ self.rotations[piece].T

    def piece_port_vectors(self, piece: int) -> Float[np.ndarray, "ports 3"]:
        """Vectors of a piece's ports as it is turned [Å]."""
        block = self.blocks[int(self.kinds[piece])]
        return block.port_vectors @ self.rotations[piece].T

    def atom_offsets(self) -> Int[np.ndarray, "pieces_plus_1"]:
        """Atoms of piece i are ``offsets[i]`` to ``offsets[i + 1]`` of the crystal."""
        sizes = np.array([self.blocks[int(k)].n_atoms for k in self.kinds], dtype=np.int64)
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def crystal_of_assembly(assembly: Assembly) -> Crystal:
    """All atoms in P1, piece after piece.

    Parameters
    ----------
    assembly:
        Posed blocks; atoms stay whole with their piece and may lie outside the cell.
    """
    n = assembly.n_pieces
    cart = np.concatenate([assembly.piece_positions(i) for i in range(n)] or [np.zeros((0, 3))])
    numbers = np.concatenate(
        [assembly.blocks[int(k)].numbers for k in assembly.kinds] or [np.zeros(0, dtype=np.int64)]
    )
    return Crystal(
        lattice=assembly.lattice,
        frac=cart @ np.linalg.inv(assembly.lattice),
        numbers=numbers.astype(np.int64),
        occupancy=np.ones(len(numbers)),
        u_iso=np.full(len(numbers), np.nan),
        name=assembly.name,
    )


def bonds_of_assembly(assembly: Assembly) -> Int[np.ndarray, "bonds 5"]:
    """The bond graph as it is meant: within blocks and through links.

    Parameters
    ----------
    assembly:
        Posed blocks.

    Returns
    -------
    :
        Each bond once: atom, other atom, cell of the other atom, in the order and the unfolded
        coordinates of :func:`crystal_of_assembly`.
    """
    offsets = assembly.atom_offsets()
    rows = []
    for piece, kind in enumerate(assembly.kinds.tolist()):
        inner = assembly.blocks[kind].bonds + offsets[piece]
        rows.append(np.concatenate([inner, np.zeros((len(inner), 3), dtype=np.int64)], axis=1))
    for one, port, other, other_port, *cell in assembly.links.tolist():
        a = int(assembly.blocks[int(assembly.kinds[one])].port_atoms[port]) + int(offsets[one])
        b = int(assembly.blocks[int(assembly.kinds[other])].port_atoms[other_port])
        rows.append(np.array([[a, b + int(offsets[other]), *cell]], dtype=np.int64))
    return np.concatenate(rows) if rows else np.zeros((0, 5), dtype=np.int64)


def link_gaps(assembly: Assembly) -> Float[np.ndarray, "links"]:
    """How far each link is from closed [Å].

    The mean of two distances: from where a port expects its partner to where the partner is, seen
    from either side. 0 is a perfect fit in length and in direction.

    Parameters
    ----------
    assembly:
        Posed blocks.
    """
    gaps = np.zeros(len(assembly.links))
    for row, (one, port, other, other_port, *cell) in enumerate(assembly.links.tolist()):
        first = assembly.blocks[int(assembly.kinds[one])]
        second = assembly.blocks[int(assembly.kinds[other])]
        a = assembly.piece_positions(one)[first.port_atoms[port]]
        b = assembly.piece_positions(other)[second.port_atoms[other_port]]
        between = b + np.array(cell) @ assembly.lattice - a
        miss = np.linalg.norm(between - assembly.piece_port_vectors(one)[port])
        other_miss = np.linalg.norm(-between - assembly.piece_port_vectors(other)[other_port])
        gaps[row] = 0.5 * (miss + other_miss)
    return gaps


def with_nearest_ports(assembly: Assembly) -> Assembly:
    """The same links, each at the port of its atom that points along it.

    Several ports may start at one atom; which link has which is decided by where they lead.

    Parameters
    ----------
    assembly:
        Posed blocks whose links are closed, but for ports of one atom that were mixed up.
    """
    ends: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row, (one, port, other, other_port, *_) in enumerate(assembly.links.tolist()):
        for column, piece, mine in ((1, one, port), (3, other, other_port)):
            atom = int(assembly.blocks[int(assembly.kinds[piece])].port_atoms[mine])
            ends.setdefault((piece, atom), []).append((row, column))
    links = assembly.links.copy()
    places = [assembly.piece_positions(i) for i in range(assembly.n_pieces)]
    for (piece, _), found in ends.items():
        if len(found) < 2:
            continue
        ports = np.array([assembly.links[row, column] for row, column in found])
        vectors = assembly.piece_port_vectors(piece)[ports]
        actual = np.array([_along(assembly, places, row, column) for row, column in found])
        cost = np.sum((actual[:, None] - vectors[None]) ** 2, axis=2)
        _, chosen = linear_sum_assignment(cost)
        for (row, column), place in zip(found, chosen.tolist(), strict=True):
            links[row, column] = ports[place]
    return replace(assembly, links=links)


def _along(
    assembly: Assembly, places: list[np.ndarray], row: int, column: int
) -> Float[np.ndarray, "3"]:
    """The vector of a link seen from one of its ends [Å]."""
    one, port, other, other_port, *cell = assembly.links[row].tolist()
    a = places[one][assembly.blocks[int(assembly.kinds[one])].port_atoms[port]]
    b = places[other][assembly.blocks[int(assembly.kinds[other])].port_atoms[other_port]]
    between = b + np.array(cell) @ assembly.lattice - a
    return between if column == 1 else -between


def linked_translations(assembly: Assembly) -> Int[np.ndarray, "rank 3"]:
    """Translations along which the links run on for ever, in units of the cell vectors.

    Parameters
    ----------
    assembly:
        Posed blocks; of several nets the one that runs in most directions counts.

    Returns
    -------
    :
        A basis: three rows for a framework, two for layers, one for chains, none for molecules.
    """
    beyond: dict[int, list[tuple[int, np.ndarray]]] = {}
    for one, _, other, _, *cell in assembly.links.tolist():
        step = np.array(cell, dtype=np.int64)
        beyond.setdefault(one, []).append((other, step))
        beyond.setdefault(other, []).append((one, -step))
    at: dict[int, np.ndarray] = {}
    best = np.zeros((0, 3), dtype=np.int64)
    for root in beyond:
        if root in at:
            continue
        at[root] = np.zeros(3, dtype=np.int64)
        waiting, crossings = [root], [np.zeros(3, dtype=np.int64)]
        while waiting:
            one = waiting.pop()
            for other, step in beyond[one]:
                place = at[one] + step
                if other not in at:
                    at[other] = place
                    waiting.append(other)
                else:
                    crossings.append(place - at[other])
        basis = translation_lattice(np.array(crossings))
        best = basis if len(basis) > len(best) else best
    return best
