"""Lists of reflections."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import P1, space_group_from_symbol
from porescope.diffraction.reflections import absent, equivalents, unique_reflections
from porescope.errors import ConfigError


def brute_force(lattice: np.ndarray, d_min: float) -> np.ndarray:
    """All indices of the sphere but the origin, by trying each of a box."""
    reach = np.ceil(np.linalg.norm(lattice, axis=1) / d_min).astype(int)
    axes = [np.arange(-n, n + 1) for n in reach]
    hkl = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    q = np.linalg.norm(hkl @ np.linalg.inv(lattice).T, axis=1)
    return hkl[(q > 0.0) & (q <= 1.0 / d_min)]


@pytest.mark.parametrize("seed", range(8))
def test_p1_lists_one_of_each_friedel_pair(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lattice = rng.normal(size=(3, 3)) * 3.0 + 4.0 * np.eye(3)
    d_min = float(rng.uniform(0.8, 1.6))
    found = unique_reflections(lattice, space_group=P1, d_min=d_min)
    both = {tuple(x) for x in np.concatenate([found.hkl, -found.hkl]).tolist()}
    assert both == {tuple(x) for x in brute_force(lattice, d_min).tolist()}
    assert len(both) == 2 * found.n_reflections
    np.testing.assert_array_equal(found.multiplicity, 2)
    assert np.all(np.diff(found.d) <= 0.0)
    expected = 1.0 / np.linalg.norm(found.hkl @ np.linalg.inv(lattice).T, axis=1)
    np.testing.assert_allclose(found.d, expected, rtol=1e-10)


def test_first_reflections_of_a_face_centred_cube() -> None:
    found = unique_reflections(
        4.05 * np.eye(3), space_group=space_group_from_symbol("F m -3 m"), d_min=1.2
    )
    assert found.hkl.tolist() == [[1, 1, 1], [2, 0, 0], [2, 2, 0], [3, 1, 1]]
    assert found.multiplicity.tolist() == [8, 6, 12, 24]


def test_diamond_glides() -> None:
    """Silicon: 200, 222 and 420 are forbidden by the group or by the position; 222 is not
    forbidden by the group."""
    group = space_group_from_symbol("F d -3 m :1")
    hkl = np.array([[2, 0, 0], [2, 2, 2], [4, 2, 0], [4, 0, 0], [1, 1, 1], [2, 1, 1]])
    assert absent(hkl, space_group=group).tolist() == [True, False, True, False, False, True]


def test_limits_are_inclusive_and_ordered() -> None:
    lattice = 5.0 * np.eye(3)
    found = unique_reflections(lattice, d_min=2.5, d_max=5.0)
    assert found.d[0] == 5.0
    assert found.d[-1] == pytest.approx(2.5)
    assert unique_reflections(lattice, d_min=6.0).n_reflections == 0
    assert unique_reflections(lattice, d_min=2.0, d_max=4.9).d.max() < 4.9


def test_equivalents_of_a_general_reflection() -> None:
    group = space_group_from_symbol("P 6/m m m")
    assert len(equivalents(np.array([3, 1, 2]), space_group=group)) == 24


def test_large_cells_give_large_lists() -> None:
    lattice = lattice_from_parameters(60.0, 58.0, 62.0, 88.0, 93.0, 101.0)
    found = unique_reflections(lattice, d_min=1.5)
    volume = abs(np.linalg.det(lattice))
    assert found.n_reflections == pytest.approx(2.0 / 3.0 * np.pi * volume / 1.5**3, rel=0.01)


@pytest.mark.parametrize("d_min", [0.0, -1.0, float("nan")])
def test_a_limit_that_is_no_length_is_refused(d_min: float) -> None:
    with pytest.raises(ConfigError, match="d_min"):
        unique_reflections(5.0 * np.eye(3), d_min=d_min)


def test_a_flat_cell_is_refused() -> None:
    with pytest.raises(ConfigError, match="volume"):
        unique_reflections(np.ones((3, 3)), d_min=1.0)
    with pytest.raises(ConfigError, match="volume"):
        unique_reflections(np.full((3, 3), np.nan), d_min=1.0)
