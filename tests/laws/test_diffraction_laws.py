"""What physics says of diffraction, whatever the crystal."""

from __future__ import annotations

from dataclasses import replace

import gemmi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from porescope.crystal.space_group import P1, SpaceGroup, space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.diffraction.corrupt import strained_lattice
from porescope.diffraction.density_fft import fft_structure_factors
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.reflections import absent, equivalents, unique_reflections
from porescope.diffraction.simulate import powder_lines, simulate_pattern
from porescope.diffraction.structure_factors import (
    f_squared,
    reflections_of,
    structure_factors,
)

COPPER = radiation_from_name("CuKa1")
GRID = np.arange(5.0, 60.0, 0.05)
SETTINGS = sorted({group.xhm() for group in gemmi.spacegroup_table()})


def random_crystal(seed: int, *, n_atoms: int = 9) -> Crystal:
    """A few atoms in a triclinic cell."""
    rng = np.random.default_rng(seed)
    return Crystal(
        lattice=np.diag(rng.uniform(5.0, 9.0, 3)) + rng.uniform(-1.2, 1.2, (3, 3)),
        frac=rng.uniform(-0.5, 1.5, (n_atoms, 3)),
        numbers=rng.choice([1, 6, 8, 14, 30], n_atoms),
        occupancy=rng.uniform(0.3, 1.0, n_atoms),
        u_iso=np.where(rng.uniform(size=n_atoms) < 0.3, np.nan, rng.uniform(0.0, 0.05, n_atoms)),
    )


def crystal_in_group(space_group: SpaceGroup, *, seed: int, n_sites: int = 3) -> Crystal:
    """Atoms on general positions of a group, in a cell that obeys it."""
    rng = np.random.default_rng(seed)
    skewed = np.diag(rng.uniform(4.0, 6.0, 3)) + rng.uniform(-0.6, 0.6, (3, 3))
    return crystal_from_asymmetric_unit(
        lattice=strained_lattice(skewed, factors=(1.0, 1.0, 1.0), space_group=space_group),
        frac=rng.uniform(0.03, 0.97, (n_sites, 3)),
        numbers=np.array([8, 14, 30])[:n_sites],
        u_iso=rng.uniform(0.0, 0.03, n_sites),
        space_group=space_group,
        tolerance=1e-4,
    )


def pattern(crystal: Crystal) -> np.ndarray:
    """Intensities over the cell's square volume, as larger cells scatter more."""
    simulated = simulate_pattern(crystal, radiation=COPPER, two_theta_deg=GRID)
    return simulated.intensity / crystal.volume**2


@pytest.mark.parametrize("part", range(8))
def test_absences_and_equivalents_are_those_of_random_atoms(part: int) -> None:
    """All settings of all 230 groups: what is listed is seen, what is not listed is dark."""
    for number, symbol in enumerate(SETTINGS[part::8]):
        group = space_group_from_symbol(symbol)
        crystal = crystal_in_group(group, seed=number)
        everything = unique_reflections(crystal.lattice, d_min=1.4)
        seen = f_squared(crystal, everything.hkl, radiation=COPPER)
        bright = seen > 1e-16 * seen.max()
        gone = absent(everything.hkl, space_group=group)
        np.testing.assert_array_equal(bright, ~gone, err_msg=symbol)
        listed = reflections_of(crystal, d_min=1.4, radiation=COPPER)
        assert listed.multiplicity.sum() == 2 * bright.sum(), symbol
        assert listed.f_squared is not None
        total = float(listed.multiplicity @ listed.f_squared)
        assert total == pytest.approx(2.0 * seen.sum(), rel=1e-10), symbol
        full = f_squared(crystal, listed.hkl, radiation=COPPER)
        np.testing.assert_allclose(
            listed.f_squared, full, rtol=1e-8, atol=1e-9 * full.max(), err_msg=symbol
        )


