"""Contents of many crystals in contiguous arrays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from porescope.crystal.structure import Crystal
from porescope.datasets.retrieval_contents import (
    Ragged,
    RetrievalContents,
    graph_of_smiles,
    load_contents,
)
from porescope.datasets.structure_store import StoredStructure, StructureStore


def _stored(key: str, n: int, *, linkers: list[str]) -> StoredStructure:
    rng = np.random.default_rng(n)
    beads = rng.random((n + 1, 8)).astype(np.float32)
    beads[:, 0] = np.arange(n + 1) > 0
    return StoredStructure(
        id=key,
        crystal=Crystal(
            lattice=np.eye(3) * (5.0 + n),
            frac=rng.random((n, 3)),
            numbers=np.full(n, 5 + n),
            occupancy=np.ones(n),
            u_iso=np.full(n, np.nan),
        ),
        source="made",
        labels={"metal": 20 + n, "linkers": json.dumps(linkers)},
        arrays={"beads": beads},
    )


@pytest.fixture
def contents(tmp_path: Path) -> RetrievalContents:
    path = tmp_path / "contents.sqlite"
    with StructureStore(path, writable=True) as store:
        store.add(
            [
                _stored("a:1", 2, linkers=["c1ccncc1", "OC=O"]),
                _stored("a:2", 3, linkers=["OC=O", "no smiles"]),
                _stored("b:1", 1, linkers=[]),
            ]
        )
    with StructureStore(path) as store:
        return load_contents(store, ["b:1", "a:2", "c:9", "a:1"])


def test_in_the_order_asked_for(contents: RetrievalContents) -> None:
    assert len(contents) == 4
    assert contents.numbers.counts.tolist() == [1, 3, 0, 2]
    assert contents.bead_kinds.counts.tolist() == [2, 4, 0, 3]
    assert contents.metals.tolist() == [21, 23, 0, 22]
    assert contents.lattices[:, 0, 0].tolist() == [6.0, 8.0, 1.0, 7.0]
    assert contents.has_beads.tolist() == [True, True, False, True]
    assert contents.has_atoms().tolist() == [True, True, False, True]
    assert contents.has_atoms(at_most=2).tolist() == [True, False, False, True]


def test_a_linker_of_several_crystals_is_kept_once(contents: RetrievalContents) -> None:
    assert len(contents.graphs) == 2
    assert contents.linkers.counts.tolist() == [0, 1, 0, 2]
    shared, _ = contents.linkers.taken(np.array([1]))
    both, owner = contents.linkers.taken(np.array([3, 0, 1]))
    assert set(shared) < set(both)
    assert owner.tolist() == [0, 0, 2]


def test_rows_of_members_in_any_order() -> None:
    parts = [np.full(n, 10 * n) for n in (2, 0, 3)]
    rows = Ragged.of(parts, like=np.zeros(0, dtype=np.uint8))
    values, owner = rows.taken(np.array([2, 1, 0, 2]))
    assert values.tolist() == [30] * 3 + [20] * 2 + [30] * 3
    assert owner.tolist() == [0, 0, 0, 2, 2, 3, 3, 3]
    assert values.dtype == np.uint8
    none, nobody = rows.taken(np.zeros(0, dtype=np.int64))
    assert len(none) == len(nobody) == 0


def test_graphs_of_molecules() -> None:
    graph = graph_of_smiles("O=C(O)c1ccccc1")
    assert graph is not None
    assert graph.numbers.tolist() == [8, 6, 8] + [6] * 6
    assert graph.bonds.tolist()[:3] == [[0, 1], [1, 2], [1, 3]]
    assert graph.orders.tolist() == [2.0, 1.0, 1.0] + [1.5] * 6
    assert (graph.bonds[:, 0] < graph.bonds[:, 1]).all()
    lone = graph_of_smiles("O")
    assert lone is not None
    assert lone.bonds.shape == (0, 2)
    assert graph_of_smiles("") is None
    assert graph_of_smiles("no smiles") is None
