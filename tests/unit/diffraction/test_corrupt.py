"""The corruption model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters, parameters_from_lattice
from porescope.crystal.space_group import P1, space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.diffraction.corrupt import (
    NO_CORRUPTION,
    CorruptionConfig,
    apply_corruption,
    corrupt_crystal,
    corrupt_pattern,
    draw_corruption,
    ideal_pattern,
    strained_lattice,
)
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.reflections import unique_reflections
from porescope.diffraction.simulate import powder_lines
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import ConfigError


def framework() -> Crystal:
    """A made tetragonal framework."""
    return crystal_from_asymmetric_unit(
        lattice=np.diag([12.0, 12.0, 9.0]),
        frac=np.array([[0.13, 0.21, 0.07], [0.3, 0.05, 0.27], [0.0, 0.0, 0.31]]),
        numbers=np.array([8, 14, 30]),
        space_group=space_group_from_symbol("P 4/m m m"),
    )


def test_same_seed_same_pattern() -> None:
    one, two, three = (
        corrupt_crystal(framework(), rng=np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(one.intensity, two.intensity)
    assert one.metadata == two.metadata
    assert one.metadata["zero_shift_deg"] != three.metadata["zero_shift_deg"]


def test_draws_stay_in_their_limits() -> None:
    config = CorruptionConfig()
    rng = np.random.default_rng(0)
    draws = [draw_corruption(config, rng=rng) for _ in range(500)]
    assert all(abs(x.zero_shift_deg) <= 0.1 for x in draws)
    assert all(abs(f - 1.0) <= 0.015 + 1e-12 for x in draws for f in x.axis_factors)
    assert all(0.05 <= x.fwhm_deg <= 0.4 and 0.6 <= x.march <= 1.4 for x in draws)
    assert all(500.0 <= x.peak_counts <= 50_000.0 for x in draws)
    assert {len(x.impurities) for x in draws} == {0, 1, 2, 3}
    assert all(h <= 0.3 for x in draws for _, h in x.impurities)
    lost = np.mean([x.start_deg >= 5.0 for x in draws])
    assert 0.4 < lost < 0.6
    assert all(3.0 <= x.start_deg <= 5.0 and 40.0 <= x.end_deg <= 50.0 for x in draws)
    assert min(f for x in draws for f in x.axis_factors) < 0.988


def test_patterns_look_like_counts() -> None:
    for seed in range(20):
        pattern = corrupt_crystal(framework(), rng=np.random.default_rng(seed))
        assert np.all(pattern.intensity >= 0.0)
        assert np.all(pattern.intensity == np.rint(pattern.intensity))
        assert np.all(np.diff(pattern.two_theta_deg) > 0.0)
        np.testing.assert_allclose(np.diff(pattern.two_theta_deg), 0.02, atol=1e-9)
        counts = float(pattern.metadata["peak_counts"])
        assert pattern.intensity.max() > 0.8 * counts
        assert pattern.metadata["corruption_version"]


def test_without_corruption_lines_are_where_they_belong() -> None:
    crystal = framework()
    pattern = corrupt_crystal(crystal, rng=np.random.default_rng(0), config=NO_CORRUPTION)
    radiation = radiation_from_name("CuKa")
    lines = powder_lines(
        reflections_of(crystal, d_min=1.8, radiation=radiation), radiation=radiation
    )
    strongest = lines.two_theta_deg[lines.intensity.argmax()]
    assert pattern.two_theta_deg[pattern.intensity.argmax()] == pytest.approx(strongest, abs=0.021)
    assert pattern.intensity.max() == pytest.approx(10_000.0)


def test_one_effect_at_a_time_zero_shift() -> None:
    crystal = framework()
    config = replace(NO_CORRUPTION, zero_shift_deg=0.1)
    reflections = reflections_of(crystal, d_min=config.d_min, radiation=radiation_from_name("CuKa"))
    corruption = draw_corruption(config, rng=np.random.default_rng(3))
    still = replace(corruption, zero_shift_deg=0.0)
    moved, reference = (
        apply_corruption(reflections, lattice=crystal.lattice, corruption=c, config=config)
        for c in (replace(corruption, zero_shift_deg=0.06), still)
    )
    # three steps of 0.02°
    np.testing.assert_allclose(
        moved.intensity[3:], reference.intensity[:-3], atol=0.01 * reference.intensity.max()
    )


def test_guests_change_low_angles_only() -> None:
    crystal = framework()
    config = replace(NO_CORRUPTION, guest_sigma=1.0)
    reflections = reflections_of(crystal, d_min=config.d_min, radiation=radiation_from_name("CuKa"))
    corruption = draw_corruption(config, rng=np.random.default_rng(1))
    # the same factor on all large spacings but the last node, which is 0
    filled = replace(corruption, guest_log_factors=(-3.0,) * 7 + (0.0,))
    empty = replace(corruption, guest_log_factors=(0.0,) * 8)
    one, two = (
        apply_corruption(reflections, lattice=crystal.lattice, corruption=c, config=config)
        for c in (filled, empty)
    )
    low, high = one.two_theta_deg < 18.0, one.two_theta_deg > 26.0
    ratio = one.intensity[high].max() / two.intensity[high].max()
    np.testing.assert_allclose(
        one.intensity[high] / ratio, two.intensity[high], atol=0.02 * two.intensity[high].max()
    )
    assert one.intensity[low].max() / ratio < 0.2 * two.intensity[low].max()


@pytest.mark.parametrize(
    ("symbol", "cell"),
    [
        ("P m -3 m", (10.0, 10.0, 10.0, 90.0, 90.0, 90.0)),
        ("P 6/m m m", (10.0, 10.0, 14.0, 90.0, 90.0, 120.0)),
        ("P 4/n m m", (10.0, 10.0, 14.0, 90.0, 90.0, 90.0)),
        ("P 1 21/c 1", (7.0, 9.0, 14.0, 90.0, 101.0, 90.0)),
        ("R -3 c", (10.0, 10.0, 23.0, 90.0, 90.0, 120.0)),
    ],
)
def test_strained_cells_keep_their_symmetry(symbol: str, cell: tuple[float, ...]) -> None:
    group = space_group_from_symbol(symbol)
    lattice = lattice_from_parameters(*cell)
    strained = strained_lattice(lattice, factors=(1.01, 0.99, 1.004), space_group=group)
    metric = strained @ strained.T
    for rotation in group.rotations:
        np.testing.assert_allclose(rotation.T @ metric @ rotation, metric, atol=1e-10)
    same = strained_lattice(lattice, factors=(1.0, 1.0, 1.0), space_group=group)
    np.testing.assert_allclose(parameters_from_lattice(same), cell, atol=1e-9)


def test_strain_in_p1_keeps_angles_and_moves_each_axis() -> None:
    cell = (7.0, 9.0, 14.0, 82.0, 101.0, 95.0)
    strained = strained_lattice(
        lattice_from_parameters(*cell), factors=(1.01, 0.99, 1.005), space_group=P1
    )
    expected = [7.07, 8.91, 14.07, 82.0, 101.0, 95.0]
    np.testing.assert_allclose(parameters_from_lattice(strained), expected, atol=1e-9)


def test_ideal_pattern_has_the_convention() -> None:
    pattern = ideal_pattern(framework())
    assert pattern.n_points == 1351
    assert pattern.two_theta_deg[0] == 3.0
    assert pattern.two_theta_deg[-1] == pytest.approx(30.0)
    assert pattern.intensity.max() == pytest.approx(10_000.0)
    assert pattern.radiation is not None
    assert pattern.radiation.weights == (1.0, 0.5)


def test_reflections_without_structure_factors_are_refused() -> None:
    bare = unique_reflections(8.0 * np.eye(3), d_min=2.0)
    with pytest.raises(ConfigError, match="structure factors"):
        corrupt_pattern(bare, lattice=8.0 * np.eye(3), rng=np.random.default_rng(0))
