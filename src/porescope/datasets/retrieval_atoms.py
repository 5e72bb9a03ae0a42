"""What stands in each crystal of the library: atoms, beads, metal and linkers, in one store.

Cards hold lines and no coordinates. Models that read a crystal's contents need the structures
themselves: each is brought to its reduced primitive cell, taken apart, and kept with its beads in
a store of structures, under the source and the identifier of its card.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.elements import is_metal
from porescope.crystal.lattice import niggli_lattice
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import standardise
from porescope.datasets.archives.collections import COLLECTIONS
from porescope.datasets.archives.members import archive_members, archive_path, text_from_bytes
from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.packaged import packaged_crystal
from porescope.datasets.structure_store import StoredStructure, StructureStore
from porescope.errors import ConfigError, PorescopeError
from porescope.io.cif import crystal_from_cif_text
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.taking_apart.coarse import CoarseFramework, coarse_framework
from porescope.reticular.taking_apart.disorder import one_alternative
from porescope.reticular.taking_apart.framework import take_apart

MOST_ATOMS = 1200
"""Crystals with more atoms in the primitive cell are not taken apart."""
BEAD_FEATURES = ("atoms", "neighbours", "radius", "metal")
"""Columns that describe a bead: atoms, bound beads, radius of gyration [Å], atomic number of its
commonest metal."""
NODE, LINKER = 0, 1
"""Kinds of bead."""
_CHUNK = 16


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FrameworkContents:
    """Atoms and beads of one crystal, both in its Niggli-reduced primitive cell."""

    crystal: Crystal
    """The atoms, in P1; of disordered groups one alternative."""
    bead_kinds: Int[np.ndarray, "beads"]
    """0 node, 1 linker; nodes first, each kind by rising coordinates."""
    bead_frac: Float[np.ndarray, "beads 3"]
    """Fractional coordinates of the beads, from 0 to 1."""
    bead_features: Float[np.ndarray, "beads 4"]
    """The columns :data:`BEAD_FEATURES`."""
    metal: int
    """Atomic number of the commonest metal, 0 where there is none."""
    linkers: tuple[str, ...]
    """SMILES of the different linkers; of those that could not be made out there is none."""
    problem: str = ""
    """Why there are no beads, in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentsReport:
    """Outcome of a run."""

    n_cards: int
    """Cards of the library."""
    statuses: dict[str, int]
    """Number of structures of each status, in this run and before; ``ok`` has atoms and beads,
    ``no beads: …`` has atoms."""


def contents_of_crystal(crystal: Crystal, *, most_atoms: int = MOST_ATOMS) -> FrameworkContents:
    """Atoms and beads of a crystal.

    Parameters
    ----------
    crystal:
        A structure in any cell.
    most_atoms:
        Crystals with more atoms in the primitive cell get no beads.

    Raises
    ------
    ConfigError
        Where the cell is degenerate.
    """
    reduced, _ = one_alternative(reduced_crystal(crystal))
    counts = np.bincount(reduced.numbers, minlength=2)
    counts[~is_metal()[: len(counts)]] = 0
    metal = int(counts.argmax()) if counts.any() else 0
    if reduced.n_atoms > most_atoms:
        return _without_beads(reduced, metal=metal, problem="too many atoms")
    try:
        taken = take_apart(reduced, name_net=False)
        coarse = coarse_framework(taken)
    except (PorescopeError, ValueError, LookupError, ArithmeticError) as error:
        problem = "too many beads" if isinstance(error, ConfigError) else "not taken apart"
        return _without_beads(reduced, metal=metal, problem=problem)
    if not coarse.n_beads:
        return _without_beads(reduced, metal=metal, problem="no framework")
    kinds = np.array(
        [taken.assembly.blocks[int(k)].kind == "linker" for k in coarse.blocks], dtype=np.int64
    )
    frac = coarse.frac - np.floor(coarse.frac)
    frac[np.abs(frac - 1.0) < 1e-6] = 0.0
    steps = np.round(frac, 4)
    order = np.lexsort((steps[:, 2], steps[:, 1], steps[:, 0], kinds))
    smiles = {b.smiles for b in taken.assembly.blocks if b.kind == "linker" and b.smiles}
    return FrameworkContents(
        crystal=reduced,
        bead_kinds=kinds[order],
        bead_frac=frac[order],
        bead_features=_features(taken, coarse)[order],
        metal=metal,
        linkers=tuple(sorted(smiles)),
    )


