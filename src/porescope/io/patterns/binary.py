"""Little-endian values at offsets of a binary file that may be cut off or damaged."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.errors import ParseError


class Binary:
    """Checked access to the bytes of a file.

    Parameters
    ----------
    data:
        Bytes of the file.
    path:
        The file, for messages.
    """

    def __init__(self, data: bytes, *, path: Path) -> None:
        self.data = data
        self.path = path

    def __len__(self) -> int:
        return len(self.data)

    def _value(self, code: str, offset: int) -> float:
        size = struct.calcsize(code)
        if offset < 0 or offset + size > len(self.data):
            raise self.cut_off(offset + size)
        return float(struct.unpack_from(code, self.data, offset)[0])

    def cut_off(self, needed: int) -> ParseError:
        """The error for a file that ends too early."""
        return ParseError(
            f"expected at least {needed} bytes by its own header, came {len(self.data)}: "
            "the file is cut off or damaged; copy it again",
            path=self.path,
        )

    def u16(self, offset: int) -> int:
        """Unsigned 16-bit integer."""
        return int(self._value("<H", offset))

    def u32(self, offset: int) -> int:
        """Unsigned 32-bit integer."""
        return int(self._value("<I", offset))

    def f32(self, offset: int) -> float:
        """32-bit float."""
        return float(self._value("<f", offset))

    def f64(self, offset: int) -> float:
        """64-bit float."""
        return float(self._value("<d", offset))

    def text(self, offset: int, length: int) -> str:
        """Text up to its first NUL, without unprintable characters."""
        raw = self.data[offset : offset + length].split(b"\x00")[0]
        return "".join(c for c in raw.decode("latin-1") if c.isprintable()).strip()

    def column(
        self, offset: int, count: int, *, record: int = 4, kind: str = "<f4"
    ) -> Float[np.ndarray, "points"]:
        """First value of each record.

        Parameters
        ----------
        offset:
            Where the first record begins.
        count:
            Number of records.
        record:
            Bytes in a record.
        kind:
            NumPy type of the value.
        """
        size = np.dtype(kind).itemsize
        if record < size or record > 4096:
            raise ParseError(
                f"expected records of {size} to 4096 bytes, the header says {record}; "
                "the file is damaged or of an unknown version",
                path=self.path,
            )
        if offset < 0 or offset + count * record > len(self.data):
            raise self.cut_off(offset + count * record)
        block = np.frombuffer(self.data, np.uint8, count=count * record, offset=offset)
        first = np.ascontiguousarray(block.reshape(count, record)[:, :size])
        with np.errstate(invalid="ignore"):
            return first.view(kind)[:, 0].astype(float)
