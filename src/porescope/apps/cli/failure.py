"""One place where errors become one clear line and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback

import typer

from porescope.errors import PorescopeError

FAILED = 2
"""Exit code when nothing came out: bad input, bad option, no permission."""
SOME_FAILED = 1
"""Exit code when some of several files failed."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

_CLICK_ERROR: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


class Stopped(Exception):
    """The user pressed Ctrl-C; the message says what was finished before, if anything."""


def one_line(text: str) -> str:
    """A text on one line, without characters that would steer a terminal.

    Parameters
    ----------
    text:
        Any text, such as the name of a file.

    Returns
    -------
    :
        The text with white space folded and control characters replaced.
    """
    folded = " ".join(text.split())
    safe = "".join(char if char.isprintable() else "�" for char in folded)
    return safe.encode("utf-8", "replace").decode("utf-8")


def message_of(error: BaseException) -> str:
    """What the user is told about an error.

    Parameters
    ----------
    error:
        The error.

    Returns
    -------
    :
        One line that says what happened and what to do.
    """
    if isinstance(error, PorescopeError):
        return one_line(str(error))
    if isinstance(error, OSError):
        return one_line(_message_of_os_error(error))
    if isinstance(error, MemoryError):
        return "not enough memory; try fewer --jobs, a smaller --range or a smaller file"
    if isinstance(error, _CLICK_ERROR):
        format_message = getattr(error, "format_message", None)
        return one_line(str(format_message()) if callable(format_message) else str(error))
    return one_line(f"{type(error).__name__}: {error}")


def _message_of_os_error(error: OSError) -> str:
    name = error.filename2 or error.filename
    where = "" if name is None else os.fsdecode(name)
    match error.errno:
        case errno.ENOENT:
            return f"no such file or folder: {where}"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"no permission to use {where or 'the folder'}; choose another place"
        case errno.ENOSPC | errno.EDQUOT:
            at = f" ({where})" if where else ""
            return f"the disk is full{at}; free some space and run the command again"
        case errno.EISDIR:
            return f"{where} is a folder; a file was expected"
        case errno.ENOTDIR:
            return f"{where} is not a folder"
    reason = error.strerror or str(error) or type(error).__name__
    return f"{where}: {reason}" if where else reason


def report_failure(error: BaseException, *, debug: bool = False) -> int:
    """Say on standard error what went wrong.

    Parameters
    ----------
    error:
        What ended the command.
    debug:
        Show the traceback too.

    Returns
    -------
    :
        The exit code.
    """
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, (KeyboardInterrupt, Stopped, typer.Abort)):
        text = str(error) if isinstance(error, Stopped) else ""
        typer.echo(text or "stopped; nothing was written", err=True)
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        return FAILED
    typer.echo(f"error: {message_of(error)}", err=True)
    if isinstance(error, _CLICK_ERROR):
        context = getattr(error, "ctx", None)
        path = "porescope" if context is None else context.command_path
        typer.echo(f"see: {path} --help", err=True)
    return FAILED


EXPECTED: tuple[type[BaseException], ...] = (
    PorescopeError,
    OSError,
    MemoryError,
    KeyboardInterrupt,
    Stopped,
    typer.Abort,
    _CLICK_ERROR,
)
"""What a command may end with without a traceback."""
