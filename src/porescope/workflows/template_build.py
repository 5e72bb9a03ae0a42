"""From folders of known frameworks to the file of templates, in one resumable run."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from math import gcd
from pathlib import Path

import numpy as np

from porescope.crystal.elements import is_metal
from porescope.crystal.graph import net_hash
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import standardise
from porescope.datasets.making import NET_DIGITS
from porescope.datasets.template_codec import decode_assembly, encode_assembly
from porescope.datasets.template_store import sites_text, write_templates
from porescope.errors import ConfigError, PorescopeError
from porescope.io.cif import read_cif
from porescope.reticular.assembly import with_nearest_ports
from porescope.reticular.smiles import linker_key
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.taking_apart.framework import take_apart
from porescope.reticular.template import Template, is_exchangeable, template_of

MAX_ATOMS = 1200
"""Frameworks with more atoms in the primitive cell are no templates."""
_CHUNK = 16
_SCHEMA = """
CREATE TABLE IF NOT EXISTS made (
    id TEXT PRIMARY KEY, status TEXT, keys TEXT, shape TEXT, net_name TEXT, net_key TEXT,
    interpenetration INTEGER, net_hash TEXT, n_atoms INTEGER, cell TEXT, smiles TEXT, body BLOB
);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateReport:
    """Outcome of a run."""

    n_structures: int
    """Structures that were looked at, in this run and before."""
    n_templates: int
    """Templates in the file."""
    statuses: dict[str, int]
    """Number of structures of each status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSource:
    """One structure of which a template may be made."""

    id: str
    """Identifier, as on the library's card."""
    path: Path
    """The CIF."""


def shape_of(template: Template) -> str:
    """Hash of what templates of one kind of framework share: net, nodes and ends of linkers.

    Metals are alike; the linkers' middles do not count.

    Parameters
    ----------
    template:
        The template.
    """
    pieces = Counter(template.assembly.kinds.tolist())
    parts: Counter[str] = Counter()
    for kind, count in pieces.items():
        block = template.assembly.blocks[kind]
        if is_exchangeable(block):
            ends = template.site_counts()[block.smiles]
            parts["linker " + sites_text(ends)] += count
            continue
        numbers = np.where(is_metal()[block.numbers], 200, block.numbers)
        heavy = numbers[numbers != 1]
        kinds, counts = np.unique(heavy, return_counts=True)
        text = " ".join(f"{z}:{n}" for z, n in zip(kinds.tolist(), counts.tolist(), strict=True))
        parts[f"{block.kind} {text} / {block.n_ports}"] += count
    divisor = gcd(*parts.values()) if parts else 1
    text = ";".join(f"{name} x {count // divisor}" for name, count in sorted(parts.items()))
    text = f"{template.net_key}|{template.interpenetration}|{text}"
    return blake2b(text.encode(), digest_size=8).hexdigest()


