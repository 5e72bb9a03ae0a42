"""fit_pattern: input, bounds, several phases, statuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_patterns import GRID, made_pattern, made_phase, shifted

from porescope.crystal.lattice import parameters_from_lattice
from porescope.crystal.space_group import P1
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.refine import fit_pattern
from porescope.diffraction.profile import ProfileParameters
from porescope.diffraction.radiation import Radiation
from porescope.diffraction.simulate import InstrumentParameters, pattern_from_reflections
from porescope.errors import ConfigError


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_input_that_cannot_be_fitted_is_said_so(rng: np.random.Generator) -> None:
    phase = made_phase("cubic", rng=rng)
    pattern = made_pattern(phase)
    with pytest.raises(ConfigError, match="wavelength"):
        fit_pattern(replace(pattern, radiation=None), phase)
    with pytest.raises(ConfigError, match="at least one phase"):
        fit_pattern(pattern, ())
    with pytest.raises(ConfigError, match="points with positive sigma"):
        fit_pattern(pattern, phase, config=FitConfig(two_theta_range_deg=(100.0, 120.0)))
    bare = replace(phase, reflections=replace(phase.reflections, f_squared=None))
    with pytest.raises(ConfigError, match="structure factors"):
        fit_pattern(pattern, bare, config=FitConfig(mode="fixed"))
    far = replace(pattern, radiation=Radiation(wavelengths=(0.05,)))
    with pytest.raises(ConfigError, match="none of its reflections"):
        fit_pattern(far, phase)
    with pytest.raises(ConfigError, match="background has 3 points"):
        fit_pattern(pattern, phase, config=FitConfig(background=np.zeros(3)))


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "lebail"},
        {"max_strain": 0.0},
        {"max_iterations": 0},
        {"two_theta_range_deg": (20.0, 10.0)},
    ],
)
def test_options_out_of_range_are_named(options: dict) -> None:
    # The hook checks Literal before the class does; both are errors that name the field.
    with pytest.raises((ConfigError, TypeError), match=next(iter(options))):
        FitConfig(**options)


def test_bounds_hold(rng: np.random.Generator) -> None:
    phase = made_phase("cubic", rng=rng)
    pattern = made_pattern(phase)
    config = FitConfig(mode="fixed", max_strain=0.002, max_zero_deg=0.01)
    result = fit_pattern(pattern, shifted(phase, 0.005), config=config)
    a = result.phases[0].cell[0]
    assert 12.06 * (1.0 - 0.0021) < a < 12.06 * 1.0021
    assert abs(result.zero_deg) <= 0.01


def test_a_pattern_without_the_phase_has_a_status(rng: np.random.Generator) -> None:
    phase = made_phase("cubic", rng=rng)
    flat = replace(
        made_pattern(phase), intensity=np.full(len(GRID), 100.0), sigma=np.full(len(GRID), 10.0)
    )
    dip = flat.intensity - 0.5 * made_pattern(phase, top=100.0).intensity
    result = fit_pattern(replace(flat, intensity=dip), phase, config=FitConfig(mode="fixed"))
    assert result.status == "no_intensity"
    assert not result.converged
    assert "scale" in result.message


def test_given_background_and_excluded_region(rng: np.random.Generator) -> None:
    phase = made_phase("tetragonal", rng=rng)
    pattern = made_pattern(phase, background=(200.0, -80.0, 40.0))
    hump = 300.0 * np.exp(-0.5 * ((GRID - 20.0) / 3.0) ** 2)
    spike = np.where(np.abs(GRID - 30.0) < 0.1, 5e4, 0.0)
    spoiled = replace(pattern, intensity=pattern.intensity + hump + spike)
    config = FitConfig(mode="fixed", background=hump, excluded_deg=((29.8, 30.2),))
    result = fit_pattern(spoiled, phase, config=config)
    assert result.rwp < 1e-3
    assert len(result.two_theta_deg) < len(GRID)
    assert result.background.max() > 400.0


def test_air_scatter_term(rng: np.random.Generator) -> None:
    phase = made_phase("tetragonal", rng=rng)
    pattern = made_pattern(phase)
    airy = replace(pattern, intensity=pattern.intensity + 4000.0 / GRID)
    with_term = FitConfig(mode="fixed", background_terms=2, background_air=True)
    without = FitConfig(mode="fixed", background_terms=2)
    assert fit_pattern(airy, phase, config=with_term).rwp < 1e-3
    assert fit_pattern(airy, phase, config=without).rwp > 1e-2


def test_two_phases_share_the_pattern(rng: np.random.Generator) -> None:
    main, minor = made_phase("cubic", rng=rng), made_phase("hexagonal", rng=rng)
    one, two = made_pattern(main, top=8000.0), made_pattern(minor, top=2000.0)
    both = replace(one, intensity=one.intensity + two.intensity)
    config = FitConfig(mode="fixed")
    result = fit_pattern(both, (shifted(main, 0.001), shifted(minor, -0.001)), config=config)
    assert result.rwp < 1e-3
    true_share = np.sum(one.intensity) / np.sum(both.intensity)
    assert result.phases[0].share == pytest.approx(true_share, rel=1e-2)
    for fitted, phase in zip(result.phases, (main, minor), strict=True):
        truth = parameters_from_lattice(phase.lattice)
        np.testing.assert_allclose(fitted.cell[:3], truth[:3], rtol=2e-5)
    # One phase with free intensities, the other with its own.
    mixed = fit_pattern(
        both, (main, replace(minor, free_intensities=False)), config=FitConfig(mode="le_bail")
    )
    assert mixed.rwp < 0.02
    assert np.isfinite(mixed.phases[1].scale)
    assert np.isnan(mixed.phases[0].scale)


def test_orientation_is_found(rng: np.random.Generator) -> None:
    phase = replace(made_phase("tetragonal", rng=rng), march_axis=(0, 0, 1))
    pattern = made_pattern(phase, march=0.7)
    config = FitConfig(mode="fixed", refine_march=True)
    result = fit_pattern(pattern, phase, config=config)
    assert result.phases[0].march == pytest.approx(0.7, abs=2e-3)
    assert result.phases[0].march_esd > 0.0
    assert fit_pattern(pattern, phase, config=FitConfig(mode="fixed")).rwp > 10 * result.rwp


def test_added_displacement_is_found(rng: np.random.Generator) -> None:
    phase = made_phase("orthorhombic", rng=rng)
    f_squared = phase.reflections.f_squared
    assert f_squared is not None
    damped = f_squared * np.exp(-4.0 * np.pi**2 * 0.02 / phase.reflections.d**2)
    pattern = made_pattern(replace(phase, reflections=replace(phase.reflections, f_squared=damped)))
    result = fit_pattern(pattern, phase, config=FitConfig(mode="fixed", refine_u=True))
    assert result.phases[0].u_overall == pytest.approx(0.02, abs=1e-4)


def test_shape_and_asymmetry_are_found(rng: np.random.Generator) -> None:
    phase = made_phase("hexagonal", rng=rng)
    truth = ProfileParameters(
        u_deg2=0.03, v_deg2=-0.008, w_deg2=0.006, x_deg=0.04, y_deg=0.08, s_over_l=0.02,
        h_over_l=0.02,
    )  # fmt: skip
    pattern = made_pattern(phase, profile=truth)
    config = FitConfig(mode="fixed", refine_shape=("u", "v", "w", "x", "y", "axial"))
    result = fit_pattern(pattern, phase, config=config)
    assert result.profile.x_deg == pytest.approx(0.04, abs=3e-3)
    assert result.profile.y_deg == pytest.approx(0.08, abs=6e-3)
    assert result.profile.w_deg2 == pytest.approx(0.006, abs=6e-4)
    # Heights of sample and slit enter as their sum.
    assert 2.0 * result.profile.s_over_l == pytest.approx(0.04, rel=0.03)
    assert result.profile_esd["axial"] > 0.0


def test_displacement_against_zero(rng: np.random.Generator) -> None:
    phase = made_phase("orthorhombic", rng=rng)
    instrument = InstrumentParameters(displacement_mm=0.1, radius_mm=200.0)
    base = made_pattern(phase)
    assert base.radiation is not None
    pattern = pattern_from_reflections(
        phase.reflections,
        radiation=base.radiation,
        two_theta_deg=GRID,
        instrument=replace(instrument, scale=float(1e4 / np.max(base.intensity))),
    )
    config = FitConfig(mode="fixed", refine_zero=False, refine_displacement=True)
    result = fit_pattern(pattern, phase, config=config)
    assert result.displacement_deg == pytest.approx(np.rad2deg(2.0 * 0.1 / 200.0), rel=2e-3)


def test_le_bail_needs_no_structure_factors(rng: np.random.Generator) -> None:
    phase = made_phase("orthorhombic", rng=rng)
    bare = replace(phase, reflections=replace(phase.reflections, f_squared=None))
    pattern = made_pattern(phase, rng=rng, background=(100.0,))
    result = fit_pattern(pattern, shifted(bare, 0.001))
    assert result.mode == "le_bail"
    assert result.rwp < 1.1 * result.rexp
    fitted = result.phases[0]
    assert np.all(np.diff(fitted.two_theta_deg) >= 0.0)
    assert len(fitted.hkl) == len(fitted.area) == len(fitted.d)


def test_nothing_to_refine_is_a_calculation(rng: np.random.Generator) -> None:
    phase = made_phase("cubic", rng=rng)
    profile = ProfileParameters(w_deg2=0.008, x_deg=0.05)
    config = FitConfig(
        mode="fixed", refine_cell=False, refine_zero=False, refine_shape=(), profile=profile
    )
    result = fit_pattern(made_pattern(phase, profile=profile), phase, config=config)
    assert result.converged
    assert result.rwp < 1e-3
    assert np.all(result.phases[0].cell_esd == 0.0)


def test_a_cell_in_p1_can_keep_its_shape(rng: np.random.Generator) -> None:
    phase = made_phase("cubic", rng=rng)
    pattern = made_pattern(phase, rng=rng)
    plain = replace(phase, space_group=P1)
    shaped = replace(plain, keep_shape=True)
    assert plain.free_metric.n_free == 6
    assert shaped.free_metric.n_free == 1
    # The reflections stay those of the cubic group: only the cell is looser.
    cell = fit_pattern(pattern, shifted(shaped, 0.001), config=FitConfig(mode="fixed"))
    assert np.ptp(cell.phases[0].cell[:3]) < 1e-9
    assert cell.phases[0].cell[0] == pytest.approx(12.0, rel=1e-4)


@pytest.mark.parametrize(
    ("system", "n_free"),
    [("hexagonal", 2), ("rhombohedral", 2), ("tetragonal", 2), ("orthorhombic", 3),
     ("monoclinic", 4), ("triclinic", 6)],
)  # fmt: skip
def test_shape_tells_the_free_parameters(
    system: str, n_free: int, rng: np.random.Generator
) -> None:
    phase = replace(made_phase(system, rng=rng), space_group=P1, keep_shape=True)
    assert phase.free_metric.n_free == n_free


def test_background_is_not_pushed_below_zero(rng: np.random.Generator) -> None:
    """Dense reflections can stand for background; it must stay where it is."""
    phase = made_phase("triclinic", rng=rng)
    pattern = made_pattern(phase, rng=rng, background=(100.0, 20.0), top=500.0)
    result = fit_pattern(pattern, phase)
    assert np.min(result.background) > 0.0
