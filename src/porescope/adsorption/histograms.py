"""Descriptors from grids: histograms of energy and slope, and grids with atom densities."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import gemmi
import numpy as np
from jaxtyping import Float
from numba import njit

from porescope.adsorption.energy_grid import gradient_norm_grid, lennard_jones_grid
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.grid import EnergyGrid
from porescope.errors import ConfigError
from porescope.units import GAS_CONSTANT

ENERGY_EDGES_KJ_PER_MOL = tuple(range(-30, 1, 2))
"""Edges of the bins of energy [kJ/mol]."""

SLOPE_EDGES_KJ_PER_MOL_A = tuple(range(0, 151, 25))
"""Edges of the bins of the gradient's length [kJ/mol/Å]."""

_KJ_PER_MOL = GAS_CONSTANT / 1000.0  # of one kelvin
_RANGE = 5.0  # widths of a Gaussian beyond which an atom's density is left out


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChannelGrid:
    """Several fields on one regular grid of fractional coordinates, as a network reads them."""

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    names: tuple[str, ...]
    """What each channel is: ``energy_k`` [K], ``boltzmann``, or ``density_`` and an element
    [1/Å³]."""
    values: Float[np.ndarray, "channels na nb nc"]
    """The fields at the points (i/na, j/nb, k/nc)."""
    gas: str
    """Name of the probe."""
    field: str
    """What :meth:`ForceField.describe` says of the field."""


def energy_histogram(energy_k: Float[np.ndarray, "*points"]) -> dict[str, float]:
    """Share of points in each bin of energy: 2 kJ/mol from -30 to 0, and what lies outside.

    An energy on an edge belongs to the bin above it. Source of the form: Bucior et al.,
    Mol. Syst. Des. Eng. 4 (2019) 162, https://doi.org/10.1039/C8ME00050F.

    Parameters
    ----------
    energy_k:
        Energies at points that fill the cell evenly [K].

    Returns
    -------
    :
        Shares that add up to one, by the names of the columns, from low to high energy.
    """
    counts = _counts(energy_k * _KJ_PER_MOL, ENERGY_EDGES_KJ_PER_MOL)
    shares = np.bincount(counts.reshape(-1), minlength=len(ENERGY_EDGES_KJ_PER_MOL) + 1)
    return dict(zip(_energy_names(), (shares / energy_k.size).tolist(), strict=True))


def energy_slope_histogram(
    energy_k: Float[np.ndarray, "*points"], *, slope_k_per_a: Float[np.ndarray, "*points"]
) -> dict[str, float]:
    """Share of points in each bin of energy and of the gradient's length.

    Bins of energy are those of :func:`energy_histogram`, bins of the gradient 25 kJ/mol/Å wide up
    to 150, with one for what lies above. Source of the form: Shi et al., J. Chem. Theory Comput.
    19 (2023) 4568, https://doi.org/10.1021/acs.jctc.2c00798.

    Parameters
    ----------
    energy_k:
        Energies at points that fill the cell evenly [K].
    slope_k_per_a:
        Lengths of the gradient there [K/Å].
    """
    n_energy, n_slope = len(ENERGY_EDGES_KJ_PER_MOL) + 1, len(SLOPE_EDGES_KJ_PER_MOL_A)
    row = _counts(energy_k * _KJ_PER_MOL, ENERGY_EDGES_KJ_PER_MOL)
    column = _counts(slope_k_per_a * _KJ_PER_MOL, SLOPE_EDGES_KJ_PER_MOL_A) - 1
    shares = np.bincount((row * n_slope + column).reshape(-1), minlength=n_energy * n_slope)
    names = [f"{energy}_{slope}" for energy in _energy_names() for slope in _slope_names()]
    return dict(zip(names, (shares / energy_k.size).tolist(), strict=True))


def histogram_row(
    framework: Framework,
    gas: Gas,
    *,
    spacing: float | None = None,
    shape: tuple[int, int, int] | None = None,
    with_slope: bool = False,
) -> dict[str, float]:
    """Energy histogram of a framework for a single-site probe, as one row of named columns.

    Parameters
    ----------
    framework:
        Rigid framework.
    gas:
        A gas of one uncharged bead.
    spacing:
        Largest distance between neighbouring points along an axis [Å]; 0.2 by default.
    shape:
        Points along a, b and c.
    with_slope:
        Whether the columns of the two-dimensional histogram follow.
    """
    if not with_slope:
        grid = lennard_jones_grid(framework, gas, spacing=spacing, shape=shape)
        return energy_histogram(grid.energy_k)
    grid, slope = gradient_norm_grid(framework, gas, spacing=spacing, shape=shape)
    row = energy_histogram(grid.energy_k)
    return row | energy_slope_histogram(grid.energy_k, slope_k_per_a=slope)


