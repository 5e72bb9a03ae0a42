"""States of grand canonical runs on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.gcmc.sampling import PointState
from porescope.errors import ParseError
from porescope.io.density_cube import write_density_cube
from porescope.io.gcmc_state import read_state, write_state
from porescope.io.grids import read_cube

STATE = PointState(
    rungs_done=6,
    molecules=np.array([[3, 1], [4, 1]]),
    energy_k=np.array([-100.5, -120.25]),
    positions=(np.arange(36.0).reshape(4, 3, 3), np.ones((1, 1, 3))),
    finished=False,
)


def test_state_comes_back(tmp_path: Path):
    path = tmp_path / "a.npz"
    counts = (np.arange(8).reshape(2, 2, 2), np.zeros((2, 2, 2), dtype=np.int64))
    write_state(path, STATE, fingerprint="abc", counts=counts, n_samples=5)
    found = read_state(path, fingerprint="abc")
    assert found is not None
    state, again, n_samples = found
    assert n_samples == 5
    assert np.array_equal(again[0], counts[0])
    assert np.array_equal(state.molecules, STATE.molecules)
    assert np.array_equal(state.energy_k, STATE.energy_k)
    assert all(np.array_equal(a, b) for a, b in zip(state.positions, STATE.positions, strict=True))
    assert (state.rungs_done, state.finished, state.cycles) == (6, False, 2)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_state_of_another_run_is_left_aside(tmp_path: Path):
    path = tmp_path / "a.npz"
    write_state(path, STATE, fingerprint="abc")
    assert read_state(path, fingerprint="other") is None
    assert read_state(tmp_path / "none.npz", fingerprint="abc") is None


def test_damaged_state_is_refused(tmp_path: Path):
    path = tmp_path / "a.npz"
    write_state(path, STATE, fingerprint="abc")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ParseError, match="delete it"):
        read_state(path, fingerprint="abc")


def test_density_cube_is_read_back(tmp_path: Path):
    from porescope.crystal.structure import Crystal

    crystal = Crystal(
        lattice=np.diag([8.0, 9.0, 10.0]),
        frac=np.array([[0.1, 0.2, 0.3]]),
        numbers=np.array([14]),
        occupancy=np.ones(1),
        u_iso=np.full(1, np.nan),
    )
    density = np.arange(60.0).reshape(3, 4, 5) / 100.0
    write_density_cube(density, tmp_path / "a.cube", crystal=crystal, title="Ar\nin X")
    cube = read_cube(tmp_path / "a.cube")
    assert np.allclose(cube.values, density)
    assert np.allclose(cube.lattice, crystal.lattice, atol=1e-4)
    assert cube.numbers.tolist() == [14]
    assert cube.comments[0] == "Ar in X"
