"""Calls of spglib that answer ``None`` where it finds nothing.

https://doi.org/10.1080/27660400.2024.2384822. Its way of reporting failure is changing from
return values to exceptions, with a warning at each call meanwhile; both ways are handled here.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any


def call_spglib(function: str, *args: Any, **options: Any) -> Any:
    """Result of a function of spglib, or ``None``.

    Parameters
    ----------
    function:
        Its name.
    args, options:
        What it takes.
    """
    os.environ.setdefault("SPGLIB_WARNING", "OFF")  # else its library writes on the terminal
    import spglib

    called: Callable[..., Any] = getattr(spglib, function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return called(*args, **options)
        except spglib.SpglibError:
            return None
