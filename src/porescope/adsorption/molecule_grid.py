"""Free energy of a rigid molecule at the points of a grid, averaged over its orientations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from porescope.adsorption.energy_grid import CAP_K, chosen_shape, parts_of_grid
from porescope.adsorption.ewald import pairs_of_blocks, prepare_ewald
from porescope.adsorption.ewald_waves import waves_on_grid
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.grid import EnergyGrid
from porescope.adsorption.interactions import tail_energy_k
from porescope.adsorption.lennard_jones import energies_of_blocks_k, prepare_bead
from porescope.adsorption.orientations import orientations_of
from porescope.adsorption.symmetry_points import unique_points
from porescope.errors import ConfigError
from porescope.units import COULOMB_K_A


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrientationAverages:
    """Averages over the orientations of a molecule at each point of a grid."""

    free_energy: EnergyGrid
    """-kT ln of the mean of exp(-E/kT) over orientations, over Boltzmann's constant [K]."""
    mean_energy_k: Float[np.ndarray, "na nb nc"]
    """Mean of E weighted with exp(-E/kT), over Boltzmann's constant [K]; clipped like the free
    energy."""
    n_orientations: int
    """Orientations that were taken."""


def molecule_grid(
    framework: Framework,
    gas: Gas,
    *,
    temperature: float,
    spacing: float | None = None,
    shape: tuple[int, int, int] | None = None,
    n_orientations: int = 50,
    cap_k: float = CAP_K,
    use_symmetry: bool = True,
    precision: float = 1e-6,
) -> EnergyGrid:
    r"""Orientation-averaged Boltzmann free energy of a molecule with its centre at each point.

    .. math:: F = -kT \ln \langle e^{-E/kT} \rangle_{\mathrm{orientations}}

    Parameters
    ----------
    framework:
        Rigid framework, with charges where those of the gas are to be felt.
    gas:
        Any gas; one uncharged site gives the plain energy.
    temperature:
        Temperature of the average [K].
    spacing:
        Largest distance between neighbouring points along an axis [Å]; 0.2 by default.
    shape:
        Points along a, b and c.
    n_orientations:
        At least so many orientations.
    cap_k:
        Largest energy kept [K].
    use_symmetry:
        Compute one of each set of symmetry-equal points.
    precision:
        Of the electrostatic sums, relative to the potential of one charge at 1 Å.

    Raises
    ------
    ConfigError
        Where the temperature is not positive, or the grid has no or too many points.
    """
    return molecule_averages(
        framework,
        gas,
        temperature=temperature,
        spacing=spacing,
        shape=shape,
        n_orientations=n_orientations,
        cap_k=cap_k,
        use_symmetry=use_symmetry,
        precision=precision,
    ).free_energy


def molecule_averages(
    framework: Framework,
    gas: Gas,
    *,
    temperature: float,
    spacing: float | None = None,
    shape: tuple[int, int, int] | None = None,
    n_orientations: int = 50,
    cap_k: float = CAP_K,
    use_symmetry: bool = True,
    precision: float = 1e-6,
) -> OrientationAverages:
    """As :func:`molecule_grid`, with the mean energy as well."""
    if not temperature > 0.0:
        raise ConfigError(f"expected a positive temperature in kelvin, got {temperature:g}")
    shape = chosen_shape(framework, spacing=spacing, shape=shape, use_symmetry=use_symmetry)
    unique = unique_points(framework, shape=shape) if use_symmetry else None
    points = np.arange(int(np.prod(shape))) if unique is None else unique.points
    chosen = orientations_of(gas, n_orientations=n_orientations)
    beads = _BeadEnergies(
        framework,
        gas,
        reach=float(np.sqrt(np.max(np.sum(chosen.positions**2, axis=-1)))),
        shape=shape,
        points=points,
        n_shifts=len(chosen.weights),
        precision=precision,
    )
    fixed = np.max(np.abs(chosen.positions), axis=(0, 2)) < 1e-9
    base = np.full(len(points), tail_energy_k(framework, gas))
    for bead in np.flatnonzero(fixed):
        base += beads.at(int(bead), np.zeros(3))
    lowest = np.full(len(points), np.inf)
    sums = np.zeros((2, len(points)))
    for positions, weight in zip(chosen.positions, chosen.weights, strict=True):
        energy = base.copy()
        for bead in np.flatnonzero(~fixed):
            energy += beads.at(int(bead), positions[bead])
        _add_orientation(energy, float(weight), 1.0 / temperature, lowest, sums)
    free = np.minimum(lowest - temperature * np.log(sums[0]), cap_k)
    mean = np.minimum(lowest + sums[1] / sums[0], cap_k)
    if unique is not None:
        free, mean = free[unique.unique], mean[unique.unique]
    grid = EnergyGrid(
        lattice=framework.crystal.lattice,
        energy_k=free.reshape(shape),
        cap_k=cap_k,
        gas=gas.name,
        field=framework.field.describe(),
        temperature=None if gas.is_single_site else temperature,
    )
    return OrientationAverages(
        free_energy=grid,
        mean_energy_k=mean.reshape(shape),
        n_orientations=len(chosen.weights),
    )


