"""Screen, write the page, and say what came out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import FAILED, SOME_FAILED, one_line
from porescope.apps.cli.progress import progress_bar
from porescope.apps.cli.staging import require_writable_folder, staged_file
from porescope.apps.cli.terminal import console_for_output
from porescope.apps.report.screen_sections import kind_of_reason
from porescope.errors import ConfigError
from porescope.workflows.screen import ScreenProgress, ScreenReport
from porescope.workflows.screen_settings import PROPERTIES, Property, ScreenSettings

_MAX_REASONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asked for, as typed."""

    gases: tuple[str, ...] = ()
    """Gases."""
    states: tuple[str, ...] = ()
    """Temperatures with pressures."""
    properties: str = ""
    """Properties, separated by commas."""
    field: str = "UFF"
    """Name or file of the force field."""
    charges: str = "auto"
    """Charges of the frameworks."""
    error: str = "5%"
    """Relative error of Henry coefficients."""
    cycles: int = 2000
    """GCMC cycles of an uptake."""
    jobs: int = 1
    """Structures at a time."""
    scheduler: str = "processes"
    """What the tasks are handed to."""
    time_limit: float = 900.0
    """Seconds for each structure."""
    restart: bool = False
    """Whether an earlier run is forgotten."""
    retry_failed: bool = False
    """Whether failed structures are computed again."""


def screen_folder(sources: Sequence[Path], *, out: Path, options: Options) -> int:
    """Screen a folder or files and show what came out.

    Parameters
    ----------
    sources:
        One folder, or files.
    out:
        Folder of the results.
    options:
        What the user asked for.

    Returns
    -------
    :
        The exit code.

    Raises
    ------
    PorescopeError
        An option is wrong, or there is nothing to screen.
    OSError
        The results cannot be written.
    """
    from porescope.apps.report.screen_page import screen_html
    from porescope.workflows.screen import screen

    settings = settings_from_options(options)
    require_writable_folder(out)
    with progress_bar("reading") as bar:

        def progress(state: ScreenProgress) -> None:
            failed = f", {state.n_failed} failed" if state.n_failed else ""
            bar(f"{state.done} of {state.total}{failed}", state.done / max(state.total, 1))

        report = screen(
            _source(sources),
            out=out,
            settings=settings,
            jobs=options.jobs,
            scheduler=options.scheduler,
            time_limit=options.time_limit,
            resume=not options.restart,
            retry_failed=options.retry_failed,
            progress=progress,
        )
        bar("writing", 1.0)
        with staged_file(out / "report.html") as path:
            path.write_text(screen_html(report, title=_title(sources)), encoding="utf-8")
    show_screening(report, console=console_for_output())
    n_failed = report.count("failed")
    return 0 if n_failed == 0 else SOME_FAILED if n_failed < len(report.rows) else FAILED


def settings_from_options(options: Options) -> ScreenSettings:
    """What is computed, from what was typed.

    Raises
    ------
    ConfigError
        A property, a state or the error cannot be read.
    """
    from porescope.adsorption.state_point import state_from_text
    from porescope.apps.cli.adsorb_values import relative_error_from_text

    return ScreenSettings(
        properties=_properties(options.properties, with_gas=bool(options.gases)),
        gases=tuple(dict.fromkeys(gas.strip() for gas in options.gases)),
        states=tuple(dict.fromkeys(state_from_text(text) for text in options.states)),
        field=options.field,
        charges=options.charges,
        wanted_error=relative_error_from_text(options.error) or 0.05,
        cycles=options.cycles,
    )


def show_screening(report: ScreenReport, *, console: Console) -> None:
    """Say how many structures gave results, why others did not, and where the files are.

    Parameters
    ----------
    report:
        What the screening has given.
    console:
        Where to say it.
    """
    n_ok, n_partial = report.count("ok"), report.count("partial")
    counts = [f"{n_ok} complete"]
    counts += [f"{n_partial} in part"] if n_partial else []
    counts += [f"{report.count('failed')} failed"] if report.count("failed") else []
    text = Text.assemble((f"{len(report.rows)} structures", "bold"), ": ", ", ".join(counts))
    console.print()
    console.print(Padding(text, (0, 2)))
    notes = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    notes.add_column(style="dim", no_wrap=True)
    notes.add_column(overflow="fold")
    if report.n_resumed:
        notes.add_row("Kept", f"{report.n_resumed} from an earlier run")
    if report.n_duplicates:
        notes.add_row("Alike", f"{report.n_duplicates} of the same content as another file")
    reasons = Counter(kind_of_reason(row) for row in report.rows if row["message"])
    for place, (reason, n) in enumerate(reasons.most_common(_MAX_REASONS)):
        label = Text("Failures" if place == 0 else "", style="yellow")
        notes.add_row(label, Text(f"{n} × {one_line(reason)}"))
    if len(reasons) > _MAX_REASONS:
        notes.add_row("", Text(f"{len(reasons) - _MAX_REASONS} more in the report", style="dim"))
    for label, name in (("Table", "results.parquet"), ("Report", "report.html")):
        notes.add_row(label, Text(one_line(str(report.folder / name)), style="cyan"))
    console.print()
    console.print(Padding(notes, (0, 2)))
    console.print()


def _properties(text: str, *, with_gas: bool) -> tuple[Property, ...]:
    words = [word for word in re.split(r"[\s,;]+", text.strip().lower()) if word]
    if not words:
        return ("geometry", "henry") if with_gas else ("geometry",)
    unknown = [word for word in words if word not in PROPERTIES]
    if unknown:
        raise ConfigError(f"--property: {unknown[0]!r} is none of {', '.join(PROPERTIES)}")
    return tuple(name for name in PROPERTIES if name in words)


def _source(sources: Sequence[Path]) -> Path | list[Path]:
    folders = [path for path in sources if path.is_dir()]
    if len(sources) == 1:
        return sources[0]
    if folders:
        raise ConfigError("name one folder, or several files; not both, and not several folders")
    return list(sources)


def _title(sources: Sequence[Path]) -> str:
    if len(sources) == 1:
        return sources[0].resolve().name
    return f"{len(sources)} files"
