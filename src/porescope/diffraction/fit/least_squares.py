"""Damped Gauss-Newton steps with bounds, linear parameters solved exactly at every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.fit import kernels


@runtime_checkable
class HasCost(Protocol):
    """Anything that a step can be judged by."""

    @property
    def cost(self) -> float:
        """Sum of squares."""
        ...


T = TypeVar("T", bound=HasCost)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Normal:
    """Normal equations of the nonlinear parameters, the linear ones eliminated."""

    matrix: Float[np.ndarray, "active active"]
    gradient: Float[np.ndarray, "active"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Outcome(Generic[T]):
    """Where the steps ended."""

    state: T
    parameters: Float[np.ndarray, "parameters"]
    n_iterations: int
    converged: bool
    stalled: bool
    history: tuple[float, ...]
    """Cost at the start and after each accepted step."""


def eliminate_linear(
    jacobian: Float[np.ndarray, "active points"],
    *,
    columns: Float[np.ndarray, "linear points"],
    weight: Float[np.ndarray, "points"],
    residual: Float[np.ndarray, "points"],
) -> Normal:
    """Normal equations after the linear parameters have followed."""
    n = len(jacobian)
    every, right = kernels._gram(np.concatenate([jacobian, columns]), weight, residual)
    matrix, gradient = every[:n, :n], right[:n]
    if len(columns):
        size = np.sqrt(np.maximum(np.diag(every)[n:], 1e-300))
        block = every[n:, n:] / np.outer(size, size) + 1e-10 * np.eye(len(columns))
        cross = every[:n, n:] / size
        solved = np.linalg.solve(block, cross.T)
        matrix = matrix - cross @ solved
        gradient = gradient - solved.T @ (right[n:] / size)
    return Normal(matrix=0.5 * (matrix + matrix.T), gradient=gradient)


def minimise(
    evaluate: Callable[[Float[np.ndarray, "parameters"], T | None], T | None],
    normal_of: Callable[[T, Bool[np.ndarray, "parameters"]], Normal],
    *,
    start: Float[np.ndarray, "parameters"],
    first: T,
    active: Bool[np.ndarray, "parameters"],
    bounds: tuple[Float[np.ndarray, "parameters"], Float[np.ndarray, "parameters"]],
    max_iterations: int,
    tolerance: float,
    cost_floor: float = 0.0,
) -> Outcome[T]:
    """Levenberg-Marquardt with clipped steps.

    Parameters
    ----------
    evaluate:
        State of a parameter vector, given the state that the step left from; ``None`` where the
        vector has no meaning.
    normal_of:
        Normal equations of the active parameters.
    start, first:
        Where to begin, and its state.
    active:
        Which parameters change.
    bounds:
        Lowest and highest values.
    max_iterations:
        Most evaluations of the normal equations.
    tolerance:
        Converged when a step lowers the cost by less than this share.
    cost_floor:
        Converged when the cost is below this.
    """
    low, high = bounds
    parameters, state = start.copy(), first
    damping = 1e-3
    history = [first.cost]
    converged = stalled = False
    iteration = 0
    small_steps = 0
    while iteration < max_iterations and not (converged or stalled):
        iteration += 1
        if state.cost <= cost_floor:
            converged = True
            break
        normal = normal_of(state, active)
        if not np.all(np.isfinite(normal.matrix)):
            stalled = True
            break
        accepted: tuple[Float[np.ndarray, "parameters"], T] | None = None
        for _ in range(8):
            step = _bounded_step(normal, parameters[active], low[active], high[active], damping)
            trial = parameters.copy()
            trial[active] = np.clip(trial[active] + step, low[active], high[active])
            candidate = evaluate(trial, state)
            if candidate is not None and candidate.cost < state.cost:
                accepted = (trial, candidate)
                break
            predicted = float(step @ normal.gradient)
            if predicted <= tolerance * 0.1 * state.cost:
                break
            damping = min(damping * 6.0, 1e6)
        if accepted is None:
            converged = True
            break
        trial, new = accepted
        gain = (state.cost - new.cost) / max(state.cost, 1e-300)
        parameters, state = trial, new
        history.append(new.cost)
        damping = max(damping * 0.2, 1e-9)
        small_steps = small_steps + 1 if gain < tolerance else 0
        converged = small_steps >= 2
    return Outcome(
        state=state,
        parameters=parameters,
        n_iterations=iteration,
        converged=converged,
        stalled=stalled,
        history=tuple(history),
    )


def _bounded_step(
    normal: Normal,
    value: Float[np.ndarray, "active"],
    low: Float[np.ndarray, "active"],
    high: Float[np.ndarray, "active"],
    damping: float,
) -> Float[np.ndarray, "active"]:
    """Damped step; parameters at a bound that push outwards stay."""
    diagonal = np.diag(normal.matrix)
    usable = diagonal > 1e-14 * max(float(np.max(diagonal, initial=0.0)) * 1e-12, 1e-290)
    step = np.zeros(len(value))
    outwards = ((value <= low) & (normal.gradient < 0.0)) | (
        (value >= high) & (normal.gradient > 0.0)
    )
    keep = usable & ~outwards
    for _ in range(len(value) + 1):
        if not np.any(keep):
            break
        size = np.sqrt(diagonal[keep])
        scaled = normal.matrix[np.ix_(keep, keep)] / np.outer(size, size)
        scaled[np.diag_indices_from(scaled)] = 1.0 + damping
        step[:] = 0.0
        try:
            solution = np.linalg.solve(scaled, normal.gradient[keep] / size)
        except np.linalg.LinAlgError:
            solution = np.linalg.lstsq(scaled, normal.gradient[keep] / size, rcond=1e-12)[0]
        step[keep] = solution / size
        leaves = keep & (((value <= low) & (step < 0.0)) | ((value >= high) & (step > 0.0)))
        if not np.any(leaves):
            break
        keep &= ~leaves
    return step
