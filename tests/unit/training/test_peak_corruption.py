"""Tests of the corruption of peak lists, against the corruption of whole patterns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from porescope.crystal.space_group import space_group_from_number
from porescope.crystal.structure import Crystal
from porescope.datasets.retrieval_set import RetrievalSet
from porescope.diffraction.corrupt import NO_CORRUPTION, corrupt_pattern, strained_lattice
from porescope.diffraction.corruption import CorruptionConfig
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.prepare import prepare_pattern
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.reflections import reflection_symmetry
from porescope.diffraction.simulate import march_dollase
from porescope.diffraction.structure_factors import reflections_of
from porescope.training.peak_corruption import (
    WAVELENGTH,
    _lorentz,
    _merged,
    _stretched,
    _texture,
    corrupted_pairs,
    ideal_lines,
)
from porescope.training.peak_draws import PeakCorruptionConfig, draw_peaks

CU = radiation_from_name("CuKa")
CLEAN = PeakCorruptionConfig(ideal_share=1.0, new_cell_share=0.0)
DIRTY = PeakCorruptionConfig(ideal_share=0.0, new_cell_share=0.0)


def tetragonal(scale: float = 1.0) -> Crystal:
    return Crystal(
        lattice=np.diag([9.1, 9.1, 13.7]) * scale,
        frac=np.array([[0.1, 0.2, 0.3], [0.7, 0.45, 0.05], [0.3, 0.6, 0.8]]),
        numbers=np.array([30, 8, 6]),
        occupancy=np.ones(3),
        u_iso=np.full(3, 0.02),
        name="toy",
    )


def set_of(crystals: list[Crystal], *, number: int = 1) -> RetrievalSet:
    """A set of own crystals."""
    laue = reflection_symmetry(space_group_from_number(number)).laue
    laue = np.ascontiguousarray(laue[np.linalg.det(laue) > 0.0], dtype=np.int64)
    hkl, strength, counts = [], [], []
    for crystal in crystals:
        found = reflections_of(crystal, d_min=1.8, radiation=CU)
        value = found.multiplicity * found.f_squared
        keep = np.argsort(-value)[:400]
        hkl.append(found.hkl[keep])
        strength.append(value[keep] / value.max())
        counts.append(len(keep))
    n = len(crystals)
    composition = np.zeros((n, 101), dtype=np.float32)
    composition[:, [6, 8, 30]] = 1.0 / 3.0
    return RetrievalSet(
        ids=np.arange(n),
        names=tuple(c.name for c in crystals),
        sides=np.zeros(n, dtype=np.int64),
        frameworks=np.arange(n),
        groups=np.arange(n),
        preferred=np.ones(n, dtype=bool),
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        hkl=np.concatenate(hkl).astype(np.int16),
        strength=np.concatenate(strength).astype(np.float32),
        lattices=np.stack([c.lattice for c in crystals]),
        laue=laue,
        laue_spans=np.tile([[0, len(laue)]], (n, 1)),
        composition=composition,
        volume_per_atom=np.full(n, 100.0, dtype=np.float32),
    )


def test_ideal_lines_are_the_crystal_s() -> None:
    data = set_of([tetragonal()])
    lines = ideal_lines(data, np.array([0]))
    q, strength = data.lines_of(0)
    n = len(q)
    assert lines.mask[0].sum() == n
    assert lines.q[0, :n] == pytest.approx(q, rel=1e-6)
    assert np.exp(lines.log_intensity[0, :n]) == pytest.approx(strength, rel=1e-4)


def test_stretched_cells_are_those_of_the_pattern_corruption() -> None:
    group = space_group_from_number(168)
    lattice = np.array([[10.0, 0.0, 0.0], [-5.0, 75.0**0.5, 0.0], [0.0, 0.0, 14.0]])
    factors = (1.01, 0.99, 1.02)
    laue = reflection_symmetry(group).laue
    laue = np.ascontiguousarray(laue[np.linalg.det(laue) > 0.0], dtype=np.int64)
    metric = _stretched(lattice @ lattice.T, np.array(factors), laue, 0, len(laue))
    cell = strained_lattice(lattice, factors=factors, space_group=group)
    assert metric == pytest.approx(cell @ cell.T, rel=1e-9)


def test_texture_is_march_and_dollase_s() -> None:
    group = space_group_from_number(123)
    lattice = np.diag([9.0, 9.0, 14.0])
    hkl = np.array([[1, 0, 0], [0, 0, 2], [1, 1, 1], [3, 1, 2]])
    wanted = march_dollase(hkl, axis=(1, 0, 1), march=0.7, lattice=lattice, space_group=group)
    laue = reflection_symmetry(group).laue
    laue = np.ascontiguousarray(laue[np.linalg.det(laue) > 0.0], dtype=np.int64)
    reciprocal = np.linalg.inv(lattice @ lattice.T)
    axis = np.array([1, 0, 1])
    found = [_texture(h, reciprocal, axis, 0.7, laue, 0, len(laue)) for h in hkl.astype(np.int16)]
    assert found == pytest.approx(wanted, rel=1e-9)


def test_lorentz_and_polarisation() -> None:
    angles = np.array([4.0, 12.0, 40.0])
    wanted = lorentz_polarisation(angles, radiation_from_name("CuKa"))
    assert [_lorentz(np.deg2rad(a)) for a in angles] == pytest.approx(wanted, rel=1e-12)


def test_near_lines_are_one() -> None:
    position, area = np.array([5.0, 5.05, 6.0]), np.array([1.0, 3.0, 2.0])
    assert _merged(position, area, 0.1) == 2
    assert position[:2] == pytest.approx([5.0375, 6.0])
    assert area[:2] == pytest.approx([4.0, 2.0])


def test_clean_peaks_stand_where_the_lines_do() -> None:
    data = set_of([tetragonal()], number=123)
    pairs = corrupted_pairs(data, np.array([0]), config=CLEAN, rng=np.random.default_rng(0))
    q, _ = data.lines_of(0)
    found = pairs.patterns.q[0][pairs.patterns.mask[0]]
    assert len(found) > 10
    gap = np.abs(found[:, None] - q).min(axis=1) / found
    assert gap.max() < 0.006
    assert found.min() > 4.0 * np.pi / WAVELENGTH * np.sin(np.deg2rad(1.5))
    assert found.max() < 4.0 * np.pi / WAVELENGTH * np.sin(np.deg2rad(15.1))


def test_the_same_seed_gives_the_same() -> None:
    data = set_of([tetragonal(), tetragonal(1.1)])
    one, two = (
        corrupted_pairs(
            data, np.array([0, 1]), config=PeakCorruptionConfig(), rng=np.random.default_rng(4)
        )
        for _ in range(2)
    )
    assert np.array_equal(one.patterns.q, two.patterns.q)
    assert np.array_equal(one.crystals.log_intensity, two.crystals.log_intensity)


def test_new_cells_change_both_sides_alike() -> None:
    data = set_of([tetragonal()] * 40, number=123)
    rows = np.arange(40)
    config = replace(CLEAN, new_cell_share=1.0, new_intensity=0.0)
    pairs = corrupted_pairs(data, rows, config=config, rng=np.random.default_rng(1))
    assert pairs.changed.all()
    first = pairs.crystals.q[:, 0] / data.lines_of(0)[0][0]
    assert first.std() > 0.01
    for i in rows:
        found = pairs.patterns.q[i][pairs.patterns.mask[i]]
        lines = pairs.crystals.q[i][pairs.crystals.mask[i]]
        assert (np.abs(found[:, None] - lines).min(axis=1) / found).max() < 0.006


def test_lost_angles_and_impurities() -> None:
    data = set_of([tetragonal(3.0)] * 200, number=123)
    lab = CorruptionConfig(lost_probability=1.0)
    config = replace(DIRTY, laboratory=lab)
    pairs = corrupted_pairs(data, np.arange(200), config=config, rng=np.random.default_rng(2))
    low = np.where(pairs.patterns.mask, pairs.patterns.q, 9.0).min()
    assert low > 4.0 * np.pi / WAVELENGTH * np.sin(np.deg2rad(2.4))
    draws = draw_peaks(config, n=2000, rng=np.random.default_rng(3))
    number = (draws.impurities[:, :, 1] > 0.0).sum(axis=1)
    assert set(number.tolist()) == {0, 1, 2, 3}
    assert np.abs(draws.axis_factors - 1.0).max() <= 0.015


def test_a_crystal_without_lines_in_the_scan_gives_no_peaks() -> None:
    data = set_of([tetragonal(0.2)])
    pairs = corrupted_pairs(data, np.array([0]), config=CLEAN, rng=np.random.default_rng(0))
    assert not pairs.patterns.mask.any()


def test_peaks_are_about_as_many_as_a_real_search_finds() -> None:
    crystal = tetragonal()
    lab = replace(NO_CORRUPTION, noise=True, flat_background=(0.02, 0.02), end_deg=(45.0, 45.0))
    found = reflections_of(crystal, d_min=lab.d_min, radiation=CU)
    pattern = corrupt_pattern(
        found, lattice=crystal.lattice, rng=np.random.default_rng(0), config=lab
    )
    real = prepare_pattern(pattern).peaks
    data = set_of([crystal], number=1)
    config = replace(DIRTY, laboratory=lab, contents_sigma=0.0, short_share=0.0)
    pairs = corrupted_pairs(data, np.array([0]), config=config, rng=np.random.default_rng(0))
    mask = pairs.patterns.mask[0]
    assert 0.6 * real.n_peaks < mask.sum() < 1.6 * real.n_peaks
    strong = real.strongest(10).q
    gap = np.abs(strong[:, None] - pairs.patterns.q[0][mask]).min(axis=1) / strong
    assert np.sort(gap)[:9].max() < 0.003
