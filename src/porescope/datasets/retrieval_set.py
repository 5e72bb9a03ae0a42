"""Crystals for the retrieval space: ideal lines, compositions, sides and likely confusions.

Everything comes from the library's cards. A set is made in seconds, holds plain arrays, and
knows nothing of how a network reads them.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import gemmi
import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.crystal.space_group import space_group_from_symbol
from porescope.datasets.library import CardEntry, Library
from porescope.datasets.splits import Side, Split, frozen_split
from porescope.diffraction.reflections import reflection_symmetry
from porescope.errors import ConfigError, ParseError

ELEMENT_SLOTS = 101
"""Length of a composition: slot Z for atomic number Z, slot 0 for anything unknown."""
SIDES: tuple[Side, ...] = ("train", "validation", "test")
"""Sides in the order of their codes."""
CELL_TOLERANCE = 0.02
"""Relative difference of the volume per primitive cell within which cells are taken as alike."""
_TOKEN = re.compile(r"([A-Z][a-z]?)([0-9.]*)")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RetrievalSet:
    """Crystals in contiguous arrays, in the library's order."""

    ids: Int[np.ndarray, "crystals"]
    """Numbers of the cards, for :meth:`Library.cards`."""
    names: tuple[str, ...]
    """Identifiers of the cards."""
    sides: Int[np.ndarray, "crystals"]
    """Index into :data:`SIDES`; all cards of one framework lie on one side."""
    frameworks: Int[np.ndarray, "crystals"]
    """Equal codes are the same framework."""
    groups: Int[np.ndarray, "crystals"]
    """Equal codes are the same framework but for the metal."""
    preferred: Bool[np.ndarray, "crystals"]
    """True for the one card of each framework that stands for it."""
    offsets: Int[np.ndarray, "crystals_plus_1"]
    """Lines of crystal i are ``offsets[i]`` to ``offsets[i + 1]``."""
    hkl: Int[np.ndarray, "lines 3"]
    """Miller indices (int16)."""
    strength: Float[np.ndarray, "lines"]
    """Multiplicity times squared structure factor over the crystal's largest (float32)."""
    lattices: Float[np.ndarray, "crystals 3 3"]
    """Cells, rows a, b, c [Å]."""
    laue: Int[np.ndarray, "operations 3 3"]
    """Proper rotations of all Laue classes that occur, one class after the other."""
    laue_spans: Int[np.ndarray, "crystals 2"]
    """First rotation of each crystal's class, and how many there are."""
    composition: Float[np.ndarray, "crystals 101"]
    """Fraction of the atoms that are of each element (float32)."""
    volume_per_atom: Float[np.ndarray, "crystals"]
    """Cell volume over number of atoms [Å³] (float32)."""

    def __len__(self) -> int:
        """Number of crystals."""
        return len(self.ids)

    @property
    def content_hash(self) -> str:
        """Digest of the lines, cells and sides."""
        digest = hashlib.blake2b(digest_size=8)
        for array in (self.offsets, self.hkl, self.strength, self.lattices, self.sides):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def rows(self, side: Side, *, preferred: bool = True) -> Int[np.ndarray, "rows"]:
        """Crystals of a side.

        Parameters
        ----------
        side:
            The side.
        preferred:
            Whether one card of each framework is enough.
        """
        keep = self.sides == SIDES.index(side)
        return np.flatnonzero(keep & self.preferred if preferred else keep)

    def lines_of(self, row: int) -> tuple[Float[np.ndarray, "lines"], Float[np.ndarray, "lines"]]:
        """Q of the ideal lines [1/Å] and their strengths."""
        part = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        reciprocal = np.linalg.inv(self.lattices[row]).T
        q = 2.0 * np.pi * np.linalg.norm(self.hkl[part] @ reciprocal, axis=1)
        return q, self.strength[part]


def retrieval_set(library: Library, *, split: Split | None = None) -> RetrievalSet:
    """All cards of a library that have lines.

    Parameters
    ----------
    library:
        Where the cards come from.
    split:
        Sides by identifier; the frozen split ``all_structures`` by default. A card that it does
        not name goes where the other cards of its framework are, and else to the training side.
    """
    split = frozen_split("all_structures") if split is None else split
    table = library.peak_table(threads=1)
    keep = np.flatnonzero(np.diff(table.offsets) > 0)
    by_number = {entry.number: entry for entry in library.entries()}
    entries = [by_number[int(number)] for number in table.ids[keep]]
    frameworks, groups = (codes[keep] for codes in library.framework_codes(table.ids))
    counts = np.diff(table.offsets)[keep]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    held = np.isin(np.repeat(np.arange(len(table.ids)), np.diff(table.offsets)), keep)
    strength = table.intensity_xray[held]
    top = np.maximum.reduceat(strength, offsets[:-1])
    lattices = table.lattices[keep]
    laue, spans = _laue_classes(entries)
    n_atoms = np.array([entry.n_atoms for entry in entries])
    return RetrievalSet(
        ids=table.ids[keep],
        names=tuple(entry.id for entry in entries),
        sides=_sides(entries, frameworks=frameworks, split=split),
        frameworks=frameworks,
        groups=groups,
        preferred=_preferred(entries, frameworks=frameworks, split=split),
        offsets=offsets,
        hkl=table.hkl[held],
        strength=(strength / np.repeat(np.maximum(top, 1e-30), counts)).astype(np.float32),
        lattices=lattices,
        laue=laue,
        laue_spans=spans,
        composition=np.stack([composition_of(entry.formula) for entry in entries]),
        volume_per_atom=(np.abs(np.linalg.det(lattices)) / n_atoms).astype(np.float32),
    )


