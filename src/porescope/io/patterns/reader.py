"""Reading a powder pattern from any file that an instrument or a program writes."""

from __future__ import annotations

from pathlib import Path

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.bruker_brml import BRML
from porescope.io.patterns.bruker_raw import RAW1, RAW2, RAW3
from porescope.io.patterns.bruker_raw4 import RAW4
from porescope.io.patterns.bruker_uxd import UXD
from porescope.io.patterns.columns import COLUMNS
from porescope.io.patterns.exchange import CPI, MDI, UDF
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.grids import GRID
from porescope.io.patterns.gsas import GSAS
from porescope.io.patterns.panalytical import XRDML
from porescope.io.patterns.pdcif import PDCIF
from porescope.io.patterns.programs import IGOR, OBJCRYST
from porescope.io.patterns.rigaku import RAS, RASX
from porescope.io.patterns.scan import pattern_from_scan
from porescope.io.patterns.source import WHAT_IS_READ, Archive, read_bytes
from porescope.io.patterns.stoe import STOE

FORMATS: tuple[PatternFormat, ...] = (
    XRDML, RASX, BRML, RAW4, RAW3, RAW2, RAW1, STOE, RAS, UXD, UDF, CPI, OBJCRYST, IGOR, GSAS,
    PDCIF, MDI, GRID, COLUMNS,
)  # fmt: skip
"""All formats, in the order in which their signatures are tried; columns of text come last."""

_FOREIGN_ARCHIVES = (
    ("word/", "a Word document"),
    ("xl/", "an Excel workbook: save the sheet as CSV"),
    ("ppt/", "a PowerPoint presentation"),
    ("mimetype", "an OpenDocument file: save the sheet as CSV"),
    ("META-INF/", "a Java archive"),
)


def sniff_format(path: str | Path) -> str:
    """Name of the format of a file, from its content.

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
        The file cannot be opened, or is of a kind that holds no pattern.
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
        The file; its format is recognised by its content, not by its name.
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
    scan = _format_of(data, path).read(data, path)
    return pattern_from_scan(scan, path=path, radiation=radiation)


def _format_of(data: bytes, path: Path) -> PatternFormat:
    """First format whose signature fits."""
    for one in FORMATS[:-1]:
        if one.matches(data):
            return one
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        _refuse_archive(data, path)
    return FORMATS[-1]


def _refuse_archive(data: bytes, path: Path) -> None:
    """Say what a zip archive of another kind is."""
    names = Archive(data, path=path).names
    for start, what in _FOREIGN_ARCHIVES:
        if any(name.startswith(start) for name in names):
            raise ParseError(f"expected a powder pattern, came {what}; {WHAT_IS_READ}", path=path)
    raise ParseError(
        f"expected a powder pattern, came a zip archive with {', '.join(names[:3]) or 'nothing'}; "
        "unpack it and give one pattern",
        path=path,
    )
