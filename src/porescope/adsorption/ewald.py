r"""Electrostatic potential of a framework's charges by Ewald summation.

.. math:: \phi(r) = \sum_j q_j \frac{\operatorname{erfc}(\alpha r_j)}{r_j}
          + \frac{4\pi}{V} \sum_{G \ne 0} \frac{e^{-G^2/4\alpha^2}}{G^2} S(G) e^{i G r}
          - \frac{\pi Q}{V \alpha^2}

with conducting (tinfoil) surroundings; the last term is the uniform background that neutralises a
cell of charge Q. Source: Frenkel and Smit, Understanding Molecular Simulation, 2nd ed., chapter 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex, Float
from numpy.polynomial import chebyshev
from scipy.special import erf

from porescope.adsorption.ewald_kernels import DEGREE, block_potentials
from porescope.adsorption.ewald_waves import (
    wave_coefficients,
    waves_at_points,
    waves_on_grid,
)
from porescope.adsorption.framework import Framework
from porescope.adsorption.images import Images, images_within
from porescope.adsorption.lennard_jones import over_blocks
from porescope.adsorption.point_blocks import PointBlocks, blocks_of_grid, blocks_of_points
from porescope.errors import ConfigError
from porescope.units import COULOMB_K_A

_CHUNK = 1 << 18
_NS_PAIR = 2.5  # cost of a pair in real space [ns]
_NS_WAVE = 1.0  # cost of one atom or point and wave [ns]
_NS_ROW = 0.1  # cost of one point of a grid and wave along a [ns]
_BLOCK_RADIUS = 1.0  # by which a list of neighbours reaches beyond the cutoff [Å]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EwaldSum:
    """A set of point charges in a cell, prepared for potentials at many points."""

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    alpha: float
    """Width of the split between the two sums [1/Å]."""
    cutoff: float
    """Range of the sum in real space [Å]."""
    images: Images
    """Charges within the range of the cell."""
    charge: Float[np.ndarray, "images"]
    """Charge of each image [e]."""
    polynomial: Float[np.ndarray, "powers"]
    """erf(alpha r)/r [1/Å] as a polynomial in 2 r²/cutoff² - 1, lowest power first."""
    coefficients: Complex[np.ndarray, "h k l"]
    """Fourier coefficients of the smooth part for h from 0, k and l from negative to positive
    [e/Å]; those with h > 0 count for their conjugates too."""
    background: float
    """Potential of the neutralising background [e/Å]."""


def prepare_ewald(
    lattice: Float[np.ndarray, "3 3"],
    *,
    frac: Float[np.ndarray, "atoms 3"],
    charges: Float[np.ndarray, "atoms"],
    precision: float = 1e-6,
    alpha: float | None = None,
    n_points: int = 1000,
    n_grid: int = 0,
    margin: float = 0.0,
) -> EwaldSum:
    """Charges of a cell, ready for potentials.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    frac:
        Fractional coordinates of the charges.
    charges:
        Charges [e].
    precision:
        Size of the neglected terms, relative to the potential of one charge at 1 Å.
    alpha:
        Width of the split between the sums [1/Å]; chosen for speed where it is not given. The
        result does not depend on it.
    n_points:
        About how many points will be asked for; for the choice of alpha.
    n_grid:
        About how many points of regular grids, whose sum in reciprocal space costs nothing.
    margin:
        How far outside the cell points may lie that are not brought back into it [Å].

    Raises
    ------
    ConfigError
        Where the precision is out of range.
    """
    if not 1e-12 <= precision <= 1e-2:
        raise ConfigError(f"expected a precision from 1e-12 to 0.01, got {precision:g}")
    charged = np.flatnonzero(charges)
    frac, charges = frac[charged], charges[charged]
    volume = abs(float(np.linalg.det(lattice)))
    decay = np.sqrt(-np.log(precision)) + 0.3
    if alpha is None:
        alpha = _fast_alpha(
            len(charges), n_points=n_points, n_grid=n_grid, volume=volume, decay=decay
        )
    cutoff = decay / alpha
    images = images_within(lattice, frac=frac, reach=cutoff + margin)
    return EwaldSum(
        lattice=lattice,
        alpha=alpha,
        cutoff=cutoff,
        images=images,
        charge=charges[images.atom],
        polynomial=_erf_polynomial(alpha, cutoff=cutoff),
        coefficients=wave_coefficients(
            lattice, frac=frac, charges=charges, alpha=alpha, g_max=2.0 * alpha * decay
        ),
        background=-np.pi * float(charges.sum()) / (volume * alpha**2),
    )


def potential_k(
    framework: Framework, cart: Float[np.ndarray, "points 3"], *, precision: float = 1e-6
) -> Float[np.ndarray, "points"]:
    """Electrostatic potential of the framework's charges, over Boltzmann's constant.

    Parameters
    ----------
    framework:
        Framework with charges.
    cart:
        Points, anywhere [Å].
    precision:
        Size of the neglected terms, relative to the potential of one charge at 1 Å.

    Returns
    -------
    :
        Energy of a unit charge at each point [K/e].
    """
    if not framework.is_charged:
        return np.zeros(len(cart))
    ewald = prepare_ewald(
        framework.crystal.lattice,
        frac=framework.crystal.frac,
        charges=framework.charges,
        precision=precision,
        n_points=len(cart),
    )
    return potential_of_sum_k(ewald, cart)


def potential_of_sum_k(
    ewald: EwaldSum, cart: Float[np.ndarray, "points 3"]
) -> Float[np.ndarray, "points"]:
    """Potential of prepared charges at points [K/e].

    Parameters
    ----------
    ewald:
        The prepared charges.
    cart:
        Points, anywhere [Å].
    """
    out = np.empty(len(cart))
    inverse = np.linalg.inv(ewald.lattice)
    for start in range(0, len(cart), _CHUNK):
        frac = cart[start : start + _CHUNK] @ inverse
        frac -= np.floor(frac)
        part = waves_at_points(ewald.coefficients, frac)
        home = frac @ ewald.lattice
        blocks = blocks_of_points(home, largest=3.0)
        part[blocks.order] += pairs_of_blocks(ewald, home, blocks=blocks)
        out[start : start + _CHUNK] = part
    return COULOMB_K_A * (out + ewald.background)


def pairs_of_blocks(
    ewald: EwaldSum,
    home: Float[np.ndarray, "points 3"],
    *,
    blocks: PointBlocks,
    skip_self: bool = False,
) -> Float[np.ndarray, "points"]:
    """Sum in real space at points of the home cell, in the order of their blocks [e/Å].

    With ``skip_self`` a charge within 1e-3 Å of a point is left out.
    """
    points = np.ascontiguousarray(home[blocks.order])
    out = np.empty(len(points))
    images = ewald.images

    def some_blocks(first: int, last: int, capacity: int) -> bool:
        return block_potentials(
            points, blocks.starts, first, last,
            images.x, images.y, images.z, ewald.charge,
            images.starts, images.bins, images.origin, images.width,
            ewald.polynomial, ewald.cutoff, 1e-6 if skip_self else -1.0, capacity, out,
        )  # fmt: skip

    over_blocks(some_blocks, n_blocks=len(blocks.starts) - 1, n_images=len(images.x))
    return out


def potential_grid_k(
    framework: Framework,
    shape: tuple[int, int, int],
    *,
    precision: float = 1e-6,
    offset: Float[np.ndarray, "3"] | None = None,
) -> Float[np.ndarray, "na nb nc"]:
    """Electrostatic potential at the points (i/na, j/nb, k/nc) of the cell.

    Parameters
    ----------
    framework:
        Framework with charges.
    shape:
        Points along a, b and c.
    precision:
        Size of the neglected terms, relative to the potential of one charge at 1 Å.
    offset:
        Cartesian shift of all points [Å].

    Returns
    -------
    :
        Energy of a unit charge at each point [K/e].
    """
    if not framework.is_charged:
        return np.zeros(shape)
    shift = np.zeros(3) if offset is None else offset
    ewald = prepare_ewald(
        framework.crystal.lattice,
        frac=framework.crystal.frac,
        charges=framework.charges,
        precision=precision,
        n_points=0,
        n_grid=int(np.prod(shape)),
        margin=float(np.linalg.norm(shift)),
    )
    moved = shift @ np.linalg.inv(ewald.lattice)
    out = waves_on_grid(ewald.coefficients, shape=shape, offset=moved).reshape(-1)
    for start in range(0, len(out), _CHUNK):
        some = np.arange(start, min(start + _CHUNK, len(out)))
        home, blocks = blocks_of_grid(some, shape=shape, lattice=ewald.lattice)
        out[start + blocks.order] += pairs_of_blocks(ewald, home + shift, blocks=blocks)
    return (COULOMB_K_A * (out + ewald.background)).reshape(shape)


def lattice_energy_k(
    lattice: Float[np.ndarray, "3 3"],
    *,
    frac: Float[np.ndarray, "atoms 3"],
    charges: Float[np.ndarray, "atoms"],
    precision: float = 1e-10,
    alpha: float | None = None,
) -> float:
    """Electrostatic energy of one cell of point charges, over Boltzmann's constant.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    frac:
        Fractional coordinates of the charges.
    charges:
        Charges [e].
    precision:
        Size of the neglected terms, relative to the potential of one charge at 1 Å.
    alpha:
        Width of the split between the sums [1/Å]; chosen for speed where it is not given.

    Returns
    -------
    :
        Energy [K].
    """
    ewald = prepare_ewald(
        lattice, frac=frac, charges=charges, precision=precision, alpha=alpha, n_points=len(frac)
    )
    place = frac - np.floor(frac)
    home = place @ lattice
    blocks = blocks_of_points(home, largest=3.0)
    potential = waves_at_points(ewald.coefficients, place) + ewald.background
    potential[blocks.order] += pairs_of_blocks(ewald, home, blocks=blocks, skip_self=True)
    potential -= 2.0 * ewald.alpha / np.sqrt(np.pi) * charges
    return float(0.5 * COULOMB_K_A * (charges @ potential))


def _fast_alpha(n_atoms: int, *, n_points: int, n_grid: int, volume: float, decay: float) -> float:
    """The split that makes the two sums cheapest together."""
    cutoffs = np.linspace(3.0, 16.0, 66)
    listed = 4.0 / 3.0 * np.pi * (cutoffs + _BLOCK_RADIUS) ** 3 * n_atoms / volume
    pairs = (n_points + n_grid) * listed
    g_max = 2.0 * decay**2 / cutoffs
    # The waves fill a box about the sphere, half of it by symmetry.
    waves = 4.0 * g_max**3 * volume / (2.0 * np.pi) ** 3
    rows = g_max * volume ** (1.0 / 3.0) / (2.0 * np.pi)
    smooth = _NS_WAVE * waves * (n_atoms + n_points) + _NS_ROW * rows * n_grid
    cost = _NS_PAIR * pairs + smooth
    return float(decay / cutoffs[np.argmin(cost)])


def _erf_polynomial(alpha: float, *, cutoff: float) -> Float[np.ndarray, "powers"]:
    """Chebyshev interpolation of erf(alpha r)/r over r², as powers.

    Its error is below 1e-11 alpha for all precisions that are allowed.
    """

    def function(t: Any) -> Any:
        r = cutoff * np.sqrt(0.5 * (t + 1.0))
        return erf(alpha * r) / r

    return chebyshev.cheb2poly(chebyshev.chebinterpolate(function, DEGREE))