def channel_grid(
    framework: Framework,
    gas: Gas,
    *,
    shape: tuple[int, int, int] = (32, 32, 32),
    elements: tuple[str, ...] = ("Si", "O"),
    width: float = 0.5,
    boltzmann_temperature: float | None = None,
    cap_k: float = 5000.0,
) -> ChannelGrid:
    """Energy and atom densities on one fractional grid, the form that ZeoDiff is trained on.

    Source of the form: Park et al., J. Mater. Chem. A 12 (2024) 6507,
    https://doi.org/10.1039/D3TA06274K.

    Parameters
    ----------
    framework:
        Rigid framework.
    gas:
        A gas of one uncharged bead.
    shape:
        Points along a, b and c.
    elements:
        Elements that get a channel each.
    width:
        Standard deviation of the Gaussian that stands for an atom [Å].
    boltzmann_temperature:
        Adds a channel of exp(-E/kT) at this temperature [K].
    cap_k:
        Largest energy kept [K].

    Raises
    ------
    ConfigError
        Where an element is unknown, or a width or a temperature is not positive.
    """
    if not width > 0.0:
        raise ConfigError(f"expected a positive width in Å, got {width:g}")
    if boltzmann_temperature is not None and not boltzmann_temperature > 0.0:
        raise ConfigError(f"expected a positive temperature in K, got {boltzmann_temperature:g}")
    grid = lennard_jones_grid(framework, gas, shape=shape, cap_k=cap_k)
    names, values = ["energy_k"], [grid.energy_k]
    for symbol in elements:
        number = gemmi.Element(symbol).atomic_number
        if number == 0:
            raise ConfigError(f"expected the symbol of an element, got {symbol!r}")
        names.append(f"density_{symbol}")
        values.append(atom_density(framework, number=number, shape=shape, width=width))
    if boltzmann_temperature is not None:
        names.append("boltzmann")
        values.append(np.exp(-grid.energy_k / boltzmann_temperature))
    return ChannelGrid(
        lattice=grid.lattice,
        names=tuple(names),
        values=np.stack(values),
        gas=grid.gas,
        field=grid.field,
    )


def atom_density(
    framework: Framework, *, number: int, shape: tuple[int, int, int], width: float
) -> Float[np.ndarray, "na nb nc"]:
    """Density of the atoms of one element, each a normalised Gaussian [1/Å³].

    Parameters
    ----------
    framework:
        Rigid framework.
    number:
        Atomic number.
    shape:
        Points along a, b and c.
    width:
        Standard deviation of the Gaussians [Å].
    """
    crystal = framework.crystal
    out = np.zeros(shape)
    margin = _RANGE * width * np.linalg.norm(np.linalg.inv(crystal.lattice), axis=0)
    frac = np.ascontiguousarray(crystal.frac[crystal.numbers == number])
    _add_gaussians(frac, crystal.lattice, np.array(shape), margin, width, _RANGE * width, out)
    return out


def boltzmann_mean(grid: EnergyGrid, *, temperature: float) -> float:
    """Mean of exp(-E/kT) over the points of a grid: the unitless Henry coefficient."""
    return float(np.mean(np.exp(-grid.energy_k / temperature)))


def _counts(values: Float[np.ndarray, "*points"], edges: tuple[int, ...]) -> np.ndarray:
    """Bin of each value: 0 below the first edge, as many as there are edges above the last."""
    return np.searchsorted(np.array(edges, dtype=np.float64), values, side="right")


def _energy_names() -> list[str]:
    edges = ENERGY_EDGES_KJ_PER_MOL
    inside = [f"energy_{low}_to_{high}_kj_per_mol" for low, high in pairwise(edges)]
    return [
        f"energy_below_{edges[0]}_kj_per_mol",
        *inside,
        f"energy_above_{edges[-1]}_kj_per_mol",
    ]


def _slope_names() -> list[str]:
    edges = SLOPE_EDGES_KJ_PER_MOL_A
    inside = [f"slope_{low}_to_{high}_kj_per_mol_a" for low, high in pairwise(edges)]
    return [*inside, f"slope_above_{edges[-1]}_kj_per_mol_a"]


@njit(cache=True, nogil=True)
def _add_gaussians(frac, lattice, shape, margin, width, reach, out):
    norm = (2.0 * np.pi) ** -1.5 / width**3
    for atom in range(len(frac)):
        low = np.ceil((frac[atom] - margin) * shape).astype(np.int64)
        high = np.floor((frac[atom] + margin) * shape).astype(np.int64)
        for i in range(low[0], high[0] + 1):
            x = i / shape[0] - frac[atom, 0]
            for j in range(low[1], high[1] + 1):
                y = j / shape[1] - frac[atom, 1]
                for k in range(low[2], high[2] + 1):
                    z = k / shape[2] - frac[atom, 2]
                    r2 = 0.0
                    for axis in range(3):
                        part = x * lattice[0, axis] + y * lattice[1, axis] + z * lattice[2, axis]
                        r2 += part * part
                    if r2 < reach * reach:
                        value = norm * np.exp(-0.5 * r2 / (width * width))
                        out[i % shape[0], j % shape[1], k % shape[2]] += value
