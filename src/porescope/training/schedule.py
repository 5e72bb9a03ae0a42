"""The learning rate over a training."""

from __future__ import annotations

from math import cos, pi


def learning_rate_factor(
    step: int, *, n_steps: int, warmup_steps: int, final_fraction: float
) -> float:
    """Learning rate of a step over the highest: a linear rise, then half a cosine.

    Parameters
    ----------
    step:
        Number of the step, from 0.
    n_steps:
        Number of steps of the training.
    warmup_steps:
        Steps of the rise; never more than half of the training.
    final_fraction:
        Where the cosine ends.
    """
    rise = min(warmup_steps, n_steps // 2)
    if step < rise:
        return (step + 1) / rise
    done = min((step - rise) / max(n_steps - 1 - rise, 1), 1.0)
    return final_fraction + (1.0 - final_fraction) * 0.5 * (1.0 + cos(pi * done))
