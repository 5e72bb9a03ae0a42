"""Lennard-Jones grids on torch: the same energies on a GPU, or on a CPU."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.energy_grid import CAP_K, chosen_shape
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.grid import EnergyGrid
from porescope.adsorption.interactions import tail_energy_k
from porescope.adsorption.lennard_jones import BeadInteraction, prepare_bead
from porescope.adsorption.lennard_jones_kernels import MIN_R2
from porescope.adsorption.symmetry_points import unique_points
from porescope.errors import ConfigError, MissingExtraError

_EDGE = 8  # points along each edge of a block
_PAIRS_ON_CPU = 1 << 20
_PAIRS_ON_GPU = 1 << 26


def lennard_jones_grid_torch(
    framework: Framework,
    gas: Gas,
    *,
    spacing: float | None = None,
    shape: tuple[int, int, int] | None = None,
    cap_k: float = CAP_K,
    use_symmetry: bool = True,
    device: str | None = None,
    precision: Literal["float32", "float64"] = "float64",
    max_pairs: int | None = None,
) -> EnergyGrid:
    """As :func:`porescope.adsorption.energy_grid.lennard_jones_grid`, computed by torch.

    In float64 energies agree with those of numba to rounding. In float32 single pairs have seven
    digits and their sums are taken in float64; a pair within 1e-6 Å of a truncated cutoff may fall
    on its other side.

    Parameters
    ----------
    framework, gas, spacing, shape, cap_k, use_symmetry:
        As there.
    device:
        Device of torch, such as ``cuda`` or ``cpu``; a GPU where there is one by default.
    precision:
        Precision of the pairs.
    max_pairs:
        Largest number of pairs in memory at once.

    Raises
    ------
    ConfigError
        Where the gas has several sites, the grid is impossible, or torch has no such device.
    MissingExtraError
        Where torch is not installed.
    """
    torch = _torch()
    if not gas.is_single_site:
        raise ConfigError(
            f"expected a gas of one uncharged site, got {gas.name} with {len(gas.beads)} sites"
        )
    chosen = _device(torch, device)
    shape = chosen_shape(framework, spacing=spacing, shape=shape, use_symmetry=use_symmetry)
    unique = unique_points(framework, shape=shape) if use_symmetry else None
    points = np.arange(int(np.prod(shape))) if unique is None else unique.points
    if max_pairs is None:
        max_pairs = _PAIRS_ON_CPU if chosen.type == "cpu" else _PAIRS_ON_GPU
    energy = _energies_k(
        prepare_bead(framework, gas),
        points,
        shape=shape,
        torch=torch,
        device=chosen,
        dtype=getattr(torch, precision),
        max_pairs=max_pairs,
    )
    if unique is not None:
        energy = energy[unique.unique]
    energy = np.minimum(energy + tail_energy_k(framework, gas), cap_k)
    return EnergyGrid(
        lattice=framework.crystal.lattice,
        energy_k=energy.reshape(shape),
        cap_k=cap_k,
        gas=gas.name,
        field=framework.field.describe(),
    )


def _torch() -> Any:
    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise MissingExtraError("torch", extra="ml") from None
    return torch


def _device(torch: Any, name: str | None) -> Any:
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"expected a device of torch such as cuda or cpu, got {name!r}") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError("expected a GPU for device='cuda', found none: choose device='cpu'")
    return device


def _energies_k(
    interaction: BeadInteraction,
    points: Int[np.ndarray, "points"],
    *,
    shape: tuple[int, int, int],
    torch: Any,
    device: Any,
    dtype: Any,
    max_pairs: int,
) -> Float[np.ndarray, "points"]:
    """Energies at points of a grid, block after block [K]."""
    out = np.empty(len(points))
    images = interaction.images
    place = np.stack([images.x, images.y, images.z], axis=1)[: len(images.atom)]
    constants = np.stack([interaction.c12, interaction.c6, interaction.shift_k], axis=1)
    steps = interaction.lattice / np.array(shape)[:, None]
    for rows in _blocks(points, shape=shape):
        cart = np.stack(np.unravel_index(points[rows], shape), axis=1) @ steps
        centre = 0.5 * (cart.min(axis=0) + cart.max(axis=0))
        away2 = np.sum((place - centre) ** 2, axis=1)
        radius = np.sqrt(np.max(np.sum((cart - centre) ** 2, axis=1)))
        near = np.flatnonzero(away2 < (interaction.cutoff + radius) ** 2)
        # Distances from the centre of the block keep their digits in float32.
        atoms = torch.as_tensor(place[near] - centre, dtype=dtype, device=device)
        factors = torch.as_tensor(constants[near], dtype=dtype, device=device)
        home = torch.as_tensor(cart - centre, dtype=dtype, device=device)
        some = max(1, max_pairs // max(1, len(near)))
        parts = [
            _pair_sums(torch, home[start : start + some], atoms, factors, interaction.cutoff)
            for start in range(0, len(rows), some)
        ]
        out[rows] = torch.cat(parts).cpu().numpy()
    return out


def _pair_sums(torch: Any, home: Any, atoms: Any, factors: Any, cutoff: float) -> Any:
    """Sums over the atoms for each point, in float64."""
    r2 = (home[:, None, 0] - atoms[None, :, 0]) ** 2
    r2 += (home[:, None, 1] - atoms[None, :, 1]) ** 2
    r2 += (home[:, None, 2] - atoms[None, :, 2]) ** 2
    inside = r2 < cutoff * cutoff
    s6 = r2.clamp_(min=MIN_R2).reciprocal_() ** 3
    # c6 is drawn out first: in float32, c12 s6 s6 alone may exceed its range.
    pair = (factors[:, 0] * s6 - factors[:, 1]).to(torch.float64) * s6
    pair -= factors[:, 2]
    return torch.where(inside, pair, 0.0).sum(dim=1, dtype=torch.float64)


def _blocks(
    points: Int[np.ndarray, "points"], *, shape: tuple[int, int, int]
) -> list[Int[np.ndarray, "some"]]:
    """Rows of the points of each cube of the grid."""
    place = np.stack(np.unravel_index(points, shape), axis=1) // _EDGE
    _, nb, nc = (-(-n // _EDGE) for n in shape)
    key = (place[:, 0] * nb + place[:, 1]) * nc + place[:, 2]
    order = np.argsort(key, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(key[order])) + 1)
