"""The child process in which structures are screened, one after another.

Reads one task a line from standard input, as JSON, and writes one row a line to standard output.
A fault of the code or of an engine ends this process, and only costs the structure at hand.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any, BinaryIO

RowMaker = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Makes a row from the path of a file and the record of the settings."""

READY = b"ready"
"""First line of the child, when everything is imported."""


def main(function: str) -> None:
    """Answer tasks until the input ends.

    Parameters
    ----------
    function:
        Where the maker of rows is: ``module:name``.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what engines print must not come between the rows
    warnings.simplefilter("ignore")
    module, _, name = function.partition(":")
    make: RowMaker = getattr(importlib.import_module(module), name)
    tasks: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    _answer(answers, READY)
    while True:
        task = tasks.get()
        row = make(task["file"], task["settings"])
        _answer(answers, json.dumps(row, ensure_ascii=False, allow_nan=False).encode())


def _answer(stream: BinaryIO, line: bytes) -> None:
    stream.write(line + b"\n")
    stream.flush()


def _read(tasks: queue.Queue[dict[str, Any]]) -> None:
    """Hand tasks on; when the parent is gone, end at once and take the engines along.

    The bare descriptor is read: a buffered one is locked by a thread that waits, and Python aborts
    when it finds it so at its end.
    """
    rest = b""
    while chunk := os.read(0, 65_536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            tasks.put(json.loads(line))
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
