"""Building library files from folders and archives of CIFs, on several processes."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tarfile
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path

from porescope.datasets.cards import PowderCard
from porescope.datasets.making import CardConfig, card_from_crystal
from porescope.datasets.store import CardStore, SeenFile, Source
from porescope.errors import ConfigError, PorescopeError
from porescope.io.cif import read_cif

COMMIT_EVERY = 200
"""Files after which the library is brought up to date on disk."""
ALONE_BELOW = 48
"""Fewer files than this are read in the calling process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CifEntry:
    """A CIF and what is known of it from elsewhere."""

    path: Path
    """The file."""
    relative: str
    """Its path below the root of the source."""
    id: str
    """Identifier of its card."""
    name: str = ""
    """Name for people."""
    doi: str = ""
    """DOI of the structure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildProgress:
    """How far a build is."""

    done: int
    """Files dealt with, those of an earlier run included."""
    total: int
    """Files in all."""
    n_cards: int
    """Cards made in this run."""
    n_skipped: int
    """Files known from an earlier run."""
    n_failed: int
    """Files of which no card could be made."""
    current: str
    """The file that was dealt with last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build has done."""

    n_files: int
    """Files looked at."""
    n_cards: int
    """Cards added."""
    n_skipped: int
    """Files whose content was known already."""
    failures: dict[str, str] = field(default_factory=dict)
    """Reason for each file of which there is no card, by its path below the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What a process returns for one file."""

    seen: SeenFile
    card: PowderCard | None


def build_library(
    store: CardStore,
    entries: Iterable[CifEntry],
    *,
    source: Source,
    config: CardConfig | None = None,
    known: Mapping[bytes, str] | None = None,
    n_processes: int = 2,
    on_progress: Callable[[BuildProgress], None] | None = None,
) -> BuildReport:
    """Add a card for each CIF; files whose content was dealt with before are skipped.

    The library is brought up to date every few hundred files, so that an interrupted build goes
    on where it stopped. A file that cannot be read leaves a line with the reason.

    Parameters
    ----------
    store:
        Library file, writable.
    entries:
        The files.
    source:
        The collection they belong to.
    config:
        How cards are made.
    known:
        Digests of contents that have a card in another library; only the file is remembered.
    n_processes:
        Processes that read files; small builds use the calling one.
    on_progress:
        Called after each file.
    """
    todo = list(entries)
    store.add_source(source)
    seen = store.seen()
    known = known or {}
    n_skipped = n_cards = 0
    failures: dict[str, str] = {}
    batch: list[_Made] = []
    jobs: list[tuple[CifEntry, bytes]] = []
    here: set[bytes] = set()
    for entry in todo:
        digest = content_hash(entry.path)
        if digest in seen or digest in here:
            n_skipped += 1
            if digest in seen and seen[digest] != "ok":
                failures[entry.relative] = seen[digest]
        elif digest in known:
            n_skipped += 1
            batch.append(_Made(seen=_seen(entry, digest, "ok"), card=None))
        else:
            here.add(digest)
            jobs.append((entry, digest))
    try:
        results = _results(jobs, source, config or CardConfig(), n_processes)
        for i, made in enumerate(results, start=1):
            batch.append(made)
            if made.card is None:
                failures[made.seen.path] = made.seen.status
            if len(batch) >= COMMIT_EVERY:
                n_cards += _commit(store, batch, source)
                batch = []
            if on_progress is not None:
                on_progress(
                    BuildProgress(
                        done=n_skipped + i,
                        total=len(todo),
                        n_cards=n_cards + sum(m.card is not None for m in batch),
                        n_skipped=n_skipped,
                        n_failed=len(failures),
                        current=made.seen.path,
                    )
                )
    finally:
        n_cards += _commit(store, batch, source)
    return BuildReport(n_files=len(todo), n_cards=n_cards, n_skipped=n_skipped, failures=failures)


def folder_entries(folder: Path) -> list[CifEntry]:
    """All CIFs below a folder, by their path.

    Raises
    ------
    ConfigError
        Where the folder does not exist.
    """
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}; give the folder that holds the CIFs")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".cif" and p.is_file())
    return [CifEntry(path=p, relative=p.relative_to(folder).as_posix(), id=p.stem) for p in paths]


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """The contents of a tar archive in a folder that is removed afterwards.

    A folder is passed on as it is.

    Raises
    ------
    ConfigError
        Where it is neither a folder nor a readable archive.
    """
    if archive.is_dir():
        yield archive
        return
    with tempfile.TemporaryDirectory(prefix="porescope-") as folder:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        except (OSError, tarfile.TarError, EOFError) as error:
            raise ConfigError(f"{archive} cannot be unpacked: {error}") from error
        yield Path(folder)


def content_hash(path: Path) -> bytes:
    """Digest of a file's bytes (12 bytes of BLAKE2b)."""
    return blake2b(path.read_bytes(), digest_size=12).digest()


def _seen(entry: CifEntry, digest: bytes, status: str) -> SeenFile:
    return SeenFile(content_hash=digest, path=entry.relative, status=status)


def _commit(store: CardStore, batch: list[_Made], source: Source) -> int:
    """Write a batch in one transaction; returns the number of cards."""
    if not batch:
        return 0
    cards = [made.card for made in batch if made.card is not None]
    return store.add(cards, files=[made.seen for made in batch], source=source.name)


