"""A site's name is that of the bonded surroundings, however the crystal is described."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework_crystals import magnesium_pyrazine, prussian_blue
from porescope.crystal.structure import Crystal
from porescope.crystal.transform import change_of_basis
from porescope.io.cif import crystal_from_cif_text
from porescope.workflows.site_graphs import (
    framework_graph,
    graph_hash,
    site_graphs,
    usual_radius,
)
from predict_toys import SODALITE

CRYSTALS = {
    "sodalite": crystal_from_cif_text(SODALITE.format(occupancy=1.0)).without_symmetry(),
    "Prussian blue": prussian_blue().without_symmetry(),
    "pyrazine": magnesium_pyrazine().without_symmetry(),
}


def names(crystal: Crystal) -> Counter[tuple[int, str]]:
    """Names of the sites of all atoms that count."""
    graph = framework_graph(crystal)
    atoms = [int(atom) for atom in graph.kept]
    sites = site_graphs(graph, crystal.cart[atoms], radius=usual_radius(crystal), atoms=atoms)
    return Counter(
        (int(crystal.numbers[atom]), site.name) for atom, site in zip(atoms, sites, strict=True)
    )


@pytest.mark.parametrize("crystal", CRYSTALS.values(), ids=CRYSTALS)
@given(seed=st.integers(0, 2**20))
def test_order_and_origin_change_nothing(crystal: Crystal, seed: int) -> None:
    rng = np.random.default_rng(seed)
    order = rng.permutation(crystal.n_atoms)
    moved = replace(
        crystal,
        frac=crystal.frac[order] + rng.random(3) + rng.integers(-2, 3, (crystal.n_atoms, 3)),
        numbers=crystal.numbers[order],
        occupancy=crystal.occupancy[order],
        u_iso=crystal.u_iso[order],
        orbit=None,
        labels=(),
        charges=None,
    )
    assert names(moved) == names(crystal)


@pytest.mark.parametrize("crystal", CRYSTALS.values(), ids=CRYSTALS)
def test_a_supercell_has_the_same_sites_more_often(crystal: Crystal) -> None:
    once = names(crystal)
    assert names(crystal.supercell((2, 1, 1))) == Counter({k: 2 * n for k, n in once.items()})


@pytest.mark.parametrize("crystal", CRYSTALS.values(), ids=CRYSTALS)
def test_another_cell_has_the_same_sites(crystal: Crystal) -> None:
    skewed = change_of_basis(
        crystal, transform=np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 1.0]])
    )
    assert names(skewed) == names(crystal)


@given(seed=st.integers(0, 2**20), n=st.integers(1, 12))
def test_the_hash_knows_no_order(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    numbers = rng.choice([6, 7, 8], n)
    bonds = [(i, j) for i in range(n) for j in range(i) if rng.random() < 0.4]
    order = rng.permutation(n)
    place = np.argsort(order)
    again = [(int(place[j]), int(place[i])) for i, j in bonds][::-1]
    root = int(rng.integers(n))
    assert graph_hash(numbers, bonds=bonds, root=root) == graph_hash(
        numbers[order], bonds=again, root=int(place[root])
    )


def test_the_hash_tells_other_graphs_apart() -> None:
    carbon = np.full(4, 6)
    chain, star = [(0, 1), (1, 2), (2, 3)], [(0, 1), (0, 2), (0, 3)]
    ring = [(0, 1), (1, 2), (2, 3), (3, 0)]
    made = {graph_hash(carbon, bonds=bonds) for bonds in (chain, star, ring)}
    made.add(graph_hash(np.array([6, 6, 6, 7]), bonds=chain))
    made.add(graph_hash(carbon, bonds=chain, root=0))
    made.add(graph_hash(carbon, bonds=chain, root=1))
    assert len(made) == 6
