"""The retrieval space in use: embed a library once, then find the nearest of anything in it.

The embeddings stand in one memory-mapped array of unit vectors (float16), in the order of the
cards, beside the cards' numbers and a small JSON file that says which weights and which library
made it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.crystal.structure import Crystal
from porescope.datasets.cards import PowderCard
from porescope.datasets.library import CardTable, Library
from porescope.datasets.retrieval_set import RetrievalSet, retrieval_set
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError, ParseError
from porescope.models.checkpoint import load_model
from porescope.models.retrieval.predict import (
    batch_of_crystals,
    embed_crystals,
    embed_patterns,
    pattern_inputs,
)
from porescope.models.retrieval_model import RetrievalModel
from porescope.training.peak_corruption import ideal_lines
from porescope.workflows.retrieval_inputs import inputs_of_card, inputs_of_crystal

SCHEMA = 1
"""Version of the index; newer ones are refused by name."""
ROWS = 512
"""Crystals embedded at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """One framework near a query."""

    number: int
    """Number of its nearest card, for :meth:`Library.cards`."""
    row: int
    """Row of the index."""
    similarity: float
    """Cosine of the angle between the embeddings, -1 to 1."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RetrievalIndex:
    """The embeddings of a library, with the model that made them."""

    model: RetrievalModel
    """In evaluation mode."""
    embeddings: Float[np.ndarray, "cards dimension"]
    """Unit vectors (float16, memory-mapped)."""
    numbers: Int[np.ndarray, "cards"]
    """Numbers of the cards."""
    frameworks: Int[np.ndarray, "cards"]
    """Equal codes are the same framework."""

    def __len__(self) -> int:
        """Number of cards."""
        return len(self.numbers)

    @cached_property
    def _in_memory(self) -> Float[np.ndarray, "cards dimension"]:
        """The same as float32, for fast products."""
        return np.asarray(self.embeddings, dtype=np.float32)

    def similarities(
        self, queries: Float[np.ndarray, "queries dimension"]
    ) -> Float[np.ndarray, "queries cards"]:
        """Cosines between queries and all cards.

        Parameters
        ----------
        queries:
            Unit vectors.
        """
        return queries.astype(np.float32) @ self._in_memory.T

    def nearest(
        self,
        query: Float[np.ndarray, "dimension"],
        *,
        n: int = 10,
        allowed: Bool[np.ndarray, "cards"] | None = None,
    ) -> list[Neighbour]:
        """The nearest frameworks, each by its nearest card, nearest first.

        Parameters
        ----------
        query:
            A unit vector.
        n:
            How many.
        allowed:
            Cards that may be named; all by default.
        """
        score = self.similarities(query[None])[0]
        if allowed is not None:
            score = np.where(allowed, score, -np.inf)
        # cards of one framework often lie together: more cards than frameworks are sorted
        found = self._first_of_each(score, _highest(score, n=8 * n + 64), n=n)
        if len(found) < n:
            found = self._first_of_each(score, _highest(score, n=len(score)), n=n)
        return found

    def _first_of_each(
        self, score: Float[np.ndarray, "cards"], rows: Int[np.ndarray, "rows"], *, n: int
    ) -> list[Neighbour]:
        """The first card of each framework among some rows."""
        found: list[Neighbour] = []
        seen: set[int] = set()
        for row in rows.tolist():
            if len(found) >= n or not np.isfinite(score[row]):
                break
            if int(self.frameworks[row]) in seen:
                continue
            seen.add(int(self.frameworks[row]))
            found.append(
                Neighbour(number=int(self.numbers[row]), row=row, similarity=float(score[row]))
            )
        return found

    def embed_peaks(
        self,
        peaks: PeakList,
        *,
        radiation: Radiation,
        elements: Sequence[int] | None = None,
    ) -> Float[np.ndarray, "dimension"]:
        """The embedding of a pattern.

        Parameters
        ----------
        peaks:
            Its peaks.
        radiation:
            What it was measured with.
        elements:
            Atomic numbers that the chemist expects, or None.

        Raises
        ------
        ConfigError
            If there are no peaks.
        """
        inputs = pattern_inputs([peaks], [radiation], elements=[elements])
        return embed_patterns(self.model, inputs)[0]

    def embed_crystal(self, crystal: Crystal) -> Float[np.ndarray, "dimension"]:
        """The embedding of a crystal."""
        return embed_crystals(self.model, inputs_of_crystal(crystal))[0]

    def embed_card(self, card: PowderCard) -> Float[np.ndarray, "dimension"]:
        """The embedding of a card that is in no library."""
        return embed_crystals(self.model, inputs_of_card(card))[0]


def _highest(score: Float[np.ndarray, "cards"], *, n: int) -> Int[np.ndarray, "rows"]:
    """Rows of the highest scores, falling; of equal ones the first row first."""
    if n >= len(score):
        return np.argsort(-score, kind="stable")
    least = np.partition(score, len(score) - n)[len(score) - n]
    rows = np.flatnonzero(score >= least)
    return rows[np.argsort(-score[rows], kind="stable")]


def elements_allowed(
    table: CardTable, elements: Sequence[int], *, always: Sequence[int] = (1, 8)
) -> Bool[np.ndarray, "cards"]:
    """Cards with no other elements than these.

    Parameters
    ----------
    table:
        The cards.
    elements:
        Atomic numbers that a card may have.
    always:
        Atomic numbers that every card may have besides: of water.
    """
    words = [0, 0]
    for number in {*elements, *always}:
        words[(number - 1) // 64] |= 1 << ((number - 1) % 64)
    mask = np.array(words, dtype=np.uint64)
    return ~np.any(table.elements & ~mask, axis=1)


def embed_set(
    model: RetrievalModel,
    data: RetrievalSet,
    *,
    rows: Int[np.ndarray, "rows"] | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Float[np.ndarray, "rows dimension"]:
    """Embeddings of a set's crystals as they are (float16).

    Parameters
    ----------
    model:
        In evaluation mode; it reads no more than lines and compositions.
    data:
        The crystals.
    rows:
        Which of them; all by default.
    progress:
        Called with what is being done and the share that is finished.

    Raises
    ------
    ConfigError
        If the model reads atoms or beads.
    """
    if model.needs & {"atoms", "beads"}:
        raise ConfigError(
            "this model reads atoms, which the library's cards do not hold; use preset 'small'"
        )
    rows = np.arange(len(data)) if rows is None else rows
    made = np.empty((len(rows), model.dimension), dtype=np.float16)
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        lines = ideal_lines(data, part)
        inputs = batch_of_crystals(
            lines.q,
            lines.log_intensity,
            mask=lines.mask,
            composition=data.composition[part],
            volume_per_atom=data.volume_per_atom[part],
        )
        made[start : start + len(part)] = embed_crystals(model, inputs)
        if progress is not None:
            progress("embedding the library", (start + len(part)) / len(rows))
    return made


def embed_library(
    library: Library,
    *,
    checkpoint: str | Path,
    out: str | Path,
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """Embed every card of a library.

    Parameters
    ----------
    library:
        The library.
    checkpoint:
        Weights.
    out:
        Name of the index; ``.npy``, ``.cards.npy`` and ``.json`` are written, each whole or not at
        all, the last one last.
    progress:
        Called with what is being done and the share that is finished.

    Returns
    -------
    :
        Path of the array.
    """
    model, card = load_model(checkpoint)
    data = retrieval_set(library)
    made = embed_set(model, data, progress=progress)
    path = Path(out).with_suffix(".npy")
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "schema": SCHEMA,
        "preset": card.preset,
        "weights": file_digest(Path(checkpoint).with_suffix(".safetensors")),
        "library": library_digest(library),
        "cards": len(data),
    }
    path.with_suffix(".json").unlink(missing_ok=True)
    _save(path, made)
    _save(path.with_suffix(".cards.npy"), np.stack([data.ids, data.frameworks]))
    text = path.with_suffix(".json.partial")
    text.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(text, path.with_suffix(".json"))
    return path


def _save(path: Path, array: np.ndarray) -> None:
    """Write an array so that it is there whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
    os.replace(partial, path)


