"""The same quantities for thousands of structures, in one table that survives interruptions."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from porescope.adsorption.gases import gas_names
from porescope.adsorption.state_point import StatePoint
from porescope.errors import ConfigError
from porescope.io.cif_files import cifs_below
from porescope.io.journal import Journal
from porescope.io.result_tables import Column, write_csv, write_parquet
from porescope.workflows.adsorbent import DEFAULT_FIELD, field_of, gas_of
from porescope.workflows.screen_pool import (
    Outcome,
    Task,
    outcomes_by_dask,
    outcomes_by_processes,
)
from porescope.workflows.screen_settings import Property, ScreenSettings, columns_of
from porescope.workflows.screen_tasks import failed_row

JOURNAL = "journal.jsonl"
SETTINGS = "settings.json"
PARQUET = "results.parquet"
CSV = "results.csv"
ROW_MAKER = "porescope.workflows.screen_tasks:row_of_file"
"""What makes a row in the child processes: ``module:name``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenProgress:
    """How far a screening is."""

    done: int
    """Files whose row is known, those of an earlier run included."""
    total: int
    """Files in all."""
    n_failed: int
    """Files without a result so far."""
    current: str
    """The file that was finished last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenReport:
    """What a screening has given."""

    rows: tuple[dict[str, Any], ...]
    """One for each file, in the order of their names; every row has every column."""
    columns: tuple[Column, ...]
    """The columns."""
    settings: dict[str, Any]
    """Settings with the version that used them."""
    folder: Path
    """Where tables and journal are."""
    n_resumed: int
    """Files whose row an earlier run had made."""
    n_duplicates: int
    """Files with the same content as another one, computed once."""

    def count(self, status: str) -> int:
        """Number of rows of a status."""
        return sum(row["status"] == status for row in self.rows)


def screen(
    source: str | Path | Sequence[str | Path],
    *,
    out: str | Path,
    tasks: Sequence[Property] = ("geometry", "henry"),
    states: Sequence[StatePoint] = (),
    gases: Sequence[str] = (),
    field: str = DEFAULT_FIELD,
    settings: ScreenSettings | None = None,
    jobs: int = 1,
    scheduler: str = "processes",
    time_limit: float = 900.0,
    resume: bool = True,
    retry_failed: bool = False,
    progress: Callable[[ScreenProgress], None] | None = None,
    row_maker: str = ROW_MAKER,
) -> ScreenReport:
    """Compute the same quantities for many structures.

    Writes ``results.parquet`` and ``results.csv``, one row for each file; ``settings.json``; and
    ``journal.jsonl``, to which every finished row is added at once, and from which an interrupted
    screening goes on.

    Parameters
    ----------
    source:
        A folder of CIFs, searched with all folders below it, or the files.
    out:
        Folder of the results; created where it does not exist.
    tasks:
        What is computed.
    states:
        Temperatures and pressures.
    gases:
        Names of gases.
    field:
        Force field: its name or its file.
    settings:
        All settings at once, instead of ``tasks``, ``states``, ``gases`` and ``field``.
    jobs:
        Processes at a time.
    scheduler:
        ``processes`` on this machine; ``dask`` for a Dask cluster that is started here;
        ``dask:ADDRESS`` for one that runs. The files must be readable from its workers.
    time_limit:
        Seconds for each structure; 0 for no limit.
    resume:
        Go on from the journal in ``out``. Otherwise it is deleted.
    retry_failed:
        Compute those again that failed in an earlier run.
    progress:
        Called after each file.
    row_maker:
        What makes a row in the child processes: ``module:name`` of a function of the path of a
        file and the record of the settings.

    Returns
    -------
    :
        The table. A structure that cannot be computed, a crash and a time limit are rows whose
        ``status`` is ``failed``.

    Raises
    ------
    ConfigError
        There is no CIF, an option is wrong, or ``out`` holds a screening of other settings.
    MissingExtraError
        An optional package is missing.
    KeyboardInterrupt
        After Ctrl-C; the journal keeps what is finished.
    """
    chosen = settings or ScreenSettings(
        properties=tuple(tasks), gases=tuple(gases), states=tuple(states), field=str(field)
    )
    if jobs < 1:
        raise ConfigError(f"expected one job or more, got {jobs}")
    if time_limit < 0.0:
        raise ConfigError(f"expected a time limit of zero or more seconds, got {time_limit:g}")
    _check_names(chosen)
    _check_scheduler(scheduler)
    paths, root = _files(source)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    with Journal(folder / JOURNAL) as journal:
        record = _agreed_settings(folder, chosen, journal=journal, resume=resume)
        known = {
            entry["key"]: entry["row"]
            for entry in journal.records
            if not (retry_failed and entry["row"]["status"] != "ok")
        }
        journal.records.clear()
        run = _Run(settings=chosen, paths=paths, root=root, known=known, progress=progress)
        run.screen(
            _outcomes(scheduler, jobs=jobs, time_limit=time_limit, function=row_maker),
            journal=journal,
        )
    rows = run.rows()
    columns = columns_of(chosen)
    write_parquet(folder / PARQUET, rows, columns=columns, settings=record)
    write_csv(folder / CSV, rows, columns=columns)
    return ScreenReport(
        rows=tuple(rows),
        columns=columns,
        settings=record,
        folder=folder,
        n_resumed=run.n_resumed,
        n_duplicates=sum(row["same_as"] is not None for row in rows),
    )


_Outcomes = Callable[[Iterator[Task]], Iterator[Outcome]]


class _Run:
    """One run over all files: what is known, what is to be done, what came out."""

    def __init__(
        self,
        *,
        settings: ScreenSettings,
        paths: Sequence[Path],
        root: Path,
        known: dict[str, dict[str, Any]],
        progress: Callable[[ScreenProgress], None] | None,
    ) -> None:
        self._settings = settings
        self._record = settings.record()
        self._paths = paths
        self._root = root
        self._known = known
        self._progress = progress
        self._keys = [_content_key(path) for path in paths]
        self._unreadable = {
            str(path): key for path, key in zip(paths, self._keys, strict=True) if key[:1] == "!"
        }
        self._n_of_key: dict[str, int] = {}
        for key in self._keys:
            self._n_of_key[key] = self._n_of_key.get(key, 0) + 1
        self.n_resumed = sum(key in known for key in self._keys)
        self._done = self.n_resumed + len(self._unreadable)
        self._failed = len(self._unreadable) + sum(
            key in known and known[key]["status"] == "failed" for key in self._keys
        )

    def screen(self, outcomes: _Outcomes, *, journal: Journal) -> None:
        """Compute what is not known yet."""
        self._tell("")
        names: dict[str, str] = {}
        try:
            for outcome in outcomes(self._tasks(names)):
                file = names.pop(outcome.key)
                row = outcome.row or failed_row(
                    self._settings, file=file, reason=outcome.reason, seconds=outcome.seconds
                )
                row = row | {"file": _relative(Path(file), self._root)}
                journal.append({"key": outcome.key, "row": row})
                self._known[outcome.key] = row
                n_alike = self._n_of_key[outcome.key]
                self._done += n_alike
                self._failed += n_alike if row["status"] == "failed" else 0
                self._tell(Path(file).name)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"stopped; {self._done} of {len(self._paths)} files are finished; the same command "
                "goes on from there"
            ) from None

    def rows(self) -> list[dict[str, Any]]:
        """One row for each file, in the order of the files."""
        first: dict[str, str] = {}
        rows = []
        for path, key in zip(self._paths, self._keys, strict=True):
            name = _relative(path, self._root)
            if key in self._known:
                row = self._known[key]
            else:
                row = failed_row(self._settings, file=name, reason=key[1:], seconds=0.0)
            readable = key[:1] != "!"
            rows.append(
                row
                | {
                    "file": name,
                    "name": path.stem,
                    "same_as": first.get(key) if readable else None,
                    "content_hash": key if readable else None,
                }
            )
            first.setdefault(key, name)
        return rows

    def _tasks(self, names: dict[str, str]) -> Iterator[Task]:
        seen: set[str] = set()
        for path, key in zip(self._paths, self._keys, strict=True):
            if key in self._known or key in seen or key[:1] == "!":
                continue
            seen.add(key)
            names[key] = str(path)
            yield Task(key=key, file=str(path), settings=self._record)

    def _tell(self, current: str) -> None:
        if self._progress is not None:
            self._progress(
                ScreenProgress(
                    done=self._done,
                    total=len(self._paths),
                    n_failed=self._failed,
                    current=current,
                )
            )


def _outcomes(scheduler: str, *, jobs: int, time_limit: float, function: str) -> _Outcomes:
    """What turns tasks into outcomes."""

    def by_scheduler(tasks: Iterator[Task]) -> Iterator[Outcome]:
        if scheduler == "processes":
            return outcomes_by_processes(tasks, function=function, jobs=jobs, time_limit=time_limit)
        return outcomes_by_dask(
            tasks,
            function=function,
            jobs=jobs,
            time_limit=time_limit,
            address=scheduler.partition(":")[2],
        )

    return by_scheduler


def _check_scheduler(scheduler: str) -> None:
    if scheduler != "processes" and scheduler.partition(":")[0] != "dask":
        raise ConfigError(
            f"there is no scheduler {scheduler!r}; write processes, dask or dask:ADDRESS"
        )


def _check_names(settings: ScreenSettings) -> None:
    """Fail now, and not in every row, on a field or a gas that nobody defined."""
    field = field_of(settings.field)
    for gas in settings.gases:
        try:
            gas_of(gas, field=field)
        except ConfigError as error:
            if gas.partition(":")[0] in gas_names():
                raise
            raise ConfigError(
                f"there is no gas {gas!r}; choose {', '.join(gas_names())}"
            ) from error


def _files(source: str | Path | Sequence[str | Path]) -> tuple[list[Path], Path]:
    """The files by name, and the folder from which their names are told."""
    if isinstance(source, (str, Path)):
        root = Path(source)
        if root.is_file():
            return [root], root.parent
        return cifs_below(root), root
    paths = [Path(path) for path in source]
    if not paths:
        raise ConfigError("name one file or more to screen")
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise ConfigError(f"there is no file {missing[0]}")
    folders = {path.absolute().parent for path in paths}
    return paths, Path(os.path.commonpath(folders))


def _relative(path: Path, root: Path) -> str:
    try:
        return path.absolute().relative_to(root.absolute()).as_posix()
    except ValueError:
        return path.name


def _content_key(path: Path) -> str:
    """Hash of a file's content; ``!`` and the reason where it cannot be read."""
    try:
        return blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        return f"!the file cannot be read: {error.strerror or error}"


def _agreed_settings(
    folder: Path, settings: ScreenSettings, *, journal: Journal, resume: bool
) -> dict[str, Any]:
    """The record of the settings; refused where the journal was made with others."""
    from porescope import __version__

    record = {"version": __version__} | settings.record()
    path = folder / SETTINGS
    if not resume:
        journal.clear()
    if journal.records and not path.is_file():
        raise ConfigError(
            f"{folder} has a journal without its {SETTINGS}; name another folder, or start again "
            "with resume off (--restart)"
        )
    if journal.records:
        earlier = json.loads(path.read_text("utf-8"))
        differs = [name for name in record if earlier.get(name) != record[name]]
        if differs:
            told = "; ".join(f"{n} was {earlier.get(n)} and is {record[n]}" for n in differs)
            raise ConfigError(
                f"{folder} holds a screening with other settings ({told}); name another folder, "
                "or start again with resume off (--restart)"
            )
    staged = path.with_name(f".{path.name}.partial")
    staged.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
    os.replace(staged, path)
    return record