def reduced_crystal(crystal: Crystal) -> Crystal:
    """The crystal in P1 in its Niggli-reduced primitive cell.

    Where a file's own translations disagree, the cell as it stands counts as primitive.

    Parameters
    ----------
    crystal:
        A structure.
    """
    try:
        primitive = standardise(crystal, symprec=0.01, primitive=True)
    except ConfigError:
        primitive = crystal
    lattice, transform = niggli_lattice(primitive.lattice)
    frac = primitive.frac @ np.linalg.inv(transform)
    return Crystal(
        lattice=lattice,
        frac=frac - np.floor(frac),
        numbers=primitive.numbers,
        occupancy=primitive.occupancy,
        u_iso=primitive.u_iso,
        name=crystal.name,
    )


def _without_beads(crystal: Crystal, *, metal: int, problem: str) -> FrameworkContents:
    return FrameworkContents(
        crystal=crystal,
        bead_kinds=np.zeros(0, dtype=np.int64),
        bead_frac=np.zeros((0, 3)),
        bead_features=np.zeros((0, len(BEAD_FEATURES))),
        metal=metal,
        linkers=(),
        problem=problem,
    )


def _features(taken: TakenApart, coarse: CoarseFramework) -> Float[np.ndarray, "beads 4"]:
    """The columns :data:`BEAD_FEATURES` of each bead."""
    neighbours = np.bincount(coarse.edges[:, :2].ravel(), minlength=coarse.n_beads)
    rows = []
    for kind, bound in zip(coarse.blocks.tolist(), neighbours.tolist(), strict=True):
        block = taken.assembly.blocks[kind]
        away = block.positions - block.positions.mean(axis=0)
        metals = block.numbers[is_metal()[block.numbers]]
        commonest = int(np.bincount(metals).argmax()) if len(metals) else 0
        rows.append((block.n_atoms, bound, float(np.sqrt((away**2).sum(1).mean())), commonest))
    return np.array(rows, dtype=np.float64).reshape(-1, len(BEAD_FEATURES))


def card_key(source: str, id: str) -> str:
    """Name of a card's structure in the store."""
    return f"{source}:{id}"


def keys_of_cards(library: Library, numbers: Int[np.ndarray, "cards"]) -> tuple[str, ...]:
    """Names of cards' structures in the store.

    Parameters
    ----------
    library:
        The cards.
    numbers:
        Their numbers, such as :attr:`porescope.datasets.retrieval_set.RetrievalSet.ids`.
    """
    names = {entry.number: card_key(entry.source, entry.id) for entry in library.entries()}
    return tuple(names[int(number)] for number in numbers)


