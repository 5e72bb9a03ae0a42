"""Results appear whole or not at all.

Everything is written beside its destination under a hidden name and renamed at the end, so that a
failure, a full disk or Ctrl-C leaves earlier results as they were.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from porescope.errors import ConfigError

_PREFIX = ".porescope-partial-"


def _nearest_folder(path: Path) -> Path:
    """The deepest folder on the way to ``path`` that exists."""
    folder = path
    while not folder.exists():
        if folder.parent == folder:
            return folder
        folder = folder.parent
    return folder


def require_writable_folder(folder: Path) -> None:
    """Fail now, and not after the work, if results cannot be written to ``folder``.

    Parameters
    ----------
    folder:
        The folder for the results; it may not exist yet.

    Raises
    ------
    ConfigError
        ``folder`` is a file, or lies below one.
    PermissionError
        It cannot be written.
    """
    nearest = _nearest_folder(folder.absolute())
    if not nearest.is_dir():
        what = "is" if nearest == folder.absolute() else f"lies below {nearest.name}, which is"
        raise ConfigError(f"{folder} {what} a file; name a folder for the results with --out")
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=nearest):
        pass


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back for the moment in which files are renamed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, _frame: seen.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if seen:
        raise KeyboardInterrupt


@contextmanager
def staged_folder(folder: Path, *, stale: Sequence[str] = ()) -> Iterator[Path]:
    """A hidden folder whose files move to ``folder`` when the block ends well.

    Parameters
    ----------
    folder:
        Where the files shall be; created with its parents. Files there that the block does not
        write stay, except those of an earlier run.
    stale:
        Patterns of the file names that belong to an earlier run, such as ``fit_*.csv``.

    Yields
    ------
    :
        The folder to write into.
    """
    target = folder.absolute()
    staging = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_nearest_folder(target)))
    try:
        yield staging
        with _uninterrupted():
            _commit(staging, target, stale=stale)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _commit(staging: Path, target: Path, *, stale: Sequence[str]) -> None:
    """Move the finished files, then drop what an earlier run left and this one did not write."""
    target.mkdir(parents=True, exist_ok=True)
    fresh = sorted(path.name for path in staging.iterdir())
    for name in fresh:
        os.replace(staging / name, target / name)
    for pattern in stale:
        for path in target.glob(pattern):
            if path.name not in fresh:
                path.unlink()


@contextmanager
def staged_file(target: Path) -> Iterator[Path]:
    """A hidden file that becomes ``target`` when the block ends well.

    Parameters
    ----------
    target:
        The file to write; its folder must exist.

    Yields
    ------
    :
        The path to write to; its suffix is that of ``target``.

    Raises
    ------
    ConfigError
        The folder of ``target`` does not exist, or ``target`` is a folder.
    """
    target = target.absolute()
    if not target.parent.is_dir():
        raise ConfigError(f"the folder {target.parent} does not exist; create it or name another")
    if target.is_dir():
        raise ConfigError(f"{target} is a folder; name a file to write to")
    handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix=target.suffix, dir=target.parent)
    os.close(handle)
    staging = Path(name)
    try:
        yield staging
        with _uninterrupted():
            mask = os.umask(0)
            os.umask(mask)
            staging.chmod(0o666 & ~mask)
            os.replace(staging, target)
    finally:
        staging.unlink(missing_ok=True)
