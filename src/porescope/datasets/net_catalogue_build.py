"""Making the shipped table of nets.

Names, cells, symmetry and coordinates of the nets are those of the RCSR (M. O'Keeffe, M. A.
Peskov, S. J. Ramsden, O. M. Yaghi, Acc. Chem. Res. 41 (2008) 1782,
https://doi.org/10.1021/ar800124u) as AuToGraFS 3.2 holds them in ``topologies.json.gz``: slots
with dummy atoms half way to their neighbours, two dummies with one tag to a connection, two-fold
slots at the middles of edges. Here each slot becomes a vertex or an edge again. Nets of zeolites
come from the package's own relaxed silica frameworks.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from porescope.crystal.bonds import bonds_of
from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.errors import ParseError
from porescope.reticular.dls import OXYGEN
from porescope.reticular.net import PeriodicNet
from porescope.reticular.nets.catalogue import FORMAT, CatalogueNet
from porescope.reticular.nets.cells import primitive
from porescope.reticular.nets.key import net_key, vertex_kinds, without_double_edges
from porescope.reticular.nets.placement import components_of, placed_net
from porescope.reticular.silica import silica_entries, silica_framework

_log = logging.getLogger(__name__)
MAX_VERTICES = 400
"""Nets with more vertices in their smallest cell are left out."""
_SAME = 1e-3


def rcsr_nets(path: Path) -> Iterator[tuple[str, CatalogueNet | str]]:
    """Nets of AuToGraFS's table, or what is wrong with them.

    Parameters
    ----------
    path:
        Its ``topologies.json.gz``.

    Raises
    ------
    ParseError
        Where the file is not of the format that is known here.
    """
    with gzip.open(path, "rt", encoding="utf-8") as file:
        table = json.load(file)
    if table.get("format_version") != 1:
        raise ParseError(
            f"{path}: expected topologies of format 1, got {table.get('format_version')!r}; "
            "use the file of AuToGraFS 3.2"
        )
    for name, entry in table["topologies"].items():
        yield name, _net_of_slots(name, entry)


def zeolite_nets() -> Iterator[tuple[str, CatalogueNet | str]]:
    """Nets of the tetrahedral atoms of the package's silica frameworks."""
    for code in silica_entries():
        yield code, catalogue_net_of_silica(silica_framework(code))


CLASSICS = {
    "ths": ((0.0, 0.25, 0.2915), 3.6, 0.26),
    "lvt": ((0.0, 0.0, 0.0), 1.0, 0.45),
}
"""Nets of one vertex that the table of AuToGraFS lacks, both of I4₁/amd (origin 2): site, c/a and
longest edge as a share of c. The first is silicon in ThSi₂, the second site 8c."""


def classic_nets() -> Iterator[tuple[str, CatalogueNet | str]]:
    """Common nets that the table of AuToGraFS lacks, from crystal structures, and chains."""
    group = space_group_from_symbol("I 41/a m d:2")
    for name, (site, c, reach) in CLASSICS.items():
        crystal = crystal_from_asymmetric_unit(
            lattice=np.diag([1.0, 1.0, c]),
            frac=np.array([site], dtype=np.float64),
            numbers=np.array([14]),
            space_group=group,
            tolerance=0.01,
        )
        yield name, _bonded_net(name, crystal, reach=reach * c)
    # Anatase: a = 3.7842, c = 9.5146 Å, z = 0.2081 (https://doi.org/10.1021/ja00246a021).
    anatase = crystal_from_asymmetric_unit(
        lattice=np.diag([3.7842, 3.7842, 9.5146]),
        frac=np.array([[0.0, 0.25, 0.375], [0.0, 0.25, 0.375 - 0.2081]]),
        numbers=np.array([22, 8]),
        space_group=group,
    )
    yield "ant", _bonded_net("ant", anatase, reach=2.1)
    gismondine = catalogue_net_of_silica(replace(silica_framework("GIS"), name="gis"))
    yield "gis", gismondine
    for name, n, edges in CHAINS:
        net = PeriodicNet(n_vertices=n, edges=np.array(edges, dtype=np.int64), name=name)
        frac = np.array([[0.0, v / 10.0, 0.0] for v in range(n)])
        yield name, _finished(name, net, frac, np.diag([1.0, 10.0, 10.0]), 1)