@given(st.sampled_from(SETTINGS), st.integers(0, 10_000))
def test_equivalent_reflections_have_equal_intensity(symbol: str, seed: int) -> None:
    group = space_group_from_symbol(symbol)
    crystal = crystal_in_group(group, seed=seed, n_sites=2)
    reflections = unique_reflections(crystal.lattice, space_group=group, d_min=2.0)
    for hkl, multiplicity in zip(reflections.hkl[:6], reflections.multiplicity[:6], strict=True):
        family = equivalents(hkl, space_group=group)
        assert len(family) == multiplicity
        values = f_squared(crystal, family, radiation=COPPER)
        np.testing.assert_allclose(values, values[0], rtol=1e-8, atol=1e-10)


@given(st.sampled_from(SETTINGS), st.integers(0, 10_000))
def test_origin_of_the_group_does_not_matter(symbol: str, seed: int) -> None:
    group = space_group_from_symbol(symbol)
    crystal = crystal_in_group(group, seed=seed, n_sites=2)
    shift = np.random.default_rng(seed).uniform(0.0, 1.0, 3)
    moved_group = replace(
        group,
        translations=group.translations
        + shift
        - np.einsum("nij,j->ni", group.rotations.astype(float), shift),
    )
    moved = replace(crystal, frac=crystal.frac + shift, space_group=moved_group)
    one = reflections_of(crystal, d_min=1.6, radiation=COPPER)
    two = reflections_of(moved, d_min=1.6, radiation=COPPER)
    np.testing.assert_array_equal(one.hkl, two.hkl)
    np.testing.assert_allclose(one.f_squared, two.f_squared, rtol=1e-8, atol=1e-7)


@given(st.integers(0, 10_000))
def test_pattern_is_invariant_under_rotation(seed: int) -> None:
    crystal = random_crystal(seed)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    turned = replace(crystal, lattice=crystal.lattice @ rotation)
    one = pattern(crystal)
    np.testing.assert_allclose(pattern(turned), one, rtol=1e-7, atol=1e-9 * one.max())


