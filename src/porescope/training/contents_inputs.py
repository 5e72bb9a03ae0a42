"""Atoms, beads, metals and linkers of a batch as tensors, from arrays of contents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from porescope.datasets.library import Library
from porescope.datasets.retrieval_atoms import keys_of_cards
from porescope.datasets.retrieval_contents import RetrievalContents, load_contents
from porescope.datasets.structure_store import StructureStore
from porescope.errors import ConfigError
from porescope.models.inputs import (
    AtomInputs,
    BeadInputs,
    CrystalInputs,
    LinkerGraphs,
    PatternInputs,
)


class PackedContents:
    """Adds to batches what a model reads of crystals beside their lines.

    Parameters
    ----------
    contents:
        Contents of the crystals of a set, in the set's order.
    needs:
        What the model needs (:attr:`porescope.models.retrieval_model.RetrievalModel.needs`).
    most_atoms:
        Largest number of atoms that it reads.
    """

    def __init__(
        self,
        contents: RetrievalContents,
        *,
        needs: frozenset[str],
        most_atoms: int | None = None,
    ) -> None:
        self.contents, self.needs = contents, needs
        self.readable: Bool[np.ndarray, "crystals"] = np.ones(len(contents), dtype=bool)
        if "atoms" in needs:
            self.readable &= contents.has_atoms(at_most=most_atoms)
        if "beads" in needs:
            self.readable &= contents.has_beads

    def available(self, rows: Int[np.ndarray, "rows"]) -> Bool[np.ndarray, "rows"]:
        """Which crystals have what the model needs."""
        return self.readable[rows]

    def crystals(self, inputs: CrystalInputs, rows: Int[np.ndarray, "rows"]) -> CrystalInputs:
        """Crystals with their atoms and beads."""
        return replace(
            inputs,
            atoms=atom_inputs(self.contents, rows) if "atoms" in self.needs else None,
            beads=bead_inputs(self.contents, rows) if "beads" in self.needs else None,
        )

    def patterns(self, inputs: PatternInputs, rows: Int[np.ndarray, "rows"]) -> PatternInputs:
        """Patterns with metal and linkers, where the model reads them."""
        if "metal" in self.needs:
            inputs = replace(inputs, metal=metals(self.contents, rows))
        if "linkers" in self.needs:
            inputs = replace(inputs, linkers=linker_graphs(self.contents, rows))
        return inputs


def contents_of_library(
    store: Path,
    *,
    library: Library,
    numbers: Int[np.ndarray, "crystals"],
    needs: frozenset[str],
    most_atoms: int | None = None,
) -> PackedContents:
    """Contents of a library's crystals, from a store of structures.

    Parameters
    ----------
    store:
        Made by :func:`porescope.datasets.retrieval_atoms.build_contents`.
    library:
        The cards.
    numbers:
        Their numbers, in the order of the set that batches are made of
        (:attr:`porescope.datasets.retrieval_set.RetrievalSet.ids`).
    needs, most_atoms:
        As in :class:`PackedContents`.

    Raises
    ------
    ConfigError
        Where there is no store, or none of the crystals is in it.
    """
    with StructureStore(store) as opened:
        contents = load_contents(opened, keys_of_cards(library, numbers))
    packed = PackedContents(contents, needs=needs, most_atoms=most_atoms)
    if not packed.readable.any():
        raise ConfigError(
            f"the store {store.name} has none of the library's structures; build it with: "
            "python -m porescope.datasets.retrieval_atoms"
        )
    return packed


def atom_inputs(contents: RetrievalContents, rows: Int[np.ndarray, "n"]) -> AtomInputs:
    """Atoms of some crystals.

    Parameters
    ----------
    contents:
        Contents of the crystals.
    rows:
        Which of them, in the batch's order.
    """
    numbers, owner = contents.numbers.taken(rows)
    frac, _ = contents.frac.taken(rows)
    return AtomInputs(
        numbers=torch.from_numpy(numbers.astype(np.int64)),
        frac=torch.from_numpy(frac),
        batch=torch.from_numpy(owner),
        lattice=torch.from_numpy(contents.lattices[rows]),
    )


def bead_inputs(contents: RetrievalContents, rows: Int[np.ndarray, "n"]) -> BeadInputs:
    """Beads of some crystals.

    Parameters
    ----------
    contents, rows:
        As in :func:`atom_inputs`.
    """
    kinds, owner = contents.bead_kinds.taken(rows)
    features, _ = contents.bead_features.taken(rows)
    frac, _ = contents.bead_frac.taken(rows)
    return BeadInputs(
        kinds=torch.from_numpy(kinds),
        features=torch.from_numpy(features),
        frac=torch.from_numpy(frac),
        batch=torch.from_numpy(owner),
        lattice=torch.from_numpy(contents.lattices[rows]),
    )


def linker_graphs(contents: RetrievalContents, rows: Int[np.ndarray, "n"]) -> LinkerGraphs:
    """Different linkers of some crystals; a crystal without any has no atoms.

    Parameters
    ----------
    contents, rows:
        As in :func:`atom_inputs`.
    """
    places, owner = contents.linkers.taken(rows)
    graphs = [contents.graphs[int(place)] for place in places]
    sizes = np.array([len(graph.numbers) for graph in graphs], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    none = np.zeros((0, 2), dtype=np.int64)
    bonds = [none, *(g.bonds + start for g, start in zip(graphs, starts, strict=True))]
    return LinkerGraphs(
        numbers=torch.from_numpy(np.concatenate([none[:, 0], *(g.numbers for g in graphs)])),
        bonds=torch.from_numpy(np.concatenate(bonds)),
        orders=torch.from_numpy(
            np.concatenate([np.zeros(0, dtype=np.float32), *(g.orders for g in graphs)])
        ),
        batch=torch.from_numpy(np.repeat(owner, sizes)),
        n_patterns=torch.tensor(len(rows)),
    )


def metals(contents: RetrievalContents, rows: Int[np.ndarray, "n"]) -> Int[Tensor, "n"]:
    """Atomic number of the commonest metal of some crystals, 0 without one.

    Parameters
    ----------
    contents, rows:
        As in :func:`atom_inputs`.
    """
    return torch.from_numpy(contents.metals[rows])
