r"""Partial charges by extended charge equilibration (EQeq).

The energy of each atom is a parabola in its charge about the charge that its element usually has,
fitted to measured ionisation energies; atoms interact by a screened Coulomb energy that goes over
into their mean hardness at short distance. Charges make the total energy stationary at a neutral
cell, which is one linear system. Source: Wilmer, Kim, Snurr 2012,
https://doi.org/10.1021/jz3008485.

The sums over images converge here. The program of the authors cuts them off at a block of cells;
``EqeqOptions(published_cells=2)`` does the same, to give the charges of published files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import gemmi
import numpy as np
from jaxtyping import Float

from porescope.adsorption.charge_sums import pair_sums, published_sums
from porescope.adsorption.site_rules import atom_name
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.units import BOLTZMANN_EV, COULOMB_K_A

COULOMB_EV_A = COULOMB_K_A * BOLTZMANN_EV
"""Energy of two elementary charges 1 Å apart [eV Å]."""
_MAX_ATOMS = 12_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EqeqOptions:
    """Parameters of the method; the defaults are those of its authors."""

    coulomb_scaling: float = 1.2
    """Scaling of the Coulomb energy, 2 over the effective dielectric constant."""
    hydrogen_affinity: float = -2.0
    """Electron affinity that hydrogen has in frameworks [eV]."""
    published_cells: int | None = None
    """Cells on each side that the sums take in, as the authors' program does with 2; None sums
    over all images."""
    largest_charge: float = 4.0
    """Charge beyond which the result is refused [e]: the method has failed there."""


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
        Where an element has no ionisation energies or no centre, the cell is too large, or a
        charge comes out that no atom has.
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
    steepness = hardness / COULOMB_EV_A
    if options.published_cells is None:
        sums = pair_sums(crystal, steepness=steepness)
    else:
        sums = published_sums(crystal, steepness=steepness, n_cells=options.published_cells)
    system[:n_atoms, :n_atoms] = scale * sums
    system[np.arange(n_atoms), np.arange(n_atoms)] += hardness
    charges = np.linalg.solve(system, np.append(-electronegativity, 0.0))[:n_atoms]
    charges -= charges.mean()
    worst = int(np.argmax(np.abs(charges)))
    if abs(charges[worst]) > options.largest_charge:
        raise ConfigError(
            f"EQeq gives {atom_name(crystal, worst)} the charge {charges[worst]:+.2f} e, beyond "
            f"{options.largest_charge:g} e: the method fails for this structure, as it does where "
            "a usual charge is wrong or atoms overlap; give charges from another source"
        )
    return charges


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
            f"EQeq has no usual charge for {symbol}; give it as "
            f"charge_centres={{'{symbol}': ...}}, or give the charges of the atoms"
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