def build_contents(
    library: Library,
    *,
    folder: Path,
    out: Path,
    sources: Sequence[str] | None = None,
    limit: int | None = None,
    n_processes: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> ContentsReport:
    """Atoms and beads of the library's cards, from the archives that the cards were made of.

    A file belongs to the card that carries its digest. What was dealt with is remembered in the
    store, failures included, so that an interrupted run goes on where it stopped.

    Parameters
    ----------
    library:
        The cards.
    folder:
        Folder with the archives of structures, packed or not.
    out:
        The store, new or begun.
    sources:
        Only cards of these collections.
    limit:
        Deal with so many more structures, then stop.
    n_processes:
        Processes that take frameworks apart.
    on_progress:
        Called with the number of cards done and of all.
    """
    cards = _cards(library, sources)
    with StructureStore(out, writable=True) as store:
        done = store.done()
        left = {digest: key for digest, key in cards.items() if key not in done}
        jobs = islice(_jobs(library, left, folder), limit)
        count = len(cards) - len(left)
        for rows in _made(jobs, n_processes=n_processes):
            store.add([one for _, _, one in rows if one is not None], done=_statuses(rows))
            count += len(rows)
            if on_progress is not None:
                on_progress(count, len(cards))
        wanted = set(cards.values())
        statuses = Counter(status for key, status in store.done().items() if key in wanted)
    return ContentsReport(n_cards=len(cards), statuses=dict(statuses.most_common()))


def _cards(library: Library, sources: Sequence[str] | None) -> dict[bytes, str]:
    """Key of each card by the digest of the file that it was made from."""
    sql = "SELECT c.content, s.name, c.id FROM cards AS c JOIN sources AS s USING (source_id)"
    return {
        bytes(content): card_key(source, id)
        for store in library.stores
        for content, source, id in store.query(sql)
        if sources is None or source in sources
    }


_Job = tuple[str, str | Crystal]
_Row = tuple[str, str, StoredStructure | None]


def _jobs(library: Library, left: dict[bytes, str], folder: Path) -> Iterator[_Job]:
    """Key, and text or crystal, of each structure; files first, then the package's own."""
    wanted = {key.partition(":")[0] for key in left.values()}
    for name, collection in COLLECTIONS.items():
        if name not in wanted:
            continue

        def is_structure(path: PurePosixPath, suffix: str = ".cif") -> bool:
            return path.suffix.lower() == suffix

        path = archive_path(folder, collection.archive)
        for _, raw in archive_members(path, wanted=is_structure):
            key = left.get(blake2b(raw, digest_size=12).digest())
            if key is not None:
                yield key, text_from_bytes(raw)
    for digest, key in left.items():
        source, _, id = key.partition(":")
        if source in COLLECTIONS:
            continue
        found = [n for n in library.find(id) if library.cards([n])[0].content_hash == digest]
        crystal = packaged_crystal(library.cards(found[:1])[0]) if found else None
        if crystal is not None:
            yield key, crystal


def _made(jobs: Iterable[_Job], *, n_processes: int) -> Iterator[list[_Row]]:
    chunks = _chunks(jobs)
    if n_processes == 1:
        yield from map(_rows, chunks)
        return
    with ProcessPoolExecutor(n_processes) as pool:
        pending: list[Future[list[_Row]]] = []
        for chunk in chunks:
            pending.append(pool.submit(_rows, chunk))
            if len(pending) > 2 * n_processes:
                yield pending.pop(0).result()
        while pending:
            yield pending.pop(0).result()


def _chunks(jobs: Iterable[_Job]) -> Iterator[list[_Job]]:
    source = iter(jobs)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


def _rows(jobs: list[_Job]) -> list[_Row]:
    return [_row(key, given) for key, given in jobs]


def _row(key: str, given: str | Crystal) -> _Row:
    """Key, status, and what goes into the store."""
    source, _, id = key.partition(":")
    try:
        crystal = crystal_from_cif_text(given, name=id) if isinstance(given, str) else given
        contents = contents_of_crystal(crystal)
    except (PorescopeError, ValueError, LookupError, ArithmeticError) as error:
        return key, f"error: {type(error).__name__}", None
    return key, _status_of(contents), stored_contents(contents, key=key, source=source)


def _status_of(contents: FrameworkContents) -> str:
    return f"no beads: {contents.problem}" if contents.problem else "ok"


def _statuses(rows: list[_Row]) -> dict[str, str]:
    return {key: status for key, status, _ in rows}


def stored_contents(contents: FrameworkContents, *, key: str, source: str) -> StoredStructure:
    """Contents as the store keeps them.

    Parameters
    ----------
    contents:
        Atoms and beads.
    key:
        Identifier in the store.
    source:
        Collection.
    """
    beads = np.concatenate(
        [contents.bead_kinds[:, None], contents.bead_frac, contents.bead_features], axis=1
    )
    return StoredStructure(
        id=key,
        crystal=contents.crystal,
        source=source,
        labels={"metal": contents.metal, "linkers": json.dumps(list(contents.linkers))},
        arrays={"beads": beads.astype(np.float32)},
    )


def main() -> None:
    """``python -m porescope.datasets.retrieval_atoms --structures FOLDER --out FILE``."""
    parser = argparse.ArgumentParser(description="Take the library's structures apart.")
    parser.add_argument("--structures", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--limit", type=int, default=None)
    options = parser.parse_args()

    def show(done: int, total: int) -> None:
        sys.stderr.write(f"\r{done}/{total} ")

    with Library.open([SHIPPED]) as library:
        report = build_contents(
            library,
            folder=options.structures,
            out=options.out,
            limit=options.limit,
            n_processes=options.processes,
            on_progress=show,
        )
    sys.stderr.write("\n")
    for status, count in report.statuses.items():
        sys.stdout.write(f"{status}: {count}\n")


if __name__ == "__main__":
    main()