def open_index(path: str | Path, *, library: Library, checkpoint: str | Path) -> RetrievalIndex:
    """Open what :func:`embed_library` wrote.

    Parameters
    ----------
    path:
        The index.
    library:
        The library that was embedded.
    checkpoint:
        The weights that embedded it.

    Raises
    ------
    ParseError
        If there is no index, it is damaged, or it is of a newer version.
    ConfigError
        If it was made of another library or with other weights.
    """
    path = Path(path).with_suffix(".npy")
    facts = _facts(path)
    weights = file_digest(Path(checkpoint).with_suffix(".safetensors"))
    for what, held, wanted in (
        ("library", facts.get("library"), library_digest(library)),
        ("weights", facts.get("weights"), weights),
    ):
        if held != wanted:
            raise ConfigError(
                f"the index {path.name} was made with another {what} than the one given; embed "
                "the library again"
            )
    model, _ = load_model(checkpoint)
    try:
        embeddings = np.load(path, mmap_mode="r", allow_pickle=False)
        cards = np.load(path.with_suffix(".cards.npy"), allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ParseError(f"the embeddings cannot be read ({error})", path=path) from error
    if embeddings.shape != (facts.get("cards"), model.dimension):
        raise ParseError(
            f"expected {facts.get('cards')} embeddings of length {model.dimension}, found "
            f"{embeddings.shape}; embed the library again",
            path=path,
        )
    return RetrievalIndex(model=model, embeddings=embeddings, numbers=cards[0], frameworks=cards[1])


def library_digest(library: Library) -> str:
    """Short hash of a library's files."""
    digest = hashlib.sha256()
    for store in library.stores:
        digest.update(file_digest(store.path).encode())
    return digest.hexdigest()[:16]


def _facts(path: Path) -> dict[str, Any]:
    """The JSON beside the array."""
    beside = path.with_suffix(".json")
    if not beside.is_file() or not path.is_file():
        raise ParseError("there is no index; embed the library first", path=path)
    try:
        facts = json.loads(beside.read_text(encoding="utf-8"))
        schema = int(facts["schema"])
    except (ValueError, KeyError, TypeError) as error:
        raise ParseError(f"expected the facts of an index ({error})", path=beside) from error
    if schema > SCHEMA:
        raise ParseError(
            f"this index has version {schema}, this porescope reads up to {SCHEMA}; install a "
            "newer porescope",
            path=beside,
        )
    return facts


def file_digest(path: Path) -> str:
    """Short hash of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
