"""Layers stacked and nets interpenetrating: more copies of one assembly in the cell."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Literal

import numpy as np
from jaxtyping import Float

from porescope.errors import ConfigError
from porescope.reticular.assembly import Assembly

Stacking = Literal["AA", "AB", "slipped"]
"""``AA``: each layer straight above the last; ``AB``: every other layer shifted so that its
vertices stand above pores; ``slipped``: each layer shifted a little and always the same way."""

_SLIP = 1.6
"""Shift of one layer against the next where they slip [Å]."""


def stacked(
    assembly: Assembly, *, stacking: Stacking, spacing: float | None = None, slip: float = _SLIP
) -> Assembly:
    """Layers one above the other.

    Parameters
    ----------
    assembly:
        One layer, periodic along a and b.
    stacking:
        How the layers lie.
    spacing:
        Distance of layers [Å]; ``None`` keeps that of the assembly.
    slip:
        Shift of each layer where they slip [Å], along the shorter diagonal of the layer's cell.

    Raises
    ------
    ConfigError
        Where a link runs along c, so that there are no layers.
    """
    if np.any(assembly.links[:, 6] != 0):
        raise ConfigError("links run along c: only layers can be stacked, this is a framework")
    lattice = assembly.lattice.copy()
    normal = np.cross(lattice[0], lattice[1])
    normal /= np.linalg.norm(normal)
    height = spacing if spacing is not None else float(abs(lattice[2] @ normal))
    lattice[2] = height * normal
    if stacking == "AA":
        return replace(assembly, lattice=lattice)
    sums = (lattice[0] + lattice[1], lattice[0] - lattice[1])
    diagonal = min(sums, key=lambda v: float(np.linalg.norm(v)))
    if stacking == "slipped":
        lattice[2] += slip * diagonal / np.linalg.norm(diagonal)
        return replace(assembly, lattice=lattice)
    shift = _above_pores(lattice) + lattice[2]
    lattice[2] *= 2.0
    return _with_copies(replace(assembly, lattice=lattice), np.array([np.zeros(3), shift]))


def interpenetrated(
    assembly: Assembly, *, n_nets: int, min_distance: float = 2.5, n_best: int = 2
) -> list[Assembly]:
    """Several copies of a framework in one cell, shifted so that they keep clear.

    The shifts are those by which the copies follow one another like the points of a finer
    lattice, and for two nets also quarters of the cell.

    Parameters
    ----------
    assembly:
        One net.
    n_nets:
        Number of copies, 1 to 8.
    min_distance:
        Least distance between atoms of two nets [Å], hydrogen left out.
    n_best:
        Most arrangements to return.

    Returns
    -------
    :
        Arrangements, the roomiest first; empty where there is no room.

    Raises
    ------
    ConfigError
        Where the number of nets is out of range.
    """
    if not 1 <= n_nets <= 8:
        raise ConfigError(f"expected 1 to 8 interpenetrating nets, got {n_nets}")
    if n_nets == 1:
        return [assembly]
    steps = 4 if n_nets == 2 else n_nets
    frac = _heavy_places(assembly) @ np.linalg.inv(assembly.lattice)
    found: list[tuple[float, tuple[float, ...]]] = []
    for indices in product(range(steps), repeat=3):
        shift = np.array(indices) / steps
        if not any(indices):
            continue
        copies = [k * shift for k in range(1, n_nets)]
        near = min(_clearance(frac, copy, assembly.lattice, images=False) for copy in copies)
        if near >= min_distance:
            found.append((near, tuple(shift.tolist())))
    found.sort(key=lambda item: (-round(item[0], 2), item[1]))
    kept: list[Assembly] = []
    distances: list[float] = []
    for near, shift in found:
        # Shifts of one clearance are mostly images of one another.
        if any(abs(near - other) < 0.02 for other in distances):
            continue
        moves = np.arange(n_nets)[:, None] * np.array(shift)
        if any(
            _clearance(frac, move, assembly.lattice, images=True) < min_distance
            for move in moves[1:]
        ):
            continue
        distances.append(near)
        copies = moves @ assembly.lattice
        kept.append(_with_copies(assembly, copies))
        if len(kept) >= n_best:
            break
    return kept


def _above_pores(lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3"]:
    """Shift within a layer that puts its vertices above its pores [Å]."""
    a, b = np.linalg.norm(lattice[:2], axis=1)
    cosine = float(lattice[0] @ lattice[1] / (a * b))
    hexagonal = abs(a - b) < 0.05 * a and abs(abs(cosine) - 0.5) < 0.08
    if not hexagonal:
        return 0.5 * (lattice[0] + lattice[1])
    if cosine > 0.0:
        return (lattice[0] + lattice[1]) / 3.0
    return (lattice[0] + 2.0 * lattice[1]) / 3.0


def _with_copies(assembly: Assembly, shifts: Float[np.ndarray, "copies 3"]) -> Assembly:
    """The same cell with a copy of all pieces at each shift [Å]."""
    n = assembly.n_pieces
    links = []
    for copy in range(len(shifts)):
        rows = assembly.links.copy()
        rows[:, [0, 2]] += copy * n
        links.append(rows)
    return replace(
        assembly,
        kinds=np.tile(assembly.kinds, len(shifts)),
        origins=np.concatenate([assembly.origins + shift for shift in shifts]),
        rotations=np.tile(assembly.rotations, (len(shifts), 1, 1)),
        links=np.concatenate(links),
    )


def _heavy_places(assembly: Assembly) -> Float[np.ndarray, "atoms 3"]:
    """Cartesian coordinates of all atoms but hydrogen [Å]."""
    places = []
    for piece, kind in enumerate(assembly.kinds.tolist()):
        heavy = assembly.blocks[kind].numbers != 1
        places.append(assembly.piece_positions(piece)[heavy])
    return np.concatenate(places)


def _clearance(
    frac: Float[np.ndarray, "atoms 3"],
    shift: Float[np.ndarray, "3"],
    lattice: Float[np.ndarray, "3 3"],
    *,
    images: bool,
) -> float:
    """Least distance between a net and its copy [Å], in skew cells too where images are asked."""
    delta = frac[:, None, :] - frac[None, :, :] + shift
    delta -= np.rint(delta)
    near = np.inf
    for image in product((-1, 0, 1), repeat=3) if images else ((0, 0, 0),):
        moved = (delta + np.array(image)) @ lattice
        near = min(near, float(np.sqrt(np.min(np.einsum("abi,abi->ab", moved, moved)))))
    return near
