"""Reading a powder pattern from any file that an instrument or a program writes."""

from __future__ import annotations

import logging
from pathlib import Path

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.bruker_raw import RAW1, RAW2, RAW3
from porescope.io.patterns.bruker_raw4 import RAW4
from porescope.io.patterns.columns import COLUMNS
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.panalytical import XRDML
from porescope.io.patterns.rigaku import RAS, RASX
from porescope.io.patterns.scan import pattern_from_scan
from porescope.io.patterns.source import Archive, read_bytes
from porescope.io.patterns.stoe import STOE

logger = logging.getLogger(__name__)

FORMATS: tuple[PatternFormat, ...] = (
    XRDML, RASX, RAS, RAW4, RAW3, RAW2, RAW1, STOE, COLUMNS,
)  # fmt: skip
"""All formats, in the order in which their signatures are tried; columns of text come last."""


def sniff_format(path: str | Path) -> str:
    """Name of the format of a file, from its first bytes.

    Parameters
    ----------
    path:
        The file.

    Returns
    -------
    :
        A name out of ``FORMATS``.

    Raises
    ------
    ParseError
        The file cannot be read, or is of a kind that holds no pattern.
    """
    path = Path(path)
    return _format_of(read_bytes(path), path).name


def read_pattern(path: str | Path, *, radiation: Radiation | None = None) -> Pattern:
    """Read one powder pattern.

    Wavelength, step and uncertainties come from the file. Where the file does not name its
    radiation, ``Pattern.radiation`` is ``None``: nothing is assumed. What was done to the data on
    the way in stands in ``Pattern.notes``.

    Parameters
    ----------
    path:
        The file; its format is recognised by its content.
    radiation:
        Overrides or completes what the file says; needed for axes in d or Q.

    Returns
    -------
    :
        The checked pattern: at least 20 points, finite, 2θ strictly increasing within 0–180°,
        positive uncertainties.

    Raises
    ------
    ParseError
        The file holds no θ–2θ powder pattern; the message says what it holds and what to do.
    """
    path = Path(path)
    data = read_bytes(path)
    found = _format_of(data, path)
    try:
        scan = found.read(data, path)
        return pattern_from_scan(scan, path=path, radiation=radiation)
    except RecursionError as error:
        raise ParseError("the file is nested too deeply: refused", path=path) from error


def _format_of(data: bytes, path: Path) -> PatternFormat:
    for one in FORMATS:
        if one.matches(data):
            return one
    raise ParseError("no format fits this file", path=path)


def _refuse_archive(data: bytes, path: Path) -> None:
    """Say what a zip archive of another kind is."""
    names = Archive(data, path=path).names
    raise ParseError(f"archive with {names[:3]}", path=path)
