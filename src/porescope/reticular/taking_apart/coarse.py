"""A framework as a few beads: one for each node and linker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.errors import ConfigError
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.taking_apart.piece_net import Edge, canonical_edge

MOST_BEADS = 50


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CoarseFramework:
    """Beads in a cell and which of them are bound."""

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    frac: Float[np.ndarray, "beads 3"]
    """Fractional coordinates of the beads, at the pieces' middles."""
    blocks: Int[np.ndarray, "beads"]
    """Index of each bead's block in the assembly."""
    pieces: Int[np.ndarray, "beads"]
    """Index of each bead's piece in the assembly."""
    edges: Int[np.ndarray, "edges 5"]
    """Each pair of bound beads once: bead, other bead, cell of the other bead."""
    linkers_are_edges: bool
    """Whether linkers between two nodes are edges and no beads."""

    @property
    def n_beads(self) -> int:
        """Number of beads."""
        return len(self.blocks)


def coarse_framework(taken: TakenApart, *, most_beads: int = MOST_BEADS) -> CoarseFramework:
    """Nodes and linkers as beads; caps and guests are left out.

    Where that makes too many beads, linkers between two neighbours become edges.

    Parameters
    ----------
    taken:
        The pieces.
    most_beads:
        Largest number of beads.

    Raises
    ------
    ConfigError
        Where the nodes alone are too many.
    """
    assembly = taken.assembly
    roles = [assembly.blocks[int(k)].kind for k in assembly.kinds]
    live = {i for i, role in enumerate(roles) if role in ("node", "linker")}
    edges: set[Edge] = {
        canonical_edge(i, j, (x, y, z))
        for i, _, j, _, x, y, z in assembly.links.tolist()
        if i in live and j in live and (i != j or any((x, y, z)))
    }
    as_edges = len(live) > most_beads
    if as_edges:
        edges, live = _without_linkers(edges, live, roles)
    if len(live) > most_beads:
        raise ConfigError(
            f"{assembly.name or 'the framework'} has {len(live)} nodes in its cell, expected at "
            f"most {most_beads} beads; reduce it to its primitive cell first, or allow more"
        )
    chosen = sorted(live)
    number = {piece: bead for bead, piece in enumerate(chosen)}
    rows = sorted((number[i], number[j], x, y, z) for i, j, x, y, z in edges)
    return CoarseFramework(
        lattice=assembly.lattice,
        frac=assembly.origins[chosen] @ np.linalg.inv(assembly.lattice),
        blocks=assembly.kinds[chosen].astype(np.int64),
        pieces=np.array(chosen, dtype=np.int64),
        edges=np.array(rows, dtype=np.int64).reshape(-1, 5),
        linkers_are_edges=as_edges,
    )


def _without_linkers(
    edges: set[Edge], live: set[int], roles: list[str]
) -> tuple[set[Edge], set[int]]:
    """Edges and beads when linkers between two neighbours become edges."""
    near: dict[int, set[tuple[int, int, int, int]]] = {i: set() for i in live}
    for i, j, x, y, z in edges:
        near[i].add((j, x, y, z))
        near[j].add((i, -x, -y, -z))
    left, done = set(edges), set(live)
    for linker in sorted(live):
        if roles[linker] != "linker" or len(near[linker]) != 2:
            continue
        (i, *a), (j, *b) = sorted(near[linker])
        if linker in (i, j) or roles[i] == roles[j] == "linker":
            continue
        done.discard(linker)
        left -= {canonical_edge(linker, k, (x, y, z)) for k, x, y, z in near[linker]}
        cell = (b[0] - a[0], b[1] - a[1], b[2] - a[2])
        if i != j or any(cell):
            left.add(canonical_edge(i, j, cell))
    return left, done