def build_templates(
    sources: Sequence[TemplateSource],
    *,
    out: Path,
    n_processes: int = 1,
    meta: dict[str, str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> TemplateReport:
    """Take frameworks apart and write those that can be built upon.

    What is done stands in ``out`` with ``.work`` at the end of its name; an interrupted run goes
    on from there.

    Parameters
    ----------
    sources:
        Structures.
    out:
        The file of templates.
    n_processes:
        Processes that take frameworks apart.
    meta:
        Facts about the sources, for the file.
    on_progress:
        Called with the number of structures done and of all.
    """
    work = out.with_name(out.name + ".work")
    with closing(sqlite3.connect(work, timeout=300.0)) as db:
        db.executescript(_SCHEMA)
        done = {row[0] for row in db.execute("SELECT id FROM made")}
        left = [s for s in sources if s.id not in done]
        count = len(sources) - len(left)
        for rows in _made(left, n_processes=n_processes):
            marks = ", ".join("?" * 12)
            db.executemany(f"INSERT OR REPLACE INTO made VALUES ({marks})", rows)
            db.commit()
            count += len(rows)
            if on_progress is not None:
                on_progress(count, len(sources))
        statuses = dict(db.execute("SELECT status, count(*) FROM made GROUP BY status"))
        contents = {
            id: tuple(json.loads(keys))
            for id, keys in db.execute("SELECT id, keys FROM made WHERE keys != ''")
        }
        n = write_templates(out, _distinct(db), meta=meta or {}, contents=contents)
    return TemplateReport(n_structures=len(sources), n_templates=n, statuses=statuses)


def _made(
    sources: Sequence[TemplateSource], *, n_processes: int
) -> Iterator[list[tuple[object, ...]]]:
    chunks = _chunks(sources)
    if n_processes == 1:
        yield from map(_rows, chunks)
        return
    with ProcessPoolExecutor(n_processes, max_tasks_per_child=None) as pool:
        pending = [pool.submit(_rows, chunk) for chunk in islice(chunks, 2 * n_processes)]
        while pending:
            rows = pending.pop(0).result()
            for chunk in islice(chunks, 1):
                pending.append(pool.submit(_rows, chunk))
            yield rows


def _chunks(sources: Iterable[TemplateSource]) -> Iterator[list[TemplateSource]]:
    source = iter(sources)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


def _rows(sources: list[TemplateSource]) -> list[tuple[object, ...]]:
    return [_row(source) for source in sources]


def _row(source: TemplateSource) -> tuple[object, ...]:
    """One line of the work file."""
    try:
        crystal = _primitive(read_cif(source.path))
        if crystal.n_atoms > MAX_ATOMS:
            return _empty(source.id, "too large")
        taken = take_apart(crystal)
        keys = _keys(taken)
        status = _status(taken)
        if status != "ok":
            return _empty(source.id, status, keys=keys)
        template = template_of(taken, id=source.id, net_hash=net_hash(crystal)[:NET_DIGITS])
        body = encode_assembly(template.assembly)
    except (PorescopeError, ValueError, IndexError, KeyError, ArithmeticError) as error:
        return _empty(source.id, f"error: {type(error).__name__}")
    return (
        source.id,
        status,
        "" if keys is None else json.dumps(keys),
        shape_of(template),
        template.net_name,
        template.net_key,
        template.interpenetration,
        template.net_hash,
        template.n_atoms,
        json.dumps([round(float(x), 3) for x in crystal.parameters]),
        json.dumps([b.smiles for b in template.assembly.blocks]),
        body,
    )


def _primitive(crystal: Crystal) -> Crystal:
    """The primitive cell; the cell as it stands where the file's own translations disagree."""
    try:
        return standardise(crystal, symprec=0.01, primitive=True)
    except ConfigError:
        return crystal.without_symmetry()


def _empty(id: str, status: str, *, keys: list[str] | None = None) -> tuple[object, ...]:
    text = "" if keys is None else json.dumps(keys)
    return (id, status, text, "", "", "", 0, "", 0, "", "", b"")


def _keys(taken: TakenApart) -> list[str] | None:
    """Keys of the linkers, ``None`` where one could not be made out."""
    smiles = {b.smiles for b in taken.assembly.blocks if is_exchangeable(b)}
    if "" in smiles:
        return None
    return sorted({linker_key(s) for s in smiles})


def _status(taken: TakenApart) -> str:
    """``ok``, or why this is no template."""
    blocks = taken.assembly.blocks
    if any(p.startswith("unknown") for p in taken.problems):
        return "unknown parts"
    if taken.dimension == 0:
        return "no framework"
    if not any(is_exchangeable(b) for b in blocks):
        return "no linker"
    if any(is_exchangeable(b) and not b.smiles for b in blocks):
        return "unknown linker"
    return "ok"


def _distinct(db: sqlite3.Connection) -> Iterator[tuple[Template, str]]:
    """Templates of which no earlier one has the bond graph and nearly the cell."""
    seen: dict[str, list[np.ndarray]] = {}
    query = (
        "SELECT id, shape, net_name, net_key, interpenetration, net_hash, n_atoms, cell, smiles, "
        "body FROM made WHERE status = 'ok' ORDER BY n_atoms, id"
    )
    for id, shape, name, key, copies, graph, n_atoms, cell, smiles, body in db.execute(query):
        edges = np.array(json.loads(cell))
        twins = seen.setdefault(graph, [])
        if any(np.allclose(edges, other, rtol=0.015) for other in twins):
            continue
        twins.append(edges)
        yield (
            Template(
                id=id,
                assembly=with_nearest_ports(
                    decode_assembly(body, smiles=tuple(json.loads(smiles)), name=id)
                ),
                net_name=name,
                net_key=key,
                interpenetration=copies,
                net_hash=graph,
                n_atoms=n_atoms,
            ),
            shape,
        )
