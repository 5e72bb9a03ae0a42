"""Making the split files that the package ships: ``python -m porescope.datasets.splits_build``."""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from porescope.crystal.graph import net_hash
from porescope.crystal.structure import Crystal
from porescope.datasets.archives.collections import core_id
from porescope.datasets.archives.reading import read_archive
from porescope.datasets.labels.mofs import core_n2, hmof_gas_uptake, qmof_band_gap
from porescope.datasets.labels.table import LabelTable, joined
from porescope.datasets.labels.zeolites import iza_argon, iza_hydrogen
from porescope.datasets.names import heavy_formula, volume_per_heavy_atom
from porescope.datasets.splits import Entry, Split, bundles, bytes_from_split, split_by_framework
from porescope.datasets.store import CardStore
from porescope.datasets.template_codec import decode_assembly
from porescope.errors import ConfigError, ParseError, PorescopeError
from porescope.reticular.block import Block
from porescope.reticular.smiles import linker_key
from porescope.reticular.taking_apart.framework import take_apart

_LIBRARY_SOURCES = ("core-mof-2019", "qmof", "curated-cofs", "iza")
"""Preferred first: of duplicates, the experimental structure stays."""
_QUERY = """
SELECT c.id, s.name, c.formula, f.net, f.net_alike, c.density
FROM cards AS c JOIN sources AS s USING (source_id) JOIN frameworks AS f USING (framework_id)
ORDER BY c.card_id
"""


def library_entries(library: Path) -> list[Entry]:
    """Entries of the shipped library's collections, the preferred ones first.

    Parameters
    ----------
    library:
        File of powder cards.
    """
    with closing(CardStore(library)) as store:
        rows = store.query(_QUERY)
    found = [
        Entry(
            id=id,
            source=source,
            formula=formula,
            net_hash=net.hex(),
            net_hash_metals_alike=alike.hex(),
            volume_per_atom=volume_per_heavy_atom(formula, density=density),
            code=id.removesuffix("-relaxed") if source == "iza" else "",
        )
        for id, source, formula, net, alike, density in rows
        if source in _LIBRARY_SOURCES
    ]
    rank = {source: i for i, source in enumerate(_LIBRARY_SOURCES)}
    return sorted(found, key=lambda e: (rank[e.source], e.id))


def archive_entries(
    archives: Path, collection: str, *, variant: str = "", taken_apart: bool = False
) -> list[Entry]:
    """Entries of a collection that is not in the shipped library.

    Parameters
    ----------
    archives:
        Folder with the archives of structures.
    collection:
        Name of the collection.
    variant:
        Which of several files of each structure.
    taken_apart:
        Whether to take each one apart for its blocks.
    """
    found = []
    for item in read_archive(archives, collection, variant=variant, arrays=False):
        if item.crystal is not None:
            entry = entry_of(item.crystal, id=item.id, source=collection)
            blocks = _blocks_of(item.crystal) if taken_apart else ()
            found.append(replace(entry, blocks=blocks))
    return found


def entry_of(crystal: Crystal, *, id: str, source: str) -> Entry:
    """What a split looks at of a crystal.

    Parameters
    ----------
    crystal:
        The structure.
    id, source:
        Its identifier and collection.
    """
    n_heavy = max(1, int(np.sum(crystal.numbers != 1)))
    return Entry(
        id=id,
        source=source,
        formula=crystal.formula,
        net_hash=net_hash(crystal),
        net_hash_metals_alike=net_hash(crystal, metals_alike=True),
        volume_per_atom=crystal.volume / n_heavy,
    )


def read_blocks(path: Path) -> dict[str, tuple[str, ...]]:
    """Building blocks by identifier, from the work file of a build of templates.

    A node is told by its composition without hydrogen, a linker by its key, which does not depend
    on where double bonds are drawn. Frameworks with parts that could not be made out are left out.

    Parameters
    ----------
    path:
        The file, as :func:`porescope.workflows.template_build.build_templates` leaves it.

    Raises
    ------
    ConfigError
        Where there is no such file.
    ParseError
        Where it is none.
    """
    if not path.is_file():
        raise ConfigError(f"there is no work file of a build of templates at {path}")
    blocks: dict[str, tuple[str, ...]] = {}
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT id, smiles, body FROM made WHERE status = 'ok'")
            for id, smiles, body in rows:
                assembly = decode_assembly(body, smiles=tuple(json.loads(smiles)), name=id)
                blocks[core_id(id)] = block_names(assembly.blocks)
    except sqlite3.DatabaseError as error:
        raise ParseError(f"this is no work file of templates ({error})", path=path) from error
    return blocks


def read_taken_apart(path: Path) -> dict[str, tuple[str, ...]]:
    """Building blocks by identifier, from the journal of a run that took frameworks apart.

    Parameters
    ----------
    path:
        ``take_apart.jsonl``; frameworks with parts that could not be made out are left out.

    Raises
    ------
    ConfigError
        Where there is no such file.
    """
    if not path.is_file():
        raise ConfigError(f"there is no journal of frameworks taken apart at {path}")
    blocks: dict[str, tuple[str, ...]] = {}
    content = path.read_bytes()
    for line in content[: content.rfind(b"\n") + 1].splitlines():
        row = json.loads(line)
        if row.get("status") != "ok":
            continue
        names = set()
        for kind in ("node", "linker"):
            for text in row.get(f"{kind}s") or {}:
                match = _DESCRIBED.fullmatch(text)
                if match is None or (kind == "linker" and not match[1]):
                    continue
                named = heavy_formula(match[2]) if kind == "node" else _key(match[1])
                names.add(f"{kind} {named}")
        blocks[core_id(row["name"])] = tuple(sorted(names))
    return blocks


