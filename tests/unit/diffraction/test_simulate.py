"""Powder patterns of made crystals."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.profile import ProfileParameters
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.reflections import unique_reflections
from porescope.diffraction.simulate import (
    BackgroundParameters,
    InstrumentParameters,
    background_on_grid,
    march_dollase,
    pattern_from_reflections,
    powder_lines,
    shifted_two_theta,
    simulate_pattern,
)
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import ConfigError

COPPER = radiation_from_name("CuKa1")
GRID = np.arange(10.0, 80.0, 0.01)
SHARP = ProfileParameters.from_fwhm(0.1, eta=0.0)


def silicon() -> Crystal:
    return crystal_from_asymmetric_unit(
        lattice=5.4309 * np.eye(3),
        frac=np.array([[0.125, 0.125, 0.125]]),
        numbers=np.array([14]),
        space_group=space_group_from_symbol("F d -3 m :2"),
    )


def test_areas_of_silicon_are_the_lines_intensities() -> None:
    pattern = simulate_pattern(
        silicon(),
        radiation=COPPER,
        two_theta_deg=GRID,
        instrument=InstrumentParameters(profile=SHARP),
    )
    reflections = reflections_of(silicon(), d_min=1.2, radiation=COPPER)
    lines = powder_lines(reflections, radiation=COPPER)
    assert lines.two_theta_deg[0] == pytest.approx(28.443, abs=2e-3)
    for angle, intensity in zip(lines.two_theta_deg, lines.intensity, strict=True):
        near = np.abs(GRID - angle) < 0.5
        area = np.trapezoid(pattern.intensity[near], GRID[near])
        assert area == pytest.approx(intensity, rel=1e-3, abs=1e-6 * lines.intensity.max())


def test_lines_carry_multiplicity_and_correction() -> None:
    reflections = reflections_of(silicon(), d_min=1.0, radiation=COPPER)
    lines = powder_lines(reflections, radiation=COPPER)
    assert reflections.f_squared is not None
    angle = 2.0 * np.rad2deg(np.arcsin(COPPER.wavelength / (2.0 * reflections.d)))
    strength = reflections.multiplicity * reflections.f_squared
    expected = strength * lorentz_polarisation(angle, COPPER)
    assert lines.n_lines == len(np.unique(np.round(reflections.d, 9)))
    for i in range(lines.n_lines):
        same = np.isclose(reflections.d, lines.d[i], rtol=1e-9)
        assert lines.intensity[i] == pytest.approx(expected[same].sum(), rel=1e-10, abs=1e-15)


def test_second_line_of_the_doublet() -> None:
    doublet = radiation_from_name("CuKa")
    pattern = simulate_pattern(
        silicon(),
        radiation=doublet,
        two_theta_deg=GRID,
        instrument=InstrumentParameters(profile=ProfileParameters.from_fwhm(0.03, eta=0.0)),
    )
    theta = [np.rad2deg(np.arcsin(w / (2.0 * 5.4309 / np.sqrt(11.0)))) for w in doublet.wavelengths]
    heights = [pattern.intensity[np.abs(GRID - 2.0 * t).argmin()] for t in theta]
    assert heights[1] / heights[0] == pytest.approx(0.5, abs=0.07)


def test_zero_shift_and_displacement_move_lines() -> None:
    angles = np.array([10.0, 60.0, 120.0])
    zero = shifted_two_theta(angles, instrument=InstrumentParameters(zero_shift_deg=0.05))
    np.testing.assert_allclose(zero - angles, 0.05)
    raised = InstrumentParameters(displacement_mm=0.1, radius_mm=200.0)
    moved = shifted_two_theta(angles, instrument=raised) - angles
    expected = np.rad2deg(2.0 * 0.1 / 200.0) * np.cos(np.deg2rad(angles / 2))
    np.testing.assert_allclose(moved, expected)


@pytest.mark.parametrize("march", [0.5, 0.8, 1.3])
def test_march_factor_averages_to_one(march: float) -> None:
    """All directions together keep the intensity."""
    lattice = np.diag([60.0, 61.0, 62.0])
    reflections = unique_reflections(lattice, d_min=2.0, d_max=2.2)
    factors = march_dollase(reflections.hkl, axis=(0, 0, 1), march=march, lattice=lattice)
    assert factors.mean() == pytest.approx(1.0, abs=0.01)


def test_march_factor_by_hand() -> None:
    lattice = np.diag([4.0, 4.0, 6.0])
    group = space_group_from_symbol("P 4/m m m")
    hkl = np.array([[0, 0, 2], [1, 0, 0], [1, 0, 1]])
    found = march_dollase(hkl, axis=(0, 0, 1), march=0.7, lattice=lattice, space_group=group)
    assert found[0] == pytest.approx(0.7**-3)
    assert found[1] == pytest.approx(0.7**1.5)
    plane = march_dollase(hkl[1:2], axis=(1, 0, 0), march=0.7, lattice=lattice, space_group=group)
    # of the four equivalents two lie along the axis and two across
    assert plane[0] == pytest.approx(0.5 * (0.7**-3 + 0.7**1.5))


def test_background_adds_its_terms() -> None:
    background = BackgroundParameters(
        chebyshev=(10.0, 2.0), humps=((30.0, 5.0, 7.0),), air_scatter=3.0
    )
    found = background_on_grid(GRID, background=background)
    assert found[0] == pytest.approx(10.0 - 2.0 + 7.0 * 2.0 ** -(4 * 16) + 3.0 * 0.5)
    at_hump = np.abs(GRID - 30.0).argmin()
    mapped = (2 * 30.0 - GRID[0] - GRID[-1]) / (GRID[-1] - GRID[0])
    assert found[at_hump] == pytest.approx(10.0 + 2.0 * mapped + 7.0 + 0.5, abs=1e-6)


def test_requests_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="rise"):
        simulate_pattern(silicon(), radiation=COPPER, two_theta_deg=GRID[::-1].copy())
    with pytest.raises(ConfigError, match="180"):
        simulate_pattern(silicon(), radiation=COPPER, two_theta_deg=np.array([100.0, 190.0]))
    bare = unique_reflections(5.0 * np.eye(3), d_min=1.0)
    with pytest.raises(ConfigError, match="structure factors"):
        pattern_from_reflections(bare, radiation=COPPER, two_theta_deg=GRID)
    full = reflections_of(silicon(), d_min=1.0, radiation=COPPER)
    with pytest.raises(ConfigError, match="lattice"):
        pattern_from_reflections(
            full,
            radiation=COPPER,
            two_theta_deg=GRID,
            instrument=InstrumentParameters(march=0.8),
        )


def test_backscattering_does_not_break() -> None:
    pattern = simulate_pattern(
        silicon(), radiation=COPPER, two_theta_deg=np.linspace(100.0, 179.0, 2000)
    )
    assert np.all(np.isfinite(pattern.intensity))
    assert pattern.intensity.max() > 0.0
