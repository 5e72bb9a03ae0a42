"""Sums over packed rows."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from porescope.nn.segments import segment_mean, segment_sum  # noqa: E402


def test_sums_and_means_by_member() -> None:
    values = torch.tensor([[1.0, 0.0], [3.0, 2.0], [5.0, 5.0]])
    batch = torch.tensor([0, 0, 2])
    assert segment_sum(values, batch=batch, n_members=4).tolist() == [
        [4.0, 2.0],
        [0.0, 0.0],
        [5.0, 5.0],
        [0.0, 0.0],
    ]
    assert segment_mean(values, batch=batch, n_members=3).tolist() == [
        [2.0, 1.0],
        [0.0, 0.0],
        [5.0, 5.0],
    ]
