"""Whole frameworks: pieces, net, charge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_frameworks import crystal_of, cyanogen_net, pyrazine, pyrazine_net

from porescope.reticular.assembly import link_gaps
from porescope.reticular.silica import silica_framework
from porescope.reticular.taking_apart.framework import put_together_graph_equal, take_apart


@pytest.mark.parametrize(("dimension", "name"), [(2, "sql"), (3, "pcu")])
def test_metals_and_pyrazine_are_a_net(dimension: int, name: str) -> None:
    taken = take_apart(pyrazine_net(dimension))
    roles = [taken.assembly.blocks[int(k)].kind for k in taken.assembly.kinds]
    assert sorted(roles) == ["linker"] * dimension + ["node"]
    assert taken.net_name == name
    assert taken.dimension == dimension
    assert {b.smiles for b in taken.assembly.blocks if b.kind == "linker"} == {"c1cnccn1"}
    assert len(taken.assembly.blocks) == 2
    assert float(link_gaps(taken.assembly).max()) < 1e-6
    assert taken.charge == 2


def test_a_counter_ion_is_a_guest_and_balances() -> None:
    crystal = pyrazine_net(3, metal=29)
    whole = crystal_of(
        crystal.lattice,
        [*crystal.numbers.tolist(), 17],
        np.concatenate([crystal.cart, [np.diag(crystal.lattice) / 2.0]]),
    )
    taken = take_apart(whole)
    guests = [b for b in taken.assembly.blocks if b.kind == "guest"]
    assert [b.smiles for b in guests] == ["[Cl-]"]
    assert taken.charge == 0
    assert taken.problems == ()
    # Copper(I), though copper(II) is commoner.
    assert [b.charge for b in taken.assembly.blocks if b.kind == "node"] == [1]


def test_a_ligand_on_one_metal_is_a_cap() -> None:
    crystal = pyrazine_net(2)
    numbers, ring = pyrazine(2, 0)
    ring = ring + np.array([0.0, 0.0, 1.39 + 2.05])
    whole = crystal_of(
        crystal.lattice + np.diag([0.0, 0.0, 6.0]),
        [*crystal.numbers.tolist(), *numbers],
        np.concatenate([crystal.cart, ring]),
    )
    taken = take_apart(whole)
    assert sorted(taken.assembly.blocks[int(k)].kind for k in taken.assembly.kinds) == [
        "cap",
        "linker",
        "linker",
        "node",
    ]
    assert taken.net_name == "sql"


def test_lone_metal_without_bonds_is_told() -> None:
    crystal = pyrazine_net(2)
    whole = crystal_of(
        crystal.lattice,
        [*crystal.numbers.tolist(), 47],
        np.concatenate([crystal.cart, [[3.4, 3.4, 6.0]]]),
    )
    assert "unknown guest: Ag" in take_apart(whole).problems


def test_interpenetrating_nets_are_counted() -> None:
    taken = take_apart(cyanogen_net(2))
    assert taken.interpenetration == 2
    assert taken.net_name == "pcu"
    assert taken.net.n_vertices == 1


def test_zeolites_are_tetrahedra_and_oxygen() -> None:
    crystal = silica_framework("SOD")
    taken = take_apart(crystal)
    assert taken.net_name in ("sod", "SOD")
    assert {b.formula for b in taken.assembly.blocks} == {"Si", "O"}
    assert taken.charge == 0


def test_graph_comparison_sees_a_lost_link() -> None:
    crystal = pyrazine_net(2)
    taken = take_apart(crystal)
    assert put_together_graph_equal(taken, crystal)
    fewer = replace(taken.assembly, links=taken.assembly.links[1:])
    assert not put_together_graph_equal(replace(taken, assembly=fewer), crystal)
    moved = taken.assembly.links.copy()
    moved[0, 4] += 1
    assert not put_together_graph_equal(
        replace(taken, assembly=replace(taken.assembly, links=moved)), crystal
    )
