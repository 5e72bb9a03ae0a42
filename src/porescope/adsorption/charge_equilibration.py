r"""Partial charges by extended charge equilibration (EQeq).

The energy of each atom is a parabola in its charge about the charge that its element usually has,
fitted to measured ionisation energies; atoms interact by a screened Coulomb energy that goes over
into their mean hardness at short distance. Charges make the total energy stationary at a neutral
cell, which is one linear system. Source: Wilmer, Kim, Snurr 2012,
https://doi.org/10.1021/jz3008485.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import gemmi
import numpy as np
from jaxtyping import Float
from scipy.special import erfc

from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.units import BOLTZMANN_EV, COULOMB_K_A

COULOMB_EV_A = COULOMB_K_A * BOLTZMANN_EV
"""Energy of two elementary charges 1 Å apart [eV Å]."""
_CUTOFF = 12.0
"""Reach of the sums in real space [Å]."""
_PRECISION = 1e-8
"""What the sums leave out, relative to one pair at 1 Å."""
_MEMORY = 4_000_000
"""Numbers of one block of phases."""
_MAX_ATOMS = 12_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EqeqOptions:
    """Parameters of the method; the defaults are those of its authors."""

    coulomb_scaling: float = 1.2
    """Scaling of the Coulomb energy, 2 over the effective dielectric constant."""
    hydrogen_affinity: float = -2.0
    """Electron affinity that hydrogen has in frameworks [eV]."""


def eqeq_charges(
    crystal: Crystal,
    *,
    options: EqeqOptions | None = None,
    charge_centres: Mapping[str, int] | None = None,
) -> Float[np.ndarray, "atoms"]:
    """Partial charges of a crystal by EQeq [e]; they add up to zero.

    Parameters
    ----------
    crystal:
        A structure without disorder.
    options:
        Parameters of the method.
    charge_centres:
        Usual charge of an element [e], where it differs from the authors' table.

    Raises
    ------
    ConfigError
        Where an element has no ionisation energies or no centre, or the cell is too large.
    """
    options = EqeqOptions() if options is None else options
    if crystal.n_atoms > _MAX_ATOMS:
        raise ConfigError(
            f"EQeq solves a dense system and takes cells up to {_MAX_ATOMS} atoms, this one has "
            f"{crystal.n_atoms}; use the primitive cell or give the charges"
        )
    electronegativity, hardness = atom_parameters(
        crystal, options=options, charge_centres=charge_centres or {}
    )
    n_atoms = crystal.n_atoms
    system = np.ones((n_atoms + 1, n_atoms + 1))
    system[n_atoms, n_atoms] = 0.0
    scale = 0.5 * options.coulomb_scaling * COULOMB_EV_A
    system[:n_atoms, :n_atoms] = scale * pair_sums(crystal, hardness=hardness)
    system[np.arange(n_atoms), np.arange(n_atoms)] += hardness
    charges = np.linalg.solve(system, np.append(-electronegativity, 0.0))[:n_atoms]
    return charges - charges.mean()


def atom_parameters(
    crystal: Crystal, *, options: EqeqOptions, charge_centres: Mapping[str, int]
) -> tuple[Float[np.ndarray, "atoms"], Float[np.ndarray, "atoms"]]:
    """Electronegativity at zero charge and hardness of each atom [eV]."""
    values = {}
    for number in np.unique(crystal.numbers):
        symbol = gemmi.Element(int(number)).name
        values[int(number)] = _element_parameters(
            symbol, options=options, centre=charge_centres.get(symbol)
        )
    both = np.array([values[int(number)] for number in crystal.numbers])
    return both[:, 0], both[:, 1]


def _element_parameters(
    symbol: str, *, options: EqeqOptions, centre: int | None
) -> tuple[float, float]:
    known, energies = _table().get(symbol, (None, {}))
    if symbol == "D":
        known, energies = _table()["H"]
    if symbol in ("H", "D"):
        energies = {**energies, 0: options.hydrogen_affinity}
    centre = known if centre is None else centre
    if centre is None:
        raise ConfigError(
            f"EQeq has no usual charge for {symbol}; give it as charge_centres={{'{symbol}': ...}}, "
            "or give the charges of the atoms"
        )
    lower, upper = energies.get(centre), energies.get(centre + 1)
    if lower is None or upper is None:
        raise ConfigError(f"there are no ionisation energies of {symbol} about the charge {centre}")
    hardness = upper - lower
    return 0.5 * (upper + lower) - centre * hardness, hardness


@cache
def _table() -> dict[str, tuple[int | None, dict[int, float]]]:
    """Usual charge and ionisation energies [eV] of each element."""
    text = files("porescope.adsorption").joinpath("data/ionisation_energies.csv")
    lines = text.read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines if line and not line.startswith("#")][1:]
    return {
        symbol: (
            int(centre) if centre else None,
            {k: float(energy) for k, energy in enumerate(energies) if energy},
        )
        for symbol, _, centre, *energies in rows
    }


def pair_sums(
    crystal: Crystal, *, hardness: Float[np.ndarray, "atoms"]
) -> Float[np.ndarray, "atoms atoms"]:
    r"""Inverse distances with the overlap of the charge clouds, over all images [1/Å].

    .. math:: \sum \frac1r + e^{-a^2 r^2} (2a - a^2 r - \frac1r),
              \quad a = \sqrt{J_i J_j} / k

    The bare inverse distances are summed by Ewald's method, with a uniform background.
    """
    lattice, frac, n_atoms = crystal.lattice, crystal.frac, crystal.n_atoms
    reach = np.sqrt(-np.log(_PRECISION))
    width = reach / _CUTOFF
    pairs = neighbour_list(frac, lattice=lattice, cutoff=_CUTOFF)
    r = pairs.distance
    a = np.sqrt(hardness[pairs.first] * hardness[pairs.second]) / COULOMB_EV_A
    near = erfc(width * r) / r + np.exp(-((a * r) ** 2)) * (2.0 * a - a**2 * r - 1.0 / r)
    flat = np.bincount(pairs.first * n_atoms + pairs.second, weights=near, minlength=n_atoms**2)
    sums = flat.reshape(n_atoms, n_atoms)
    sums += _reciprocal(frac, lattice=lattice, width=width, largest=2.0 * width * reach)
    sums -= np.pi / (crystal.volume * width**2)
    sums[np.arange(n_atoms), np.arange(n_atoms)] -= 2.0 * width / np.sqrt(np.pi)
    return sums


def _reciprocal(
    frac: Float[np.ndarray, "atoms 3"],
    *,
    lattice: Float[np.ndarray, "3 3"],
    width: float,
    largest: float,
) -> Float[np.ndarray, "atoms atoms"]:
    """The smooth part of Ewald's sum, for all pairs [1/Å]."""
    volume = abs(np.linalg.det(lattice))
    ends = np.floor(largest / (2.0 * np.pi) * np.linalg.norm(lattice, axis=1)).astype(int)
    axes = [np.arange(-end, end + 1) for end in ends]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    # One of each pair of opposite vectors.
    first = np.where(index[:, 0] != 0, index[:, 0], np.where(index[:, 1] != 0, *index.T[1:]))
    index = index[first > 0]
    vectors = 2.0 * np.pi * index @ np.linalg.inv(lattice).T
    square = np.einsum("kx,kx->k", vectors, vectors)
    keep = square <= largest**2
    index, square = index[keep], square[keep]
    weight = 8.0 * np.pi / volume * np.exp(-square / (4.0 * width**2)) / square
    sums = np.zeros((len(frac), len(frac)))
    step = max(1, _MEMORY // len(frac))
    for start in range(0, len(index), step):
        phase = 2.0 * np.pi * frac @ index[start : start + step].T
        root = np.sqrt(weight[start : start + step])
        for wave in (np.cos(phase) * root, np.sin(phase) * root):
            sums += wave @ wave.T
    return sums
