"""Henry coefficients by Widom insertion of rigid or flexible molecules."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import qmc

from porescope.adsorption.ewald import EwaldSum, potential_of_sum_k, prepare_ewald
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.henry import (
    Allowed,
    HenryResult,
    boltzmann_heat,
    henry_from_boltzmann_mean,
)
from porescope.adsorption.interactions import tail_energy_k
from porescope.adsorption.lennard_jones import (
    BeadInteraction,
    energies_at_points_k,
    prepare_bead,
)
from porescope.adsorption.proposals import PositionProposal, boltzmann_proposal
from porescope.errors import ConfigError

_OVERLAP_K = 2.0e5
_REPLICATES = 16
_FIRST_ROUND = 512

Progress = Callable[[float, str], None]


def henry_by_insertion(
    framework: Framework,
    *,
    gas: Gas,
    temperature: float,
    seed: int,
    wanted_error: float = 0.02,
    max_insertions: int = 4_000_000,
    allowed: Allowed | None = None,
    n_pockets_blocked: int | None = None,
    progress: Progress | None = None,
) -> HenryResult:
    """Henry coefficient and isosteric heat from random insertions of one molecule.

    Positions are drawn after a coarse grid of the Boltzmann factor and weighted so that the mean
    stays that over the cell. They, the orientations and the shapes come from 16 independently
    scrambled Sobol sequences; the
    standard errors are those of the mean over the sequences, and sampling stops where the
    relative error of the Henry coefficient falls below the one wanted.

    For a flexible molecule the shapes are those of its ideal gas at the temperature, and the
    heat leaves out the small change of its internal energy on adsorption.

    Parameters
    ----------
    framework:
        Framework with its force field; its charges are used where the gas has charges.
    gas:
        Molecule to insert.
    temperature:
        Temperature [K].
    seed:
        Seed of the scrambling.
    wanted_error:
        Relative standard error at which sampling stops.
    max_insertions:
        Largest number of insertions; ``converged`` says whether they were enough.
    allowed:
        Tells which fractional positions of the centre of mass count; the others add nothing.
    n_pockets_blocked:
        Number of pockets that ``allowed`` leaves out.
    progress:
        Called with the share of the error wanted that is reached, and a text.

    Raises
    ------
    ConfigError
        For a temperature that is not positive, or shapes drawn at another one.
    """
    _check(gas, temperature)
    streams = np.random.SeedSequence(seed).spawn(_REPLICATES)
    engines = [qmc.Sobol(8, scramble=True, rng=np.random.default_rng(s)) for s in streams]
    energies = _made_ready(framework, gas, temperature=temperature, allowed=allowed)
    tail = tail_energy_k(framework, gas)
    factor = np.zeros(_REPLICATES)
    weighted = np.zeros(_REPLICATES)
    n_each, batch = 0, _FIRST_ROUND
    while True:
        for row, engine in enumerate(engines):
            for chunk in _chunks(engine, batch):
                energy, weight = energies(chunk)
                energy = energy + tail
                boltzmann = weight * np.exp(-energy / temperature)
                factor[row] += boltzmann.sum()
                weighted[row] += (energy * boltzmann).sum()
        n_each += batch
        batch = n_each
        mean = factor.mean() / n_each
        error = factor.std(ddof=1) / np.sqrt(_REPLICATES) / n_each
        done = mean > 0.0 and error <= wanted_error * mean
        if progress is not None:
            share = (wanted_error * mean / error) ** 2 if error > 0.0 else 0.0
            progress(min(1.0, share), f"{n_each * _REPLICATES} insertions")
        if done or (n_each + batch) * _REPLICATES > max_insertions:
            break
    heat, heat_error = boltzmann_heat(factor, weighted, temperature=temperature)
    return henry_from_boltzmann_mean(
        float(mean),
        error=float(error),
        heat_kj_per_mol=heat,
        heat_error=heat_error,
        temperature=temperature,
        wanted_error=wanted_error,
        n_samples=n_each * _REPLICATES,
        method="Widom insertion",
        gas=gas,
        framework=framework,
        n_pockets_blocked=n_pockets_blocked,
    )


def _check(gas: Gas, temperature: float) -> None:
    if not temperature > 0.0:
        raise ConfigError(f"expected a positive temperature in kelvin, got {temperature:g}")
    drawn = gas.conformer_temperature
    if drawn is not None and abs(drawn - temperature) > 0.5:
        raise ConfigError(
            f"the shapes of {gas.name} were drawn at {drawn:g} K and the insertion is at "
            f"{temperature:g} K: ask for the gas at the temperature of the insertion"
        )


def _chunks(engine: qmc.Sobol, n: int, largest: int = 65_536) -> Iterator[Float[np.ndarray, "n 8"]]:
    """Points of a sequence in pieces of bounded memory."""
    with warnings.catch_warnings():
        # Balance needs powers of two, and every round is one.
        warnings.simplefilter("ignore", UserWarning)
        while n > 0:
            size = min(n, largest)
            yield engine.random(size)
            n -= size


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Energies:
    """Energies of inserted molecules, with all that can be made ready once."""

    framework: Framework
    gas: Gas
    allowed: Allowed | None
    proposal: PositionProposal
    beads: tuple[tuple[int, BeadInteraction], ...]
    """Beads with Lennard-Jones energy, the largest first: an overlap is found early."""
    ewald: EwaldSum | None

    def __call__(
        self, unit: Float[np.ndarray, "n 8"]
    ) -> tuple[Float[np.ndarray, "kept"], Float[np.ndarray, "kept"]]:
        """Energies over Boltzmann's constant [K] and weights of the insertions without overlap."""
        frac, weight = self.proposal.place(unit[:, :4])
        alive = np.arange(len(unit))
        if self.allowed is not None:
            alive = alive[self.allowed(frac)]
        sites = placed_molecules(
            self.gas, frac[alive], unit[alive, 4:], lattice=self.framework.crystal.lattice
        )
        total = np.zeros(len(alive))
        for bead, interaction in self.beads:
            total = total + energies_at_points_k(interaction, np.ascontiguousarray(sites[:, bead]))
            keep = total < _OVERLAP_K
            alive, total, sites = alive[keep], total[keep], sites[keep]
        if self.ewald is not None and len(alive):
            charge = np.array([bead.charge for bead in self.gas.beads])
            charged = np.flatnonzero(charge)
            points = sites[:, charged].reshape(-1, 3)
            potential = potential_of_sum_k(self.ewald, points).reshape(len(alive), -1)
            total = total + potential @ charge[charged]
        return total, weight[alive]


