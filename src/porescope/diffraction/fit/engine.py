"""Evaluation of one problem in one mode: calculated pattern and normal equations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.intensities import (
    Estimate,
    background_start,
    estimate_fixed_or_le_bail,
    needs_pawley,
)
from porescope.diffraction.fit.least_squares import Normal, eliminate_linear
from porescope.diffraction.fit.metric import is_positive
from porescope.diffraction.fit.model import Problem, jacobian, peaks_of
from porescope.diffraction.fit.pawley import LinearSystem, estimate_pawley, projected_jacobian


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FitState:
    """An estimate, and the factorised linear system where there is one."""

    estimate: Estimate
    system: LinearSystem | None = None

    @property
    def cost(self) -> float:
        """Weighted sum of squares."""
        return self.estimate.cost


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FitEngine:
    """Evaluations of one problem in one mode."""

    problem: Problem
    config: FitConfig

    def first(self, parameters: Float[np.ndarray, "parameters"]) -> FitState:
        """State of the start, which knows no earlier one."""
        peaks = peaks_of(self.problem, parameters)
        if needs_pawley(self.config):
            return self._pawley(parameters)
        _, background = background_start(self.problem)
        estimate = estimate_fixed_or_le_bail(
            self.problem,
            peaks,
            area=self.problem.fixed_area * _mean_angle_factor(self.problem, peaks.s2),
            background=background,
            redistributions=self.config.redistributions,
        )
        return FitState(estimate=estimate)

    def _pawley(self, parameters: Float[np.ndarray, "parameters"]) -> FitState:
        estimate, system = estimate_pawley(
            self.problem, peaks_of(self.problem, parameters), config=self.config
        )
        return FitState(estimate=estimate, system=system)

    def evaluate(
        self, parameters: Float[np.ndarray, "parameters"], before: FitState | None
    ) -> FitState | None:
        """State of a trial step; ``None`` where the cell is none."""
        problem = self.problem
        for index, basis in enumerate(problem.bases):
            if not is_positive(basis.vector(parameters[problem.cell_slice(index)])):
                return None
        if needs_pawley(self.config):
            return self._pawley(parameters)
        assert before is not None
        previous = before.estimate
        fixed = np.array(
            [not bool(np.any(problem.free[problem.phase == i])) for i in range(problem.n_phases)]
        )
        estimate = estimate_fixed_or_le_bail(
            problem,
            peaks_of(problem, parameters),
            area=previous.area,
            background=previous.background + np.sum(previous.curves[fixed], axis=0),
            redistributions=self.config.redistributions,
        )
        return FitState(estimate=estimate)

    def normal(self, state: FitState, active: Bool[np.ndarray, "parameters"]) -> Normal:
        """Normal equations at a state."""
        estimate = state.estimate
        slopes = jacobian(self.problem, estimate.peaks, estimate.area, active)
        if state.system is not None:
            slopes = projected_jacobian(self.problem, estimate.peaks, state.system, slopes)
            columns = np.zeros((0, slopes.shape[1]))
        else:
            columns = estimate.columns
        return eliminate_linear(
            slopes,
            columns=columns,
            weight=self.problem.weight,
            residual=estimate.residual,
        )


def _mean_angle_factor(
    problem: Problem, s2: Float[np.ndarray, "reflections"]
) -> Float[np.ndarray, "reflections"]:
    """Rough angle dependence of intensities, for the start of a Le Bail fit."""
    return 1.0 / np.maximum(s2, 1e-6)
