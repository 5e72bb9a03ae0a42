"""The contents of many crystals in contiguous arrays, for batches of any of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from porescope.datasets.retrieval_atoms import BEAD_FEATURES
from porescope.datasets.structure_store import StructureStore


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MoleculeGraph:
    """Atoms that are no hydrogen, and their bonds."""

    numbers: Int[np.ndarray, "atoms"]
    """Atomic numbers."""
    bonds: Int[np.ndarray, "bonds 2"]
    """Bonded pairs, each once, the smaller index first, by rising first atom."""
    orders: Float[np.ndarray, "bonds"]
    """1, 1.5 (aromatic), 2 or 3."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ragged:
    """Rows of many members in one array."""

    values: np.ndarray
    """All rows."""
    offsets: Int[np.ndarray, "members_plus_1"]
    """Rows of member i are ``offsets[i]`` to ``offsets[i + 1]``."""

    @classmethod
    def of(cls, parts: Sequence[np.ndarray], *, like: np.ndarray) -> Ragged:
        """Members one after another.

        Parameters
        ----------
        parts:
            The members' rows.
        like:
            Array of the type and width of the rows, where there are none.
        """
        lengths = [len(part) for part in parts]
        values = np.concatenate([like[:0], *parts]).astype(like.dtype, copy=False)
        return cls(
            values=values, offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        )

    @property
    def counts(self) -> Int[np.ndarray, "members"]:
        """Rows of each member."""
        return np.diff(self.offsets)

    def taken(self, members: Int[np.ndarray, "n"]) -> tuple[np.ndarray, Int[np.ndarray, "rows"]]:
        """Rows of some members, one member after another, and the place of each row's member.

        Parameters
        ----------
        members:
            The members, in the order wanted.
        """
        counts = self.counts[members]
        owner = np.repeat(np.arange(len(members)), counts)
        shift = self.offsets[members] - (np.cumsum(counts) - counts)
        return self.values[shift[owner] + np.arange(len(owner))], owner


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RetrievalContents:
    """Atoms, beads, metals and linkers of crystals, in the order of the keys."""

    keys: tuple[str, ...]
    """Identifiers in the store; those that it has not have neither atoms nor beads."""
    numbers: Ragged
    """Atomic numbers (uint8)."""
    frac: Ragged
    """Fractional coordinates (float32)."""
    lattices: Float[np.ndarray, "crystals 3 3"]
    """Cells, rows a, b, c [Å] (float32); the unit cube where there are no atoms."""
    bead_kinds: Ragged
    """0 node, 1 linker (int64)."""
    bead_frac: Ragged
    """Fractional coordinates of the beads (float32)."""
    bead_features: Ragged
    """The columns :data:`porescope.datasets.retrieval_atoms.BEAD_FEATURES` (float32)."""
    metals: Int[np.ndarray, "crystals"]
    """Atomic number of the commonest metal, 0 without one."""
    linkers: Ragged
    """Places in ``graphs`` of each crystal's linkers."""
    graphs: tuple[MoleculeGraph, ...]
    """The different linkers."""

    def __len__(self) -> int:
        """Number of crystals."""
        return len(self.keys)

    @property
    def has_beads(self) -> Bool[np.ndarray, "crystals"]:
        """Crystals with beads."""
        return self.bead_kinds.counts > 0

    def has_atoms(self, *, at_most: int | None = None) -> Bool[np.ndarray, "crystals"]:
        """Crystals with atoms.

        Parameters
        ----------
        at_most:
            Largest number of atoms.
        """
        counts = self.numbers.counts
        return (counts > 0) & ((counts <= at_most) if at_most is not None else True)


def load_contents(store: StructureStore, keys: Sequence[str]) -> RetrievalContents:
    """Contents of crystals, whatever of them is in the store.

    Parameters
    ----------
    store:
        Made by :func:`porescope.datasets.retrieval_atoms.build_contents`.
    keys:
        Identifiers, from :func:`porescope.datasets.retrieval_atoms.card_key`.
    """
    present = set(store.ids())
    metals, smiles = store.labels("metal"), store.labels("linkers")
    width = 4 + len(BEAD_FEATURES)
    numbers, frac, beads, linkers = [], [], [], []
    lattices = np.tile(np.eye(3, dtype=np.float32), (len(keys), 1, 1))
    places: dict[str, int] = {}
    graphs: list[MoleculeGraph] = []
    for row, key in enumerate(keys):
        if key not in present:
            numbers.append(np.zeros(0, dtype=np.uint8))
            frac.append(np.zeros((0, 3)))
            beads.append(np.zeros((0, width)))
            linkers.append(np.zeros(0, dtype=np.int64))
            continue
        crystal = store.crystal(key)
        numbers.append(crystal.numbers)
        frac.append(crystal.frac)
        lattices[row] = crystal.lattice
        beads.append(store.array(key, "beads"))
        its = []
        for text in json.loads(str(smiles.get(key, "[]"))):
            if text not in places:
                graph = graph_of_smiles(text)
                if graph is None:
                    continue
                places[text] = len(graphs)
                graphs.append(graph)
            its.append(places[text])
        linkers.append(np.array(its, dtype=np.int64))
    single = np.zeros((0, 3), dtype=np.float32)
    whole = np.zeros(0, dtype=np.int64)
    return RetrievalContents(
        keys=tuple(keys),
        numbers=Ragged.of(numbers, like=np.zeros(0, dtype=np.uint8)),
        frac=Ragged.of(frac, like=single),
        lattices=lattices,
        bead_kinds=Ragged.of([b[:, 0] for b in beads], like=whole),
        bead_frac=Ragged.of([b[:, 1:4] for b in beads], like=single),
        bead_features=Ragged.of(
            [b[:, 4:] for b in beads], like=np.zeros((0, len(BEAD_FEATURES)), dtype=np.float32)
        ),
        metals=np.array([int(metals.get(key, 0)) for key in keys], dtype=np.int64),
        linkers=Ragged.of(linkers, like=whole),
        graphs=tuple(graphs),
    )


def graph_of_smiles(smiles: str) -> MoleculeGraph | None:
    """Graph of a molecule; ``None`` where it cannot be read or has no such atoms.

    Parameters
    ----------
    smiles:
        SMILES.
    """
    with BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None or not molecule.GetNumAtoms():
        return None
    rows = sorted(
        (*sorted((b.GetBeginAtomIdx(), b.GetEndAtomIdx())), b.GetBondTypeAsDouble())
        for b in molecule.GetBonds()
    )
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return MoleculeGraph(
        numbers=np.array([a.GetAtomicNum() for a in molecule.GetAtoms()], dtype=np.int64),
        bonds=table[:, :2].astype(np.int64),
        orders=table[:, 2].astype(np.float32),
    )