@given(st.integers(0, 10_000))
def test_pattern_is_invariant_under_origin_and_order(seed: int) -> None:
    crystal = random_crystal(seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(crystal.n_atoms)
    moved = replace(
        crystal,
        frac=crystal.frac[order] + rng.uniform(-2.0, 2.0, 3),
        numbers=crystal.numbers[order],
        occupancy=crystal.occupancy[order],
        u_iso=crystal.u_iso[order],
    )
    one = pattern(crystal)
    np.testing.assert_allclose(pattern(moved), one, rtol=1e-8, atol=1e-10 * one.max())


@given(st.integers(0, 10_000), st.tuples(*[st.integers(1, 3)] * 3))
def test_pattern_is_invariant_under_supercell(seed: int, repeats: tuple[int, int, int]) -> None:
    crystal = random_crystal(seed, n_atoms=5)
    shifts = np.stack(np.meshgrid(*[np.arange(n) for n in repeats], indexing="ij"), axis=-1)
    shifts = shifts.reshape(-1, 3)
    n = len(shifts)
    larger = replace(
        crystal,
        lattice=np.array(repeats)[:, None] * crystal.lattice,
        frac=((crystal.frac[None] + shifts[:, None]) / np.array(repeats)).reshape(-1, 3),
        numbers=np.tile(crystal.numbers, n),
        occupancy=np.tile(crystal.occupancy, n),
        u_iso=np.tile(crystal.u_iso, n),
    )
    one = pattern(crystal)
    np.testing.assert_allclose(pattern(larger), one, rtol=1e-7, atol=1e-9 * one.max())


@given(st.integers(0, 10_000))
def test_pattern_is_invariant_under_choice_of_cell(seed: int) -> None:
    crystal = random_crystal(seed)
    rng = np.random.default_rng(seed)
    transform = np.eye(3, dtype=int)
    for _ in range(3):  # products of shears have determinant 1
        i, j = rng.choice(3, 2, replace=False)
        shear = np.eye(3, dtype=int)
        shear[i, j] = rng.integers(-1, 2)
        transform = shear @ transform
    other = replace(
        crystal,
        lattice=transform @ crystal.lattice,
        frac=crystal.frac @ np.linalg.inv(transform),
    )
    one = pattern(crystal)
    np.testing.assert_allclose(pattern(other), one, rtol=1e-7, atol=1e-9 * one.max())


@given(st.integers(0, 10_000))
def test_forward_structure_factor_is_the_number_of_electrons(seed: int) -> None:
    crystal = random_crystal(seed)
    value = structure_factors(crystal, np.zeros((1, 3), dtype=np.int64), radiation=COPPER)[0]
    electrons = float(crystal.occupancy @ crystal.numbers)
    # IT92 itself misses the electrons of an atom by up to 0.03 in its four Gaussians
    assert value.real == pytest.approx(electrons, abs=0.03 * crystal.n_atoms)
    assert value.imag == pytest.approx(0.0, abs=1e-12)


@given(st.integers(0, 10_000), st.integers(2, 60))
def test_direct_sum_is_the_transform_of_the_density(seed: int, n_atoms: int) -> None:
    rng = np.random.default_rng(seed)
    frac, weights = rng.uniform(-1.0, 2.0, (n_atoms, 3)), rng.uniform(0.1, 1.0, n_atoms)
    hkl = rng.integers(-9, 10, (200, 3))
    direct = np.exp(2j * np.pi * hkl @ frac.T) @ weights
    scale = np.sqrt(np.sum(weights**2))
    # the tolerance is the kernel's own, for eight points at 1.7-fold oversampling
    found = fft_structure_factors(frac, weights=weights, hkl=hkl)
    assert np.abs(found - direct).max() < 2e-6 * scale


@given(st.integers(0, 10_000))
def test_friedel_mates_differ_by_anomalous_terms_only(seed: int) -> None:
    crystal = random_crystal(seed)
    hkl = np.random.default_rng(seed).integers(-4, 5, (40, 3))
    plain = structure_factors(crystal, hkl, radiation=COPPER)
    np.testing.assert_allclose(
        structure_factors(crystal, -hkl, radiation=COPPER), plain.conj(), rtol=1e-9, atol=1e-9
    )
    one = structure_factors(crystal, hkl, radiation=COPPER, anomalous=True)
    two = structure_factors(crystal, -hkl, radiation=COPPER, anomalous=True)
    mean = 0.5 * (np.abs(one) ** 2 + np.abs(two) ** 2)
    found = f_squared(crystal, hkl, radiation=COPPER, anomalous=True)
    np.testing.assert_allclose(found, mean, rtol=1e-9, atol=1e-9)


@given(st.sampled_from(SETTINGS), st.integers(0, 1000))
def test_lines_of_a_crystal_do_not_depend_on_known_symmetry(symbol: str, seed: int) -> None:
    crystal = crystal_in_group(space_group_from_symbol(symbol), seed=seed, n_sites=2)
    plain = replace(crystal, space_group=P1, orbit=None)
    one, two = (
        powder_lines(reflections_of(c, d_min=1.8, radiation=COPPER), radiation=COPPER)
        for c in (crystal, plain)
    )
    # absent lines are listed, with nothing in them, where the symmetry is not known
    shown = two.intensity > 1e-9 * two.intensity.max()
    listed = one.intensity > 1e-9 * two.intensity.max()
    np.testing.assert_allclose(one.d[listed], two.d[shown], rtol=1e-10)
    np.testing.assert_allclose(one.intensity[listed], two.intensity[shown], rtol=1e-6)


@given(st.integers(0, 10_000))
def test_isotropic_tensor_is_isotropic_u(seed: int) -> None:
    crystal = replace(random_crystal(seed), u_iso=np.full(9, 0.02))
    reciprocal = np.linalg.inv(crystal.lattice).T
    metric = reciprocal @ reciprocal.T
    lengths = np.sqrt(np.diag(metric))
    tensor = 0.02 * metric / np.outer(lengths, lengths)
    with_tensor = replace(crystal, u_aniso=np.repeat(tensor[None], 9, axis=0))
    hkl = np.random.default_rng(seed).integers(-4, 5, (40, 3))
    np.testing.assert_allclose(
        f_squared(with_tensor, hkl, radiation=COPPER),
        f_squared(crystal, hkl, radiation=COPPER),
        rtol=1e-9,
        atol=1e-9,
    )