@cache
def _fractions(formula: str) -> tuple[tuple[int, float], ...]:
    """Atomic number (0 if unknown) and share of each element of a formula."""
    amounts: dict[int, float] = defaultdict(float)
    for symbol, count in _TOKEN.findall(formula):
        number = gemmi.Element(symbol).atomic_number
        amounts[number if 0 < number < ELEMENT_SLOTS else 0] += float(count or 1.0)
    total = sum(amounts.values())
    return tuple((number, amount / total) for number, amount in amounts.items())


def composition_of(formula: str) -> Float[np.ndarray, "101"]:
    """Fraction of the atoms that are of each element.

    Parameters
    ----------
    formula:
        Reduced formula such as ``C24H12O13Zn4``.
    """
    made = np.zeros(ELEMENT_SLOTS, dtype=np.float32)
    for number, share in _fractions(formula):
        made[number] = share
    return made


def _laue_classes(entries: list[CardEntry]) -> tuple[np.ndarray, np.ndarray]:
    """Rotations of all classes that occur, and where each crystal's stand."""
    first: dict[bytes, tuple[int, int]] = {}
    rotations: list[np.ndarray] = []
    spans: dict[str, tuple[int, int]] = {}
    for symbol in {entry.space_group for entry in entries}:
        try:
            laue = reflection_symmetry(space_group_from_symbol(symbol)).laue
        except (ConfigError, ParseError):
            laue = np.eye(3, dtype=np.int64)[None]
        # of a rotation and its product with the inversion one is enough
        laue = laue[np.linalg.det(laue) > 0.0]
        key = np.ascontiguousarray(laue, dtype=np.int64).tobytes()
        if key not in first:
            first[key] = (sum(map(len, rotations)), len(laue))
            rotations.append(np.asarray(laue, dtype=np.int64))
        spans[symbol] = first[key]
    places = np.array([spans[entry.space_group] for entry in entries], dtype=np.int64)
    return np.concatenate(rotations), places


def _sides(
    entries: list[CardEntry], *, frameworks: Int[np.ndarray, "crystals"], split: Split
) -> Int[np.ndarray, "crystals"]:
    """Side of each crystal; a framework of which any card is held out is held out whole."""
    own = np.zeros(len(entries), dtype=np.int64)
    for i, entry in enumerate(entries):
        name = split.duplicates.get(entry.id, entry.id)
        own[i] = SIDES.index(split.sides.get(name, "train"))
    largest = np.zeros(int(frameworks.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(largest, frameworks, own)
    return largest[frameworks]


def _preferred(
    entries: list[CardEntry], *, frameworks: Int[np.ndarray, "crystals"], split: Split
) -> Bool[np.ndarray, "crystals"]:
    """The first card of each framework that the split keeps, or else the first of all."""
    kept = np.array([entry.id in split.sides for entry in entries], dtype=bool)
    order = np.lexsort((np.arange(len(entries)), ~kept, frameworks))
    _, first = np.unique(frameworks[order], return_index=True)
    chosen = np.zeros(len(entries), dtype=bool)
    chosen[order[first]] = True
    return chosen


def likely_confusions(
    data: RetrievalSet, rows: Int[np.ndarray, "rows"], *, rng: np.random.Generator
) -> Int[np.ndarray, "rows"]:
    """The rows in an order in which crystals that are easily confused stand together.

    Neighbours are, in turn drawn by chance: of the same elements, of the same net with another
    metal, or of the same volume and first lines within 2 %. Batches of consecutive runs of this
    order hold hard negatives.

    Parameters
    ----------
    data:
        The crystals.
    rows:
        Which of them to order.
    rng:
        Draws the kind of each run and the order of the runs.
    """
    present = data.composition[rows] > 0.0
    _, elements = np.unique(present, axis=0, return_inverse=True)
    cell = np.log(np.abs(np.linalg.det(data.lattices[rows]))) / np.log1p(CELL_TOLERANCE)
    alike = np.floor(cell + rng.uniform()).astype(np.int64)
    kind = rng.integers(3, size=len(rows))
    keys = np.stack([elements.reshape(-1), data.groups[rows], alike])
    key = np.take_along_axis(keys, kind[None], axis=0)[0] + (kind << 32)
    codes, inverse = np.unique(key, return_inverse=True)
    place = rng.permutation(len(codes))[inverse.reshape(-1)]
    return rows[np.lexsort((rng.uniform(size=len(rows)), place))]
