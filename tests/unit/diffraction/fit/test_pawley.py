"""Intensities as parameters: the banded solution against dense algebra, and restraints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_patterns import made_pattern, made_phase

from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.model import make_problem, peaks_of
from porescope.diffraction.fit.parameters import start_parameters
from porescope.diffraction.fit.pawley import estimate_pawley
from porescope.diffraction.fit.refine import fit_pattern
from porescope.diffraction.profile import ProfileParameters
from porescope.errors import ConfigError


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def test_banded_solution_is_the_dense_one(rng: np.random.Generator) -> None:
    phase = made_phase("hexagonal", rng=rng)
    pattern = made_pattern(phase, rng=rng, background=(50.0,))
    config = FitConfig(mode="pawley", background_terms=3, overlap_restraint=0.0)
    problem = make_problem(pattern, (phase,), config=config)
    profile = ProfileParameters(w_deg2=0.008, x_deg=0.05)
    start = start_parameters(problem, (phase,), config=config, profile=profile)
    peaks = peaks_of(problem, start)
    estimate, _ = estimate_pawley(problem, peaks, config=config)
    dense = np.zeros((len(peaks.s2), len(problem.two_theta)))
    for k in range(len(dense)):
        dense[k, peaks.start[k] : peaks.stop[k]] = peaks.values[
            peaks.offset[k] : peaks.offset[k + 1]
        ]
    columns = np.concatenate([dense, problem.linear]) * np.sqrt(problem.weight)
    solution = np.linalg.lstsq(columns.T, problem.observed * np.sqrt(problem.weight), rcond=1e-13)[
        0
    ]
    # Reflections of equal d have no areas of their own: the calculated pattern is compared.
    calculated = solution @ np.concatenate([dense, problem.linear])
    np.testing.assert_allclose(
        problem.observed - estimate.residual, calculated, atol=1e-3 * np.max(problem.observed)
    )


def test_areas_and_their_uncertainties(rng: np.random.Generator) -> None:
    phase = made_phase("cubic", rng=rng)
    pattern = made_pattern(phase)
    profile = ProfileParameters(w_deg2=0.008, x_deg=0.05)
    config = FitConfig(mode="pawley", profile=profile, background_terms=2)
    noisy = made_pattern(phase, rng=rng)
    exact = fit_pattern(pattern, phase, config=config).phases[0]
    found = fit_pattern(noisy, phase, config=config).phases[0]
    alone = np.flatnonzero(
        (np.diff(exact.two_theta_deg, prepend=0.0) > 0.4)
        & (np.diff(exact.two_theta_deg, append=99.0) > 0.4)
        & exact.in_range
    )
    assert len(alone) >= 8
    pulls = (found.area - exact.area)[alone] / found.area_esd[alone]
    assert np.max(np.abs(pulls)) < 5.0
    assert 0.3 < np.std(pulls) < 2.0


def test_overlapping_reflections_share_by_multiplicity(rng: np.random.Generator) -> None:
    phase = made_phase("cubic", rng=rng)
    # 033 and 114 have one d: multiplicities 12 and 24.
    result = fit_pattern(made_pattern(phase), phase, config=FitConfig(mode="pawley")).phases[0]
    order = np.sort(np.abs(result.hkl), axis=1)
    first = int(np.flatnonzero((order == [0, 3, 3]).all(axis=1))[0])
    second = int(np.flatnonzero((order == [1, 1, 4]).all(axis=1))[0])
    multiplicity = dict(
        zip(map(tuple, phase.reflections.hkl), phase.reflections.multiplicity, strict=True)
    )
    expected = multiplicity[tuple(result.hkl[first])] / multiplicity[tuple(result.hkl[second])]
    assert result.area[first] / result.area[second] == pytest.approx(expected, rel=1e-3)


def test_restraint_lies_between_fixed_and_free(rng: np.random.Generator) -> None:
    phase = made_phase("orthorhombic", rng=rng)
    f_squared = phase.reflections.f_squared
    assert f_squared is not None
    changed = f_squared * np.exp(0.4 * rng.normal(size=len(f_squared)))
    pattern = made_pattern(
        replace(phase, reflections=replace(phase.reflections, f_squared=changed)),
        background=(100.0,),
        rng=rng,
    )
    rwp = {
        mode: fit_pattern(pattern, phase, config=FitConfig(mode=mode)).rwp
        for mode in ("fixed", "restrained", "pawley")
    }
    assert rwp["pawley"] <= rwp["restrained"] < 0.5 * rwp["fixed"]
    tight = FitConfig(mode="restrained", restraint=1e-3, restraint_low_angle=1e-3)
    assert fit_pattern(pattern, phase, config=tight).rwp == pytest.approx(rwp["fixed"], rel=0.05)


def test_too_many_areas_are_refused_with_a_way_out(rng: np.random.Generator) -> None:
    cell = (22.0, 25.0, 27.0, 88.0, 95.0, 101.0)
    phase = made_phase("triclinic", rng=rng, cell=cell)
    pattern = made_pattern(phase)
    with pytest.raises(ConfigError, match="le_bail"):
        fit_pattern(pattern, phase, config=FitConfig(mode="pawley"))