def _made_ready(
    framework: Framework, gas: Gas, *, temperature: float, allowed: Allowed | None
) -> _Energies:
    order = np.argsort([-b.sigma if b.epsilon_k > 0.0 else 0.0 for b in gas.beads], kind="stable")
    beads = tuple(
        (int(bead), prepare_bead(framework, gas, bead=int(bead)))
        for bead in order
        if gas.beads[bead].epsilon_k > 0.0
    )
    ewald = None
    if gas.is_charged and framework.is_charged:
        ewald = prepare_ewald(
            framework.crystal.lattice,
            frac=framework.crystal.frac,
            charges=framework.charges,
            n_points=20_000,
        )
    return _Energies(
        framework=framework,
        gas=gas,
        allowed=allowed,
        proposal=boltzmann_proposal(framework, gas, temperature=temperature),
        beads=beads,
        ewald=ewald,
    )


def placed_molecules(
    gas: Gas,
    frac: Float[np.ndarray, "n 3"],
    unit: Float[np.ndarray, "n 4"],
    *,
    lattice: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "n beads 3"]:
    """Cartesian positions of the beads [Å] of molecules at given centres.

    Parameters
    ----------
    gas:
        Molecule.
    frac:
        Fractional positions of the centres of mass.
    unit:
        Three numbers for a uniform rotation and one for the shape, from 0 to 1.
    lattice:
        Cell vectors as rows [Å].
    """
    shape = np.minimum((unit[:, 3] * len(gas.conformers)).astype(int), len(gas.conformers) - 1)
    centre = frac @ lattice
    if len(gas.beads) == 1:
        return centre[:, None, :] + gas.conformers[shape]
    turned = np.einsum("nij,nbj->nbi", rotations_from_unit(unit[:, :3]), gas.conformers[shape])
    return centre[:, None, :] + turned


def rotations_from_unit(unit: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3 3"]:
    """Uniform rotations from uniform points of the unit cube.

    Source: K. Shoemake, Graphics Gems III (1992), p. 124.
    """
    first, second = np.sqrt(1.0 - unit[:, 0]), np.sqrt(unit[:, 0])
    a, b = 2.0 * np.pi * unit[:, 1], 2.0 * np.pi * unit[:, 2]
    x, y, z, w = first * np.sin(a), first * np.cos(a), second * np.sin(b), second * np.cos(b)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)
