"""Structure factors of small made crystals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.diffraction import structure_factors as module
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.scattering import form_factor, neutron_length
from porescope.diffraction.structure_factors import (
    f_squared,
    reflections_of,
    reflections_of_many,
    structure_factors,
    with_f_squared,
)
from porescope.errors import ConfigError

COPPER = radiation_from_name("CuKa1")


def rock_salt(u_iso: float = 0.0) -> Crystal:
    """NaCl."""
    return crystal_from_asymmetric_unit(
        lattice=5.64 * np.eye(3),
        frac=np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]),
        numbers=np.array([11, 17]),
        u_iso=np.array([u_iso, u_iso]),
        space_group=space_group_from_symbol("F m -3 m"),
    )


def random_crystal(n_atoms: int, *, seed: int = 0, edge: float = 10.0) -> Crystal:
    """Atoms anywhere in a cube."""
    rng = np.random.default_rng(seed)
    return Crystal(
        lattice=edge * np.eye(3),
        frac=rng.uniform(size=(n_atoms, 3)),
        numbers=rng.choice([1, 6, 8, 30], n_atoms),
        occupancy=rng.uniform(0.5, 1.0, n_atoms),
        u_iso=rng.choice([0.0, 0.01, 0.03], n_atoms),
    )


def test_rock_salt_by_hand() -> None:
    found = reflections_of(rock_salt(0.01), d_min=2.0, radiation=COPPER)
    assert found.hkl.tolist() == [[1, 1, 1], [2, 0, 0]]
    assert found.f_squared is not None
    s_squared = 0.25 / found.d**2
    sodium, chlorine = (form_factor(z, s_squared=s_squared) for z in (11, 17))
    damping = np.exp(-8.0 * np.pi**2 * 0.01 * s_squared)
    by_hand = (4.0 * damping * (sodium + np.array([-1.0, 1.0]) * chlorine)) ** 2
    np.testing.assert_allclose(found.f_squared, by_hand, rtol=1e-12)


def test_unknown_displacements_take_the_default() -> None:
    unknown = replace(rock_salt(), u_iso=np.full(8, np.nan))
    for u in (0.0, 0.05):
        one = reflections_of(unknown, d_min=1.0, radiation=COPPER, default_u_iso=u)
        two = reflections_of(rock_salt(u), d_min=1.0, radiation=COPPER)
        np.testing.assert_array_equal(one.f_squared, two.f_squared)


def test_deuterium_scatters_unlike_hydrogen() -> None:
    neutrons = radiation_from_name("1.5", kind="neutron")
    hydrogen = Crystal(
        lattice=4.0 * np.eye(3),
        frac=np.zeros((1, 3)),
        numbers=np.array([1]),
        occupancy=np.ones(1),
        u_iso=np.zeros(1),
    )
    deuterium = replace(hydrogen, isotopes=np.array([2]))
    for crystal, isotope in ((hydrogen, 0), (deuterium, 2)):
        found = reflections_of(crystal, d_min=2.0, radiation=neutrons)
        expected = neutron_length(1, isotope=isotope) ** 2
        np.testing.assert_allclose(found.f_squared, expected, rtol=1e-12)


def test_large_sums_by_transform_are_the_direct_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    crystal = random_crystal(300)
    direct = reflections_of(crystal, d_min=0.9, radiation=COPPER)
    monkeypatch.setattr(module, "SMALL_WORK", 0)
    monkeypatch.setattr(module, "fft_is_cheaper", lambda *_, **__: True)
    by_transform = reflections_of(crystal, d_min=0.9, radiation=COPPER)
    assert direct.f_squared is not None
    # the requirement on intensities is 1e-4 of the strongest
    np.testing.assert_allclose(
        by_transform.f_squared, direct.f_squared, rtol=1e-4, atol=1e-5 * direct.f_squared.max()
    )


def test_the_general_path_is_the_fused_one(monkeypatch: pytest.MonkeyPatch) -> None:
    crystals = [random_crystal(700, seed=1), rock_salt(0.02)]
    fused = [reflections_of(c, d_min=1.2, radiation=COPPER) for c in crystals]
    monkeypatch.setattr(module, "SMALL_WORK", 0)
    general = [reflections_of(c, d_min=1.2, radiation=COPPER) for c in crystals]
    for one, two in zip(fused, general, strict=True):
        np.testing.assert_array_equal(one.hkl, two.hkl)
        np.testing.assert_allclose(one.f_squared, two.f_squared, rtol=1e-10, atol=1e-9)


def test_high_indices_keep_their_phases() -> None:
    """Tables go by recurrence; far from the origin they must still be right."""
    crystal = random_crystal(40, edge=150.0)
    hkl = np.random.default_rng(3).integers(-140, 141, (500, 3))
    phases = np.exp(2j * np.pi * (hkl @ crystal.frac.T))
    factors = np.array(
        [
            form_factor(int(z), s_squared=0.25 * (hkl**2).sum(axis=1) / 150.0**2)
            for z in crystal.numbers
        ]
    ).T
    damping = np.exp(-2.0 * np.pi**2 * np.outer((hkl**2).sum(axis=1) / 150.0**2, crystal.u_iso))
    expected = (phases * factors * damping) @ crystal.occupancy
    found = structure_factors(crystal, hkl, radiation=COPPER)
    np.testing.assert_allclose(found, expected, atol=1e-10 * np.abs(expected).max())


def test_lists_can_be_filled_for_another_crystal() -> None:
    crystal = rock_salt()
    found = reflections_of(crystal, d_min=1.0, radiation=COPPER)
    again = with_f_squared(found, crystal, radiation=COPPER)
    assert found.f_squared is not None
    limit = 1e-8 * found.f_squared.max()
    kept = f_squared(crystal, found.hkl, radiation=COPPER, default_u_iso=0.02)
    np.testing.assert_allclose(again.f_squared, found.f_squared, atol=limit)
    np.testing.assert_allclose(kept, found.f_squared, atol=limit)


def test_many_crystals_come_one_by_one() -> None:
    crystals = [rock_salt(), rock_salt(0.05)]
    found = list(reflections_of_many(crystals, d_min=1.5, radiation=COPPER))
    assert [x.n_reflections for x in found] == [5, 5]


def test_requests_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="d_min"):
        reflections_of(rock_salt(), d_min=0.0, radiation=COPPER)
    with pytest.raises(ConfigError, match="no atoms"):
        reflections_of(random_crystal(0), d_min=1.0, radiation=COPPER)
    heavy = replace(random_crystal(2), numbers=np.array([6, 110]))
    with pytest.raises(ConfigError, match="110"):
        reflections_of(heavy, d_min=1.0, radiation=COPPER)
    flat = replace(rock_salt(), lattice=np.ones((3, 3)))
    with pytest.raises(ConfigError, match="volume"):
        reflections_of(flat, d_min=1.0, radiation=COPPER)


@pytest.mark.slow
def test_memory_is_bounded_for_the_largest_cells() -> None:
    """As many atoms as the largest cell of CoRE MOF, to 1.5 Å, in less than 300 MB."""
    import tracemalloc

    crystal = random_crystal(10_560, edge=49.0)
    tracemalloc.start()
    found = reflections_of(crystal, d_min=1.5, radiation=COPPER)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.n_reflections > 70_000
    assert peak < 300e6
    some = np.random.default_rng(0).integers(found.n_reflections, size=40)
    exact = np.abs(structure_factors(crystal, found.hkl[some], radiation=COPPER)) ** 2
    assert found.f_squared is not None
    np.testing.assert_allclose(found.f_squared[some], exact, atol=1e-4 * found.f_squared.mean())
