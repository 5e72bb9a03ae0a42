"""What each place of a cell and each atom contributes to a property."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.crystal.elements import covalent_radii
from porescope.crystal.structure import Crystal
from porescope.datasets.property_set import Target
from porescope.errors import ConfigError, MissingExtraError
from porescope.io.grids import BOHR
from porescope.models.surroundings import atoms_around

try:
    import torch
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

from porescope.models.property.network import SitesNetwork
from porescope.models.property.predict import atom_values, contribution_grid
from porescope.models.property_inputs import PropertyBatch, Windows
from porescope.models.property_x3mat.network import X3matNetwork
from porescope.workflows.predict_models import PropertyModels

FINEST = 0.5
"""Distance of the points of a map where the cell is small [Å]."""
USUAL_POINTS = 40_000
"""A larger cell gets a coarser map, unless a spacing is asked for."""
MOST_POINTS = 4_000_000
"""Larger maps are refused."""
OPEN_DISTANCE = 1.0
"""Space this far outside the covalent radii of all atoms counts as open to guests [Å]."""
ATOM_WIDTH = 0.7
"""Standard deviation of the Gaussian by which an atom's contribution is drawn on the grid [Å]."""
_SOFTNESS = 0.25  # [Å] over which a point is shared between atoms that are about as near
_NEARLY = 2.0  # [Å] atoms farther from a point than the nearest by this have no share of it
_AT_ONCE = 20_000  # points whose atoms are looked up at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AtomContributions:
    """What the atoms of a cell contribute."""

    part: Float[np.ndarray, "atoms"]
    """What each adds to the value; the sum over the cell's atoms is the value."""
    mean: Float[np.ndarray, "atoms"]
    """Where places are atoms, what the model says of each. Otherwise the mean contribution of the
    open space that is nearer to the atom than to others; NaN where there is none."""
    highest: Float[np.ndarray, "atoms"]
    """The largest contribution there."""
    weight: Float[np.ndarray, "atoms"]
    """How much of what was looked at the mean is over: the share of the cell that is open and
    nearest to the atom, or where places are atoms, of the atom in all."""

    def order(self) -> Int[np.ndarray, "atoms"]:
        """Atoms from the largest mean to the smallest, those without one last."""
        return np.argsort(-np.where(np.isfinite(self.mean), self.mean, -np.inf), kind="stable")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContributionMap:
    """Contributions over a cell."""

    crystal: Crystal
    """The crystal, in the cell of the map."""
    target: Target
    """The property."""
    kind: Literal["points", "atoms", "windows"]
    """What the model reads: points of space, whose contributions the grid holds; windows about
    points; or atoms, whose contributions the grid holds smeared out."""
    values: Float[np.ndarray, "na nb nc"]
    """Contributions at the points (i/na, j/nb, k/nc), in the property's unit. Their mean over the
    grid is the value of the map."""
    atoms: AtomContributions
    """The same by atoms."""

    @property
    def value(self) -> float:
        """The property by the map: the mean over all of it."""
        return float(self.values.mean())


def contribution_map(
    models: PropertyModels, crystal: Crystal, *, column: int = 0, spacing: float | None = None
) -> ContributionMap:
    """Contributions over the cell, the mean over the members of an ensemble.

    Parameters
    ----------
    models:
        The models.
    crystal:
        The crystal.
    column:
        Which of their targets.
    spacing:
        Largest distance of neighbouring points along an axis [Å]; by default 0.5 Å, or more where
        the cell is so large that the map would pass 40 000 points.

    Raises
    ------
    ConfigError
        If the model says nothing about places, the spacing is not above 0, or the map too large.
    """
    shape = map_shape(crystal, spacing=spacing)
    step = float(np.max(np.linalg.norm(crystal.lattice, axis=1) / np.array(shape)))
    step = step * (1.0 + 1e-9) if spacing is None else spacing
    target = models.targets[column]
    first = models.members[0]
    if isinstance(first, SitesNetwork) and first.config.places == "atoms":
        said = np.mean([_of_atoms(member, crystal)[:, column] for member in models.members], axis=0)
        values = smeared(crystal, said, shape=shape)
        found = AtomContributions(
            part=said / crystal.n_atoms,
            mean=said,
            highest=said,
            weight=np.full(crystal.n_atoms, 1.0 / crystal.n_atoms),
        )
        return ContributionMap(
            crystal=crystal, target=target, kind="atoms", values=values, atoms=found
        )
    if isinstance(first, SitesNetwork):
        grids = [
            _over_points(member, crystal, spacing=step)[..., column] for member in models.members
        ]
        values, kind = np.mean(grids, axis=0), "points"
    elif isinstance(first, X3matNetwork):
        grids = [_over_windows(m, crystal, shape=shape)[..., column] for m in models.members]
        values, kind = np.mean(grids, axis=0), "windows"
    else:
        raise ConfigError(
            f"weights of preset {models.preset!r} do not say what places contribute; a map needs "
            "weights of 'sites' or 'x3mat'"
        )
    return ContributionMap(
        crystal=crystal,
        target=target,
        kind=kind,
        values=values,
        atoms=shared_out(crystal, values),
    )


