"""Fully connected layers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from porescope.nn.mlp import mlp  # noqa: E402


def test_layers_stand_in_order() -> None:
    kinds = [type(layer) for layer in mlp((3, 5, 2), dropout=0.1, last_norm=True)]
    assert kinds == [nn.Linear, nn.SiLU, nn.Dropout, nn.Linear, nn.LayerNorm]
    assert mlp((3, 5, 2))(torch.zeros(4, 3)).shape == (4, 2)
    assert [type(layer) for layer in mlp((3, 2))] == [nn.Linear]
