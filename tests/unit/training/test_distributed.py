"""Processes that train together; two of them are started in the tests of the loop."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from porescope.training.distributed import (  # noqa: E402
    average_gradients,
    decided,
    process_group,
    share_weights,
)


def test_alone_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    device = torch.device("cpu")
    layer = torch.nn.Linear(2, 1)
    with process_group(device) as own:
        assert own == device
        share_weights(layer)
        average_gradients(layer.parameters())
        assert layer.weight.grad is None
        assert decided(True, device=device)
        assert not decided(False, device=device)
