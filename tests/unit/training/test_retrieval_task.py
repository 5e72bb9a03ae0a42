"""Tests of the task behind the retrieval models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from porescope.datasets.retrieval_set import RetrievalSet
from porescope.models.contrastive import contrast
from porescope.models.retrieval.config import RetrievalConfig
from porescope.models.retrieval.network import RetrievalNetwork
from porescope.training.retrieval_task import (
    RetrievalTask,
    RetrievalTaskConfig,
    most_frequent_metal,
)


def own_set(n: int = 60) -> RetrievalSet:
    """Orthorhombic crystals with a few lines each, a third of them held out."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.arange(5)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)[1:]
    composition = np.zeros((n, 101), dtype=np.float32)
    composition[:, [1, 6, 8]] = 0.3
    composition[np.arange(n), np.array([29, 30, 40])[np.arange(n) % 3]] = 0.1
    edges = rng.uniform(8.0, 20.0, size=(n, 3))
    return RetrievalSet(
        ids=np.arange(n),
        names=tuple(f"own-{i}" for i in range(n)),
        sides=np.repeat([0, 1, 2], n // 3),
        frameworks=np.arange(n),
        groups=np.arange(n) // 2,
        preferred=np.ones(n, dtype=bool),
        offsets=np.arange(n + 1) * len(grid),
        hkl=np.tile(grid, (n, 1)).astype(np.int16),
        strength=rng.exponential(size=n * len(grid)).astype(np.float32) / 8.0,
        lattices=edges[:, :, None] * np.eye(3),
        laue=np.stack([np.diag(s) for s in ([1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1])]),
        laue_spans=np.tile([[0, 4]], (n, 1)),
        composition=composition,
        volume_per_atom=np.full(n, 15.0, dtype=np.float32),
    )


def task(**changes) -> RetrievalTask:
    config = RetrievalTaskConfig(batch_size=8, n_validation=20, **changes)
    return RetrievalTask(own_set(), config=config, needs=frozenset({"profile"}))


def test_batches_hold_training_crystals_alone() -> None:
    made = task()
    assert made.batches_per_epoch == 2
    batches = list(made.batches(0, np.random.default_rng(1)))
    assert [len(b) for b in batches] == [8, 8]
    kept = torch.cat([b.groups for b in batches])
    assert ((kept < 20) | (kept > 59)).all()
    assert batches[0].patterns.profile is not None
    assert batches[0].patterns.profile.shape == (8, 1351)


def test_batches_follow_from_epoch_and_generator() -> None:
    made = task()
    one, two = (next(made.batches(3, np.random.default_rng(5))) for _ in range(2))
    other = next(made.batches(4, np.random.default_rng(5)))
    assert torch.equal(one.patterns.q, two.patterns.q)
    assert torch.equal(one.crystals.composition, two.crystals.composition)
    assert not torch.equal(one.patterns.q, other.patterns.q)


def test_elements_are_told_to_the_share_asked_for() -> None:
    made = task(twin_share=0.0)
    rows = np.tile(np.arange(20), 20)
    rng = np.random.default_rng(0)
    told = made.batch(rows, rng=rng, elements_share=0.25).patterns
    assert float(told.has_elements.float().mean()) == pytest.approx(0.25, abs=0.08)
    assert not told.elements[~told.has_elements].any()
    whole = made.batch(rows, rng=rng, elements_share=1.0).patterns
    present = torch.from_numpy((made.data.composition[rows] > 0.0).astype(np.float32))
    assert torch.equal(whole.elements, present)


def test_twins_differ_in_their_metal_alone() -> None:
    made = task(twin_share=0.5)
    rows = np.arange(20)
    batch = made.batch(rows, rng=np.random.default_rng(2))
    crystals, patterns = batch.crystals, batch.patterns
    n_twins = 0
    for i in range(10):
        j = 19 - i
        if not torch.equal(crystals.q[i], crystals.q[j]):
            continue
        n_twins += 1
        assert patterns.has_elements[[i, j]].all()
        assert batch.groups[i] != batch.groups[j]
        differ = (crystals.composition[i] != crystals.composition[j]).nonzero().flatten()
        assert len(differ) == 2
        assert set(differ.tolist()) < {29, 30, 40}
    assert n_twins >= 3


def test_new_crystals_are_frameworks_of_their_own() -> None:
    made = task()
    rows = np.zeros(30, dtype=np.int64)
    batch = made.batch(rows, rng=np.random.default_rng(0))
    new = batch.groups[batch.groups != 0]
    assert len(new.unique()) == len(new) > 5


def test_the_loss_falls_and_is_validated() -> None:
    made = task()
    torch.manual_seed(0)
    model = RetrievalNetwork(RetrievalConfig(width=64, channels=(8, 8, 8, 8)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    losses = []
    for epoch in range(12):
        for batch in made.batches(epoch, np.random.default_rng(epoch)):
            loss = made.loss(model, batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
    assert np.mean(losses[-6:]) < 0.7 * np.mean(losses[:3])
    with torch.no_grad():
        metrics = made.validate(model.eval())
        again = made.validate(model)
    assert metrics == again
    assert made.watched in metrics
    assert 0.3 < metrics["ideal_top_10"] <= 1.0


def test_contents_leave_cells_as_they_are() -> None:
    class Some:
        def available(self, rows):
            return rows % 2 == 0

        def crystals(self, inputs, rows):
            return inputs

        def patterns(self, inputs, rows):
            return inputs

    made = RetrievalTask(own_set(), config=RetrievalTaskConfig(batch_size=4), contents=Some())
    assert (made.train_rows % 2 == 0).all()
    batch = next(made.batches(0, np.random.default_rng(0)))
    assert (batch.groups < 60).all()


def test_the_hash_follows_the_settings() -> None:
    one = task()
    other = RetrievalTask(own_set(), config=replace(one.config, elements_share=0.1))
    assert one.facts.data_hash != other.facts.data_hash
    assert one.facts.n_examples == 20


def test_metals() -> None:
    composition = own_set().composition[:3]
    assert most_frequent_metal(composition).tolist() == [29, 30, 40]
    assert most_frequent_metal(np.eye(101, dtype=np.float32)[[6]]).tolist() == [0]


def test_the_preset_s_own_loss_is_used() -> None:
    seen = []

    def counted(model, patterns, crystals, **more):
        seen.append(sorted(more))
        return contrast(model, patterns, crystals, **more)

    made = RetrievalTask(own_set(), config=RetrievalTaskConfig(batch_size=4), objective=counted)
    batch = made.batch(made.train_rows[:4], rng=np.random.default_rng(0))
    model = RetrievalNetwork(RetrievalConfig(width=64, channels=(8, 8, 8, 8)))
    assert torch.isfinite(made.loss(model, batch))
    assert seen == [["chunk", "groups"]]


def test_processes_number_changed_crystals_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    made = task()
    rows = made.train_rows[:16]
    groups = []
    for rank in (0, 1):
        monkeypatch.setattr("porescope.training.retrieval_task.process_rank", lambda r=rank: r)
        one = made.batch(rows, rng=np.random.default_rng(0)).groups.numpy()
        groups.append(set(one[one > made.data.frameworks.max()].tolist()))
    assert groups[0]
    assert not groups[0] & groups[1]
