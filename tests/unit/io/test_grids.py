from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.grid import EnergyGrid
from porescope.adsorption.histograms import ChannelGrid
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, ParseError
from porescope.io.grids import (
    read_channels,
    read_cube,
    read_grid,
    write_channels,
    write_cube,
    write_grid,
)

LATTICE = np.array([[9.0, 0.0, 0.0], [-2.0, 8.0, 0.0], [1.0, 2.0, 10.0]])
CRYSTAL = Crystal(
    lattice=LATTICE,
    frac=np.array([[0.1, 0.2, 0.3], [0.6, 0.7, 0.8]]),
    numbers=np.array([14, 8]),
    occupancy=np.ones(2),
    u_iso=np.full(2, np.nan),
)


def made_grid(temperature: float | None = None) -> EnergyGrid:
    return EnergyGrid(
        lattice=LATTICE,
        energy_k=np.random.default_rng(0).normal(size=(4, 5, 7)) * 1000.0,
        cap_k=1e6,
        gas="Ar",
        field="made, truncated at 12.8 Å",
        temperature=temperature,
    )


def test_a_cube_file_reads_back(tmp_path: Path) -> None:
    grid = made_grid(300.0)
    write_cube(grid, tmp_path / "grid.cube", crystal=CRYSTAL)
    found = read_cube(tmp_path / "grid.cube")
    np.testing.assert_allclose(found.lattice, LATTICE, atol=1e-6)
    np.testing.assert_allclose(found.values, grid.energy_k, rtol=1e-5)
    np.testing.assert_allclose(found.cart, CRYSTAL.cart, atol=1e-6)
    np.testing.assert_array_equal(found.numbers, CRYSTAL.numbers)
    np.testing.assert_array_equal(found.origin, np.zeros(3))
    assert "300 K" in found.comments[0]
    assert "12.8 Å" in found.comments[1]


def test_a_cube_file_has_the_layout_of_the_format(tmp_path: Path) -> None:
    write_cube(made_grid(), tmp_path / "grid.cube", crystal=CRYSTAL)
    lines = (tmp_path / "grid.cube").read_text(encoding="utf-8").splitlines()
    assert lines[2].split()[0] == "2"
    assert lines[3].split()[0] == "4"
    # Steps in bohr: 9 Å over 4 points.
    assert float(lines[3].split()[1]) == pytest.approx(9.0 / 4 / 0.529177210903, abs=1e-7)
    assert [len(line.split()) for line in lines[8:12]] == [6, 1, 6, 1]


def test_a_cube_file_in_angstrom_is_read(tmp_path: Path) -> None:
    path = tmp_path / "grid.cube"
    rows = ["one", "two", "0 0 0 0", "-2 1.5 0 0", "-1 0 3 0", "-1 0 0 3", "1.0 2.0"]
    path.write_text("\n".join(rows))
    found = read_cube(path)
    np.testing.assert_allclose(found.lattice, np.eye(3) * 3.0)
    np.testing.assert_allclose(found.values.ravel(), [1.0, 2.0])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["one", "two", "x"], "an integer and 3 numbers"),
        (["one", "two", "0 0 0 0", "2 1 0 0", "1 0 1 0", "1 0 0 1", "1.0"], "2 values, got 1"),
        (["one", "two", "0 0 0 0", "1 1 0 0", "1 0 1 0", "1 0 0 1", "1 2"], "1 values, got more"),
        (["one", "two", "0 0 0 0", "1 1 0 0", "1 0 1 0", "1 0 0 1", "nope"], "numbers as values"),
        (["one", "two", "-3 0 0 0"], "orbitals"),
        (["one", "two", "0 0 0 0", "0 1 0 0", "1 0 1 0", "1 0 0 1"], "points, got 0"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, rows: list[str], message: str) -> None:
    path = tmp_path / "bad.cube"
    path.write_text("\n".join(rows))
    with pytest.raises(ParseError, match=message):
        read_cube(path)


def test_atoms_of_another_cell_are_refused(tmp_path: Path) -> None:
    other = replace(CRYSTAL, lattice=LATTICE * 1.1)
    with pytest.raises(ConfigError, match="another cell"):
        write_cube(made_grid(), tmp_path / "grid.cube", crystal=other)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("temperature", [None, 77.0])
def test_an_archive_loses_nothing(tmp_path: Path, temperature: float | None) -> None:
    grid = made_grid(temperature)
    write_grid(grid, tmp_path / "grid.npz")
    found = read_grid(tmp_path / "grid.npz")
    np.testing.assert_array_equal(found.energy_k, grid.energy_k)
    np.testing.assert_array_equal(found.lattice, grid.lattice)
    assert (found.cap_k, found.gas, found.field) == (grid.cap_k, grid.gas, grid.field)
    assert found.temperature == temperature
    assert [path.name for path in tmp_path.iterdir()] == ["grid.npz"]


def test_channels_read_back(tmp_path: Path) -> None:
    channels = ChannelGrid(
        lattice=LATTICE,
        names=("energy_k", "density_Si"),
        values=np.random.default_rng(0).random((2, 4, 4, 4)),
        gas="Ar",
        field="made",
    )
    write_channels(channels, tmp_path / "channels.npz")
    found = read_channels(tmp_path / "channels.npz")
    assert found.names == channels.names
    np.testing.assert_array_equal(found.values, channels.values)
    write_channels(channels, tmp_path / "channels.npy")
    bare = np.load(tmp_path / "channels.npy")
    assert bare.dtype == np.float32
    np.testing.assert_allclose(bare, channels.values, rtol=1e-6)
    with pytest.raises(ConfigError, match=r"\.npz or \.npy"):
        write_channels(channels, tmp_path / "channels.h5")


def test_other_archives_are_refused(tmp_path: Path) -> None:
    write_grid(made_grid(), tmp_path / "grid.npz")
    with pytest.raises(ParseError, match="channel grid"):
        read_channels(tmp_path / "grid.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ParseError, match="archive"):
        read_grid(tmp_path / "text.npz")
    np.savez(tmp_path / "pickled.npz", kind=np.array([None], dtype=object))
    with pytest.raises(ParseError, match="archive"):
        read_grid(tmp_path / "pickled.npz")
    with np.load(tmp_path / "grid.npz") as archive:
        parts = dict(archive) | {"version": np.array(99)}
    np.savez(tmp_path / "later.npz", **parts)
    with pytest.raises(ParseError, match="update porescope"):
        read_grid(tmp_path / "later.npz")
