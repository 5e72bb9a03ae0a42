"""Maps beside densities whose likeness is known."""

from __future__ import annotations

import numpy as np
import pytest

from pore_crystals import crystal as made_crystal
from pore_crystals import simple_cubic
from porescope.errors import ConfigError, ParseError
from porescope.io.density_cube import write_density_cube

pytest.importorskip("torch")

from porescope.workflows.map_comparison import (
    density_in,
    map_comparison,
    overlap,
    resampled,
)
from porescope.workflows.map_contributions import grid_places

HOST = made_crystal(np.eye(3) * 12.0, [[0.0, 0.0, 0.0]], [14])


def wave(shape: tuple[int, int, int]) -> np.ndarray:
    """A periodic density that is largest in the middle of the cell."""
    frac = grid_places(shape)
    return (3.0 - np.cos(2.0 * np.pi * frac).sum(axis=1)).reshape(shape)


def test_a_density_is_like_itself_on_any_grid() -> None:
    found = map_comparison(HOST, contributions=wave((24, 24, 24)), density=wave((30, 20, 24)))
    assert found.shape == (24, 20, 24)
    assert found.pearson > 0.999
    assert found.spearman > 0.999
    assert found.overlap > 0.99
    assert found.density_class == found.map_class == "interior"


def test_the_opposite_is_told() -> None:
    middle = wave((20, 20, 20))
    found = map_comparison(HOST, contributions=6.0 - middle, density=middle)
    assert found.pearson == pytest.approx(-1.0)
    assert found.spearman == pytest.approx(-1.0, abs=1e-3)
    assert found.map_class == "exterior"
    assert found.density_class == "interior"
    assert found.density_outer_share < 0.5 < found.map_outer_share


def test_overlap_of_boxes() -> None:
    one, two = np.zeros(10), np.zeros(10)
    one[:4], two[2:6] = 1.0, 5.0
    assert overlap(one, two) == pytest.approx(0.5)
    two[:2] = -100.0  # what is below zero counts as none
    assert overlap(one, two) == pytest.approx(0.5)
    assert np.isnan(overlap(one, np.zeros(10)))


@pytest.mark.parametrize("shape", [(5, 9, 16), (12, 24, 7)])
def test_resampling_keeps_the_mean_and_the_period(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(1)
    values = rng.random((10, 12, 8))
    made = resampled(values, shape)
    assert made.shape == shape
    if all(n <= m or n % m == 0 for n, m in zip(shape, values.shape, strict=True)):
        assert made.mean() == pytest.approx(values.mean())
    # Moving by a whole cell, or both by a common fraction of it, changes nothing.
    moved = resampled(np.roll(values, 4, axis=2), (*shape[:2], 16))
    assert np.allclose(moved, np.roll(resampled(values, (*shape[:2], 16)), 8, axis=2))


def test_resampling_interpolates_smooth_densities() -> None:
    fine, coarse = wave((48, 48, 48)), wave((16, 16, 16))
    assert np.abs(resampled(fine, (16, 16, 16)) - coarse).max() < 0.03 * coarse.max()
    assert np.abs(resampled(coarse, (48, 48, 48)) - fine).max() < 0.03 * fine.max()


def test_a_cube_file_of_the_same_cell(tmp_path) -> None:
    path = tmp_path / "density.cube"
    write_density_cube(wave((10, 12, 14)), path, crystal=HOST, title="a density")
    assert np.allclose(density_in(path, crystal=HOST), wave((10, 12, 14)), rtol=1e-4)
    found = map_comparison(HOST, contributions=wave((20, 20, 20)), density=path)
    assert found.pearson > 0.999
    with pytest.raises(ConfigError, match="of another cell"):
        density_in(path, crystal=simple_cubic(5.0))
    (tmp_path / "text.cube").write_text("no cube\n", encoding="utf-8")
    with pytest.raises(ParseError):
        density_in(tmp_path / "text.cube", crystal=HOST)


def test_constant_and_broken_densities() -> None:
    flat = map_comparison(HOST, contributions=np.ones((6, 6, 6)), density=wave((6, 6, 6)))
    assert np.isnan(flat.pearson)
    broken = wave((6, 6, 6))
    broken[0, 0, 0] = np.nan
    with pytest.raises(ConfigError, match="finite density"):
        map_comparison(HOST, contributions=wave((6, 6, 6)), density=broken)


@pytest.mark.parametrize(("depth", "expected"), [(0.0, "exterior"), (4.0, "interior")])
def test_a_layer_on_the_surface_is_exterior(depth: float, expected: str) -> None:
    # Molecules come no nearer than 2.5 Å to the surface of the one atom; a layer 1 Å thick there,
    # or farther out, beside a thin gas in all the rest.
    shape = (24, 24, 24)
    frac = grid_places(shape)
    away = np.linalg.norm((frac - np.rint(frac)) @ HOST.lattice, axis=1) - 1.11
    layer = (away >= 2.5 + depth) & (away <= 3.5 + depth)
    density = np.where(away >= 2.5, 0.05, 0.0) + layer / max(layer.sum(), 1) * 1000.0
    found = map_comparison(HOST, contributions=wave(shape), density=density.reshape(shape))
    assert found.density_class == expected
