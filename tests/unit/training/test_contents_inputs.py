"""Contents of a batch as tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from porescope.datasets.library import SHIPPED, Library  # noqa: E402
from porescope.datasets.retrieval_contents import (  # noqa: E402
    MoleculeGraph,
    Ragged,
    RetrievalContents,
)
from porescope.datasets.structure_store import StructureStore  # noqa: E402
from porescope.errors import ConfigError  # noqa: E402
from porescope.training.contents_inputs import (  # noqa: E402
    PackedContents,
    contents_of_library,
    linker_graphs,
)
from retrieval_toys import crystal_inputs, pattern_inputs, some_crystals  # noqa: E402

CRYSTALS = some_crystals(4)


def _contents() -> RetrievalContents:
    """The toy crystals; the third has no beads, the last no linkers."""
    one = np.zeros(0, dtype=np.int64)
    wide = np.zeros((0, 3), dtype=np.float32)
    beads = [np.array([0, 1]), np.array([0, 1, 1]), one, np.array([0])]
    carbonyl = MoleculeGraph(
        numbers=np.array([6, 8]), bonds=np.array([[0, 1]]), orders=np.array([2.0], dtype=np.float32)
    )
    methane = MoleculeGraph(
        numbers=np.array([6]),
        bonds=np.zeros((0, 2), dtype=np.int64),
        orders=np.zeros(0, dtype=np.float32),
    )
    return RetrievalContents(
        keys=tuple("abcd"),
        numbers=Ragged.of([c.numbers for c in CRYSTALS], like=np.zeros(0, dtype=np.uint8)),
        frac=Ragged.of([c.frac for c in CRYSTALS], like=wide),
        lattices=np.stack([c.lattice for c in CRYSTALS]).astype(np.float32),
        bead_kinds=Ragged.of(beads, like=one),
        bead_frac=Ragged.of([np.full((len(b), 3), 0.25) for b in beads], like=wide),
        bead_features=Ragged.of([np.ones((len(b), 4)) for b in beads], like=np.zeros((0, 4))),
        metals=np.array([30, 29, 40, 0]),
        linkers=Ragged.of([np.array([1, 0]), np.array([0]), np.array([0]), one], like=one),
        graphs=(carbonyl, methane),
    )


def test_atoms_are_those_of_the_crystals() -> None:
    packed = PackedContents(_contents(), needs=frozenset({"atoms"}))
    rows = np.array([2, 0])
    made = packed.crystals(crystal_inputs([CRYSTALS[2], CRYSTALS[0]]), rows)
    expected = crystal_inputs([CRYSTALS[2], CRYSTALS[0]]).atoms
    assert made.atoms is not None
    assert expected is not None
    assert made.beads is None
    for name in ("numbers", "frac", "batch", "lattice"):
        assert torch.equal(getattr(made.atoms, name), getattr(expected, name)), name


def test_what_a_model_cannot_read_is_not_available() -> None:
    contents, rows = _contents(), np.array([3, 2, 1, 0])
    few = PackedContents(contents, needs=frozenset({"atoms"}), most_atoms=9)
    assert few.available(rows).tolist() == [c.n_atoms <= 9 for c in reversed(CRYSTALS)]
    beads = PackedContents(contents, needs=frozenset({"beads", "linkers", "metal"}))
    assert beads.available(rows).tolist() == [True, False, True, True]


def test_patterns_get_metal_and_linkers() -> None:
    packed = PackedContents(_contents(), needs=frozenset({"metal", "linkers", "beads"}))
    rows = np.array([3, 0, 1])
    made = packed.patterns(pattern_inputs(CRYSTALS[:3]), rows)
    assert made.metal.tolist() == [0, 30, 29]
    assert made.linkers is not None
    assert made.linkers.numbers.tolist() == [6, 6, 8, 6, 8]
    assert made.linkers.batch.tolist() == [1, 1, 1, 2, 2]
    assert made.linkers.bonds.tolist() == [[1, 2], [3, 4]]
    assert made.linkers.orders.tolist() == [2.0, 2.0]
    crystals = packed.crystals(crystal_inputs(CRYSTALS[:3]), rows)
    assert crystals.beads is not None
    assert crystals.beads.kinds.tolist() == [0, 0, 1, 0, 1, 1]


def test_parts_of_a_batch_of_linkers() -> None:
    rows = np.array([0, 3, 1])
    part = linker_graphs(_contents(), rows).part(1, 3)
    alone = linker_graphs(_contents(), rows[1:])
    assert len(part) == len(alone) == 2
    for name in ("numbers", "bonds", "orders", "batch"):
        assert torch.equal(getattr(part, name), getattr(alone, name)), name


def test_no_linkers_at_all() -> None:
    made = linker_graphs(_contents(), np.array([3]))
    assert len(made) == 1
    assert made.numbers.shape == (0,)
    assert made.bonds.shape == (0, 2)


def test_a_store_of_other_structures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "contents.sqlite"
    StructureStore(path, writable=True).close()
    with Library.open([SHIPPED]) as library:
        numbers = np.array([entry.number for entry in library.entries(limit=3)])
        with pytest.raises(ConfigError, match=r"none of the library's structures; build it with"):
            contents_of_library(path, library=library, numbers=numbers, needs=frozenset({"atoms"}))
