"""Assemblies: atoms, bonds and gaps of posed blocks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.crystal.neighbours import neighbour_list
from porescope.reticular.assembly import (
    bonds_of_assembly,
    crystal_of_assembly,
    link_gaps,
    linked_translations,
    with_nearest_ports,
)
from toy_framework import cubic, octahedron


def test_block_counts() -> None:
    node = octahedron()
    assert (node.n_atoms, node.n_ports, node.formula) == (7, 6, "C6Zn")


def test_all_atoms_in_order() -> None:
    toy = cubic()
    crystal = crystal_of_assembly(toy)
    assert crystal.n_atoms == toy.n_atoms == 13
    assert crystal.numbers.tolist() == [30, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6]
    assert toy.atom_offsets().tolist() == [0, 7, 9, 11, 13]


def test_bonds_are_those_of_distance() -> None:
    toy = cubic()
    crystal = crystal_of_assembly(toy)
    meant = set()
    for a, b, *cell in bonds_of_assembly(toy).tolist():
        meant |= {(a, b, *cell), (b, a, *(-c for c in cell))}
    near = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=3.01)
    links = near.distance < 1.51
    inner = np.abs(near.distance - 2.8) < 0.01
    metal = (np.abs(near.distance - 3.0) < 0.01) & (
        (crystal.numbers[near.first] == 30) | (crystal.numbers[near.second] == 30)
    )
    rows = np.flatnonzero(links | inner | metal)
    found = {
        (int(near.first[r]), int(near.second[r]), *near.image[r].tolist()) for r in rows.tolist()
    }
    assert found == meant


def test_gaps_of_a_stretched_cell() -> None:
    toy = cubic()
    assert link_gaps(toy).max() < 1e-12
    wide = replace(toy, lattice=toy.lattice * 1.01, origins=toy.origins * 1.01)
    assert link_gaps(wide) == pytest.approx(np.full(6, 0.059), abs=1e-9)


def test_mixed_up_ports_of_one_atom_are_found() -> None:
    node = octahedron()
    bare = replace(
        node,
        numbers=node.numbers[:1],
        positions=node.positions[:1],
        bonds=node.bonds[:0],
        port_atoms=np.zeros(6, dtype=np.int64),
    )
    toy = cubic(node=bare, edge=5.8)
    assert link_gaps(toy).max() < 1e-12
    mixed = replace(toy, links=toy.links.copy())
    mixed.links[:, 1] = np.roll(mixed.links[:, 1], 1)
    assert link_gaps(mixed).max() > 0.5
    assert np.array_equal(with_nearest_ports(mixed).links, toy.links)


def test_a_framework_runs_on_in_three_directions_and_its_layers_in_two() -> None:
    whole = cubic()
    assert np.array_equal(linked_translations(whole), np.eye(3))
    flat = replace(whole, links=whole.links[whole.links[:, 2] != 3])
    assert np.array_equal(linked_translations(flat), np.eye(3)[:2])
    assert len(linked_translations(replace(whole, links=whole.links[:0]))) == 0
