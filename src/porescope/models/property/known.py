"""What was worked out about crystals, kept beside a network and not part of it."""

from __future__ import annotations

from typing import Any

from porescope.models.property.places import PlacePool
from porescope.models.property.quotient import Quotient

MOST_KNOWN = 4000
"""Crystals whose places are kept."""


class Known:
    """The latest crystals with their places.

    A copy of it, and so that of a network which holds one, starts empty: an average of the weights
    and what is sent to another process carry no crystals. Nor does the network's state.

    Parameters
    ----------
    most:
        Crystals that are kept; the first one goes when another comes.
    """

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self.most = most
        self._kept: dict[bytes, tuple[Quotient, PlacePool]] = {}

    def __len__(self) -> int:
        """Number of crystals."""
        return len(self._kept)

    def get(self, key: bytes) -> tuple[Quotient, PlacePool] | None:
        """What is kept under a key."""
        return self._kept.get(key)

    def keep(self, key: bytes, found: tuple[Quotient, PlacePool]) -> None:
        """Keep one more."""
        while len(self._kept) >= self.most:
            self._kept.pop(next(iter(self._kept)))
        self._kept[key] = found

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are empty."""
        return type(self), (self.most,)