CHAINS = (
    ("chain", 1, [[0, 0, 1, 0, 0]]),
    ("ladder", 2, [[0, 0, 1, 0, 0], [1, 1, 1, 0, 0], [0, 1, 0, 0, 0]]),
    ("triangle-strip", 1, [[0, 0, 1, 0, 0], [0, 0, 2, 0, 0]]),
)
"""One-periodic nets, under names of our own: vertices in a row, two rows with rungs, and a strip
of triangles."""


def _bonded_net(name: str, crystal: Crystal, *, reach: float) -> CatalogueNet | str:
    """The net of a crystal's shortest distances, between unlike atoms where there are two kinds."""
    near = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=reach)
    keep = near.first < near.second
    if len(np.unique(crystal.numbers)) > 1:
        keep &= crystal.numbers[near.first] != crystal.numbers[near.second]
    edges = np.concatenate(
        [near.first[keep, None], near.second[keep, None], near.image[keep]], axis=1
    ).astype(np.int64)
    net = PeriodicNet(n_vertices=crystal.n_atoms, edges=edges, name=name)
    return _finished(name, net, crystal.frac, crystal.lattice, crystal.space_group.number)


def catalogue_net_of_silica(crystal: Crystal) -> CatalogueNet | str:
    """The net of a framework of tetrahedra that share corners.

    Parameters
    ----------
    crystal:
        Silicon and oxygen.
    """
    pairs = bonds_of(crystal)
    atoms = np.flatnonzero(crystal.numbers != OXYGEN)
    new = np.full(crystal.n_atoms, -1)
    new[atoms] = np.arange(len(atoms))
    edges = []
    for oxygen in np.flatnonzero(crystal.numbers == OXYGEN):
        rows = np.flatnonzero(pairs.first == oxygen)
        if len(rows) == 2:
            a, b = rows
            cell = pairs.image[b].astype(np.int64) - pairs.image[a]
            edges.append([new[pairs.second[a]], new[pairs.second[b]], *cell.tolist()])
    net = PeriodicNet(n_vertices=len(atoms), edges=np.array(edges, dtype=np.int64))
    number = crystal.space_group.number
    return _finished(crystal.name, net, crystal.frac[atoms], crystal.lattice, number)


def _net_of_slots(name: str, entry: dict) -> CatalogueNet | str:
    """One net from its slots."""
    lattice = np.array(entry["cell"], dtype=np.float64)
    inverse = np.linalg.inv(lattice)
    slots = [np.array(slot["coords"], dtype=np.float64) @ inverse for slot in entry["slots"]]
    partner = _partners(slots, [slot["tags"] for slot in entry["slots"]])
    if partner is None:
        return "dummies do not pair"
    vertices = [i for i, slot in enumerate(slots) if len(slot) != 2]
    if not vertices:
        return "no vertex"
    new = {slot: i for i, slot in enumerate(vertices)}
    votes: list[list[np.ndarray]] = [[] for _ in vertices]
    edges: list[tuple[int, int, np.ndarray, np.ndarray]] = []
    for i, slot in enumerate(slots):
        for k, dummy in enumerate(slot):
            j, m, cell = partner[i, k]
            if i in new and j in new and (i, k) < (j, m):
                edges.append((new[i], new[j], cell, np.zeros(3)))
            if i in new or j not in new or k:
                continue
            # A two-fold slot: from the vertex at one dummy to the vertex at the other.
            other, _, other_cell = partner[i, 1]
            if other not in new:
                return "chains of two-fold slots"
            step = 0.5 * (slot[1] - dummy)
            votes[new[j]].append(dummy - step - cell)
            votes[new[other]].append(slot[1] + step - other_cell)
            edges.append((new[j], new[other], other_cell - cell, step))
    frac = np.zeros((len(vertices), 3))
    for v, places in enumerate(votes):
        frac[v] = np.mean(places, axis=0) if places else slots[vertices[v]].mean(axis=0)
    rows = [[a, b, *np.rint(cell).astype(int).tolist()] for a, b, cell, _ in edges]
    if not rows:
        return "no edge"
    net = PeriodicNet(n_vertices=len(vertices), edges=np.array(rows, dtype=np.int64))
    if not np.array_equal(net.degrees(), [len(slots[i]) for i in vertices]):
        return "degrees differ from the numbers of dummies"
    return _finished(name, net, frac, lattice, int(entry["spacegroup_number"]))


