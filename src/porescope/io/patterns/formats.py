"""What a reader of one format looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from porescope.io.patterns.scan import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternFormat:
    """One file format: how it is recognised and how it is read."""

    name: str
    """Short name, such as ``xrdml``; it becomes ``Pattern.source_format``."""
    title: str
    """Name for people."""
    extensions: tuple[str, ...]
    """Usual extensions, in lower case with the dot."""
    matches: Callable[[bytes], bool]
    """Whether the bytes of a file carry the signature of this format."""
    read: Callable[[bytes, Path], Scan]
    """The scan in the bytes of a file; raises ``ParseError``."""
