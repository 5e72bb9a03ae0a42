"""Network blocks that more than one model uses. Needs torch (the extra ``ml``)."""

from __future__ import annotations

from porescope.errors import MissingExtraError

try:
    import torch as _torch  # noqa: F401
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error
