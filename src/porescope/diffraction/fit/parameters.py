"""The parameter vector of a fit: where it starts, how far it goes, what of it changes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.model import Problem
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.profile import ProfileParameters

SHAPE_NAMES = ("u", "v", "w", "x", "y", "axial")


def shape_from_profile(profile: ProfileParameters) -> Float[np.ndarray, "6"]:
    """U, V, W [°²], X, Y [°] and K of a profile; P joins U and W, since 1/cos² = 1 + tan²."""
    return np.array(
        [
            profile.u_deg2 + profile.p_deg2,
            profile.v_deg2,
            profile.w_deg2 + profile.p_deg2,
            profile.x_deg,
            profile.y_deg,
            (profile.s_over_l + profile.h_over_l) ** 2,
        ]
    )


def profile_from_shape(values: Float[np.ndarray, "6"]) -> ProfileParameters:
    """The profile of U, V, W [°²], X, Y [°] and K, with equal heights of sample and slit."""
    u, v, w, x, y, axial = (float(value) for value in values)
    half = 0.5 * float(np.sqrt(max(axial, 0.0)))
    return ProfileParameters(
        u_deg2=u, v_deg2=v, w_deg2=w, x_deg=x, y_deg=y, s_over_l=half, h_over_l=half
    )


def start_parameters(
    problem: Problem, phases: tuple[FitPhase, ...], *, config: FitConfig, profile: ProfileParameters
) -> Float[np.ndarray, "parameters"]:
    """The parameter vector where a fit starts."""
    cells = [
        basis.parameters(phase.lattice) for basis, phase in zip(problem.bases, phases, strict=True)
    ]
    return np.concatenate(
        [
            *cells,
            [config.zero_deg, config.displacement_deg],
            shape_from_profile(profile),
            [phase.march for phase in phases],
            [phase.u_overall for phase in phases],
        ]
    ).astype(np.float64)


def parameter_bounds(
    problem: Problem, phases: tuple[FitPhase, ...], *, config: FitConfig
) -> tuple[Float[np.ndarray, "parameters"], Float[np.ndarray, "parameters"]]:
    """Lowest and highest values of all parameters."""
    cells = [
        basis.bounds(
            phase.lattice, max_strain=config.max_strain, max_angle_deg=config.max_angle_deg
        )
        for basis, phase in zip(problem.bases, phases, strict=True)
    ]
    zero, width = config.max_zero_deg, config.max_fwhm_deg
    n = len(phases)
    low = [-zero, -zero, -width, -width, 1e-5, 0.0, 0.0, 0.0, *([0.2] * n), *([-0.1] * n)]
    high = [zero, zero, width, width, width**2, width, 2 * width, 0.02, *([5.0] * n), *([0.3] * n)]
    return (
        np.concatenate([*[c[0] for c in cells], low]),
        np.concatenate([*[c[1] for c in cells], high]),
    )


def active_parameters(
    problem: Problem, phases: tuple[FitPhase, ...], *, config: FitConfig
) -> Bool[np.ndarray, "parameters"]:
    """Which parameters change."""
    active = np.zeros(problem.n_parameters, dtype=bool)
    if config.refine_cell:
        active[: problem.shape_offset] = True
    at = problem.shape_offset
    active[at] = config.refine_zero
    active[at + 1] = config.refine_displacement
    for name in config.refine_shape:
        active[at + 2 + SHAPE_NAMES.index(name)] = True
    for index, phase in enumerate(phases):
        fixed = not bool(np.any(problem.free[problem.phase == index]))
        active[problem.march_offset + index] = (
            config.refine_march and fixed and phase.march_axis is not None
        )
        active[problem.u_offset + index] = config.refine_u and fixed
    return active
