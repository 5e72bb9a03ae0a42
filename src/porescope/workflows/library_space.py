"""The space of a whole library: embedded once, kept in the user's cache, opened in no time.

Each library file has embeddings of its own, so that adding to one's own library does not embed
the shipped one again. A folder in the cache is named after the file's content and the weights;
it is made beside its place and renamed, so that it is there whole or not at all.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from porescope.datasets.library import STORE_STRIDE, Library
from porescope.datasets.store import CardStore
from porescope.errors import ConfigError, ParseError
from porescope.models.checkpoint import Card, read_card
from porescope.models.shipped import DEFAULT, weights_file
from porescope.workflows.retrieval import (
    SCHEMA,
    RetrievalIndex,
    embed_library,
    file_digest,
    library_digest,
    open_index,
)

Progress = Callable[[str, float], None]
"""Called with what is being done and the share that is finished, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LibrarySpace:
    """A library in the learned space."""

    index: RetrievalIndex
    """Embeddings of all cards; numbers are those of the whole library."""
    card: Card
    """Where the weights come from."""
    weights: Path
    """The weights."""
    digest: str
    """Short hash of the weights."""


def cache_folder() -> Path:
    """Where embeddings of libraries are kept: in the user's cache."""
    from platformdirs import user_cache_path

    return user_cache_path("porescope") / "retrieval"


def open_space(
    library: Library,
    *,
    weights: str | Path = DEFAULT,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> LibrarySpace:
    """A library in the learned space, embedded now where it was not yet.

    Parameters
    ----------
    library:
        The library.
    weights:
        Name of shipped weights, or a checkpoint.
    folder:
        Where embeddings are kept; the user's cache by default.
    progress:
        Called while the library is embedded.

    Raises
    ------
    ConfigError
        Where there are no such weights, they are of another version, they read atoms, or the
        library has no card.
    ParseError
        Where the weights cannot be read.
    """
    path = weights_file(weights)
    card = read_card(path)
    digest = file_digest(path)
    folder = cache_folder() if folder is None else folder
    parts = [
        (place, _store_index(store, path, digest=digest, folder=folder, progress=progress))
        for place, store in enumerate(library.stores)
        if store.n_cards
    ]
    if not parts:
        raise ConfigError(
            "the library holds no framework; add some with: porescope library add FOLDER"
        )
    if len(library.stores) == 1:
        return LibrarySpace(index=parts[0][1], card=card, weights=path, digest=digest)
    numbers = np.concatenate([index.numbers + place * STORE_STRIDE for place, index in parts])
    joined = RetrievalIndex(
        model=parts[0][1].model,
        embeddings=(
            parts[0][1].embeddings
            if len(parts) == 1
            else np.concatenate([index.embeddings for _, index in parts])
        ),
        numbers=numbers,
        frameworks=library.framework_codes(numbers)[0],
    )
    return LibrarySpace(index=joined, card=card, weights=path, digest=digest)


def _store_index(
    store: CardStore, weights: Path, *, digest: str, folder: Path, progress: Progress | None
) -> RetrievalIndex:
    """Embeddings of one library file, from the cache or made now."""
    library = Library([store])
    place = folder / f"{library_digest(library)}-{digest}-v{SCHEMA}"
    name = place / "index.npy"
    if place.is_dir():
        try:
            return open_index(name, library=library, checkpoint=weights)
        except ParseError:
            shutil.rmtree(place, ignore_errors=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder))
    except OSError as error:
        raise ConfigError(
            f"the embeddings of the library cannot be kept in {folder} ({error.strerror}); make "
            "it writable, or name another place for caches with XDG_CACHE_HOME"
        ) from error
    try:
        embed_library(library, checkpoint=weights, out=made / "index", progress=progress)
        try:
            os.rename(made, place)
        except OSError:
            # another process was faster; what it made is the same
            if not place.is_dir():
                raise
        return open_index(name, library=library, checkpoint=weights)
    finally:
        shutil.rmtree(made, ignore_errors=True)
