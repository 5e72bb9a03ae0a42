"""Which positions a gas can come to from outside the crystal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import binary_dilation

from porescope.adsorption.energy_grid import lennard_jones_grid
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.molecule_grid import molecule_grid
from porescope.adsorption.pockets import BlockingSphere, accessible

BARRIER_KT = 15.0
"""Height that a gas passes, over kT: the usual rule; about one passage a microsecond."""
_SPACING_SPHERE = 0.2
_SPACING_MOLECULE = 0.3
_ORIENTATIONS = 20
_LARGEST = 200_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reach:
    """Positions in pockets are out of reach, all others are not."""

    blocked: Bool[np.ndarray, "na nb nc"]
    """Points of the grid that belong to pockets or to their walls."""
    n_pockets: int
    """Pockets of one cell."""
    spheres: tuple[BlockingSphere, ...]
    """Spheres that cover the pockets and no channel."""

    def contains(self, frac: Float[np.ndarray, "points 3"]) -> Bool[np.ndarray, "points"]:
        """Whether fractional positions of the centre of mass are not in pockets."""
        shape = np.array(self.blocked.shape)
        index = np.rint(frac * shape).astype(np.int64) % shape
        return ~self.blocked[index[:, 0], index[:, 1], index[:, 2]]


def reachable_positions(framework: Framework, gas: Gas, *, temperature: float) -> Reach:
    """Find the pockets that are cut off at 15 kT.

    Energies are those of the gas in the rigid framework, for a molecule the free energy over its
    orientations; a window that opens by breathing counts as closed.

    Parameters
    ----------
    framework:
        Framework with its force field.
    gas:
        Gas.
    temperature:
        Temperature [K].
    """
    if gas.is_single_site:
        grid = lennard_jones_grid(framework, gas, spacing=_SPACING_SPHERE)
    else:
        spacing = max(_SPACING_MOLECULE, float(np.cbrt(framework.crystal.volume / _LARGEST)))
        grid = molecule_grid(
            framework,
            gas,
            temperature=temperature,
            spacing=spacing,
            n_orientations=_ORIENTATIONS,
        )
    found = accessible(grid, threshold_k=BARRIER_KT * temperature)
    # The wall of a pocket belongs to it: positions there are nearest to points above the barrier.
    touching = _dilated(found.blocked) & ~_dilated(found.accessible)
    return Reach(
        blocked=found.blocked | touching,
        n_pockets=found.regions.n_pockets,
        spheres=found.spheres,
    )


def _dilated(mask: Bool[np.ndarray, "na nb nc"]) -> Bool[np.ndarray, "na nb nc"]:
    """A mask with its neighbours through faces, edges and corners, over the cell's borders."""
    padded = np.pad(mask, 1, mode="wrap")
    return binary_dilation(padded, structure=np.ones((3, 3, 3)))[1:-1, 1:-1, 1:-1]