class _BeadEnergies:
    """Energies of the beads of one gas at the points of a grid, shifted by any vector."""

    __slots__ = ("_charges", "_ewald", "_interactions", "_parts", "_points", "_shape")

    def __init__(
        self,
        framework: Framework,
        gas: Gas,
        *,
        reach: float,
        shape: tuple[int, int, int],
        points: Int[np.ndarray, "points"],
        n_shifts: int,
        precision: float,
    ) -> None:
        self._shape, self._points = shape, points
        self._charges = [bead.charge for bead in gas.beads]
        self._interactions = [
            prepare_bead(framework, gas, bead=bead, margin=reach) for bead in range(len(gas.beads))
        ]
        lattice = framework.crystal.lattice
        self._parts = list(parts_of_grid(lattice, points, shape=shape))
        self._ewald = None
        if framework.is_charged and gas.is_charged:
            self._ewald = prepare_ewald(
                lattice,
                frac=framework.crystal.frac,
                charges=framework.charges,
                precision=precision,
                n_points=0,
                n_grid=len(points) * n_shifts,
                margin=reach,
            )

    def at(self, bead: int, offset: Float[np.ndarray, "3"]) -> Float[np.ndarray, "points"]:
        """Energy of a bead at the shifted points [K]."""
        interaction, charge = self._interactions[bead], self._charges[bead]
        ewald = self._ewald if charge != 0.0 else None
        if ewald is None:
            out = np.zeros(len(self._points))
        else:
            moved = offset @ np.linalg.inv(ewald.lattice)
            smooth = waves_on_grid(ewald.coefficients, shape=self._shape, offset=moved)
            smooth = smooth.reshape(-1)[self._points]
            out = charge * COULOMB_K_A * (smooth + ewald.background)
        for rows, blocks, home in self._parts:
            moved = home + offset
            part = np.zeros(len(home))
            if np.any(interaction.c6):
                part += energies_of_blocks_k(interaction, moved, blocks=blocks)
            if ewald is not None:
                part += charge * COULOMB_K_A * pairs_of_blocks(ewald, moved, blocks=blocks)
            out[rows][blocks.order] += part
        return out


@njit(cache=True, nogil=True)
def _add_orientation(energy, weight, per_k, lowest, sums):
    # Sums of w exp(-(E - lowest)/T) and of w (E - lowest) exp(-(E - lowest)/T).
    for i in range(len(energy)):
        value = energy[i]
        if value < lowest[i]:
            step = value - lowest[i]
            if sums[0, i] > 0.0:
                factor = np.exp(step * per_k)
                sums[1, i] = (sums[1, i] - step * sums[0, i]) * factor
                sums[0, i] *= factor
            lowest[i] = value
            sums[0, i] += weight
        else:
            above = value - lowest[i]
            factor = weight * np.exp(-above * per_k)
            sums[0, i] += factor
            sums[1, i] += above * factor
