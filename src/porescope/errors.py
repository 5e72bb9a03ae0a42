"""Errors that a user can act on.

Every message says what was expected, what came, and what to do next. Each class is also a
builtin exception, so that code which knows nothing of porescope can still catch it.
"""

from __future__ import annotations

from pathlib import Path


class PorescopeError(Exception):
    """Base of every error that porescope raises on purpose."""


class ParseError(PorescopeError, ValueError):
    """A file or a text does not say what its format promises.

    Parameters
    ----------
    message:
        What was expected, what came, what to do.
    path:
        The file, if there is one.
    line:
        Line number, counted from 1, if it is known.
    """

    def __init__(
        self, message: str, *, path: str | Path | None = None, line: int | None = None
    ) -> None:
        self.message = message
        self.path = None if path is None else Path(path)
        self.line = line
        where = "" if self.path is None else f"{self.path.name}"
        if line is not None:
            where = f"{where}:{line}" if where else f"line {line}"
        super().__init__(f"{where}: {message}" if where else message)


class ConfigError(PorescopeError, ValueError):
    """An option is unknown, out of range, or contradicts another one."""


class ConvergenceError(PorescopeError, RuntimeError):
    """A calculation that must converge did not."""


class MissingExtraError(PorescopeError, ImportError):
    """An optional package is needed and not installed.

    Parameters
    ----------
    package:
        The package that is missing.
    extra:
        The extra of porescope that brings it.
    """

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(
            f"this needs the package {package!r}, which is not installed; "
            f"install it with: pip install 'porescope[{extra}]'"
        )
