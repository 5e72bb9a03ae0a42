"""Taking apart does not depend on origin, order of atoms, cell or folding; nothing is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porescope.crystal.structure import Crystal
from porescope.reticular.assembly import crystal_of_assembly, link_gaps
from porescope.reticular.silica import silica_framework
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.taking_apart.framework import put_together_graph_equal, take_apart


def small_framework(kind: str) -> Crystal:
    """A grid of zinc joined by cyanogen, or sodalite."""
    if kind == "silica":
        return silica_framework("SOD")
    places = np.array([[0.0, 0, 0], [0, 0, 2.0], [0, 0, 3.15], [0, 0, 4.53], [0, 0, 5.68]])
    turned = places[1:, [2, 0, 1]]
    lattice = np.diag([7.68, 9.0, 7.68])
    cart = np.concatenate([places, turned])
    return Crystal(
        lattice=lattice,
        frac=cart @ np.linalg.inv(lattice),
        numbers=np.array([30, 7, 6, 6, 7, 7, 6, 6, 7]),
        occupancy=np.ones(9),
        u_iso=np.full(9, np.nan),
        name="grid",
    )


def facts(taken: TakenApart, *, cells: int = 1) -> tuple[Any, ...]:
    """What must not change."""
    pieces = Counter(
        (b.kind, b.formula, b.n_ports, b.smiles, b.charge, b.name)
        for b in (taken.assembly.blocks[int(k)] for k in taken.assembly.kinds)
    )
    assert all(n % cells == 0 for n in pieces.values())
    shares = {piece: n // cells for piece, n in pieces.items()}
    return shares, taken.net_key, taken.net_name, taken.dimension, taken.interpenetration


@pytest.mark.parametrize("kind", ["grid", "silica"])
@settings(max_examples=10)
@given(
    seed=st.integers(0, 10_000),
    shift=st.tuples(*[st.floats(-1.5, 1.5) for _ in range(3)]),
    repeats=st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 1, 2)]),
)
def test_pieces_and_net_belong_to_the_structure(
    kind: str, seed: int, shift: tuple[float, float, float], repeats: tuple[int, int, int]
) -> None:
    crystal = small_framework(kind).without_symmetry()
    random = np.random.default_rng(seed)
    moved = crystal.supercell(repeats).without_symmetry()
    order = random.permutation(moved.n_atoms)
    folds = random.integers(-2, 3, size=(moved.n_atoms, 3))
    moved = replace(
        moved,
        frac=(moved.frac + np.array(shift) + folds)[order],
        numbers=moved.numbers[order],
        occupancy=moved.occupancy[order],
        u_iso=moved.u_iso[order],
    )
    taken = take_apart(moved)
    assert facts(taken, cells=int(np.prod(repeats))) == facts(take_apart(crystal))
    assert put_together_graph_equal(taken, moved)
    assert crystal_of_assembly(taken.assembly).formula == crystal.formula
    assert float(link_gaps(taken.assembly).max()) < 0.15
