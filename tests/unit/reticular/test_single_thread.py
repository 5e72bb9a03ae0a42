"""Linear algebra held to one thread."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from porescope.reticular.single_thread import single_threaded


def threads() -> set[int]:
    """Threads of the linear algebra libraries that are loaded."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_one_thread_inside_and_as_many_as_before_outside() -> None:
    np.linalg.inv(np.eye(3))
    with threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        assert single_threaded(threads)() == {1}
        assert threads() == before


def test_an_error_gives_the_threads_back() -> None:
    @single_threaded
    def failing() -> None:
        raise ValueError("as meant")

    with threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        with pytest.raises(ValueError, match="as meant"):
            failing()
        assert threads() == before
