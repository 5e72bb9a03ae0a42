"""Thousands of frameworks taken apart, in one table that survives interruptions."""

from __future__ import annotations

import json
import os
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from porescope.errors import ConfigError, PorescopeError
from porescope.io.cif import read_cif
from porescope.io.cif_files import cifs_below
from porescope.io.journal import Journal
from porescope.io.result_tables import Column, write_csv
from porescope.reticular.block import Block
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.taking_apart.framework import put_together_graph_equal, take_apart
from porescope.workflows.screen_pool import Task, outcomes_by_processes

JOURNAL = "take_apart.jsonl"
CSV = "take_apart.csv"
ROW_MAKER = "porescope.workflows.take_apart:row_of_file"
"""What makes a row in the child processes."""

COLUMNS = (
    Column(name="name", title="Name", kind="text"),
    Column(name="file", title="File", kind="text"),
    Column(name="status", title="Status", kind="text"),
    Column(name="message", title="Message", kind="text"),
    Column(name="n_atoms", title="Atoms", kind="count"),
    Column(name="formula", title="Formula", kind="text"),
    Column(name="dimension", title="Dimension", kind="count"),
    Column(name="interpenetration", title="Interpenetration", kind="count"),
    Column(name="net_name", title="Net", kind="text"),
    Column(name="net_key", title="Key of the net", kind="text"),
    Column(name="net_view", title="What the vertices are", kind="text"),
    Column(name="net_vertices", title="Vertices of the net", kind="count"),
    Column(name="charge", title="Sum of charges", kind="count"),
    Column(name="n_unknown", title="Unknown parts", kind="count"),
    Column(name="problems", title="Problems", kind="text"),
    Column(name="same_graph", title="Same bond graph when put together", kind="flag"),
    Column(name="nodes", title="Nodes", kind="text"),
    Column(name="linkers", title="Linkers", kind="text"),
    Column(name="caps", title="Caps", kind="text"),
    Column(name="guests", title="Guests", kind="text"),
    Column(name="seconds", title="Time", unit="s"),
)
"""Columns of the table; pieces as ``name or SMILES (formula, ports) x count``, joined by ``;``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeApartProgress:
    """How far a run is."""

    done: int
    """Structures whose row is known."""
    total: int
    """Structures in all."""
    current: str
    """The file that was finished last."""


def take_all_apart(
    source: str | Path | Sequence[str | Path],
    *,
    out: str | Path,
    processes: int = 1,
    time_limit: float = 120.0,
    again: bool = False,
    progress: Callable[[TakeApartProgress], None] | None = None,
) -> list[dict[str, Any]]:
    """One row for each structure of a folder, an archive or a list of files.

    Each finished row is added at once to ``take_apart.jsonl`` in ``out``; a run that was stopped
    goes on from there. ``take_apart.csv`` is written at the end.

    Parameters
    ----------
    source:
        A folder of CIFs, searched with all folders below it; a tar archive of CIFs; or files.
    out:
        Folder of the results; created where it does not exist.
    processes:
        Processes at a time.
    time_limit:
        Seconds for each structure; 0 for no limit.
    again:
        Forget an earlier run.
    progress:
        Called after each structure.

    Returns
    -------
    :
        The rows in the order of the files. A structure that cannot be read, a crash and a time
        limit are rows whose ``status`` is ``failed``.

    Raises
    ------
    ConfigError
        There is no CIF, or the number of processes is not positive.
    """
    if processes < 1:
        raise ConfigError(f"expected one process or more, got {processes}")
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    files, root = _files(source, folder=folder)
    names = {str(path): os.path.relpath(path, root) for path in files}
    with Journal(folder / JOURNAL) as journal:
        if again:
            journal.clear()
        known = {record["file"]: record for record in journal.records}
        journal.records.clear()

        def tasks() -> Iterator[Task]:
            for path, name in names.items():
                if name not in known:
                    yield Task(key=name, file=path, settings={})

        for outcome in outcomes_by_processes(
            tasks(), function=ROW_MAKER, jobs=processes, time_limit=time_limit
        ):
            row = outcome.row or {
                "name": Path(outcome.key).stem,
                "status": "failed",
                "message": outcome.reason,
                "seconds": round(outcome.seconds, 3),
            }
            row = row | {"file": outcome.key}
            journal.append(row)
            known[outcome.key] = row
            if progress is not None:
                progress(TakeApartProgress(done=len(known), total=len(files), current=outcome.key))
    rows = [known[name] for name in names.values()]
    write_csv(folder / CSV, [_flat(row) for row in rows], columns=COLUMNS)
    return rows


def row_of_file(file: str, record: dict[str, Any]) -> dict[str, Any]:
    """The row of one file; failure is data.

    Parameters
    ----------
    file:
        Path of a CIF.
    record:
        Nothing that is used; the signature is that of all makers of rows.
    """
    row: dict[str, Any] = {"name": Path(file).stem, "file": file}
    begin = time.perf_counter()
    try:
        crystal = read_cif(file)
    except (PorescopeError, OSError) as error:
        return row | {"status": "failed", "message": str(error)}
    row |= {"n_atoms": crystal.n_atoms, "formula": crystal.formula}
    try:
        taken = take_apart(crystal)
    except PorescopeError as error:
        return row | {"status": "failed", "message": str(error)}
    row |= row_of_taken(taken)
    row["same_graph"] = put_together_graph_equal(taken, crystal)
    row["seconds"] = round(time.perf_counter() - begin, 4)
    return row


def row_of_taken(taken: TakenApart) -> dict[str, Any]:
    """What a row tells of a framework that is taken apart.

    Parameters
    ----------
    taken:
        The pieces.
    """
    assembly = taken.assembly
    kinds: dict[str, Counter[str]] = {"node": Counter(), "linker": Counter()}
    kinds |= {"cap": Counter(), "guest": Counter()}
    for kind, count in Counter(assembly.kinds.tolist()).items():
        block = assembly.blocks[kind]
        kinds[block.kind][_described(block)] += count
    unknown = [problem for problem in taken.problems if problem.startswith("unknown")]
    return {
        "status": "unknown part" if unknown else "ok",
        "dimension": taken.dimension,
        "interpenetration": taken.interpenetration,
        "net_name": taken.net_name,
        "net_key": taken.net_key,
        "net_view": taken.net_view,
        "net_vertices": taken.net.n_vertices,
        "charge": taken.charge,
        "n_unknown": len(unknown),
        "problems": list(taken.problems),
        "nodes": dict(kinds["node"].most_common()),
        "linkers": dict(kinds["linker"].most_common()),
        "caps": dict(kinds["cap"].most_common()),
        "guests": dict(kinds["guest"].most_common()),
    }


def _described(block: Block) -> str:
    """A block in few words: name or SMILES, formula and ports."""
    inside = f"{block.formula}, {block.n_ports}"
    if block.kind == "node" and block.name:
        return f"{block.name} ({inside})"
    return f"{block.smiles} ({inside})" if block.smiles else f"({inside})"


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the journal for the table."""
    flat = {column.name: row.get(column.name) for column in COLUMNS}
    for name in ("nodes", "linkers", "caps", "guests"):
        flat[name] = "; ".join(f"{key} x {n}" for key, n in (row.get(name) or {}).items())
    flat["problems"] = "; ".join(row.get("problems") or [])
    if flat["same_graph"] is not None:
        flat["same_graph"] = int(flat["same_graph"])
    return flat


