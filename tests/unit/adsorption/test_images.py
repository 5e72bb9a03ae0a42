import itertools

import numpy as np
import pytest
from made_frameworks import triclinic

from porescope.adsorption.images import images_within
from porescope.errors import ConfigError


def as_set(places: np.ndarray) -> set[tuple[float, ...]]:
    return {tuple(row) for row in np.round(places, 6).tolist()}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_image_within_reach_of_the_cell_is_there_once(seed: int) -> None:
    crystal = triclinic(seed)
    images = images_within(crystal.lattice, frac=crystal.frac, reach=7.0)
    found = np.stack([images.x, images.y, images.z], axis=1)
    assert len(as_set(found)) == len(found)
    rng = np.random.default_rng(seed)
    points = rng.random((200, 3)) @ crystal.lattice
    home = (crystal.frac - np.floor(crystal.frac)) @ crystal.lattice
    for cell in itertools.product(range(-5, 6), repeat=3):
        places = home + np.array(cell) @ crystal.lattice
        near = np.linalg.norm(points[:, None] - places, axis=2).min(axis=0) < 7.0
        assert as_set(places[near]) <= as_set(found)


def test_images_belong_to_their_atoms_and_bins() -> None:
    crystal = triclinic(3)
    images = images_within(crystal.lattice, frac=crystal.frac, reach=6.0, width=2.5)
    places = np.stack([images.x, images.y, images.z], axis=1)
    cells = places @ np.linalg.inv(crystal.lattice) - crystal.frac[images.atom]
    np.testing.assert_allclose(cells, np.rint(cells), atol=1e-9)
    index = ((places - images.origin) / images.width).astype(int)
    key = (index[:, 0] * images.bins[1] + index[:, 1]) * images.bins[2] + index[:, 2]
    for cell in np.unique(key):
        members = np.flatnonzero(key == cell)
        assert members[0] == images.starts[cell]
        assert members[-1] + 1 == images.starts[cell + 1]


def test_no_atoms_have_no_images() -> None:
    images = images_within(np.eye(3) * 5.0, frac=np.zeros((0, 3)), reach=5.0)
    assert images.starts[-1] == 0


def test_a_flat_cell_is_refused() -> None:
    lattice = np.array([[5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [1.0, 1.0, 0.0]])
    with pytest.raises(ConfigError, match="cell with a volume"):
        images_within(lattice, frac=np.zeros((1, 3)), reach=5.0)


def test_a_needle_of_a_cell_is_refused() -> None:
    lattice = np.diag([100.0, 0.05, 0.05])
    with pytest.raises(ConfigError, match="reduce the cutoff"):
        images_within(lattice, frac=np.random.default_rng(0).random((500, 3)), reach=12.0)