def _partners(
    slots: list[np.ndarray], tags: list[list[int]]
) -> dict[tuple[int, int], tuple[int, int, np.ndarray]] | None:
    """Slot, dummy and cell that each dummy coincides with, by tag or, without one, by place."""
    ends = [(i, k) for i, slot in enumerate(slots) for k in range(len(slot))]
    groups: dict[int, list[tuple[int, int]]] = {}
    for i, k in ends:
        groups.setdefault(tags[i][k], []).append((i, k))
    found: dict[tuple[int, int], tuple[int, int, np.ndarray]] = {}
    for group in groups.values():
        left = list(group)
        while left:
            i, k = left.pop()
            match = []
            for j, m in left:
                delta = slots[i][k] - slots[j][m]
                if len(group) == 2 or np.abs(delta - np.rint(delta)).max() < _SAME:
                    match.append((j, m, np.rint(delta)))
            if len(match) != 1:
                return None
            j, m, cell = match[0]
            left.remove((j, m))
            found[i, k] = (j, m, cell)
            found[j, m] = (i, k, -cell)
    return found


def _finished(
    name: str, net: PeriodicNet, frac: np.ndarray, lattice: np.ndarray, number: int
) -> CatalogueNet | str:
    """The net in its smallest cell, with its key."""
    if len(components_of(net)) > 1:
        return "several nets"
    net, frac, lattice = primitive(net, frac, lattice)
    delta = frac[net.edges[:, 1]] + net.edges[:, 2:] - frac[net.edges[:, 0]]
    length = float(np.linalg.norm(delta @ lattice, axis=1).mean())
    lattice = lattice / length if net.n_edges else lattice
    if net.n_vertices > MAX_VERTICES:
        return f"{net.n_vertices} vertices in the smallest cell"
    key = net_key(without_double_edges(net))
    return CatalogueNet(
        net=PeriodicNet(n_vertices=net.n_vertices, edges=net.edges, name=name),
        lattice=lattice,
        frac=frac,
        space_group=number,
        dimension=placed_net(net).dimension,
        key=key,
        kinds=vertex_kinds(net),
    )


def write_catalogue(entries: list[CatalogueNet], path: Path) -> None:
    """Write the table.

    Parameters
    ----------
    entries:
        All nets.
    path:
        A file ``.npz``.
    """
    edges = np.concatenate([entry.net.edges for entry in entries])
    frac = np.concatenate([entry.frac for entry in entries])
    whole = np.floor(frac + 1e-4)
    if np.any(whole != 0):
        raise AssertionError("places lie within the cell")
    np.savez_compressed(
        path,
        format=np.array(FORMAT),
        names=np.array([entry.net.name for entry in entries]),
        keys=np.array([entry.key for entry in entries]),
        dimensions=np.array([entry.dimension for entry in entries], dtype=np.uint8),
        space_groups=np.array([entry.space_group for entry in entries], dtype=np.uint8),
        lattices=np.array([entry.lattice for entry in entries]).round(5).astype(np.float32),
        n_vertices=np.array([entry.net.n_vertices for entry in entries], dtype=np.uint16),
        n_edges=np.array([entry.net.n_edges for entry in entries], dtype=np.uint16),
        kinds=np.concatenate([entry.kinds for entry in entries]).astype(np.uint16),
        frac=np.rint(frac.T * 10_000).astype(np.int16),
        step=np.diff(edges[:, 0], prepend=0).astype(np.int16),
        other=edges[:, 1].astype(np.uint16),
        cells=edges[:, 2:].T.astype(np.int8),
    )


def main(arguments: list[str] | None = None) -> None:
    """Command line of the build: the AuToGraFS table in, the package's table out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topologies", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    entries: dict[str, CatalogueNet] = {}
    for source in (rcsr_nets(given.topologies), classic_nets(), zeolite_nets()):
        for name, entry in source:
            if isinstance(entry, str):
                _log.info("%s: %s", name, entry)
            else:
                entries[name] = entry
    write_catalogue([entries[name] for name in sorted(entries)], given.out)
    _log.info("%d nets", len(entries))


if __name__ == "__main__":
    main()
