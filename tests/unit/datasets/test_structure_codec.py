"""Crystals and arrays as bytes."""

import numpy as np
import pytest

from porescope.crystal.space_group import space_group_from_number
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.datasets.structure_codec import (
    arrays_from_bytes,
    bytes_from_arrays,
    bytes_from_crystal,
    crystal_from_bytes,
)
from porescope.errors import ConfigError, ParseError


def _rock_salt() -> Crystal:
    return crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 5.64,
        frac=np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]),
        numbers=np.array([11, 17]),
        space_group=space_group_from_number(225),
        u_iso=np.array([0.02, np.nan]),
        charges=np.array([1.0, -1.0]),
        labels=("Na1", "Cl1"),
        name="halite",
    )


def test_arrays_come_back_bit_by_bit() -> None:
    rng = np.random.default_rng(0)
    arrays = {
        "a": rng.normal(size=(7, 3)),
        "b": rng.integers(-5, 5, size=(4, 5)).astype(np.int16),
        "c": np.array(3.5, dtype=np.float32),
        "d": np.zeros((0, 5), dtype=np.int64),
        "e": np.array([True, False]),
    }
    back = arrays_from_bytes(bytes_from_arrays(arrays))
    assert list(back) == list(arrays)
    for name, values in arrays.items():
        assert back[name].shape == values.shape
        np.testing.assert_array_equal(back[name], values)


def test_a_crystal_with_symmetry_comes_back() -> None:
    crystal = _rock_salt()
    back = crystal_from_bytes(bytes_from_crystal(crystal), name="halite")
    np.testing.assert_array_equal(back.lattice, crystal.lattice)
    np.testing.assert_array_equal(back.numbers, crystal.numbers)
    np.testing.assert_allclose(back.frac, crystal.frac, atol=1e-8)
    np.testing.assert_array_equal(back.u_iso, crystal.u_iso)
    assert back.charges is not None
    np.testing.assert_array_equal(back.charges, crystal.charges)
    assert back.labels == crystal.labels
    assert back.orbit is not None
    np.testing.assert_array_equal(back.orbit, crystal.orbit)
    assert back.space_group.number == 225
    assert back.space_group.symbol == crystal.space_group.symbol
    assert back.space_group.n_ops == 192
    assert back.name == "halite"


def test_places_outside_of_the_cell_stay_there() -> None:
    frac = np.array([[-3.25, 0.1, 7.9], [0.3, 41.5, 0.0]])
    crystal = Crystal(
        lattice=np.eye(3) * 10.0,
        frac=frac,
        numbers=np.array([6, 8]),
        occupancy=np.array([1.0, 0.5]),
        u_iso=np.full(2, np.nan),
    )
    back = crystal_from_bytes(bytes_from_crystal(crystal))
    np.testing.assert_allclose(back.frac, frac, atol=1e-12)
    np.testing.assert_array_equal(back.occupancy, [1.0, 0.5])


def test_words_are_refused() -> None:
    with pytest.raises(ConfigError, match="'names' holds"):
        bytes_from_arrays({"names": np.array(["a", "b"])})


@pytest.mark.parametrize("cut", [0, 3, 20, -5])
def test_damaged_bytes_are_named(cut: int) -> None:
    body = bytes_from_crystal(_rock_salt())
    with pytest.raises(ParseError):
        crystal_from_bytes(body[:cut])


def test_a_record_without_atoms_is_no_crystal() -> None:
    with pytest.raises(ParseError, match="no cell or no atoms"):
        crystal_from_bytes(bytes_from_arrays({"lattice": np.eye(3)}))
