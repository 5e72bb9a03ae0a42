"""Rows of all processes; what two processes make of them is tested with the training loop."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from porescope.nn.parallel import gathered, process_count, process_rank  # noqa: E402


def test_alone_the_rows_are_all_rows() -> None:
    rows = torch.ones(3, 2, requires_grad=True)
    assert gathered(rows) is rows
    assert (process_count(), process_rank()) == (1, 0)
