"""Henry coefficients of spherical probes by quadrature over randomly shifted grids."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.henry import (
    Allowed,
    HenryResult,
    boltzmann_heat,
    henry_from_boltzmann_mean,
)
from porescope.adsorption.interactions import tail_energy_k
from porescope.adsorption.lennard_jones import BeadInteraction, energies_at_points_k, prepare_bead
from porescope.errors import ConfigError

N_SHIFTS = 8
"""Grids with independent random origins."""
_SPACINGS = (1.4, 1.0, 0.7, 0.5, 0.35, 0.25, 0.18)
_CHUNK = 1 << 20


def henry_by_quadrature(
    framework: Framework,
    *,
    gas: Gas,
    temperature: float,
    seed: int,
    wanted_error: float = 0.01,
    max_points: int = 20_000_000,
    allowed: Allowed | None = None,
    n_pockets_blocked: int | None = None,
) -> HenryResult:
    """Henry coefficient of a spherical, uncharged probe, its grids refined to the error wanted.

    The mean of the Boltzmann factor over a regular grid with a random origin has no bias, and
    converges fast once the spacing resolves the wells. Eight such grids give the value and its
    standard error; the spacing falls until the relative error is the one wanted. The grids do
    not use the symmetry: with random origins each point brings new information already.

    Source: Cranley and Patterson 1976, https://doi.org/10.1137/0713071.

    Parameters
    ----------
    framework:
        Framework with its force field.
    gas:
        A gas of one uncharged site.
    temperature:
        Temperature [K].
    seed:
        Seed of the origins.
    wanted_error:
        Relative standard error at which the refinement stops.
    max_points:
        Points of all grids of one spacing; ``converged`` says whether they were enough.
    allowed:
        Tells which fractional positions count; the others add nothing.
    n_pockets_blocked:
        Number of pockets that ``allowed`` leaves out.

    Raises
    ------
    ConfigError
        For a gas with more than one site or with charges, or a temperature that is not positive.
    """
    if not gas.is_single_site:
        raise ConfigError(
            f"quadrature over positions needs a gas of one uncharged site, and {gas.name} "
            f"({gas.model}) has {len(gas.beads)}: use Widom insertion"
        )
    if not temperature > 0.0:
        raise ConfigError(f"expected a positive temperature in kelvin, got {temperature:g}")
    rng = np.random.default_rng(seed)
    interaction = prepare_bead(framework, gas)
    tail = tail_energy_k(framework, gas)
    lengths = np.linalg.norm(framework.crystal.lattice, axis=1)
    n_points, mean, error = 0, 0.0, 0.0
    factor = weighted = np.zeros(N_SHIFTS)
    for spacing in _SPACINGS:
        counts = np.maximum(1, np.ceil(lengths / spacing).astype(np.int64))
        if n_points and N_SHIFTS * int(np.prod(counts)) > max_points:
            break
        factor, weighted = _means(
            interaction,
            counts,
            rng.random((N_SHIFTS, 3)),
            tail=tail,
            temperature=temperature,
            allowed=allowed,
        )
        n_points = N_SHIFTS * int(np.prod(counts))
        mean = float(factor.mean())
        error = float(factor.std(ddof=1) / np.sqrt(N_SHIFTS))
        if mean > 0.0 and error <= wanted_error * mean:
            break
    heat, heat_error = boltzmann_heat(factor, weighted, temperature=temperature)
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
        n_pockets_blocked=n_pockets_blocked,
    )


def _means(
    interaction: BeadInteraction,
    counts: Int[np.ndarray, "3"],
    shifts: Float[np.ndarray, "shifts 3"],
    *,
    tail: float,
    temperature: float,
    allowed: Allowed | None,
) -> tuple[Float[np.ndarray, "shifts"], Float[np.ndarray, "shifts"]]:
    """Means of the Boltzmann factor, and of energy times factor [K], over each shifted grid."""
    n_each, n_shifts = int(np.prod(counts)), len(shifts)
    total, weighted = np.zeros(n_shifts), np.zeros(n_shifts)
    # All grids go together: their points lie between one another and share neighbours.
    n_at_once = max(1, _CHUNK // n_shifts)
    for start in range(0, n_each, n_at_once):
        flat = np.arange(start, min(start + n_at_once, n_each))
        corner = np.stack(np.unravel_index(flat, counts), axis=1)
        frac = ((corner[:, None, :] + shifts) / counts).reshape(-1, 3)
        grid = np.tile(np.arange(n_shifts), len(flat))
        if allowed is not None:
            kept = allowed(frac)
            frac, grid = frac[kept], grid[kept]
        energy = energies_at_points_k(interaction, frac @ interaction.lattice) + tail
        factor = np.exp(-energy / temperature)
        total += np.bincount(grid, weights=factor, minlength=n_shifts)
        weighted += np.bincount(grid, weights=energy * factor, minlength=n_shifts)
    return total / n_each, weighted / n_each
