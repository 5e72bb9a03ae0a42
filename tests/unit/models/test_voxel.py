"""Voxels of atoms and of a probe's energy, and the network on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from porescope.crystal.structure import Crystal  # noqa: E402
from porescope.errors import ConfigError  # noqa: E402
from porescope.models.property_voxel.config import VoxelConfig  # noqa: E402
from porescope.models.property_voxel.network import VoxelNetwork  # noqa: E402
from porescope.models.property_voxel.predict import (  # noqa: E402
    N_CHANNELS,
    cell_features,
    repeats_of,
    voxels_of,
)

HOW = {"points": 16, "least_length": 20.0, "sigma": 0.8, "probe": "CH4"}
LESS = {"points": 16, "least_length": 20.0}


def two_atoms() -> Crystal:
    """A magnesium and an oxygen in a cell of 8 by 12 by 21 Å."""
    return Crystal(
        lattice=np.diag([8.0, 12.0, 21.0]),
        frac=np.array([[0.0, 0.0, 0.0], [0.5, 0.25, 0.5]]),
        numbers=np.array([12, 8]),
        occupancy=np.ones(2),
        u_iso=np.full(2, np.nan),
    )


def test_short_cells_are_repeated() -> None:
    assert repeats_of(two_atoms(), **LESS).tolist() == [4, 2, 1]
    cell = cell_features(two_atoms(), **LESS)
    np.testing.assert_allclose(cell[:6], [1.6, 1.2, 1.05, 0.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(cell[6], (32.0 * 24.0 * 21.0) ** (1 / 3) / 20.0)


def test_atoms_stand_in_the_channel_of_their_group() -> None:
    voxels = voxels_of(two_atoms(), **HOW)
    assert voxels.shape == (N_CHANNELS, 16, 16, 16)
    oxygen, metal = voxels[3], voxels[6]
    assert metal[0, 0, 0] == pytest.approx(1.0)
    assert oxygen[2, 2, 8] == pytest.approx(1.0)
    assert metal[1, 0, 0] == pytest.approx(np.exp(-0.5 * (2.0 / 0.8) ** 2), rel=1e-5)
    for other in set(range(N_CHANNELS - 2)) - {3, 6}:
        assert not voxels[other].any()
    np.testing.assert_array_equal(metal[:4], metal[4:8])
    drawn, room = voxels[-2:]
    assert room[0, 0, 0] < 1e-6
    assert drawn[0, 0, 0] == 0.0
    assert room[2, 5, 4] > 0.99
    assert drawn[2, 5, 4] > 0.0


def test_a_supercell_of_a_short_cell_has_the_same_voxels() -> None:
    crystal = two_atoms()
    longer = crystal.supercell((2, 2, 1))
    np.testing.assert_allclose(voxels_of(longer, **HOW), voxels_of(crystal, **HOW), atol=2e-5)
    np.testing.assert_allclose(cell_features(longer, **LESS), cell_features(crystal, **LESS))


def test_a_shift_by_whole_voxels_rolls_them() -> None:
    crystal = two_atoms()
    moved = replace(crystal, frac=crystal.frac + np.array([0.25, 0.125, 0.0625]))
    rolled = np.roll(voxels_of(crystal, **HOW), (1, 1, 1), axis=(1, 2, 3))
    np.testing.assert_allclose(voxels_of(moved, **HOW), rolled, atol=2e-5)


def test_the_network_wraps_around() -> None:
    torch.manual_seed(0)
    network = VoxelNetwork(VoxelConfig(points=16, channels=(4, 6), width=8)).eval()
    batch = network.prepare(two_atoms())
    assert batch.voxels is not None
    # Two blocks halve the grid twice: shifts by four voxels change nothing.
    with torch.no_grad():
        made = network(batch).mean
        same = network(replace(batch, voxels=batch.voxels.roll((4, 8, 12), (2, 3, 4)))).mean
        bare = network(replace(batch, voxels=torch.zeros_like(batch.voxels))).mean
    torch.testing.assert_close(made, same, rtol=1e-5, atol=1e-6)
    assert (made - bare).abs().max() > 1e-4


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="power of 2, not 30"):
        VoxelConfig(points=30)
    with pytest.raises(ConfigError, match="too often"):
        VoxelConfig(points=8)
    with pytest.raises(ConfigError, match="lengths above 0"):
        VoxelConfig(sigma=0.0)
    with pytest.raises(ConfigError):
        voxels_of(two_atoms(), **{**HOW, "probe": "CO2"})
