"""The training room: one loop for every model, its log, its state, its metrics.

Needs torch and safetensors (the extra ``ml``).
"""

from __future__ import annotations

from porescope.errors import MissingExtraError

try:
    import safetensors as _safetensors  # noqa: F401
    import torch as _torch  # noqa: F401
except ImportError as error:  # pragma: no cover
    raise MissingExtraError(error.name or "torch", extra="ml") from error