def map_shape(crystal: Crystal, *, spacing: float | None) -> tuple[int, int, int]:
    """Points of a map along a, b and c.

    Raises
    ------
    ConfigError
        If the spacing is not above 0, or the map too large.
    """
    if spacing is None:
        spacing = max(FINEST, float(np.cbrt(crystal.volume / USUAL_POINTS)))
    if not spacing > 0.0:
        raise ConfigError(f"the spacing of a map must be above 0 Å, not {spacing:g}")
    lengths = np.linalg.norm(crystal.lattice, axis=1)
    counts = np.maximum(np.ceil(lengths / spacing - 1e-6), 1.0)
    if np.prod(counts) > MOST_POINTS:
        raise ConfigError(
            f"the map would have {np.prod(counts):.0f} points, more than {MOST_POINTS}; choose a "
            "larger spacing"
        )
    na, nb, nc = (int(n) for n in counts)
    return na, nb, nc


def _of_atoms(member: object, crystal: Crystal) -> Float[np.ndarray, "atoms targets"]:
    assert isinstance(member, SitesNetwork)
    return atom_values(member, crystal)


def _over_points(
    member: object, crystal: Crystal, *, spacing: float
) -> Float[np.ndarray, "na nb nc targets"]:
    assert isinstance(member, SitesNetwork)
    return contribution_grid(member, crystal, spacing=spacing).values


@torch.inference_mode()
def _over_windows(
    member: object, crystal: Crystal, *, shape: tuple[int, int, int]
) -> Float[np.ndarray, "na nb nc targets"]:
    assert isinstance(member, X3matNetwork)
    place = grid_places(shape) @ crystal.lattice
    said = []
    at_once = member.config.windows_at_once
    for start in range(0, len(place), at_once):
        part = place[start : start + at_once]
        window, atom, offset = atoms_around(crystal, part, radius=member.config.radius)
        windows = Windows(
            place=torch.from_numpy(part.astype(np.float32)),
            crystal=torch.zeros(len(part), dtype=torch.int64),
            weight=torch.full((len(part),), 1.0 / len(part)),
            n_windows=torch.tensor([len(part)]),
            numbers=torch.from_numpy(crystal.numbers[atom].astype(np.int64)),
            window=torch.from_numpy(window),
            offset=torch.from_numpy(offset.astype(np.float32)),
        )
        batch = PropertyBatch(targets=member.unknown(), windows=windows).to(member.shift.device)
        output = member(batch)
        assert output.contributions is not None
        said.append((output.contributions * member.scale + member.shift).double().cpu().numpy())
    return np.concatenate(said).reshape(*shape, -1)


def grid_places(shape: tuple[int, int, int]) -> Float[np.ndarray, "points 3"]:
    """Fractions of the cell at the points of a grid, c running fastest."""
    size = np.array(shape)
    return np.stack(np.unravel_index(np.arange(int(size.prod())), shape), axis=1) / size


