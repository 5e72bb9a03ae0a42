"""Small numbers as zero, and kept within it."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from porescope.nn.small_numbers import (  # noqa: E402
    are_small_numbers_zero,
    small_numbers_as_zero,
    small_numbers_kept,
)
from porescope.training.prefetch import made_ahead  # noqa: E402

if not torch.set_flush_denormal(True):  # pragma: no cover
    pytest.skip("the processor does not take small numbers as zero", allow_module_level=True)
torch.set_flush_denormal(False)


def _fails_where_they_are_kept() -> None:
    with small_numbers_kept():
        assert not are_small_numbers_zero()
        raise ZeroDivisionError


def test_each_context_leaves_what_it_found() -> None:
    assert not are_small_numbers_zero()
    with small_numbers_as_zero():
        assert are_small_numbers_zero()
        with pytest.raises(ZeroDivisionError):
            _fails_where_they_are_kept()
        assert are_small_numbers_zero()
    assert not are_small_numbers_zero()
    with small_numbers_kept():
        assert not are_small_numbers_zero()
    assert not are_small_numbers_zero()


def test_the_thread_that_makes_batches_does_as_its_training() -> None:
    def seen():
        yield are_small_numbers_zero()
        with small_numbers_kept():
            yield are_small_numbers_zero()
        yield are_small_numbers_zero()

    with small_numbers_as_zero(), made_ahead(seen(), n_ahead=1) as found:
        assert list(found) == [True, False, True]