_DESCRIBED = re.compile(r"(?:(.*) )?\(([A-Za-z0-9]+), \d+\)")
"""A block in the journal: its name or SMILES, its formula and its ports."""


def block_names(blocks: Iterable[Block]) -> tuple[str, ...]:
    """Names of nodes and linkers by which frameworks are compared.

    Parameters
    ----------
    blocks:
        Blocks of a framework; caps and guests do not count.
    """
    nodes = {f"node {heavy_formula(b.formula)}" for b in blocks if b.kind == "node"}
    linkers = {f"linker {_key(b.smiles)}" for b in blocks if b.kind == "linker"}
    return tuple(sorted(nodes | linkers))


@lru_cache(maxsize=65536)
def _key(smiles: str) -> str:
    return linker_key(smiles)


def _blocks_of(crystal: Crystal) -> tuple[str, ...]:
    """Blocks of a crystal; none where a part of it could not be made out."""
    try:
        taken = take_apart(crystal, name_net=False)
        unknown = any(problem.startswith("unknown") for problem in taken.problems)
        return () if unknown else block_names(taken.assembly.blocks)
    except PorescopeError:
        return ()


def with_blocks(entries: Iterable[Entry], blocks: Mapping[str, tuple[str, ...]]) -> list[Entry]:
    """The entries with the building blocks that are known of them."""
    return [replace(e, blocks=blocks.get(e.id, e.blocks)) for e in entries]


def make_splits(
    archives: Path,
    labels: Path,
    library: Path,
    *,
    blocks: Mapping[str, tuple[str, ...]] | None = None,
    seed: int = 0,
) -> list[Split]:
    """All splits that the package ships.

    Parameters
    ----------
    archives:
        Folder with the archives of structures.
    labels:
        Folder with the tables of labels.
    library:
        The shipped library.
    blocks:
        Building blocks by identifier, as far as they are known.
    seed:
        For other splits.
    """
    known = blocks or {}
    shipped = with_blocks(library_entries(library), known)
    apart = bool(known)
    hmof = archive_entries(archives, "hmof", taken_apart=apart)
    crafted = archive_entries(archives, "crafted", variant="ddec", taken_apart=apart)
    bundle_of = bundles([*shipped, *hmof, *crafted], leading=_LIBRARY_SOURCES)
    plain = [e for e in shipped if not e.id.endswith("-relaxed")]

    def labelled(pool: Sequence[Entry], table: LabelTable, *, small: bool) -> Split:
        pool = [e for e in pool if e.source == table.collection]
        match = joined([e.id for e in pool], table)
        wanted = set(match.ids)
        found = _split([e for e in pool if e.id in wanted], table.name, bundle_of, small, seed)
        facts = {
            "without_labels": len(match.without_labels),
            "without_structure": list(match.without_structure),
        }
        return replace(found, facts={**found.facts, **facts})

    return [
        _split(shipped, "all_structures", bundle_of, False, seed),
        labelled(plain, qmof_band_gap(labels), small=False),
        labelled(plain, core_n2(labels), small=False),
        labelled(plain, iza_argon(labels), small=True),
        labelled(plain, iza_hydrogen(labels), small=True),
        labelled(hmof, hmof_gas_uptake(labels), small=True),
        _split(crafted, "crafted", bundle_of, True, seed),
    ]


def _split(
    entries: Sequence[Entry],
    name: str,
    bundle_of: Mapping[str, tuple[str, ...]],
    small: bool,
    seed: int,
) -> Split:
    """A tenth for test, or a fifth of a small set."""
    return split_by_framework(
        entries,
        name=name,
        bundle_of=bundle_of,
        test=0.2 if small else 0.1,
        validation=0.1,
        seed=seed,
    )


def main() -> None:
    """Write the files and say how many entries each side has."""
    parser = argparse.ArgumentParser(description="Make the splits that the package ships.")
    parser.add_argument("--archives", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument(
        "--blocks",
        type=Path,
        nargs="*",
        default=[],
        help="work file of a build of templates, journals of frameworks taken apart",
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data" / "splits")
    options = parser.parse_args()
    blocks: dict[str, tuple[str, ...]] = {}
    for path in options.blocks:
        blocks |= read_taken_apart(path) if path.suffix == ".jsonl" else read_blocks(path)
    library = Path(__file__).parent / "data" / "library.sqlite"
    options.out.mkdir(parents=True, exist_ok=True)
    for split in make_splits(options.archives, options.labels, library, blocks=blocks):
        (options.out / f"{split.name}.txt.gz").write_bytes(bytes_from_split(split))
        counts = {side: len(split.ids(side)) for side in ("train", "validation", "test")}
        sys.stdout.write(f"{split.name}: {counts}, {len(split.duplicates)} duplicates\n")


if __name__ == "__main__":
    main()
