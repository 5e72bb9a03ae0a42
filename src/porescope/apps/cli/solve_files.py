"""Solve one file or many, write what comes out, and say it."""

from __future__ import annotations

import csv
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from porescope.apps.cli.failure import FAILED, SOME_FAILED, message_of
from porescope.apps.cli.staging import require_writable_folder, staged_file, staged_folder
from porescope.errors import ConfigError, PorescopeError
from porescope.workflows.solution import SolveResult

SUMMARY_COLUMNS: tuple[str, ...] = (
    "file",
    "status",
    "name",
    "id",
    "formula",
    "probability",
    "none_of_these",
    "rwp",
    "peaks_explained",
    "phases",
    "seconds",
    "folder",
    "message",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asked for, as typed."""

    elements: str = ""
    """Elements of the framework, separated by commas."""
    metal: str = ""
    """Metals that must be in it, separated by commas."""
    formula: str = ""
    """Formula of the empty framework."""
    linkers: tuple[str, ...] = ()
    """SMILES of the linkers."""
    caps: tuple[str, ...] | None = None
    """SMILES of solvents and modulators that may be bound to a metal; ``None``: any."""
    nets: str = ""
    """RCSR symbols of assembled frameworks, separated by commas."""
    max_atoms: int = 1500
    """Most atoms in the cell of an assembled framework."""
    wavelength: str = ""
    """Name of the radiation or a number [Å]."""
    neutron: bool = False
    """Whether the radiation is neutrons."""
    two_theta_range_deg: tuple[float, float] | None = None
    """Angles to use [°]."""
    max_phases: int = 2
    """Most phases in the sample."""
    n_fits: int = 20
    """How many frameworks are fitted."""
    library: Path | None = None
    """Folder of CIFs or index to search instead of the installed ones."""
    learned: bool = True
    """Whether the learned space is asked too, where it is installed."""


def solve_files(
    files: Sequence[Path], *, folder: Path, example: bool, jobs: int, options: Options
) -> int:
    """Solve patterns and show the answers.

    Parameters
    ----------
    files:
        The measured files.
    folder:
        Where the results go.
    example:
        Solve the bundled example too, before the files.
    jobs:
        How many files are solved at a time.
    options:
        What the user asked for.

    Returns
    -------
    :
        The exit code.

    Raises
    ------
    PorescopeError
        An option is wrong, or the only file cannot be solved.
    OSError
        A file cannot be read or the results cannot be written.
    """
    from porescope.apps.cli.terminal import console_for_output, show_result, show_summary

    if example:
        files = (example_file(), *files)
    if not files:
        raise ConfigError("name a pattern to solve, or try the bundled one: solve --example")
    _check_options(options)
    require_writable_folder(folder)
    for file in files:
        _require_file(file)
    if len(files) == 1:
        result = _solve_one(files[0], folder=folder, options=options)
        show_result(result, folder=folder, console=console_for_output())
        return 0
    rows = _solve_many(files, folder=folder, jobs=jobs, options=options)
    show_summary(rows, folder=folder, console=console_for_output())
    n_failed = sum(row["status"] != "ok" for row in rows)
    return 0 if n_failed == 0 else SOME_FAILED if n_failed < len(rows) else FAILED


def example_file() -> Path:
    """The pattern that comes with the package."""
    from porescope.workflows.example import example_pattern_path

    return example_pattern_path()


def _require_file(file: Path) -> None:
    """Fail early, and by name, on what cannot be a pattern."""
    if file.is_dir():
        raise ConfigError(f"{file} is a folder; name its files, such as {file}/*.xy")
    with file.open("rb"):
        pass


def _check_options(options: Options) -> None:
    """Fail on a wrong option before any work is done."""
    from porescope.apps.cli.options import (
        elements_from_text,
        radiation_from_options,
        range_from_option,
    )

    elements_from_text(options.elements, option="--elements")
    elements_from_text(options.metal, option="--metal")
    radiation_from_options(options.wavelength, neutron=options.neutron)
    range_from_option(options.two_theta_range_deg)
    if options.linkers:
        from porescope.reticular.smiles import canonical_smiles

        for smiles in (*options.linkers, *(options.caps or ())):
            canonical_smiles(smiles)
    elif options.caps is not None or options.nets:
        raise ConfigError("--solvent, --cap and --nets are about built frameworks: add --linker")


@lru_cache(maxsize=1)
def _shared_space(place: Path | None) -> Any:
    """All cards in memory (a ``SearchSpace``), for many patterns in a row."""
    from porescope.workflows.folder_library import open_library
    from porescope.workflows.identify import SearchSpace

    library = open_library(place)
    return SearchSpace(library=library, table=library.peak_table())


def _run(
    file: Path,
    *,
    options: Options,
    progress: Callable[[str, float], None] | None,
    one_of_many: bool = False,
) -> SolveResult:
    """Call the workflow."""
    from porescope.apps.cli.options import (
        elements_from_text,
        radiation_from_options,
        range_from_option,
        words_from_text,
    )
    from porescope.workflows.folder_library import open_library
    from porescope.workflows.solve import SolveConfig, solve_pattern

    config = SolveConfig(
        elements=elements_from_text(options.elements, option="--elements"),
        metals=elements_from_text(options.metal, option="--metal"),
        formula=options.formula,
        linkers=options.linkers,
        caps=options.caps,
        nets=words_from_text(options.nets),
        max_atoms=options.max_atoms,
        radiation=radiation_from_options(options.wavelength, neutron=options.neutron),
        two_theta_range_deg=range_from_option(options.two_theta_range_deg),
        max_phases=options.max_phases,
        n_fits=options.n_fits,
        learned=options.learned,
    )
    told = options.elements or options.metal or options.formula or options.linkers
    if one_of_many and not told:
        space = _shared_space(options.library)
        return solve_pattern(file, config=config, library=space, progress=progress)
    if options.library is None:
        return solve_pattern(file, config=config, progress=progress)
    tell = progress or (lambda _stage, _share: None)
    library = open_library(
        options.library,
        on_progress=lambda built: tell(
            f"indexing {built.done} of {built.total} CIFs", built.done / max(built.total, 1)
        ),
    )
    with library:
        return solve_pattern(file, config=config, library=library, progress=progress)


def _solve_one(file: Path, *, folder: Path, options: Options) -> SolveResult:
    """Solve the only file with a bar."""
    from porescope.apps.cli.progress import progress_bar

    with progress_bar("reading") as progress:
        result = _run(file, options=options, progress=progress)
        progress("writing", 1.0)
        _write(result, file=file, folder=folder)
    return result


def _write(result: SolveResult, *, file: Path, folder: Path) -> None:
    from porescope.apps.report.files import STALE, write_results

    with staged_folder(folder, stale=STALE) as staging:
        write_results(result, staging, file=str(file))


def _row(file: Path, *, options: Options, folder: Path) -> dict[str, object]:
    """Solve one of many files; failure is data."""
    row: dict[str, object] = dict.fromkeys(SUMMARY_COLUMNS, "")
    row |= {"file": str(file), "folder": str(folder)}
    try:
        result = _run(file, options=options, progress=None, one_of_many=True)
        _write(result, file=file, folder=folder)
    except (PorescopeError, OSError, MemoryError) as error:
        return row | {"status": "failed", "folder": "", "message": message_of(error)}
    row |= {
        "status": "ok",
        "none_of_these": float(result.none_of_these),
        "phases": ", ".join(phase.name for phase in result.phases),
        "seconds": round(float(result.seconds), 2),
        "name": "none of these",
        "message": result.verdict,
    }
    if result.candidates:
        first = result.candidates[0]
        row |= {
            "name": first.name,
            "id": first.id,
            "formula": first.formula,
            "probability": float(first.probability),
            "rwp": float(first.rwp),
            "peaks_explained": float(first.peaks_explained),
        }
    return row


def _folders(files: Sequence[Path], *, folder: Path) -> list[Path]:
    """A folder for each file, named after it; equal names are numbered."""
    taken: set[str] = set()
    folders = []
    for file in files:
        stem = file.stem or file.name
        name, n = stem, 1
        while name.lower() in taken:
            n += 1
            name = f"{stem}-{n}"
        taken.add(name.lower())
        folders.append(folder / name)
    return folders


def _solve_many(
    files: Sequence[Path], *, folder: Path, jobs: int, options: Options
) -> list[dict[str, object]]:
    """Solve many files, a few at a time, and write the summary."""
    from porescope.apps.cli.progress import progress_bar

    folders = _folders(files, folder=folder)
    rows: dict[int, dict[str, object]] = {}
    try:
        with progress_bar(f"0 of {len(files)} files") as progress:
            for place, row in _rows(files, folders, jobs=jobs, options=options):
                rows[place] = row
                progress(f"{len(rows)} of {len(files)} files", len(rows) / len(files))
    except KeyboardInterrupt:
        n_done = sum(row["status"] == "ok" for row in rows.values())
        if not n_done:
            raise
        raise KeyboardInterrupt(
            f"stopped; {n_done} of {len(files)} files were finished and are in {folder}"
        ) from None
    ordered = [rows[place] for place in sorted(rows)]
    folder.mkdir(parents=True, exist_ok=True)
    with (
        staged_file(folder / "summary.csv") as path,
        path.open("w", encoding="utf-8", errors="replace", newline="") as stream,
    ):
        writer = csv.DictWriter(stream, fieldnames=SUMMARY_COLUMNS)
        writer.writeheader()
        writer.writerows(ordered)
    return ordered


def _rows(
    files: Sequence[Path], folders: Sequence[Path], *, jobs: int, options: Options
) -> Iterator[tuple[int, dict[str, object]]]:
    """The place and the row of each file, in the order in which they are finished."""
    if jobs == 1:
        for place, (file, target) in enumerate(zip(files, folders, strict=True)):
            yield place, _row(file, options=options, folder=target)
        return
    pool = ProcessPoolExecutor(
        min(jobs, len(files), os.cpu_count() or 1),
        mp_context=get_context("spawn"),
        initializer=_start_worker,
    )
    try:
        waiting: dict[Future[dict[str, object]], int] = {
            pool.submit(_row_in_worker, file, options=options, folder=target): place
            for place, (file, target) in enumerate(zip(files, folders, strict=True))
        }
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                place = waiting.pop(future)
                yield place, _finished(future, file=files[place])
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in list(getattr(pool, "_processes", {}).values()):
            process.terminate()
        raise
    pool.shutdown()


def _finished(future: Future[dict[str, object]], *, file: Path) -> dict[str, object]:
    """The row of a finished file, also when its process died."""
    try:
        return future.result()
    except BrokenProcessPool:
        row: dict[str, object] = dict.fromkeys(SUMMARY_COLUMNS, "")
        message = "its process ended unexpectedly; try fewer --jobs, memory may be short"
        return row | {"file": str(file), "status": "failed", "message": message}


def _row_in_worker(file: Path, *, options: Options, folder: Path) -> dict[str, object]:
    """As ``_row``, in a process that ends when it is told to, after cleaning up."""
    try:
        return _row(file, options=options, folder=folder)
    except SystemExit:
        os._exit(143)


def _start_worker() -> None:
    """Ctrl-C goes to all processes of a terminal; only the first one shall answer it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    warnings.simplefilter("ignore")
