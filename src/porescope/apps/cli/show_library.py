"""What the ``library`` commands say."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import one_line
from porescope.apps.cli.progress import progress_bar
from porescope.datasets.build import BuildProgress, BuildReport
from porescope.datasets.library import CardEntry, StoreInfo

_MAX_FAILURES = 12


class Building:
    """The bar of a build: files, downloads, collections.

    Parameters
    ----------
    name:
        What is built.
    """

    def __init__(self, name: str) -> None:
        self._name = one_line(name)
        self._stack = ExitStack()

    def __enter__(self) -> Building:
        self._show = self._stack.enter_context(progress_bar(self._name))
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def files(self, progress: BuildProgress) -> None:
        """Show how many files are read."""
        failed = f", {progress.n_failed} unreadable" if progress.n_failed else ""
        text = f"{self._name}: {progress.done} of {progress.total}{failed}"
        self._show(text, progress.done / max(progress.total, 1))

    def bytes(self, here: int, total: int | None) -> None:
        """Show how much is downloaded."""
        text = f"{self._name}: {here / 1e6:.1f} MB"
        self._show(text, here / total if total else 0.0)

    def collection(self, name: str, progress: BuildProgress) -> None:
        """Show the collection and how many of its files are read."""
        self._name = one_line(name)
        self.files(progress)


def _count(value: int) -> str:
    return f"{value:,}".replace(",", " ")


def _many(value: int, what: str) -> str:
    return f"{_count(value)} {what}{'' if value == 1 else 's'}"


def _table(*columns: tuple[str, bool]) -> Table:
    """A table without lines; each column has a name and may stand to the right."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name, right in columns:
        table.add_column(name, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def show_report(report: BuildReport, *, where: str, console: Console) -> None:
    """Say what was added and which files could not be read.

    Parameters
    ----------
    report:
        What the build has done.
    where:
        The folder or the collection.
    console:
        Where to say it.
    """
    text = Text.assemble((one_line(where), "bold"), f": {_many(report.n_cards, 'framework')} added")
    if report.n_skipped:
        text.append(f", {_many(report.n_skipped, 'file')} known before")
    if report.failures:
        text.append(f", {_count(len(report.failures))} unreadable")
    console.print(text)
    for path, reason in list(report.failures.items())[:_MAX_FAILURES]:
        line = Text.assemble((one_line(path), "yellow"), ": ", one_line(reason))
        console.print(Padding(line, (0, 0, 0, 2)))
    hidden = len(report.failures) - _MAX_FAILURES
    if hidden > 0:
        console.print(Padding(Text(f"and {hidden} more; see: library info", style="dim"), (0, 2)))


def show_entries(entries: Sequence[CardEntry], *, limit: int, console: Console) -> None:
    """List frameworks.

    Parameters
    ----------
    entries:
        One more than the limit where there are more.
    limit:
        Most lines.
    console:
        Where to list them.
    """
    if not entries:
        console.print("no framework fits; see: porescope library info")
        return
    table = _table(
        ("name", False), ("id", False), ("formula", False), ("space group", False), ("from", False)
    )
    for entry in entries[:limit]:
        table.add_row(
            Text(one_line(entry.name) or "–", style="bold"),
            one_line(entry.id),
            one_line(entry.formula),
            entry.space_group,
            one_line(entry.source),
        )
    console.print(table)
    if len(entries) > limit:
        console.print(Text("there are more: raise --limit, or narrow the list", style="dim"))


def show_info(stores: Sequence[StoreInfo], *, console: Console) -> None:
    """Say what each library file holds.

    Parameters
    ----------
    stores:
        The files.
    console:
        Where to say it.
    """
    for store in stores:
        console.print()
        console.print(Padding(Text(one_line(str(store.path)), style="cyan"), (0, 2)))
        text = (
            f"{_many(store.n_cards, 'card')} of {_many(store.n_frameworks, 'framework')}, "
            f"{_count(store.n_peaks)} lines, {store.size_bytes / 1e6:.1f} MB"
        )
        console.print(Padding(Text(text, style="bold"), (0, 2)))
        console.print()
        table = _table(("collection", False), ("cards", True), ("licence", False))
        for name, n_cards in sorted(store.sources.items(), key=lambda item: -item[1]):
            licence = one_line(store.licences.get(name, "")) or "–"
            table.add_row(one_line(name), _count(n_cards), licence)
        console.print(Padding(table, (0, 2)))
        if store.unreadable:
            console.print()
            text = f"{_count(len(store.unreadable))} files could not be read, such as:"
            console.print(Padding(Text(text, style="yellow"), (0, 2)))
            for path, reason in list(store.unreadable.items())[:3]:
                line = f"{one_line(path)}: {one_line(reason)}"
                console.print(Padding(Text(line, style="dim"), (0, 4)))
    console.print()


def show_installable(collections: dict[str, str], *, console: Console) -> None:
    """Say which collections can be fetched.

    Parameters
    ----------
    collections:
        What each is, by name.
    console:
        Where to say it.
    """
    table = _table(("name", False), ("collection", False))
    for name, title in collections.items():
        table.add_row(Text(name, style="bold"), title)
    console.print(table)
    console.print(Text("fetch one with: porescope library install NAME", style="dim"))
