"""Bytes, text, archives and XML of a file that may be anything."""

from __future__ import annotations

import io
import lzma
import stat
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.errors import ParseError

MAX_BYTES = 200 * 2**20
"""Largest file that is opened [bytes]."""
MAX_XML_BYTES = 64 * 2**20
"""Largest XML document that is parsed [bytes]."""
MAX_MEMBERS = 2000
"""Most members of an archive that is opened."""

_FOREIGN = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (xls, doc) or Origin file"),
    (b"CPYA", "an Origin project"),
    (b"CPYUA", "an Origin project"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5/NeXus file"),
    (b"CDF\x01", "a netCDF file"),
    (b"SIMPLE  =", "a FITS picture"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"\xfd7zXZ", "an xz archive: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"Rar!", "a rar archive: unpack it first"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
    (b"V3RD", "a Philips RD file: export it as XRDML or UDF"),
    (b"V5RD", "a Philips RD file: export it as XRDML or UDF"),
    (b"FI\x00", "a Rigaku binary raw file: export it as RAS or text"),
    (b"FORMAT :", "a Bruker detector frame: integrate it first"),
    (b"\x93NUMPY", "a NumPy array: save it as two columns of text"),
)

WHAT_IS_READ = (
    "give the instrument's own file (xrdml, brml, raw, rasx, ras, uxd, gda, fxye, cif) or two "
    "columns of text: 2θ in degrees and intensity"
)


def read_bytes(path: Path) -> bytes:
    """The whole file, refused by name where it cannot be a pattern.

    Raises
    ------
    ParseError
        Missing, a folder, unreadable, too large, empty, or something else by its first bytes.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ParseError("expected a file, came a folder; name one file in it", path=path)
        if not stat.S_ISREG(status.st_mode):
            raise ParseError("expected an ordinary file, came a device or a pipe", path=path)
        if status.st_size > MAX_BYTES:
            raise ParseError(
                f"expected at most {MAX_BYTES // 2**20} MB, came {status.st_size / 2**20:.0f} MB; "
                "a powder pattern is far smaller: export the one scan that you need",
                path=path,
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise ParseError("there is no such file; check the name", path=path) from None
    except PermissionError:
        raise ParseError("no permission to read this file; change its rights", path=path) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ParseError(f"the file cannot be read: {reason}", path=path) from error
    except ValueError as error:
        raise ParseError(f"this is no usable file name: {error}", path=path) from error
    if not data.strip():
        raise ParseError("expected a powder pattern, came an empty file", path=path)
    for start, what in _FOREIGN:
        if data.startswith(start):
            raise ParseError(f"expected a powder pattern, came {what}; {WHAT_IS_READ}", path=path)
    return data


def text_from_bytes(data: bytes, *, path: Path) -> str:
    """The text of a file in any usual encoding; binary rubbish is refused."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    sample = data[:65536]
    table = bytes(range(32))
    allowed = b"\t\n\r\f\x1a\x1b"
    odd = len(sample) - len(sample.translate(None, table)) - sum(sample.count(c) for c in allowed)
    if odd > 0.01 * len(sample) or (b"\x00" in sample and odd > 2):
        raise ParseError(
            f"expected text, came binary data of no known kind; {WHAT_IS_READ}", path=path
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


class Archive:
    """A zip archive whose members cannot be larger than they should.

    Parameters
    ----------
    data:
        Bytes of the file.
    path:
        The file, for messages.
    """

    def __init__(self, data: bytes, *, path: Path) -> None:
        self._path = path
        self._left = MAX_BYTES
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self.names = [info.filename for info in self._zip.infolist()]
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, OverflowError) as e:
            raise ParseError(
                f"the archive is damaged ({_short(e)}); copy or export the file again", path=path
            ) from e
        if len(self.names) > MAX_MEMBERS:
            raise ParseError(
                f"expected an instrument file, came an archive of {len(self.names)} members",
                path=path,
            )

    def read(self, name: str) -> bytes:
        """One member, unpacked.

        Raises
        ------
        ParseError
            Missing, damaged, encrypted, or larger than a pattern can be.
        """
        try:
            with self._zip.open(name) as member:
                data = member.read(self._left + 1)
        except KeyError:
            raise ParseError(f"the archive lacks its member {name!r}", path=self._path) from None
        except (
            zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError,
            NotImplementedError, RuntimeError, OverflowError,
        ) as error:  # fmt: skip
            raise ParseError(
                f"the member {name!r} cannot be unpacked ({_short(error)}); "
                "copy or export the file again",
                path=self._path,
            ) from error
        if len(data) > self._left:
            raise ParseError(
                f"the archive unpacks to more than {MAX_BYTES // 2**20} MB: refused",
                path=self._path,
            )
        self._left -= len(data)
        return data


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:80]


Element = ElementTree.Element


def parse_xml(data: bytes, *, path: Path) -> Element:
    """The root of an XML document without a document type (no entities can hide in it).

    Raises
    ------
    ParseError
        Not well-formed, too large, or with a DOCTYPE.
    """
    if len(data) > MAX_XML_BYTES:
        raise ParseError(
            f"expected at most {MAX_XML_BYTES // 2**20} MB of XML, came {len(data) // 2**20} MB",
            path=path,
        )
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", errors="replace").encode()
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\x00" in data[:256]:
        raise ParseError(
            "expected plain XML, came a document with its own entities or of unknown encoding: "
            "refused",
            path=path,
        )
    try:
        parser = ElementTree.XMLParser()
        parser.feed(data)
        return parser.close()
    except ElementTree.ParseError as error:
        line = error.position[0] if error.position else None
        raise ParseError(
            f"the XML is damaged or cut off ({_short(error)}); copy or export the file again",
            path=path,
            line=line,
        ) from error
    except (ValueError, LookupError) as error:
        raise ParseError(f"the XML cannot be decoded ({_short(error)})", path=path) from error


def local_name(element: Element) -> str:
    """Tag without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element, name: str) -> Iterator[Element]:
    """Direct children of this name, in any namespace."""
    return (child for child in element if local_name(child) == name)


def find(element: Element, route: str) -> Element | None:
    """First descendant along a route such as ``scan/dataPoints``, in any namespace."""
    for name in route.split("/"):
        found = next(children(element, name), None)
        if found is None:
            return None
        element = found
    return element


def text_of(element: Element | None, default: str = "") -> str:
    """Text of an element, stripped."""
    return default if element is None or element.text is None else element.text.strip()


def number(text: str, *, what: str, path: Path, line: int | None = None) -> float:
    """One number.

    Raises
    ------
    ParseError
        Something else.
    """
    try:
        return float(text)
    except ValueError:
        raise ParseError(
            f"expected a number as {what}, came {text[:40]!r}", path=path, line=line
        ) from None


def numbers(text: str, *, what: str, path: Path) -> Float[np.ndarray, "values"]:
    """Numbers separated by spaces.

    Raises
    ------
    ParseError
        Something else is among them.
    """
    try:
        return np.array(text.split(), dtype=float)
    except ValueError as error:
        raise ParseError(f"expected numbers as {what}: {_short(error)}", path=path) from error
