"""A folder of CIFs, or a library file, as the only thing that is searched."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from porescope.datasets.build import BuildProgress, build_library, folder_entries
from porescope.datasets.library import Library
from porescope.datasets.names import assign_frameworks, spread_names
from porescope.datasets.store import CardStore, Source
from porescope.errors import ConfigError


def open_library(
    place: str | Path | None = None,
    *,
    n_processes: int = 1,
    on_progress: Callable[[BuildProgress], None] | None = None,
) -> Library:
    """Open what shall be searched.

    A folder is indexed into a file in the user's cache, and only what is new in it the next time.

    Parameters
    ----------
    place:
        A folder of CIFs or a library file; by default the shipped library and the user's own.
    n_processes:
        Processes that read CIFs.
    on_progress:
        Called after each CIF.

    Returns
    -------
    :
        The library, open for reading.

    Raises
    ------
    ConfigError
        The place does not exist, or holds no structure that can be read.
    ParseError
        The file is no library.
    """
    if place is None:
        return Library.open()
    path = Path(place).expanduser()
    if path.is_dir():
        return Library.open([_indexed(path, n_processes=n_processes, on_progress=on_progress)])
    if not path.exists():
        raise ConfigError(f"there is no folder and no library file {path}; check --library")
    return Library.open([path])


def _indexed(
    folder: Path, *, n_processes: int, on_progress: Callable[[BuildProgress], None] | None
) -> Path:
    """The library file that holds a folder's structures, brought up to date."""
    from platformdirs import user_cache_path

    root = folder.resolve()
    entries = folder_entries(root)
    if not entries:
        raise ConfigError(f"there is no .cif file in {root} or below it; check --library")
    digest = blake2b(str(root).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    file = user_cache_path("porescope") / "folders" / f"{digest}.sqlite"
    file.parent.mkdir(parents=True, exist_ok=True)
    source = Source(name=f"user:{root.name}", root=str(root))
    with CardStore(file, writable=True) as store:
        report = build_library(
            store, entries, source=source, n_processes=n_processes, on_progress=on_progress
        )
        if report.n_cards:
            assign_frameworks(store)
            spread_names(store)
        if store.n_cards == 0:
            reason = next(iter(report.failures.items()), ("", "no reason is known"))
            raise ConfigError(
                f"no structure in {root} could be read; the first, {reason[0]}: {reason[1]}"
            )
    return file
