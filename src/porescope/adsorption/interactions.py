"""Pair parameters of framework atoms with the beads of a gas, ready for the kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from porescope.adsorption.force_field import ForceField
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Bead, Gas


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairTable:
    """Lennard-Jones parameters of each framework atom type with each bead.

    The energy of a pair at distance r inside the cutoff is
    4 epsilon ((sigma/r)^12 - (sigma/r)^6) - shift, over Boltzmann's constant.
    """

    epsilon_k: Float[np.ndarray, "types beads"]
    """Depth of the well over Boltzmann's constant [K]."""
    sigma: Float[np.ndarray, "types beads"]
    """Distance at which the energy is zero [Å]."""
    shift_k: Float[np.ndarray, "types beads"]
    """Energy at the cutoff where the field is shifted, else 0 [K]."""
    cutoff: float
    """Distance beyond which the energy is zero [Å]."""


def pair_table(framework: Framework, gas: Gas) -> PairTable:
    """Parameters of a framework's atom types with a gas's beads.

    Types that no atom has are zero, so that a field needs no parameters for them.

    Raises
    ------
    ConfigError
        Where the field lacks a pair that is needed.
    """
    field = framework.field
    present = set(framework.type_index.tolist())
    rows = [
        (t.name, t.epsilon_k, t.sigma) if row in present else (t.name, 0.0, 1.0)
        for row, t in enumerate(field.types)
    ]
    return _table(field, rows, gas.beads)


def guest_pair_table(field: ForceField, first: Gas, second: Gas) -> PairTable:
    """Parameters of one gas's beads (rows) with another's."""
    rows = [(b.type, b.epsilon_k, b.sigma) for b in first.beads]
    return _table(field, rows, second.beads)


def tail_energy_k(framework: Framework, gas: Gas) -> float:
    r"""Energy of one molecule with the framework beyond the cutoff, at uniform density [K].

    .. math:: \frac{16\pi}{3V} \sum_{tb} N_t \epsilon_{tb} \sigma_{tb}^3
              \left[ \frac13 (\sigma_{tb}/r_c)^9 - (\sigma_{tb}/r_c)^3 \right]

    Zero unless the field has tail corrections. Source: Frenkel and Smit, Understanding Molecular
    Simulation, 2nd ed., eq. 3.2.5.
    """
    if not framework.field.tail_correction:
        return 0.0
    table = pair_table(framework, gas)
    counts = np.bincount(framework.type_index, minlength=len(framework.field.types))
    ratio3 = (table.sigma / table.cutoff) ** 3
    each = table.epsilon_k * table.sigma**3 * (ratio3**3 / 3.0 - ratio3)
    return float(16.0 * np.pi / 3.0 / framework.crystal.volume * (counts @ each).sum())


def _table(
    field: ForceField, rows: list[tuple[str, float, float]], beads: tuple[Bead, ...]
) -> PairTable:
    mixed = np.array(
        [[field.mixed(row, (b.type, b.epsilon_k, b.sigma)) for b in beads] for row in rows]
    ).reshape(len(rows), len(beads), 2)
    epsilon, sigma = mixed[..., 0], mixed[..., 1]
    shift = np.zeros_like(epsilon)
    if field.truncation == "shifted":
        ratio6 = (sigma / field.cutoff) ** 6
        shift = 4.0 * epsilon * (ratio6**2 - ratio6)
    return PairTable(epsilon_k=epsilon, sigma=sigma, shift_k=shift, cutoff=field.cutoff)