def rows_of_journal(path: Path) -> list[dict[str, Any]]:
    """Rows that a run has finished so far; a torn last line is left out.

    Parameters
    ----------
    path:
        The journal.
    """
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]


def _files(source: str | Path | Sequence[str | Path], *, folder: Path) -> tuple[list[Path], Path]:
    """The files by name, and the folder from which their names are told."""
    if not isinstance(source, (str, Path)):
        paths = sorted(Path(path) for path in source)
        if not paths:
            raise ConfigError("got an empty list of files; name CIFs, a folder or an archive")
        return paths, Path(os.path.commonpath([path.resolve().parent for path in paths]))
    root = Path(source)
    if root.is_file() and tarfile.is_tarfile(root):
        root = _unpacked(root, folder / "unpacked")
    elif root.is_file():
        return [root], root.parent
    if not root.is_dir():
        raise ConfigError(f"there is no folder or archive {root}; name a folder of CIFs")
    return cifs_below(root), root


def _unpacked(archive: Path, folder: Path) -> Path:
    """The CIFs of an archive in a folder; members that are there already stay."""
    with tarfile.open(archive) as stream:
        for member in stream:
            inner = PurePosixPath(member.name)
            if not member.isfile() or inner.suffix.lower() != ".cif" or ".." in inner.parts:
                continue
            goal = folder.joinpath(*(part for part in inner.parts if part != "/"))
            if goal.exists() and goal.stat().st_size == member.size:
                continue
            content = stream.extractfile(member)
            assert content is not None
            goal.parent.mkdir(parents=True, exist_ok=True)
            goal.write_bytes(content.read())
    return folder
