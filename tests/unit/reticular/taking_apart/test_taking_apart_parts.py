"""Lattices, nets of pieces, shared blocks, names, charges, disorder, beads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from small_frameworks import crystal_of, pyrazine, pyrazine_net

from porescope.errors import ConfigError
from porescope.reticular.assembly import Assembly, link_gaps
from porescope.reticular.block import Block
from porescope.reticular.taking_apart.bond_graph import (
    bond_graph,
    parts_of,
    reduced_by,
)
from porescope.reticular.taking_apart.charges import with_charges
from porescope.reticular.taking_apart.coarse import coarse_framework
from porescope.reticular.taking_apart.disorder import one_alternative
from porescope.reticular.taking_apart.framework import take_apart
from porescope.reticular.taking_apart.node_names import node_name, polyhedron
from porescope.reticular.taking_apart.piece_net import net_parts, simplified
from porescope.reticular.taking_apart.same_blocks import with_shared_blocks
from porescope.reticular.taking_apart.smallest_cell import smallest_cell
from porescope.reticular.translations import translation_lattice


def test_translations_span_a_lattice() -> None:
    basis = translation_lattice(np.array([[2, 0, 0], [0, 3, 0], [1, 1, 1], [4, 0, 0]]))
    assert abs(round(float(np.linalg.det(basis)))) == 1 * 2 * 3 // 1
    assert reduced_by(np.array([2, 3, 0]), basis=basis) == (0, 0, 0)
    assert reduced_by(np.array([1, 0, 0]), basis=basis) != (0, 0, 0)
    assert translation_lattice(np.zeros((0, 3), dtype=np.int64)).shape == (0, 3)


def test_endless_parts_are_seen_and_unfolded() -> None:
    crystal = pyrazine_net(1)
    graph = bond_graph(crystal)
    whole = parts_of(graph, kept=np.ones(graph.n_bonds, dtype=bool))
    assert whole.n_parts == 1
    assert whole.endless.tolist() == [True]
    to_metal = (graph.numbers[graph.first] == 46) | (graph.numbers[graph.second] == 46)
    cut = parts_of(graph, kept=~to_metal)
    assert cut.n_parts == 2
    assert not cut.endless.any()
    assert not cut.shift[~to_metal].any()


def test_chains_of_two_connected_vertices_become_edges() -> None:
    edges = {(0, 1, 0, 0, 0), (0, 1, -1, 0, 0), (0, 2, 0, 0, 0), (0, 2, 0, -1, 0)}
    edges |= {(0, 3, 0, 0, 0), (0, 3, 0, 0, -1), (3, 4, 0, 0, 0)}
    left, alive = simplified(edges, n_vertices=5)
    assert alive == {0}
    assert left == {(0, 0, 1, 0, 0), (0, 0, 0, 1, 0), (0, 0, 0, 0, 1)}
    (part,) = net_parts(left, vertices=alive)
    assert (part.dimension, part.copies) == (3, 1)


def test_a_net_on_a_coarser_lattice_stands_for_several() -> None:
    edges = {(0, 0, 2, 0, 0), (0, 0, 0, 1, 0), (0, 0, 0, 0, 1)}
    (part,) = net_parts(edges, vertices={0})
    assert part.copies == 2
    assert sorted(np.abs(part.net.edges[:, 2:]).sum(axis=1).tolist()) == [1, 1, 1]


@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_pieces_share_a_block(mirrored: bool) -> None:
    positions = np.array([[0.0, 0, 0], [1.5, 0, 0], [0, 1.2, 0], [0.1, 0.2, 1.9], [2.0, 1.4, 0.3]])
    turn = Rotation.from_rotvec([0.3, -1.1, 0.7]).as_matrix() * (-1.0 if mirrored else 1.0)
    order = np.array([3, 1, 0, 4, 2])
    place = np.argsort(order)
    bonds = np.array([[0, 1], [0, 2], [0, 3], [1, 4]])
    numbers = np.array([6, 7, 8, 9, 6])
    ports = np.array([2, 4])
    vectors = np.array([[0.0, 1.4, 0.2], [1.0, 0.4, 0.0]])
    one = Block(
        kind="linker", numbers=numbers, positions=positions, bonds=bonds, port_atoms=ports,
        port_vectors=vectors,
    )  # fmt: skip
    two = Block(
        kind="linker",
        numbers=numbers[order],
        positions=(positions @ turn.T)[order],
        bonds=np.sort(place[bonds], axis=1),
        port_atoms=place[ports[::-1]],
        port_vectors=vectors[::-1] @ turn.T,
    )
    shift = positions[2] + vectors[0]
    far = shift - (positions @ turn.T)[4] - np.array([0.0, 0.0, 0.0])
    assembly = Assembly(
        lattice=np.eye(3) * 20.0,
        blocks=(one, two),
        kinds=np.array([0, 1]),
        origins=np.array([[0.0, 0, 0], far]),
        rotations=np.array([np.eye(3), np.eye(3)]),
        links=np.array([[0, 0, 1, 0, 0, 0, 0]]),
    )
    shared, examples, graphs = with_shared_blocks(assembly)
    assert len(shared.blocks) == 1
    assert examples == [0]
    assert graphs == [0]
    assert np.linalg.det(shared.rotations[1]) == pytest.approx(-1.0 if mirrored else 1.0)
    made = np.sort(shared.piece_positions(1), axis=0)
    assert np.allclose(made, np.sort(assembly.piece_positions(1), axis=0), atol=1e-6)
    # The port that the link uses is the same one, under the block's number for it.
    assert np.allclose(link_gaps(shared), link_gaps(assembly), atol=1e-6)
    bent = replace(two, positions=two.positions + np.array([[0.3, 0, 0]] + [[0.0, 0, 0]] * 4))
    other, _, _ = with_shared_blocks(replace(assembly, blocks=(one, bent)))
    assert len(other.blocks) == 2


@pytest.mark.parametrize(
    ("arms", "name"),
    [
        ([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], "tetrahedron"),
        ([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1.2, 0]], "square"),
        (np.concatenate([np.eye(3), -np.eye(3)]).tolist(), "octahedron"),
    ],
)
def test_polyhedra_by_their_angles(arms: list[list[float]], name: str) -> None:
    turned = np.array(arms, dtype=np.float64) @ Rotation.from_rotvec([1.0, 0.2, 0.5]).as_matrix()
    assert polyhedron(turned) == name


def basic_zinc_core() -> Block:
    """Zn4O with six carboxylates, drawn without regard to lengths."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=np.float64)
    numbers, places = [8, 30, 30, 30, 30], [np.zeros(3), *(1.12 * corners)]
    bonds = [[0, k] for k in range(1, 5)]
    ports, vectors = [], []
    for a in range(4):
        for b in range(a + 1, 4):
            middle = corners[a] + corners[b]
            carbon = len(numbers)
            numbers += [6, 8, 8]
            places += [
                1.7 * middle,
                1.5 * middle + 0.4 * corners[a],
                1.5 * middle + 0.4 * corners[b],
            ]
            bonds += [[carbon, carbon + 1], [carbon, carbon + 2]]
            bonds += [[1 + a, carbon + 1], [1 + b, carbon + 2]]
            ports.append(carbon)
            vectors.append(0.4 * middle)
    return Block(
        kind="node",
        numbers=np.array(numbers),
        positions=np.array(places),
        bonds=np.sort(np.array(bonds), axis=1),
        port_atoms=np.array(ports),
        port_vectors=np.array(vectors),
    )


