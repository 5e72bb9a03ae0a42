import numpy as np
import pytest

from pore_crystals import triclinic
from porescope.adsorption.distance_grid import distance_grid, reduced_lattice
from porescope.adsorption.pore_radii import radii_of_atoms
from porescope.errors import ConfigError


def test_grid_holds_the_distance_to_the_nearest_surface_of_all_images():
    crystal = triclinic()
    radii = radii_of_atoms(crystal.numbers)
    grid = distance_grid(crystal.lattice, frac=crystal.frac, radii=radii, spacing=0.9)
    cells = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3), axis=-1).reshape(-1, 3)
    images = (grid.frac[None] + cells[:, None]).reshape(-1, 3) @ grid.lattice
    index = np.argwhere(np.ones(grid.distance.shape)) / grid.distance.shape @ grid.lattice
    apart = np.linalg.norm(index[:, None] - images[None], axis=2) - np.tile(radii, len(cells))
    np.testing.assert_allclose(grid.distance.reshape(-1), apart.min(axis=1), atol=1e-12)
    np.testing.assert_allclose(grid.at(index), apart.min(axis=1), atol=1e-12)


def test_reduced_lattice_spans_the_same_points():
    lattice = np.array([[5.0, 0.0, 0.0], [14.0, 6.0, 0.0], [-9.0, 13.0, 7.0]])
    reduced, change = reduced_lattice(lattice)
    np.testing.assert_allclose(change @ lattice, reduced)
    assert abs(np.linalg.det(change)) == pytest.approx(1.0)
    assert np.linalg.norm(reduced, axis=1).max() < 10.0


def test_number_of_points_is_bounded():
    grid = distance_grid(
        np.eye(3) * 50.0, frac=np.zeros((1, 3)), radii=np.ones(1), spacing=0.1, max_points=30_000
    )
    assert grid.distance.size < 40_000


@pytest.mark.parametrize(
    ("lattice", "frac", "message"),
    [
        (np.eye(3), np.zeros((0, 3)), "with atoms"),
        (np.zeros((3, 3)), np.zeros((1, 3)), "with a volume"),
        (np.eye(3), np.full((1, 3), np.nan), "finite"),
    ],
)
def test_what_has_no_pores_is_refused(lattice, frac, message):
    with pytest.raises(ConfigError, match=message):
        distance_grid(lattice, frac=frac, radii=np.ones(len(frac)))
