"""Batches made ahead, in a thread beside the training."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


@contextmanager
def made_ahead(items: Iterable[Item], *, n_ahead: int) -> Iterator[Iterator[Item]]:
    """Iterate over items that a thread makes.

    Order and contents are those of the items; an error in the making is raised where the item
    was awaited. When the block ends the thread does too.

    Parameters
    ----------
    items:
        What is made.
    n_ahead:
        How many may wait; 0 to make each when it is asked for, without a thread.
    """
    source = iter(items)
    if n_ahead == 0:
        yield source
        return

    def received() -> Iterator[Item]:
        pending = deque(pool.submit(next, source, _END) for _ in range(n_ahead))
        while (item := pending.popleft().result()) is not _END:
            pending.append(pool.submit(next, source, _END))
            yield item  # type: ignore[misc]

    pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
    try:
        yield received()
    finally:
        pool.shutdown(cancel_futures=True)
