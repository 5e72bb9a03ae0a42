"""Energy grids in files: Gaussian cube, and numpy archives with a version.

A cube file has lengths in bohr, the grid's steps as vectors, the atoms, and the values with c
running fastest; its values here are energies over Boltzmann's constant [K].
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.grid import EnergyGrid
from porescope.adsorption.histograms import ChannelGrid
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, ParseError

BOHR = 0.529177210903
"""Bohr radius [Å]. Source: CODATA 2018."""

_VERSION = 1
_ENERGY_KIND = "porescope energy grid"
_CHANNEL_KIND = "porescope channel grid"
_MAX_POINTS = 1 << 30


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CubeFile:
    """What a cube file says."""

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    origin: Float[np.ndarray, "3"]
    """Place of the first point [Å]."""
    numbers: Int[np.ndarray, "atoms"]
    """Atomic numbers."""
    cart: Float[np.ndarray, "atoms 3"]
    """Cartesian coordinates of the atoms [Å]."""
    values: Float[np.ndarray, "na nb nc"]
    """Values at the points, in the unit of whoever wrote the file."""
    comments: tuple[str, str]
    """The first two lines."""


def write_cube(grid: EnergyGrid, path: str | Path, *, crystal: Crystal | None = None) -> None:
    """Write a grid as a Gaussian cube file; it is there whole or not at all.

    Values have six significant digits.

    Parameters
    ----------
    grid:
        Energies on a grid.
    path:
        The file; one that exists is replaced.
    crystal:
        Atoms to write with it, in the same cell.

    Raises
    ------
    ConfigError
        Where the crystal has another cell than the grid.
    """
    if crystal is not None and not np.allclose(crystal.lattice, grid.lattice, atol=1e-6):
        raise ConfigError("expected a crystal with the cell of the grid, got another cell")
    title = f"porescope: energy of {grid.gas} over Boltzmann's constant [K], cap {grid.cap_k:g} K"
    if grid.temperature is not None:
        title += f", averaged over orientations at {grid.temperature:g} K"
    lines = [_one_line(title), _one_line(grid.field)]
    numbers = np.zeros(0, dtype=np.int64) if crystal is None else crystal.numbers
    cart = np.zeros((0, 3)) if crystal is None else crystal.cart
    lines.append(f"{len(numbers):5d}" + _floats(np.zeros(3)))
    for n, vector in zip(grid.shape, grid.lattice, strict=True):
        lines.append(f"{n:5d}" + _floats(vector / n / BOHR))
    for number, place in zip(numbers.tolist(), cart, strict=True):
        lines.append(f"{number:5d}" + _floats(np.array([float(number), *(place / BOHR)])))
    n_c = grid.shape[2]
    row = "".join("%13.5E" + ("\n" if k % 6 == 5 or k == n_c - 1 else "") for k in range(n_c))

    def write(stream: IO[bytes]) -> None:
        stream.write(("\n".join(lines) + "\n").encode())
        for plane in grid.energy_k:
            stream.write("".join(row % tuple(values) for values in plane.tolist()).encode())

    _write_whole(Path(path), write)


def read_cube(path: str | Path) -> CubeFile:
    """Read a Gaussian cube file with one value at each point.

    Parameters
    ----------
    path:
        The file.

    Raises
    ------
    ParseError
        Where the file is not a cube file, or ends too early.
    """
    path = Path(path)
    with path.open("r", encoding="utf-8", errors="replace") as stream:
        comments = stream.readline().rstrip("\n"), stream.readline().rstrip("\n")
        n_atoms, origin, _ = _cube_row(stream.readline(), path=path, line=3)
        if n_atoms < 0:
            raise ParseError("expected one value for each point, got orbitals", path=path, line=3)
        shape, steps, in_bohr = [], [], True
        for line in (4, 5, 6):
            n, vector, _ = _cube_row(stream.readline(), path=path, line=line)
            in_bohr = in_bohr and n > 0
            shape.append(abs(n))
            steps.append(vector * abs(n))
        unit = BOHR if in_bohr else 1.0
        n_points = float(np.prod(np.array(shape, dtype=float)))
        if not 1 <= n_points <= _MAX_POINTS:
            raise ParseError(f"expected 1 to {_MAX_POINTS} points, got {n_points:g}", path=path)
        atoms = [
            _cube_row(stream.readline(), path=path, line=7 + i, columns=4) for i in range(n_atoms)
        ]
        values = _values(stream, int(n_points), path=path)
    return CubeFile(
        lattice=np.array(steps) * unit,
        origin=origin * unit,
        numbers=np.array([number for number, _, _ in atoms], dtype=np.int64),
        cart=np.array([place for _, _, place in atoms]).reshape(-1, 3) * unit,
        values=values.reshape(shape),
        comments=comments,
    )


def write_grid(grid: EnergyGrid, path: str | Path) -> None:
    """Write a grid as a numpy archive (.npz) that loses nothing and holds no pickle.

    Parameters
    ----------
    grid:
        Energies on a grid.
    path:
        The file; one that exists is replaced.
    """
    temperature = np.nan if grid.temperature is None else grid.temperature

    def write(stream: IO[bytes]) -> None:
        np.savez_compressed(
            stream,
            kind=np.array(_ENERGY_KIND),
            version=np.array(_VERSION),
            lattice=grid.lattice,
            energy_k=grid.energy_k,
            cap_k=np.array(grid.cap_k),
            gas=np.array(grid.gas),
            field=np.array(grid.field),
            temperature=np.array(temperature),
        )

    _write_whole(Path(path), write)


def read_grid(path: str | Path) -> EnergyGrid:
    """Read a grid that :func:`write_grid` wrote.

    Parameters
    ----------
    path:
        The file.

    Raises
    ------
    ParseError
        Where the file is no such archive, or of a later version.
    """
    parts = _archive(Path(path), kind=_ENERGY_KIND)
    temperature = float(parts["temperature"])
    return EnergyGrid(
        lattice=parts["lattice"],
        energy_k=parts["energy_k"],
        cap_k=float(parts["cap_k"]),
        gas=str(parts["gas"]),
        field=str(parts["field"]),
        temperature=None if np.isnan(temperature) else temperature,
    )


def write_channels(grid: ChannelGrid, path: str | Path) -> None:
    """Write a grid of channels: all of it as .npz, or the bare array in float32 as .npy.

    Parameters
    ----------
    grid:
        Channels on a grid.
    path:
        A file that ends in .npz or .npy; one that exists is replaced.

    Raises
    ------
    ConfigError
        Where the file has another ending.
    """
    path = Path(path)
    if path.suffix not in (".npz", ".npy"):
        raise ConfigError(f"expected a file that ends in .npz or .npy, got {path.name!r}")

    def write(stream: IO[bytes]) -> None:
        if path.suffix == ".npy":
            np.save(stream, grid.values.astype(np.float32), allow_pickle=False)
            return
        np.savez_compressed(
            stream,
            kind=np.array(_CHANNEL_KIND),
            version=np.array(_VERSION),
            lattice=grid.lattice,
            names=np.array(grid.names),
            values=grid.values,
            gas=np.array(grid.gas),
            field=np.array(grid.field),
        )

    _write_whole(path, write)


def read_channels(path: str | Path) -> ChannelGrid:
    """Read a grid of channels that :func:`write_channels` wrote as .npz.

    Raises
    ------
    ParseError
        Where the file is no such archive, or of a later version.
    """
    parts = _archive(Path(path), kind=_CHANNEL_KIND)
    return ChannelGrid(
        lattice=parts["lattice"],
        names=tuple(str(name) for name in parts["names"]),
        values=parts["values"],
        gas=str(parts["gas"]),
        field=str(parts["field"]),
    )


def _archive(path: Path, *, kind: str) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            parts = {name: archive[name] for name in archive.files}
    except (ValueError, zipfile.BadZipFile, EOFError, AttributeError) as error:
        raise ParseError(f"expected an archive of a {kind}, got none: {error}", path=path) from None
    if str(parts.get("kind")) != kind:
        raise ParseError(f"expected a {kind}, got {parts.get('kind', 'something else')}", path=path)
    if int(parts["version"]) > _VERSION:
        raise ParseError(
            f"expected version {_VERSION} or earlier, got {int(parts['version'])}: "
            "update porescope",
            path=path,
        )
    return parts


def _cube_row(
    text: str, *, path: Path, line: int, columns: int = 3
) -> tuple[int, Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """Count or atomic number, the first three numbers, and the last three."""
    words = text.split()
    try:
        count, numbers = int(words[0]), np.array([float(word) for word in words[1:]])
    except (IndexError, ValueError):
        numbers, count = np.zeros(0), 0
    if len(numbers) < columns:
        raise ParseError(
            f"expected an integer and {columns} numbers as in a cube file, got {text.strip()!r}",
            path=path,
            line=line,
        )
    return count, numbers[:3], numbers[columns - 3 : columns]


def _values(stream: IO[str], n_points: int, *, path: Path) -> Float[np.ndarray, "points"]:
    values = np.empty(n_points)
    filled = 0
    while lines := stream.readlines(1 << 24):
        try:
            part = np.array("".join(lines).split(), dtype=np.float64)
        except ValueError as error:
            raise ParseError(f"expected numbers as values: {error}", path=path) from None
        if filled + len(part) > n_points:
            raise ParseError(f"expected {n_points} values, got more", path=path)
        values[filled : filled + len(part)] = part
        filled += len(part)
    if filled < n_points:
        raise ParseError(f"expected {n_points} values, got {filled}", path=path)
    return values


def _floats(values: Float[np.ndarray, "n"]) -> str:
    return "".join(f"{value:14.8f}" for value in values)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _write_whole(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Write to a temporary name beside the file, then rename."""
    handle, temporary = tempfile.mkstemp(
        prefix=f".{path.name[:60]}.", suffix=".part", dir=path.parent
    )
    try:
        with os.fdopen(handle, "wb") as stream:
            write(stream)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
