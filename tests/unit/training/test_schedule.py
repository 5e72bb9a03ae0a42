"""The learning rate over a training."""

from __future__ import annotations

from itertools import pairwise

import pytest

pytest.importorskip("torch")

from porescope.training.schedule import learning_rate_factor


def test_it_rises_then_falls_to_its_end() -> None:
    factors = [
        learning_rate_factor(step, n_steps=101, warmup_steps=10, final_fraction=0.1)
        for step in range(101)
    ]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == factors[10] == pytest.approx(1.0)
    assert factors[55] == pytest.approx(0.55)  # half of the way down
    assert factors[100] == pytest.approx(0.1)
    assert all(a <= b for a, b in pairwise(factors[:10]))
    assert all(a >= b for a, b in pairwise(factors[10:]))


def test_short_trainings_rise_no_longer_than_half() -> None:
    factors = [
        learning_rate_factor(step, n_steps=4, warmup_steps=200, final_fraction=0.0)
        for step in range(4)
    ]
    assert factors == pytest.approx([0.5, 1.0, 1.0, 0.0])
    assert learning_rate_factor(0, n_steps=1, warmup_steps=5, final_fraction=0.0) == 1.0