def smeared(
    crystal: Crystal,
    said: Float[np.ndarray, "atoms"],
    *,
    shape: tuple[int, int, int],
    width: float = ATOM_WIDTH,
) -> Float[np.ndarray, "na nb nc"]:
    """Values of atoms as Gaussians on a grid whose mean is the mean over the atoms.

    Parameters
    ----------
    crystal:
        The crystal.
    said:
        A value for each atom.
    shape:
        Points along a, b and c.
    width:
        Standard deviation of a Gaussian [Å].
    """
    n_points = int(np.prod(shape))
    place = grid_places(shape) @ crystal.lattice
    steps = np.linalg.norm(crystal.lattice, axis=1) / np.array(shape)
    reach = max(3.5 * width, 1.8 * float(steps.max()))
    point, atom, offset = atoms_around(crystal, place, radius=reach)
    height = np.exp(-0.5 * np.sum(offset**2, axis=1) / width**2)
    total = np.bincount(atom, weights=height, minlength=crystal.n_atoms)
    height *= (said / np.maximum(total, 1e-300))[atom]
    density = np.bincount(point, weights=height, minlength=n_points)
    return (density * n_points / crystal.n_atoms).reshape(shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shares:
    """To which atoms the points of a grid belong."""

    point: Int[np.ndarray, "pairs"]
    """Point of each pair."""
    atom: Int[np.ndarray, "pairs"]
    """Atom of each pair."""
    share: Float[np.ndarray, "pairs"]
    """Share of the point that belongs to the atom; they add up to one for each point."""
    surface: Float[np.ndarray, "points"]
    """Distance from each point to the nearest covalent radius [Å], negative inside."""

    @property
    def is_open(self) -> Bool[np.ndarray, "points"]:
        """Points that are far enough outside the atoms for a guest."""
        return self.surface >= OPEN_DISTANCE


def shares_of(crystal: Crystal, place: Float[np.ndarray, "points 3"]) -> Shares:
    """Share points among the atoms whose surfaces are nearest, alike where these are equally near.

    Parameters
    ----------
    crystal:
        The crystal.
    place:
        Cartesian coordinates within the cell [Å].
    """
    radii = covalent_radii()[crystal.numbers]
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    surface = np.full(len(place), np.inf)
    for start in range(0, len(place), _AT_ONCE):
        left, reach = np.arange(start, min(start + _AT_ONCE, len(place))), 4.5
        while len(left):
            row, atom, offset = atoms_around(crystal, place[left], radius=reach)
            away = np.linalg.norm(offset, axis=1) - radii[atom]
            nearest = np.full(len(left), np.inf)
            np.minimum.at(nearest, row, away)
            # Every atom that has a share lies within the reach.
            sure = nearest + _NEARLY + radii.max() <= reach
            keep = sure[row] & (away <= nearest[row] + _NEARLY)
            heavy = np.exp(-(away[keep] - nearest[row[keep]]) / _SOFTNESS)
            total = np.bincount(row[keep], weights=heavy, minlength=len(left))
            parts.append((left[row[keep]], atom[keep], heavy / total[row[keep]]))
            surface[left[sure]] = nearest[sure]
            left, reach = left[~sure], 1.6 * reach
    point, atom, share = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Shares(point=point, atom=atom, share=share, surface=surface)


def shared_out(crystal: Crystal, values: Float[np.ndarray, "na nb nc"]) -> AtomContributions:
    """Contributions of points as those of the atoms next to them.

    Parameters
    ----------
    crystal:
        The crystal.
    values:
        Contributions at the points (i/na, j/nb, k/nc).
    """
    na, nb, nc = values.shape
    shares = shares_of(crystal, grid_places((na, nb, nc)) @ crystal.lattice)
    flat, n_atoms = values.ravel(), crystal.n_atoms
    said = flat[shares.point] * shares.share
    part = np.bincount(shares.atom, weights=said, minlength=n_atoms) / len(flat)
    is_open = shares.is_open[shares.point]
    atom, share = shares.atom[is_open], shares.share[is_open]
    volume = np.bincount(atom, weights=share, minlength=n_atoms)
    total = np.bincount(atom, weights=said[is_open], minlength=n_atoms)
    enough = volume > 1e-6
    mean = np.where(enough, total / np.where(enough, volume, 1.0), np.nan)
    highest = np.full(n_atoms, -np.inf)
    mostly = share > 0.1
    np.maximum.at(highest, atom[mostly], flat[shares.point[is_open][mostly]])
    highest = np.where(np.isfinite(highest), highest, mean)
    return AtomContributions(part=part, mean=mean, highest=highest, weight=volume / len(flat))


def write_map_cube(
    made: ContributionMap,
    path: str | Path,
    *,
    values: Float[np.ndarray, "na nb nc"] | None = None,
    title: str = "",
) -> None:
    """Write a map as a Gaussian cube file with the atoms; it is there whole or not at all.

    Parameters
    ----------
    made:
        The map.
    path:
        The file; one that exists is replaced.
    values:
        Other values on the same grid; NaN is written as 0.
    title:
        First line; by default what the map shows.
    """
    grid = made.values if values is None else values
    crystal, path = made.crystal, Path(path)
    what = f"contributions to {made.target.name} [{made.target.unit}] in {crystal.name}"
    lines = [
        " ".join((title or f"porescope: {what}").split()),
        f"mean over the grid {np.nanmean(grid):.6g}; lengths in bohr",
        f"{crystal.n_atoms:5d}" + _floats(np.zeros(3)),
    ]
    for n, vector in zip(grid.shape, crystal.lattice, strict=True):
        lines.append(f"{n:5d}" + _floats(vector / n / BOHR))
    for number, place in zip(crystal.numbers.tolist(), crystal.cart, strict=True):
        lines.append(f"{number:5d}" + _floats(np.array([float(number), *(place / BOHR)])))
    for row in np.nan_to_num(grid, nan=0.0).reshape(-1, grid.shape[2]).tolist():
        for start in range(0, len(row), 6):
            lines.append("".join(f"{value:13.5E}" for value in row[start : start + 6]))
    partial = path.with_name(path.name + ".part")
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(partial, path)


def _floats(values: Float[np.ndarray, "n"]) -> str:
    return "".join(f"{value:12.6f}" for value in values)
