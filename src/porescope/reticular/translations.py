"""Lattices of translations by whole cells."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int


def translation_lattice(vectors: Int[np.ndarray, "vectors 3"]) -> Int[np.ndarray, "rank 3"]:
    """Basis of the lattice that some integer vectors span, in Hermite form.

    Parameters
    ----------
    vectors:
        Translations by whole cells.
    """
    rows = [row for row in np.unique(vectors, axis=0).tolist() if any(row)]
    basis: list[list[int]] = []
    for column in range(3):
        live = [row for row in rows if row[column]]
        rest = [row for row in rows if not row[column]]
        while len(live) > 1:
            live.sort(key=lambda row: abs(row[column]))
            pivot = live[0]
            reduced = []
            for row in live[1:]:
                factor = row[column] // pivot[column]
                new = [x - factor * y for x, y in zip(row, pivot, strict=True)]
                (reduced if new[column] else rest).append(new)
            live = [pivot, *reduced]
        if live:
            pivot = live[0] if live[0][column] > 0 else [-x for x in live[0]]
            basis.append(pivot)
        rows = [row for row in rest if any(row)]
    return np.array(basis, dtype=np.int64).reshape(-1, 3)
