from dataclasses import replace

import numpy as np
import pytest
from made_frameworks import SODALITE, framework_of, triclinic

from porescope.adsorption.symmetry_points import grid_shape, unique_points


def test_orbits_of_a_grid_cover_it_and_are_closed() -> None:
    shape = (12, 12, 12)
    unique = unique_points(framework_of(SODALITE), shape=shape)
    assert unique is not None
    assert set(unique.unique) == set(range(len(unique.points)))
    np.testing.assert_array_equal(unique.unique[unique.points], np.arange(len(unique.points)))
    index = np.stack(np.unravel_index(np.arange(12**3), shape), axis=1)
    group = SODALITE.space_group
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        image = (index @ rotation.T + np.rint(translation * 12).astype(int)) % 12
        moved = np.ravel_multi_index(tuple(image.T), shape)
        np.testing.assert_array_equal(unique.unique[moved], unique.unique)


def test_a_grid_that_breaks_operations_uses_those_that_it_keeps() -> None:
    unique = unique_points(framework_of(SODALITE), shape=(12, 12, 8))
    assert unique is not None
    # Tetragonal subgroup: a third of the 96 operations, and points on special positions.
    assert 12 * 12 * 8 / 32 <= len(unique.points) < 12 * 12 * 8 / 8


def test_an_atom_out_of_place_ends_the_symmetry() -> None:
    frac = SODALITE.frac.copy()
    frac[0, 0] += 0.001
    assert unique_points(framework_of(replace(SODALITE, frac=frac)), shape=(8, 8, 8)) is None


def test_a_charge_of_its_own_ends_the_symmetry() -> None:
    framework = framework_of(SODALITE, Si=2.0, O=-1.0)
    charges = framework.charges.copy()
    charges[0] += 0.1
    assert unique_points(framework, shape=(8, 8, 8)) is not None
    assert unique_points(replace(framework, charges=charges), shape=(8, 8, 8)) is None


def test_no_symmetry_is_no_help() -> None:
    assert unique_points(framework_of(triclinic(0)), shape=(8, 8, 8)) is None


def test_grid_shape_suits_the_operations() -> None:
    assert grid_shape(SODALITE, spacing=0.5) == (18, 18, 18)
    shape = grid_shape(SODALITE, spacing=0.53)  # 17 points would break the centring
    assert shape == (18, 18, 18)
    crystal = triclinic(1)
    lengths = np.linalg.norm(crystal.lattice, axis=1)
    assert grid_shape(crystal, spacing=0.3) == tuple(np.ceil(lengths / 0.3))


@pytest.mark.parametrize("spacing", [0.11, 0.2, 0.37, 1.0])
def test_grid_is_never_coarser_than_asked(spacing: float) -> None:
    for crystal in (SODALITE, triclinic(2)):
        shape = np.array(grid_shape(crystal, spacing=spacing))
        lengths = np.linalg.norm(crystal.lattice, axis=1)
        assert np.all(lengths / shape <= spacing * (1.0 + 1e-9))
