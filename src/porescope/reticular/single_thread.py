"""Dense algebra on one thread: for matrices of a few hundred rows threads cost more than they give.

On two cores a factorisation of 900 rows takes 7 ms on one thread and may take a hundred times as
long on two, which wait for one another.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

_P = ParamSpec("_P")
_R = TypeVar("_R")


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    """The linear algebra libraries that are loaded; looked for once."""
    return ThreadpoolController()


def single_threaded(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function with the linear algebra libraries held to one thread while it runs.

    Parameters
    ----------
    function:
        Any function.
    """

    @wraps(function)
    def held(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with _controller().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return held
