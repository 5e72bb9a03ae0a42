"""An append-only journal: one JSON record a line, each written whole.

A process that is killed leaves at most one torn line at the end, which is dropped when the journal
is opened again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from porescope.errors import ConfigError, ParseError


class Journal:
    """A journal open for appending; a context manager.

    Parameters
    ----------
    path:
        The file; created where it does not exist.

    Raises
    ------
    ConfigError
        Another process has it open.
    ParseError
        A line that is not the last one is no record.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _lock(self._descriptor, path)
            self.records = self._read()
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Put everything on the disk and let others open the journal."""
        if self._descriptor >= 0:
            os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def clear(self) -> None:
        """Drop every record."""
        os.ftruncate(self._descriptor, 0)
        self.records = []

    def append(self, record: dict[str, Any]) -> None:
        """Add one record.

        Parameters
        ----------
        record:
            Plain values that JSON can hold; no NaN, no infinity.
        """
        line = json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
        body = memoryview(line.encode("utf-8", "replace"))
        while body:
            body = body[os.write(self._descriptor, body) :]

    def _read(self) -> list[dict[str, Any]]:
        """Records of an earlier run; a torn last line is cut off."""
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.ftruncate(self._descriptor, whole)
        records: list[dict[str, Any]] = []
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                record = json.loads(line)
            except ValueError as error:
                raise ParseError(
                    "expected one JSON record on the line; delete the line, or start again in "
                    "another folder",
                    path=self._path,
                    line=number,
                ) from error
            records.append(record)
        return records


def _lock(descriptor: int, path: Path) -> None:
    """Let no second process append, where the system can forbid it."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(
            f"another run is writing to {path.parent}; wait for it, or name another folder"
        ) from error
