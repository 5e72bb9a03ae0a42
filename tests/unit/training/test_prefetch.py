"""Batches made ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("torch")

from porescope.training.prefetch import made_ahead


@pytest.mark.parametrize("n_ahead", [0, 1, 3])
def test_order_and_contents_stay(n_ahead: int) -> None:
    with made_ahead(range(20), n_ahead=n_ahead) as items:
        assert list(items) == list(range(20))


@pytest.mark.parametrize("n_ahead", [0, 2])
def test_an_error_comes_where_the_item_was_due(n_ahead: int) -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("no third")

    seen = []
    with pytest.raises(ValueError, match="no third"), made_ahead(items(), n_ahead=n_ahead) as made:
        seen.extend(iter(made))
    # list.extend keeps what came before the error.
    assert seen == [1, 2]


def test_the_thread_ends_with_the_block() -> None:
    made = []

    def items() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    with made_ahead(items(), n_ahead=2) as few:
        assert next(few) == 0
    assert len(made) < 10
    assert not [t for t in threading.enumerate() if t.name.startswith("batches")]


def test_items_are_made_while_one_is_used() -> None:
    ahead = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        ahead.set()
        yield 1

    with made_ahead(items(), n_ahead=1) as made:
        assert next(made) == 0
        assert ahead.wait(timeout=10.0)
