"""Managing the library: adding folders, removing, listing, fetching open collections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from porescope.datasets.build import (
    BuildProgress,
    BuildReport,
    build_library,
    build_shipped,
    folder_entries,
)
from porescope.datasets.install import archive_by_name, archives, download, unpack
from porescope.datasets.library import (
    SHIPPED,
    STORE_STRIDE,
    CardEntry,
    Library,
    StoreInfo,
    user_library_path,
)
from porescope.datasets.making import CardConfig
from porescope.datasets.names import assign_frameworks, spread_names
from porescope.datasets.store import CardStore, Source
from porescope.errors import ConfigError

__all__ = [
    "add_folder",
    "build_shipped",
    "install",
    "installable",
    "library_info",
    "list_entries",
    "remove_entries",
]


def add_folder(
    folder: str | Path,
    *,
    library: str | Path | None = None,
    name: str = "",
    licence: str = "",
    doi: str = "",
    n_processes: int = 2,
    config: CardConfig | None = None,
    on_progress: Callable[[BuildProgress], None] | None = None,
) -> BuildReport:
    """Index all CIFs below a folder in the user's library.

    Structures that the library has already, shipped ones included, get no second card, but
    their coordinates are found in this folder from now on. An interrupted run goes on where it
    stopped when it is called again.

    Parameters
    ----------
    folder:
        Folder with CIFs, also in folders below it.
    library:
        Library file; by default the user's.
    name:
        Name of the collection; by default ``user:`` and the folder's name.
    licence, doi:
        Licence and DOI of the collection, where there are any.
    n_processes:
        Processes that read files.
    config:
        How cards are made.
    on_progress:
        Called after each file.

    Raises
    ------
    ConfigError
        Where the folder does not exist, holds no CIF, or the library cannot be written.
    ParseError
        Where the library file is no library.
    """
    root = Path(folder).expanduser().resolve()
    entries = folder_entries(root)
    if not entries:
        raise ConfigError(f"there is no .cif file in {root} or below it")
    path = user_library_path() if library is None else Path(library)
    with CardStore(path, writable=True) as store:
        others = [CardStore(SHIPPED)] if SHIPPED.is_file() and path != SHIPPED else []
        try:
            known = {content: "ok" for other in others for content in other.contents()}
            report = build_library(
                store,
                entries,
                source=Source(
                    name=name or _free_name(store, root), root=str(root), licence=licence, doi=doi
                ),
                config=config,
                known=known,
                n_processes=n_processes,
                on_progress=on_progress,
            )
            if report.n_cards:
                assign_frameworks(store, others=others)
                spread_names(store, others=others)
        finally:
            for other in others:
                other.close()
    return report


def _free_name(store: CardStore, root: Path) -> str:
    """Name for a folder's collection: the one it has, or one that no other folder has."""
    sources = store.sources()
    for name, source in sources.items():
        if source.root == str(root):
            return name
    plain = f"user:{root.name}"
    number = 2
    name = plain
    while name in sources:
        name = f"{plain}-{number}"
        number += 1
    return name


def remove_entries(names: Sequence[str], *, library: str | Path | None = None) -> int:
    """Remove cards from the user's library.

    Parameters
    ----------
    names:
        Identifiers of cards, or names of collections (``user:FOLDER``), which go as a whole.
    library:
        Library file; by default the user's.

    Returns
    -------
    :
        Number of cards removed.

    Raises
    ------
    ConfigError
        Where a name is in no card and no collection; nothing is removed then.
    """
    path = user_library_path() if library is None else Path(library)
    if not path.is_file():
        raise ConfigError(f"there is no library at {path}, so there is nothing to remove")
    with CardStore(path, writable=True) as store:
        rows: list[int] = []
        collections: list[str] = []
        sources = store.sources()
        for name in names:
            if name in sources:
                collections.append(name)
                continue
            found = [n % STORE_STRIDE for n in Library([store]).find(name)]
            if not found:
                raise ConfigError(
                    f"the library {path} has no card and no collection {name!r}; "
                    "see: porescope library list"
                )
            rows += found
        n_removed = store.remove(rows)
        return n_removed + sum(store.remove_source(name) for name in collections)


def list_entries(
    *,
    contains: Sequence[str] = (),
    only: Sequence[str] | None = None,
    without: Sequence[str] = (),
    formula: str = "",
    text: str = "",
    source: str = "",
    limit: int | None = None,
    paths: Sequence[Path] | None = None,
) -> list[CardEntry]:
    """What stands in the library; see :meth:`Library.entries`."""
    with Library.open(paths) as library:
        return library.entries(
            contains=contains,
            only=only,
            without=without,
            formula=formula,
            text=text,
            source=source,
            limit=limit,
        )


def library_info(*, paths: Sequence[Path] | None = None) -> list[StoreInfo]:
    """Size and contents of each library file."""
    with Library.open(paths) as library:
        return library.info()


def installable() -> dict[str, str]:
    """Collections that :func:`install` can fetch: what each is, by name."""
    return {name: archive.title for name, archive in archives().items()}


def install(
    name: str,
    *,
    folder: str | Path | None = None,
    library: str | Path | None = None,
    n_processes: int = 2,
    on_download: Callable[[int, int | None], None] | None = None,
    on_progress: Callable[[BuildProgress], None] | None = None,
) -> BuildReport:
    """Fetch an open collection from where its authors published it, and add it.

    Parameters
    ----------
    name:
        One of :func:`installable`.
    folder:
        Where to keep the archive and the unpacked files; by default the user's data folder.
    library:
        Library file; by default the user's.
    n_processes:
        Processes that read files.
    on_download:
        Called with the bytes here and the bytes in all, where that is known.
    on_progress:
        Called after each file that was read.

    Raises
    ------
    ConfigError
        Where there is no such collection.
    DownloadError
        Where it cannot be fetched.
    """
    archive = archive_by_name(name)
    home = user_library_path().parent / "structures" if folder is None else Path(folder)
    path = download(archive, home, on_progress=on_download)
    root = unpack(path, home / archive.name)
    return add_folder(
        root,
        library=library,
        name=archive.name,
        licence=archive.licence,
        doi=archive.doi,
        n_processes=n_processes,
        on_progress=on_progress,
    )
