"""The order of an epoch."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from porescope.training import task as task_module
from porescope.training.task import epoch_order


def test_epochs_and_seeds_differ() -> None:
    first = epoch_order(50, epoch=0, seed=1)
    assert sorted(first) == list(range(50))
    assert not np.array_equal(first, epoch_order(50, epoch=1, seed=1))
    assert not np.array_equal(first, epoch_order(50, epoch=0, seed=2))
    assert np.array_equal(first, epoch_order(50, epoch=0, seed=1))


def test_processes_share_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_module, "process_count", lambda: 3)
    shares = []
    for rank in range(3):
        monkeypatch.setattr(task_module, "process_rank", lambda rank=rank: rank)
        shares.append(epoch_order(50, epoch=0, seed=1))
    assert [len(share) for share in shares] == [16, 16, 16]
    assert len(set(np.concatenate(shares).tolist())) == 48
