"""Where insertions are tried: more often where a coarse grid says that the gas is held."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.ndimage import uniform_filter

from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.molecule_grid import molecule_grid

_SPACING = 0.6
_LARGEST = 250_000
_ORIENTATIONS = 14
_UNIFORM_SHARE = 0.2


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PositionProposal:
    """Boxes around the points of a grid, each chosen with a probability of its own.

    Every box has a probability above zero, so the mean of factor times weight is the mean over
    the cell, whatever the probabilities; they change the scatter only.
    """

    shape: tuple[int, int, int]
    """Boxes along a, b and c."""
    cumulative: Float[np.ndarray, "boxes"]
    """Cumulative probability of the boxes."""
    weight: Float[np.ndarray, "boxes"]
    """Uniform probability over the probability of each box."""

    def place(
        self, unit: Float[np.ndarray, "n 4"]
    ) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n"]]:
        """Fractional positions and their weights.

        Parameters
        ----------
        unit:
            One number that chooses the box, three for the place in it; all from 0 to 1.
        """
        box = np.searchsorted(self.cumulative, unit[:, 0], side="right")
        box = np.minimum(box, len(self.cumulative) - 1)
        corner = np.stack(np.unravel_index(box, self.shape), axis=1) - 0.5
        return (corner + unit[:, 1:]) / np.array(self.shape), self.weight[box]


def boltzmann_proposal(framework: Framework, gas: Gas, *, temperature: float) -> PositionProposal:
    """Boxes with probabilities after a coarse grid of the molecule's Boltzmann factor.

    A fifth of the insertions stays uniform, so that a well that the grid misses is found and
    shows in the error.

    Parameters
    ----------
    framework:
        Framework with its force field.
    gas:
        Molecule; of a flexible one the first shape stands for all.
    temperature:
        Temperature [K].
    """
    lengths = np.linalg.norm(framework.crystal.lattice, axis=1)
    spacing = max(_SPACING, float(np.cbrt(np.prod(lengths) / _LARGEST)))
    counts = np.maximum(1, np.ceil(lengths / spacing)).astype(int)
    rigid = replace(gas, conformers=gas.conformers[:1], conformer_temperature=None)
    grid = molecule_grid(
        framework,
        rigid,
        temperature=temperature,
        shape=(int(counts[0]), int(counts[1]), int(counts[2])),
        n_orientations=_ORIENTATIONS,
        precision=1e-4,
    )
    lowest = float(grid.energy_k.min())
    factor = np.exp(-(grid.energy_k - lowest) / temperature)
    # A well between the points shows in its neighbours only.
    factor = uniform_filter(factor, size=3, mode="wrap").ravel()
    n_boxes = factor.size
    share = factor / factor.sum()
    probability = (1.0 - _UNIFORM_SHARE) * share + _UNIFORM_SHARE / n_boxes
    return PositionProposal(
        shape=grid.shape,
        cumulative=np.cumsum(probability),
        weight=1.0 / (n_boxes * probability),
    )
