"""Settings of a training."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")

from porescope.errors import ConfigError
from porescope.training.config import TrainConfig


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("learning_rate", 0.0),
        ("final_fraction", 1.5),
        ("ema_decay", 1.0),
        ("validate_every", 0),
        ("prefetch", -1),
        ("seed", -3),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be .*, not {value}"):
        TrainConfig(**{name: value})
