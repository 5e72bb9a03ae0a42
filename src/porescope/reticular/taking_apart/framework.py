"""Taking a framework apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree

from porescope.crystal.orbits import wrapped
from porescope.crystal.structure import Crystal
from porescope.reticular.assembly import bonds_of_assembly, crystal_of_assembly
from porescope.reticular.block import BlockKind
from porescope.reticular.net import PeriodicNet
from porescope.reticular.nets.catalogue import name_of_net
from porescope.reticular.nets.key import net_key
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.taking_apart.bond_graph import (
    BondGraph,
    bond_graph,
)
from porescope.reticular.taking_apart.charges import with_charges
from porescope.reticular.taking_apart.covalent import is_zeolite, linkage_bonds, zeolite_bonds
from porescope.reticular.taking_apart.disorder import one_alternative
from porescope.reticular.taking_apart.groups import acid_bonds, inorganic_atoms, metal_atoms
from porescope.reticular.taking_apart.ligands import agreed, problems_of, with_smiles
from porescope.reticular.taking_apart.net_views import net_views, piece_edges
from porescope.reticular.taking_apart.node_names import node_name
from porescope.reticular.taking_apart.piece_net import (
    NetPart,
    canonical_edge,
    distinct_neighbours,
    net_parts,
)
from porescope.reticular.taking_apart.pieces import Pieces, assembly_of, blocks_of, cut_pieces
from porescope.reticular.taking_apart.same_blocks import with_shared_blocks
from porescope.reticular.taking_apart.smallest_cell import smallest_cell
from porescope.reticular.translations import translation_lattice


def take_apart(crystal: Crystal, *, name_net: bool = True) -> TakenApart:
    """The pieces of a framework and the net on which they lie.

    Metals stay with their inorganic bridges and with the carboxylate, phosphonate and sulfonate
    groups on them; organic pieces are cut off at those groups' bonds to carbon and at their other
    donor atoms. Covalent frameworks are cut at the linkages that formed them, zeolites between
    their tetrahedra. An endless node is cut into one repeat unit. Of disordered groups one
    alternative is taken, and the rest is left out.

    Parameters
    ----------
    crystal:
        A structure with all its atoms.
    name_net:
        Whether to look up the net's name, which takes most of the time.
    """
    crystal, kept = one_alternative(crystal)
    graph = bond_graph(crystal)
    metal = metal_atoms(graph)
    cut = bonds_to_cut(graph, metal=metal)
    pieces = cut_pieces(graph, cut=cut)
    lattices = _lattices(pieces)
    kinds = _kinds(pieces, metal=metal, lattices=lattices)
    blocks, links = blocks_of(pieces, kinds=kinds)
    assembly = assembly_of(pieces, blocks=blocks, links=links, name=crystal.name)
    assembly, examples, graphs = with_shared_blocks(assembly)
    acids = acid_bonds(graph, metal=metal)
    named = [
        replace(block, name=node_name(block, rank=len(lattices.get(piece, ()))))
        if block.kind == "node"
        else block
        for block, piece in zip(assembly.blocks, examples, strict=True)
    ]
    told = [
        with_smiles(block, piece=piece, pieces=pieces, metal=metal, acids=acids)
        for block, piece in zip(named, examples, strict=True)
    ]
    counts = np.bincount(assembly.kinds, minlength=len(told))
    told = agreed(told, graphs=graphs, counts=counts)
    charged, charge, unbalanced = with_charges(tuple(told), counts=counts)
    net, view, key, name = _net_of(crystal, pieces, metal=metal, acids=acids, name_net=name_net)
    dimension, copies = _extent(pieces)
    problems = [*problems_of(told), *([unbalanced] if unbalanced else [])]
    if not kept.all():
        problems.append(f"disorder: {int((~kept).sum())} of {len(kept)} atoms left out")
    return TakenApart(
        assembly=replace(assembly, blocks=charged),
        net=net,
        net_key=key,
        net_name=name,
        net_view=view,
        dimension=dimension,
        interpenetration=copies,
        charge=charge,
        problems=tuple(problems),
    )


def bonds_to_cut(
    graph: BondGraph, *, metal: Bool[np.ndarray, "atoms"]
) -> Bool[np.ndarray, "bonds"]:
    """True for the bonds between pieces, but for those that cut endless nodes.

    Parameters
    ----------
    graph:
        Atoms and bonds.
    metal:
        True for metals.
    """
    cut = np.zeros(graph.n_bonds, dtype=bool)
    if is_zeolite(graph) and not np.any(_carbon_on_framework(graph)):
        return zeolite_bonds(graph)
    cut[list(acid_bonds(graph, metal=metal).values())] = True
    inorganic = inorganic_atoms(graph, kept=~cut, metal=metal)
    organic = ~inorganic & ~metal
    cut |= metal[graph.first] & organic[graph.second]
    cut |= organic[graph.first] & metal[graph.second]
    cut |= linkage_bonds(graph, kept=~cut, metal=metal)
    return cut


def put_together_graph_equal(taken: TakenApart, crystal: Crystal) -> bool:
    """Whether the pieces and links give the crystal's own bonds, each with its cell.

    Of disordered groups one alternative counts, the same as in taking apart.

    Parameters
    ----------
    taken:
        The pieces.
    crystal:
        What they were taken from.
    """
    crystal, _ = one_alternative(crystal)
    made = crystal_of_assembly(taken.assembly)
    if made.n_atoms != crystal.n_atoms:
        return False
    atom, cell = _same_atoms(made, crystal)
    if atom is None or cell is None:
        return False
    bonds = bonds_of_assembly(taken.assembly)
    i, j = atom[bonds[:, 0]], atom[bonds[:, 1]]
    image = bonds[:, 2:] + cell[bonds[:, 1]] - cell[bonds[:, 0]]
    graph = bond_graph(crystal)
    mine = {
        canonical_edge(a, b, (x, y, z))
        for a, b, (x, y, z) in zip(i.tolist(), j.tolist(), image.tolist(), strict=True)
    }
    theirs = {
        canonical_edge(a, b, (x, y, z))
        for a, b, (x, y, z) in zip(
            graph.first.tolist(), graph.second.tolist(), graph.image.tolist(), strict=True
        )
    }
    return mine == theirs and len(bonds) == graph.n_bonds


def _same_atoms(
    made: Crystal, crystal: Crystal
) -> tuple[Int[np.ndarray, "atoms"] | None, Int[np.ndarray, "atoms 3"] | None]:
    """Which atom of the crystal each one is, and in which cell of it."""
    atom = np.full(made.n_atoms, -1, dtype=np.int64)
    cell = np.zeros((made.n_atoms, 3), dtype=np.int64)
    for z in np.unique(crystal.numbers).tolist():
        mine, theirs = np.flatnonzero(made.numbers == z), np.flatnonzero(crystal.numbers == z)
        if len(mine) != len(theirs):
            return None, None
        row, column = _paired(made.frac[mine], crystal.frac[theirs], lattice=crystal.lattice)
        steps = np.rint(made.frac[mine[row]] - crystal.frac[theirs[column]])
        away = (made.frac[mine[row]] - crystal.frac[theirs[column]] - steps) @ crystal.lattice
        if float(np.linalg.norm(away, axis=1).max(initial=0.0)) > _SAME_PLACE:
            return None, None
        atom[mine[row]] = theirs[column]
        cell[mine[row]] = steps.astype(np.int64)
    return atom, cell


def _paired(
    mine: Float[np.ndarray, "atoms 3"],
    theirs: Float[np.ndarray, "atoms 3"],
    *,
    lattice: Float[np.ndarray, "3 3"],
) -> tuple[Int[np.ndarray, "atoms"], Int[np.ndarray, "atoms"]]:
    """Pairs of places that are the same up to whole cells: the nearest, or the best of all."""
    tree = KDTree(wrapped(theirs), boxsize=1.0)
    _, nearest = tree.query(wrapped(mine))
    if len(np.unique(nearest)) == len(mine):
        return np.arange(len(mine)), np.asarray(nearest, dtype=np.int64)
    delta = mine[:, None, :] - theirs[None, :, :]
    away = np.linalg.norm((delta - np.rint(delta)) @ lattice, axis=2)
    row, column = linear_sum_assignment(away)
    return row.astype(np.int64), column.astype(np.int64)


_SAME_PLACE = 0.3
"""Largest distance of an atom from where its like is in the crystal [Å]."""


def _carbon_on_framework(graph: BondGraph) -> Bool[np.ndarray, "bonds"]:
    """True for bonds between carbon and what tetrahedra are made of."""
    z_i, z_j = graph.numbers[graph.first], graph.numbers[graph.second]
    inner = (8, 13, 14, 15, 32)
    return ((z_i == 6) & np.isin(z_j, inner)) | ((z_j == 6) & np.isin(z_i, inner))


def _lattices(pieces: Pieces) -> dict[int, np.ndarray]:
    """Of each piece that is linked to its own images: the translations."""
    graph, parts = pieces.graph, pieces.parts
    rows = pieces.link_bonds
    own = rows[parts.part[graph.first[rows]] == parts.part[graph.second[rows]]]
    owner = parts.part[graph.first[own]]
    return {
        int(piece): translation_lattice(parts.shift[own[owner == piece]])
        for piece in np.unique(owner)
    }


def _kinds(
    pieces: Pieces, *, metal: Bool[np.ndarray, "atoms"], lattices: dict[int, np.ndarray]
) -> list[BlockKind]:
    """What part each piece plays."""
    graph, parts = pieces.graph, pieces.parts
    rows = pieces.link_bonds
    links = np.zeros((len(rows), 7), dtype=np.int64)
    links[:, 0] = parts.part[graph.first[rows]]
    links[:, 2] = parts.part[graph.second[rows]]
    links[:, 4:] = parts.shift[rows]
    near = distinct_neighbours(links, n_pieces=parts.n_parts, lattices=lattices)
    n_ports = np.bincount(links[:, [0, 2]].ravel(), minlength=parts.n_parts)
    with_metal = np.zeros(parts.n_parts, dtype=bool)
    with_metal[parts.part[metal]] = True
    kinds: list[BlockKind] = []
    for piece in range(parts.n_parts):
        if n_ports[piece] == 0:
            kinds.append("guest")
        elif with_metal[piece]:
            kinds.append("node")
        elif not any(with_metal[other] for other, *_ in near[piece]):
            # Covalent frameworks: what branches is a node.
            n = len(near[piece])
            kinds.append("node" if n >= 3 else "linker" if n == 2 else "cap")
        else:
            kinds.append("linker" if len(near[piece]) >= 2 else "cap")
    return kinds


def _extent(pieces: Pieces) -> tuple[int, int]:
    """Directions in which the framework is endless, and number of its parts if these are three."""
    edges = piece_edges(pieces)
    parts = net_parts(edges, vertices={e[0] for e in edges} | {e[1] for e in edges})
    dimension = max((part.dimension for part in parts), default=0)
    return dimension, max(1, sum(part.copies for part in parts if part.dimension == 3))


def _net_of(
    crystal: Crystal,
    pieces: Pieces,
    *,
    metal: Bool[np.ndarray, "atoms"],
    acids: dict[int, int],
    name_net: bool,
) -> tuple[PeriodicNet, str, str, str]:
    """The net, what its vertices are, its key and its name: the first way to see it with a name."""
    if bool(np.any(pieces.parts.endless[pieces.parts.part[metal]])):
        # What a repeat unit is must not depend on the cell of the file.
        smaller = smallest_cell(crystal)
        if smaller.n_atoms < crystal.n_atoms:
            graph = bond_graph(smaller)
            metal = metal_atoms(graph)
            pieces = cut_pieces(graph, cut=bonds_to_cut(graph, metal=metal))
            acids = acid_bonds(graph, metal=metal)
    first: tuple[PeriodicNet, str, str, str] | None = None
    for view, part in net_views(pieces, metal=metal, acids=acids):
        if not name_net:
            return part.net, view, "", ""
        key, name = _named(part)
        if name:
            return part.net, view, key, name
        first = first or (part.net, view, key, name)
    return first or (_NO_NET, "", "", "")


_NO_NET = PeriodicNet(n_vertices=0, edges=np.zeros((0, 5), dtype=np.int64))


def _named(part: NetPart) -> tuple[str, str]:
    """Key and RCSR symbol of a net."""
    return net_key(part.net), name_of_net(part.net)
