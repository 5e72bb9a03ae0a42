"""Capture of cells that are some percent off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_patterns import CU_KA, made_pattern, made_phase

from porescope.crystal.lattice import lattice_from_parameters, parameters_from_lattice
from porescope.diffraction.fit.align import AlignConfig, align_cell, capture_cell
from porescope.diffraction.fit.align_target import target_from_pattern, target_from_peaks
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.peaks import PeakList
from porescope.errors import ConfigError


def disturbed(phase: FitPhase, errors: tuple[float, float, float]) -> FitPhase:
    parameters = parameters_from_lattice(phase.lattice)
    parameters[:3] *= 1.0 + np.array(errors)
    return replace(phase, lattice=lattice_from_parameters(*parameters))


@pytest.mark.parametrize(
    ("system", "errors"),
    [
        ("cubic", (0.03, 0.03, 0.03)),
        ("hexagonal", (-0.03, -0.03, 0.02)),
        ("tetragonal", (0.03, 0.03, -0.03)),
        ("orthorhombic", (0.03, -0.02, 0.01)),
        ("monoclinic", (-0.03, 0.015, 0.025)),
        ("triclinic", (0.02, -0.03, 0.01)),
    ],
)
def test_a_cell_three_percent_off_is_captured(
    system: str, errors: tuple[float, float, float]
) -> None:
    phase = made_phase(system, rng=np.random.default_rng(2), d_min=1.9)
    pattern = made_pattern(phase, background=(20.0,))
    background = np.full(pattern.n_points, 20.0)
    truth = parameters_from_lattice(phase.lattice)
    config = FitConfig(mode="fixed", background=background)
    result = capture_cell(pattern, disturbed(phase, errors), config=config)
    np.testing.assert_allclose(result.phases[0].cell[:3], truth[:3], rtol=5e-4)


def test_rhombohedral_axes_strain_along_and_across() -> None:
    phase = made_phase("rhombohedral", rng=np.random.default_rng(2), d_min=1.9)
    pattern = made_pattern(phase)
    truth = parameters_from_lattice(phase.lattice)
    # Length and angle both change when the hexagonal axes change by their own amounts.
    wrong = lattice_from_parameters(*[truth[0] * 1.015] * 3, *[truth[3] + 0.9] * 3)
    config = FitConfig(mode="fixed", background=np.zeros(pattern.n_points))
    result = capture_cell(pattern, replace(phase, lattice=wrong), config=config)
    np.testing.assert_allclose(result.phases[0].cell[:3], truth[:3], rtol=5e-4)


def test_alignment_ranks_the_true_cell_first() -> None:
    phase = made_phase("orthorhombic", rng=np.random.default_rng(8))
    pattern = made_pattern(phase, rng=np.random.default_rng(1), background=(50.0,), zero_deg=0.05)
    target = target_from_pattern(pattern, background=np.full(pattern.n_points, 50.0))
    cells = align_cell(target, disturbed(phase, (0.025, -0.02, 0.03)))
    scores = [cell.score for cell in cells]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.8
    error = parameters_from_lattice(cells[0].lattice) / parameters_from_lattice(phase.lattice) - 1.0
    assert np.max(np.abs(error[:3])) < 6e-3


def test_peaks_do_as_well_as_the_pattern() -> None:
    phase = made_phase("hexagonal", rng=np.random.default_rng(8))
    d, f_squared = phase.reflections.d, phase.reflections.f_squared
    assert f_squared is not None
    angle = np.rad2deg(2.0 * np.arcsin(CU_KA.wavelength / (2.0 * d)))
    area = f_squared * phase.reflections.multiplicity / np.sin(np.deg2rad(angle / 2.0)) ** 2
    seen = (angle > 5.0) & (angle < 45.0)
    ones = np.ones(np.count_nonzero(seen))
    peaks = PeakList(
        two_theta_deg=angle[seen], sigma_two_theta_deg=0.01 * ones, area=area[seen],
        sigma_area=ones, height=area[seen], fwhm_deg=0.1 * ones, wavelength=CU_KA.wavelength,
    )  # fmt: skip
    target = target_from_peaks(peaks, radiation=CU_KA, two_theta_range_deg=(5.0, 45.0))
    cells = align_cell(target, disturbed(phase, (-0.03, -0.03, 0.03)))
    error = parameters_from_lattice(cells[0].lattice) / parameters_from_lattice(phase.lattice) - 1.0
    assert np.max(np.abs(error[:3])) < 3e-3


def test_what_cannot_be_aligned_is_said_so() -> None:
    phase = made_phase("cubic", rng=np.random.default_rng(0))
    pattern = made_pattern(phase)
    with pytest.raises(ConfigError, match="wavelength"):
        target_from_pattern(replace(pattern, radiation=None))
    with pytest.raises(ConfigError, match="points of the pattern"):
        target_from_pattern(
            pattern, background=np.zeros(pattern.n_points), two_theta_range_deg=(80.0, 90.0)
        )
    target = target_from_pattern(pattern, background=np.zeros(pattern.n_points))
    bare = replace(phase, reflections=replace(phase.reflections, f_squared=None))
    with pytest.raises(ConfigError, match="structure factors"):
        align_cell(target, bare)
    with pytest.raises(ConfigError, match="max_strain"):
        AlignConfig(max_strain=0.5)
