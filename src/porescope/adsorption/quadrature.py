"""Henry coefficients by quadrature of the Boltzmann factor over an energy grid."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from porescope.adsorption.energy_grid import lennard_jones_grid
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.grid import EnergyGrid
from porescope.adsorption.henry import HenryResult, henry_from_boltzmann_mean
from porescope.adsorption.symmetry_points import grid_shape
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.units import GAS_CONSTANT

_SPACINGS = (0.7, 0.5, 0.35, 0.25, 0.17, 0.12)


def henry_from_grid(
    grid: EnergyGrid,
    *,
    temperature: float,
    allowed: Bool[np.ndarray, "na nb nc"] | None = None,
) -> tuple[float, float, float, float]:
    r"""Mean Boltzmann factor and isosteric heat of a single-site probe from its grid.

    .. math:: W = \langle e^{-E/kT} \rangle_V, \qquad
              q_{st} = RT - N_A \langle E e^{-E/kT} \rangle_V / W

    The errors come from the eight interleaved grids of twice the spacing: the standard error of
    the mean over them, which stands above the true error of the whole grid wherever the energy
    is smooth on its scale.

    Parameters
    ----------
    grid:
        Energies with an even number of points along each axis.
    temperature:
        Temperature [K].
    allowed:
        Points that count; the others add nothing. All where None.

    Returns
    -------
    :
        W, its standard error, the heat [kJ/mol] and its standard error [kJ/mol].
    """
    if temperature <= 0.0:
        raise ConfigError(f"expected a positive temperature in kelvin, got {temperature:g}")
    if any(n % 2 for n in grid.shape):
        raise ConfigError(f"expected even numbers of grid points, got {grid.shape}")
    factor = np.exp(-grid.energy_k / temperature)
    if allowed is not None:
        factor = np.where(allowed, factor, 0.0)
    weighted = np.where(factor > 0.0, grid.energy_k * factor, 0.0)
    means, energies = _interleaved(factor), _interleaved(weighted)
    mean = float(means.mean())
    error = float(means.std(ddof=1) / np.sqrt(len(means)))
    if mean <= 0.0:
        return 0.0, error, float("nan"), float("nan")
    kj = GAS_CONSTANT * 1e-3
    heat = kj * (temperature - float(energies.mean()) / mean)
    # Leave-one-out over the interleaved grids: the ratio of two correlated means.
    total_w, total_e, n = means.sum(), energies.sum(), len(means)
    left_w = total_w - means
    if np.any(left_w <= 0.0):
        return mean, error, heat, float("nan")
    ratios = (total_e - energies) / left_w
    heat_error = kj * float(np.sqrt((n - 1) / n * np.sum((ratios - ratios.mean()) ** 2)))
    return mean, error, heat, heat_error


def _interleaved(values: Float[np.ndarray, "na nb nc"]) -> Float[np.ndarray, "8"]:
    """Means over the eight grids of twice the spacing."""
    na, nb, nc = values.shape
    split = values.reshape(na // 2, 2, nb // 2, 2, nc // 2, 2)
    return split.mean(axis=(0, 2, 4)).ravel()


def henry_by_quadrature(
    framework: Framework,
    *,
    gas: Gas,
    temperature: float,
    wanted_error: float = 0.01,
    max_points: int = 20_000_000,
) -> HenryResult:
    """Henry coefficient of a spherical, uncharged probe, the grid refined to the error wanted.

    Parameters
    ----------
    framework:
        Framework with its force field.
    gas:
        A gas of one uncharged site.
    temperature:
        Temperature [K].
    wanted_error:
        Relative standard error at which the refinement stops.
    max_points:
        Largest grid; the error says when it was not enough.

    Raises
    ------
    ConfigError
        For a gas with more than one site or with charges.
    """
    if not gas.is_single_site:
        raise ConfigError(
            f"quadrature over positions needs a gas of one uncharged site, and {gas.name} "
            f"({gas.model}) has {len(gas.beads)}: use Widom insertion"
        )
    found, n_points = None, 0
    for spacing in _SPACINGS:
        shape = even_shape(framework.crystal, spacing=spacing)
        if found is not None and int(np.prod(shape)) > max_points:
            break
        grid = lennard_jones_grid(framework, gas, shape=shape)
        found = henry_from_grid(grid, temperature=temperature)
        n_points = int(np.prod(shape))
        if found[0] > 0.0 and found[1] <= wanted_error * found[0]:
            break
    assert found is not None
    mean, error, heat, heat_error = found
    return henry_from_boltzmann_mean(
        mean,
        error=error,
        heat_kj_per_mol=heat,
        heat_error=heat_error,
        temperature=temperature,
        wanted_error=wanted_error,
        n_samples=n_points,
        method="quadrature",
        gas=gas,
        framework=framework,
    )


def even_shape(crystal: Crystal, *, spacing: float) -> tuple[int, int, int]:
    """Even numbers of points along the axes that suit the symmetry.

    Parameters
    ----------
    crystal:
        Structure.
    spacing:
        Largest distance of two points along an axis [Å].
    """
    na, nb, nc = grid_shape(crystal, spacing=2.0 * spacing)
    return 2 * na, 2 * nb, 2 * nc