def test_basic_zinc_carboxylate_has_its_name_and_no_charge() -> None:
    core = basic_zinc_core()
    assert node_name(core).startswith("Zn4O(CO2)6")
    (charged,), total, problem = with_charges((core,), counts=np.array([1]))
    assert charged.charge == 0
    assert total == 0
    assert problem == ""


def test_states_that_cannot_balance_are_told() -> None:
    numbers = np.where(basic_zinc_core().numbers == 30, 13, basic_zinc_core().numbers)
    (charged,), total, problem = with_charges(
        (replace(basic_zinc_core(), numbers=numbers),), counts=np.array([2])
    )
    assert charged.charge == 4
    assert total == 8
    assert problem == "charge not balanced: +8"


def test_of_two_places_of_a_ring_one_is_taken() -> None:
    crystal = pyrazine_net(3)
    numbers, ring = pyrazine(0, 1)
    turn = Rotation.from_rotvec([np.radians(75.0), 0.0, 0.0]).as_matrix()
    keep = np.array(numbers) != 7
    extra = (ring @ turn.T)[keep] + crystal.lattice[0] / 2.0
    mixed = crystal_of(
        crystal.lattice,
        [*crystal.numbers.tolist(), *np.array(numbers)[keep].tolist()],
        np.concatenate([crystal.cart, extra]),
    )
    cleaned, kept = one_alternative(mixed)
    assert cleaned.n_atoms == crystal.n_atoms
    assert (~kept).sum() == 8
    taken = take_apart(mixed)
    assert {b.smiles for b in taken.assembly.blocks if b.kind == "linker"} == {"c1cnccn1"}
    assert any(p.startswith("disorder: 8 of") for p in taken.problems)
    same, all_kept = one_alternative(crystal)
    assert same is crystal
    assert all_kept.all()


def test_beads_are_nodes_and_linkers() -> None:
    taken = take_apart(pyrazine_net(3))
    coarse = coarse_framework(taken)
    assert coarse.n_beads == 4
    assert len(coarse.edges) == 6
    fewer = coarse_framework(taken, most_beads=3)
    assert fewer.linkers_are_edges
    assert fewer.n_beads == 1
    assert len(fewer.edges) == 3
    with pytest.raises(ConfigError, match="primitive cell"):
        coarse_framework(take_apart(pyrazine_net(3).supercell((2, 2, 1))), most_beads=3)


def test_a_supercell_has_the_smallest_cell_of_its_crystal() -> None:
    crystal = pyrazine_net(2)
    assert smallest_cell(crystal) is crystal
    small = smallest_cell(crystal.supercell((2, 1, 3)))
    assert small.n_atoms == crystal.n_atoms
    assert small.volume == pytest.approx(crystal.volume)