def _make(entry: CifEntry, digest: bytes, source: Source, config: CardConfig) -> _Made:
    """Card of one file, or the reason why there is none."""
    try:
        card = card_from_crystal(
            read_cif(entry.path),
            id=entry.id,
            source=source.name,
            name=entry.name,
            doi=entry.doi or source.doi,
            licence=source.licence,
            cif_path=entry.relative,
            content_hash=digest,
            config=config,
        )
    except (PorescopeError, ValueError, ArithmeticError, LookupError, RuntimeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return _Made(seen=_seen(entry, digest, reason[:300]), card=None)
    except MemoryError:
        return _Made(seen=_seen(entry, digest, "not enough memory"), card=None)
    return _Made(seen=_seen(entry, digest, "ok"), card=card)


def _results(
    jobs: list[tuple[CifEntry, bytes]], source: Source, config: CardConfig, n_processes: int
) -> Iterator[_Made]:
    """Results in the order of the jobs; a process that dies costs one file, not the build."""
    if n_processes <= 1 or len(jobs) < ALONE_BELOW:
        for entry, digest in jobs:
            yield _make(entry, digest, source, config)
        return
    pool = _pool(n_processes)
    waiting = deque(jobs)
    running: deque[tuple[CifEntry, bytes, Future[_Made]]] = deque()
    try:
        while waiting or running:
            while waiting and len(running) < 32 * n_processes:
                entry, digest = waiting.popleft()
                running.append((entry, digest, pool.submit(_make, entry, digest, source, config)))
            entry, digest, future = running.popleft()
            try:
                yield future.result()
            except BrokenProcessPool:
                pool.shutdown(wait=False, cancel_futures=True)
                yield _make_alone(entry, digest, source, config)
                for other, its_digest, _ in running:
                    yield _make_alone(other, its_digest, source, config)
                running.clear()
                pool = _pool(n_processes)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _make_alone(entry: CifEntry, digest: bytes, source: Source, config: CardConfig) -> _Made:
    """The same in a process of its own, which may die."""
    with _pool(1) as pool:
        try:
            return pool.submit(_make, entry, digest, source, config).result()
        except BrokenProcessPool:
            status = "the process that read this file died (out of memory or a crash)"
            return _Made(seen=_seen(entry, digest, status), card=None)


def _pool(n_processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(n_processes, mp_context=multiprocessing.get_context("spawn"))


def build_shipped(
    archives: Path,
    out: Path,
    *,
    config: CardConfig | None = None,
    n_processes: int = 2,
    limit: int | None = None,
    on_progress: Callable[[str, BuildProgress], None] | None = None,
) -> dict[str, BuildReport]:
    """Make the library that the package ships; goes on where an earlier run stopped.

    Parameters
    ----------
    archives:
        Folder with the archives of structures.
    out:
        Library file to write.
    config:
        How cards are made.
    n_processes:
        Processes that read files.
    limit:
        Largest number of files of each collection, for samples.
    on_progress:
        Called with the collection's name after each file.
    """
    from porescope.datasets.minerals import MINERALS, mineral_cards
    from porescope.datasets.names import assign_frameworks, spread_names
    from porescope.datasets.shipped import shipped_collections
    from porescope.datasets.silica_build import SILICA, silica_cards

    config = config or CardConfig()
    reports: dict[str, BuildReport] = {}
    with CardStore(out, writable=True) as store, ExitStack() as stack:
        store.set_meta({f"card_{k}": str(v) for k, v in asdict(config).items()})
        store.add_source(MINERALS)
        store.add(list(mineral_cards(config=config)), source=MINERALS.name)
        store.add_source(SILICA)
        store.add(list(silica_cards(config=config)), source=SILICA.name)
        for source, entries in shipped_collections(archives, stack):

            def report(progress: BuildProgress, name: str = source.name) -> None:
                if on_progress is not None:
                    on_progress(name, progress)

            reports[source.name] = build_library(
                store,
                entries[:limit],
                source=source,
                config=config,
                n_processes=n_processes,
                on_progress=report,
            )
        assign_frameworks(store)
        spread_names(store)
        store.finish()
    return reports


def main() -> None:
    """``python -m porescope.datasets.build --shipped ARCHIVES --out FILE``."""
    parser = argparse.ArgumentParser(description="Make the library that the package ships.")
    parser.add_argument("--shipped", type=Path, required=True, metavar="ARCHIVES")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=int, default=None)
    options = parser.parse_args()

    def show(name: str, progress: BuildProgress) -> None:
        if progress.done % 100 == 0 or progress.done == progress.total:
            sys.stderr.write(
                f"\r{name}: {progress.done}/{progress.total}, {progress.n_failed} unreadable "
            )

    reports = build_shipped(
        options.shipped,
        options.out,
        n_processes=options.processes,
        limit=options.limit,
        on_progress=show,
    )
    sys.stderr.write("\n")
    for name, report in reports.items():
        sys.stdout.write(
            f"{name}: {report.n_cards} cards, {report.n_skipped} known, "
            f"{len(report.failures)} unreadable\n"
        )
        for path, reason in report.failures.items():
            sys.stdout.write(f"  {path}: {reason}\n")


if __name__ == "__main__":
    main()
