"""Many numbers in little text: quantised, differenced, compressed.

An array becomes whole numbers, their differences are folded to non-negative ones (0, −1, 1, −2 →
0, 1, 2, 3) and stored byte plane by byte plane, so that gzip finds the zeros. Intensities are
quantised on the scale of their square root, on which counting noise is the same everywhere.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct

import numpy as np
from jaxtyping import Float, Int, Shaped


class Packer:
    """Collects arrays and gives each a description that a page can decode."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []
        self._known: dict[bytes, int] = {}

    def integers(self, values: Int[np.ndarray, "..."]) -> dict[str, int | float]:
        """Store whole numbers.

        Parameters
        ----------
        values:
            Numbers that fit 31 bits.

        Returns
        -------
        :
            ``a``, the number of the array, and ``step``, the unit.
        """
        return {"a": self._store(values), "step": 1.0}

    def linear(self, values: Float[np.ndarray, "..."], *, step: float) -> dict[str, int | float]:
        """Store numbers to a fixed precision.

        Parameters
        ----------
        values:
            Finite numbers.
        step:
            The precision.

        Returns
        -------
        :
            ``a``, the number of the array, and ``step``.
        """
        return {"a": self._store(np.rint(values / step)), "step": step}

    def intensities(self, values: Float[np.ndarray, "points"]) -> dict[str, int | float]:
        """Store intensities to 1/40 000 of the root of the largest.

        Parameters
        ----------
        values:
            Intensities; what is not finite is stored as zero.

        Returns
        -------
        :
            ``a``, the number of the array, ``step`` and ``root``, which says that the numbers
            are signed square roots.
        """
        finite = np.where(np.isfinite(values), values, 0.0)
        roots = np.sign(finite) * np.sqrt(np.abs(finite))
        step = float(np.max(np.abs(roots), initial=0.0)) / 40_000 or 1.0
        return {"a": self._store(np.rint(roots / step)), "step": step, "root": 1}

    def _store(self, values: Shaped[np.ndarray, "..."]) -> int:
        whole = np.clip(values, -(2.0**30), 2.0**30).astype(np.int64).ravel()
        steps = np.diff(whole, prepend=0)
        folded = np.where(steps >= 0, 2 * steps, -2 * steps - 1).astype("<u4")
        planes = folded.view(np.uint8).reshape(-1, 4).T.tobytes()
        body = struct.pack("<I", len(whole)) + planes
        if body not in self._known:
            self._known[body] = len(self._bodies)
            self._bodies.append(body)
        return self._known[body]

    def text(self, header: dict[str, object]) -> str:
        """All arrays and a header as one text.

        Parameters
        ----------
        header:
            Plain values that JSON can hold.

        Returns
        -------
        :
            Base64 of gzip of: length of the header, the header, then each array.
        """
        head = json.dumps(header, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        return compressed(struct.pack("<I", len(head)) + head + b"".join(self._bodies))


def compressed(content: bytes) -> str:
    """Base64 of gzip, without a time stamp so that equal content gives equal text.

    Parameters
    ----------
    content:
        Any bytes.

    Returns
    -------
    :
        ASCII text.
    """
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")
