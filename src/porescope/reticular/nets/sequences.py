"""Coordination sequences: how many vertices are one, two, three, ... edges away."""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Int

from porescope.errors import ConfigError
from porescope.reticular.net import PeriodicNet

_REACH = 1 << 9
"""Cells that a search may reach in each direction."""


def coordination_sequences(
    net: PeriodicNet, *, n_shells: int = 10
) -> Int[np.ndarray, "vertices shells"]:
    """Coordination sequence of each vertex.

    Parameters
    ----------
    net:
        Any net; double edges count once.
    n_shells:
        Number of shells.

    Raises
    ------
    ConfigError
        Where a net's edges reach so far that the search would leave its range of cells.
    """
    furthest = int(np.abs(net.edges[:, 2:]).max(initial=0))
    if n_shells < 1 or n_shells * max(furthest, 1) >= _REACH:
        raise ConfigError(
            f"expected 1 to {(_REACH - 1) // max(furthest, 1)} shells for a net whose edges reach "
            f"{furthest} cells, got {n_shells}; ask for fewer"
        )
    ends = np.concatenate(
        [net.edges, np.concatenate([net.edges[:, 1::-1], -net.edges[:, 2:]], axis=1)]
    ).astype(np.int64)
    ends = ends[np.argsort(ends[:, 0], kind="stable")]
    start = np.searchsorted(ends[:, 0], np.arange(net.n_vertices + 1))
    return _sequences(start, np.ascontiguousarray(ends[:, 1:]), net.n_vertices, n_shells)


@numba.njit(cache=True)
@no_type_check
def _sequences(start, ends, n, n_shells):
    found = np.zeros((n, n_shells), dtype=np.int64)
    for root in range(n):
        size = 1024
        table = np.full(size, -1, dtype=np.int64)
        n_known = 0
        shell = np.array([((root * 1024 + 512) * 1024 + 512) * 1024 + 512])
        table[_slot(table, shell[0])] = shell[0]
        n_known = 1
        for s in range(n_shells):
            most = 0
            for q in range(len(shell)):
                v = shell[q] >> 30
                most += start[v + 1] - start[v]
            new = np.empty(most, dtype=np.int64)
            count = 0
            for q in range(len(shell)):
                v = shell[q] >> 30
                for k in range(start[v], start[v + 1]):
                    move = (ends[k, 1] * 1024 + ends[k, 2]) * 1024 + ends[k, 3]
                    key = (ends[k, 0] << 30) + (shell[q] & ((1 << 30) - 1)) + move
                    slot = _slot(table, key)
                    if table[slot] == key:
                        continue
                    table[slot] = key
                    n_known += 1
                    new[count] = key
                    count += 1
                    if 2 * n_known > size:
                        size *= 4
                        larger = np.full(size, -1, dtype=np.int64)
                        for old in table:
                            if old >= 0:
                                larger[_slot(larger, old)] = old
                        table = larger
            shell = new[:count].copy()
            found[root, s] = count
    return found


@numba.njit(cache=True)
@no_type_check
def _slot(table, key):
    # Where a key is, or the free place where it would go.
    mask = len(table) - 1
    slot = ((key * 0x9E3779B97F4A7C1) >> 20) & mask
    while table[slot] >= 0 and table[slot] != key:
        slot = (slot + 1) & mask
    return slot
