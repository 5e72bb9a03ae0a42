"""Lennard-Jones energy of a bead with a rigid framework, at any points of any cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Float

from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.images import Images, images_within
from porescope.adsorption.interactions import pair_table
from porescope.adsorption.lennard_jones_kernels import block_energies, block_gradients
from porescope.adsorption.point_blocks import PointBlocks, blocks_of_points

_CHUNK = 1 << 19  # points at once, so that memory is bounded


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BeadInteraction:
    """What one bead feels of a framework, prepared for many calls."""

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    images: Images
    """Atoms within the cutoff of the cell."""
    c12: Float[np.ndarray, "images"]
    """4 epsilon sigma^12 of each image [K Å^12]."""
    c6: Float[np.ndarray, "images"]
    """4 epsilon sigma^6 of each image [K Å^6]."""
    shift_k: Float[np.ndarray, "images"]
    """Energy at the cutoff where the field is shifted, else 0 [K]."""
    cutoff: float
    """Distance beyond which the energy is zero [Å]."""


def prepare_bead(
    framework: Framework, gas: Gas, *, bead: int = 0, margin: float = 0.0
) -> BeadInteraction:
    """The interaction of one bead of a gas with a framework.

    Parameters
    ----------
    framework:
        Rigid framework; its field sets cutoff, truncation and mixing.
    gas:
        Guest molecule.
    bead:
        Which of its beads.
    margin:
        How far outside the cell points may lie that are not brought back into it [Å].
    """
    table = pair_table(framework, gas)
    epsilon, sigma = table.epsilon_k[:, bead], table.sigma[:, bead]
    # Atoms without energy cost time and change nothing.
    felt = np.flatnonzero(epsilon[framework.type_index] != 0.0)
    images = images_within(
        framework.crystal.lattice,
        frac=framework.crystal.frac[felt],
        reach=table.cutoff + margin,
    )
    kind = framework.type_index[felt][images.atom]
    return BeadInteraction(
        lattice=framework.crystal.lattice,
        images=images,
        c12=(4.0 * epsilon * sigma**12)[kind],
        c6=(4.0 * epsilon * sigma**6)[kind],
        shift_k=table.shift_k[:, bead][kind],
        cutoff=table.cutoff,
    )


def bead_energies_k(
    framework: Framework, gas: Gas, cart: Float[np.ndarray, "points 3"], *, bead: int = 0
) -> Float[np.ndarray, "points"]:
    """Lennard-Jones energy of one bead with a rigid framework, over Boltzmann's constant.

    Cells of any shape; cutoffs beyond half a cell are handled by images. No tail correction.
    Distances below 0.01 Å count as 0.01 Å, so that energies stay finite.

    Parameters
    ----------
    framework:
        Rigid framework; its field sets cutoff, truncation and mixing.
    gas:
        Guest molecule.
    cart:
        Positions of the bead, anywhere [Å].
    bead:
        Which bead of the gas.

    Returns
    -------
    :
        Energies [K].
    """
    return energies_at_points_k(prepare_bead(framework, gas, bead=bead), cart)


def bead_gradients_k(
    framework: Framework, gas: Gas, cart: Float[np.ndarray, "points 3"], *, bead: int = 0
) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points 3"]]:
    """Energies of one bead [K], as :func:`bead_energies_k`, and their cartesian gradients [K/Å].

    Inside 0.01 Å of an atom the gradient is that at 0.01 Å.
    """
    interaction = prepare_bead(framework, gas, bead=bead)
    out = np.empty((len(cart), 4))
    for rows, home in _parts(cart, interaction.lattice):
        blocks = blocks_of_points(home)
        out[rows][blocks.order] = gradients_of_blocks_k(interaction, home, blocks=blocks)
    return out[:, 0].copy(), out[:, 1:].copy()


def energies_at_points_k(
    interaction: BeadInteraction, cart: Float[np.ndarray, "points 3"]
) -> Float[np.ndarray, "points"]:
    """Energies of a prepared bead at any points [K]."""
    out = np.empty(len(cart))
    for rows, home in _parts(cart, interaction.lattice):
        blocks = blocks_of_points(home)
        out[rows][blocks.order] = energies_of_blocks_k(interaction, home, blocks=blocks)
    return out


def _parts(
    cart: Float[np.ndarray, "points 3"], lattice: Float[np.ndarray, "3 3"]
) -> Iterator[tuple[slice, Float[np.ndarray, "some 3"]]]:
    """Rows of the points, a bounded number at once, and their places in the home cell [Å]."""
    inverse = np.linalg.inv(lattice)
    for start in range(0, len(cart), _CHUNK):
        frac = cart[start : start + _CHUNK] @ inverse
        yield slice(start, start + _CHUNK), (frac - np.floor(frac)) @ lattice


def energies_of_blocks_k(
    interaction: BeadInteraction, home: Float[np.ndarray, "points 3"], *, blocks: PointBlocks
) -> Float[np.ndarray, "points"]:
    """Energies at points of the home cell, in the order of their blocks [K].

    Parameters
    ----------
    interaction:
        The prepared bead.
    home:
        Cartesian coordinates inside the cell, or as far outside as its margin [Å].
    blocks:
        Blocks of these points.
    """
    return _run_kernel(block_energies, interaction, home, blocks, np.empty(len(home)))


def gradients_of_blocks_k(
    interaction: BeadInteraction, home: Float[np.ndarray, "points 3"], *, blocks: PointBlocks
) -> Float[np.ndarray, "points 4"]:
    """Energies [K] and their gradients [K/Å] at points, in the order of their blocks."""
    return _run_kernel(block_gradients, interaction, home, blocks, np.empty((len(home), 4)))


def _run_kernel(
    kernel: Callable[..., bool],
    interaction: BeadInteraction,
    home: Float[np.ndarray, "points 3"],
    blocks: PointBlocks,
    out: Float[np.ndarray, "points *columns"],
) -> Float[np.ndarray, "points *columns"]:
    points = np.ascontiguousarray(home[blocks.order])
    images = interaction.images

    def some_blocks(first: int, last: int, capacity: int) -> bool:
        return kernel(
            points, blocks.starts, first, last,
            images.x, images.y, images.z,
            images.starts, images.bins, images.origin, images.width,
            interaction.c12, interaction.c6, interaction.shift_k, interaction.cutoff,
            capacity, out,
        )  # fmt: skip

    over_blocks(some_blocks, n_blocks=len(blocks.starts) - 1, n_images=len(images.x))
    return out


def over_blocks(kernel: Callable[[int, int, int], bool], *, n_blocks: int, n_images: int) -> None:
    """Run a kernel over ranges of blocks, on as many threads as numba is set to.

    Threads of Python and not of numba carry the work, as the kernels release the interpreter's
    lock: nothing then depends on a threading layer, and a process may still be forked.

    Parameters
    ----------
    kernel:
        Takes the first block, the one past the last, and the room for a list of neighbours;
        returns False where that was too little.
    n_blocks:
        Number of blocks.
    n_images:
        Number of images, which no list exceeds.
    """

    def run(first: int, last: int) -> None:
        capacity = min(n_images, 4096)
        while not kernel(first, last, capacity):
            capacity = min(n_images, 4 * capacity)

    n_threads = min(numba.get_num_threads(), n_blocks // 8)
    if n_threads <= 1:
        run(0, n_blocks)
        return
    edges = np.linspace(0, n_blocks, 4 * n_threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(run, edges[:-1], edges[1:]))
