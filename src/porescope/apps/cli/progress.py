"""A bar that shows how far the work is, and vanishes when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(first: str) -> Iterator[Callable[[str, float], None]]:
    """Show a bar on standard error while the block runs.

    Parameters
    ----------
    first:
        What is done first, in a word or two.

    Yields
    ------
    :
        The callback ``progress(stage, fraction)``; ``fraction`` runs from 0 to 1 over all stages.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("  {task.description}"),
        BarColumn(bar_width=32),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(first, total=1.0)

        def progress(stage: str, fraction: float) -> None:
            bar.update(task, description=stage, completed=min(max(fraction, 0.0), 1.0))

        yield progress
