"""Fit a pattern with one or more phases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.engine import FitEngine, FitState
from porescope.diffraction.fit.intensities import background_start
from porescope.diffraction.fit.least_squares import Outcome, minimise
from porescope.diffraction.fit.model import Problem, make_problem
from porescope.diffraction.fit.parameters import (
    active_parameters,
    parameter_bounds,
    start_parameters,
)
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.result import FitResult
from porescope.diffraction.fit.summary import result_of_fit
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.profile import ProfileParameters


def fit_pattern(
    pattern: Pattern,
    phases: FitPhase | tuple[FitPhase, ...] | list[FitPhase],
    *,
    config: FitConfig | None = None,
) -> FitResult:
    """Fit cell, zero, peak shape, background and intensities to a whole pattern.

    Parameters
    ----------
    pattern:
        Observed pattern with its radiation and standard uncertainties.
    phases:
        One or more phases; their cells are the start.
    config:
        Options; a Le Bail fit by default.

    Returns
    -------
    :
        The best state that was reached; ``status`` says how far it is to be trusted.

    Raises
    ------
    ConfigError
        Where the input cannot be fitted: no wavelength, no points in the range, no reflection in
        the range, a mode that needs structure factors which are not there.
    """
    config = FitConfig() if config is None else config
    phases = (phases,) if isinstance(phases, FitPhase) else tuple(phases)
    problem = make_problem(pattern, phases, config=config)
    profile = estimate_profile(problem) if config.profile is None else config.profile
    low, high = parameter_bounds(problem, phases, config=config)
    start = np.clip(start_parameters(problem, phases, config=config, profile=profile), low, high)
    active = active_parameters(problem, phases, config=config)
    engine = FitEngine(problem=problem, config=config)
    outcome = _run_stages(engine, start=start, active=active, bounds=(low, high))
    return result_of_fit(engine, phases, outcome, active=active)


def _run_stages(
    engine: FitEngine,
    *,
    start: Float[np.ndarray, "parameters"],
    active: Bool[np.ndarray, "parameters"],
    bounds: tuple[Float[np.ndarray, "parameters"], Float[np.ndarray, "parameters"]],
) -> Outcome[FitState]:
    """First a robust approach with even weights and few parameters, then the fit proper."""
    problem, config = engine.problem, engine.config
    first = engine.first(start)
    floor = 1e-14 * float(np.sum(problem.weight * problem.observed**2))
    used = 0
    state, parameters = first, start
    if config.approach and np.any(active) and config.max_iterations > 4:
        parameters, used = _approach(engine, start=start, active=active, bounds=bounds)
        near = engine.first(parameters)
        # Never worse than the start in the weights that count.
        if near.cost < first.cost:
            state = near
        else:
            parameters = start
    outcome = minimise(
        engine.evaluate,
        engine.normal,
        start=parameters,
        first=state,
        active=active,
        bounds=bounds,
        max_iterations=config.max_iterations - used,
        # Sharing out intensities goes on for ever in ever smaller steps.
        tolerance=config.tolerance * (50.0 if config.mode == "le_bail" else 1.0),
        cost_floor=floor,
    )
    return replace(
        outcome,
        n_iterations=outcome.n_iterations + used,
        history=(first.cost, *outcome.history),
    )


def _approach(
    engine: FitEngine,
    *,
    start: Float[np.ndarray, "parameters"],
    active: Bool[np.ndarray, "parameters"],
    bounds: tuple[Float[np.ndarray, "parameters"], Float[np.ndarray, "parameters"]],
) -> tuple[Float[np.ndarray, "parameters"], int]:
    """Parameters after a fit with weights that a strong peak cannot dominate.

    Counting statistics trust weak points so much that a small misfit of a strong peak's flank
    outweighs everything else. Far from the answer, even weights have the wider funnel.
    """
    problem, config = engine.problem, engine.config
    top = float(np.max(np.abs(problem.observed)))
    soft = 1.0 / (1.0 / problem.weight + (0.02 * top) ** 2)
    gentle = FitEngine(problem=replace(problem, weight=soft), config=config)
    few = active.copy()
    few[problem.shape_offset + 1 :] = False
    few[problem.shape_offset + 4] = active[problem.shape_offset + 4]
    used = 0
    parameters = start
    for chosen, steps in ((few, 8), (active, 8)):
        room = min(steps, config.max_iterations // 3)
        if not np.any(chosen):
            continue
        outcome = minimise(
            gentle.evaluate,
            gentle.normal,
            start=parameters,
            first=gentle.first(parameters),
            active=chosen,
            bounds=bounds,
            max_iterations=room,
            tolerance=5e-3,
            cost_floor=1e-10 * float(np.sum(soft * problem.observed**2)),
        )
        parameters = outcome.parameters
        used += outcome.n_iterations
    return parameters, used


def estimate_profile(problem: Problem) -> ProfileParameters:
    """Start of the profile from the median width of the strongest peaks."""
    x = problem.two_theta
    _, background = background_start(problem)
    net = np.maximum(problem.observed - background, 0.0)
    step = float(np.median(np.diff(x)))
    smooth = np.convolve(net, np.array([0.25, 0.5, 0.25]), mode="same")
    inner = smooth[1:-1]
    tops = np.flatnonzero((inner >= smooth[:-2]) & (inner > smooth[2:])) + 1
    tops = tops[np.argsort(-smooth[tops])][:12]
    widths = []
    for top in tops:
        half = 0.5 * smooth[top]
        left, right = top, top
        while left > 0 and smooth[left] > half:
            left -= 1
        while right < len(x) - 1 and smooth[right] > half:
            right += 1
        widths.append(x[right] - x[left] - step)
    fwhm = float(np.clip(np.percentile(widths, 30), 1.5 * step, 1.0)) if widths else 0.1
    return ProfileParameters.from_fwhm(fwhm, eta=0.5)
