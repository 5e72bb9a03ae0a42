"""Settings of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from porescope.errors import ConfigError

Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """How a model is trained; the same settings for every model."""

    epochs: int = 30
    """Passes over the training data; the learning rate falls to its end over them."""
    learning_rate: float = 1e-3
    """Learning rate after the warm-up."""
    final_fraction: float = 0.02
    """Learning rate at the end, over the highest."""
    warmup_steps: int = 200
    """Steps over which the learning rate rises from nothing."""
    weight_decay: float = 0.05
    """Decoupled weight decay of matrices; biases, norms and the temperature have none."""
    betas: tuple[float, float] = (0.9, 0.98)
    """Decay of the two moments of AdamW."""
    gradient_norm: float = 1.0
    """Length to which gradients are clipped; 0 for none."""
    ema_decay: float = 0.999
    """Decay per step of the averaged weights, which are validated and kept; 0 for none."""
    precision: Precision = "auto"
    """Number format of matrix products; auto is bfloat16 where the machine has units for it."""
    validate_every: int = 1
    """Epochs from one validation to the next."""
    patience: int = 0
    """Validations without a better one after which training ends; 0 to train to the end."""
    seed: int = 0
    """Seed of the weights, of the order, of the corruptions and of dropout."""
    save_every_s: float = 120.0
    """Seconds between saved states of the run; 0 saves at every step."""
    log_every: int = 20
    """Steps from one row of the log to the next."""
    time_limit_s: float = 0.0
    """Seconds after which this call saves and ends, to be resumed; 0 for none."""
    prefetch: int = 2
    """Batches made ahead, in a thread beside the training; 0 for none."""

    def __post_init__(self) -> None:
        checks = (
            ("epochs", self.epochs >= 1, "at least 1"),
            ("learning_rate", self.learning_rate > 0.0, "above 0"),
            ("final_fraction", 0.0 <= self.final_fraction <= 1.0, "between 0 and 1"),
            ("warmup_steps", self.warmup_steps >= 0, "at least 0"),
            ("weight_decay", self.weight_decay >= 0.0, "at least 0"),
            ("gradient_norm", self.gradient_norm >= 0.0, "at least 0"),
            ("ema_decay", 0.0 <= self.ema_decay < 1.0, "at least 0 and below 1"),
            ("precision", self.precision in ("auto", "float32", "bfloat16"), "a known format"),
            ("validate_every", self.validate_every >= 1, "at least 1"),
            ("patience", self.patience >= 0, "at least 0"),
            ("seed", self.seed >= 0, "at least 0"),
            ("log_every", self.log_every >= 1, "at least 1"),
            ("prefetch", self.prefetch >= 0, "at least 0"),
        )
        for name, holds, wanted in checks:
            if not holds:
                raise ConfigError(f"{name} must be {wanted}, not {getattr(self, name)!r}")


CHANGEABLE = ("save_every_s", "log_every", "time_limit_s", "prefetch")
"""Settings that may differ when a run is resumed, as no weight depends on them."""


def changed_config(config: TrainConfig, changes: Mapping[str, Any]) -> TrainConfig:
    """Settings of a training with some of them changed.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of range.
    """
    known = [field.name for field in fields(config)]
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise ConfigError(
            f"a training has no setting {', '.join(map(repr, unknown))}; it has {', '.join(known)}"
        )
    formats = get_args(Precision)
    if changes.get("precision", "auto") not in formats:
        raise ConfigError(
            f"precision must be one of {', '.join(formats)}, not {changes['precision']!r}"
        )
    return replace(config, **changes)
