"""Relaxing a framework and its cell in the force field.

A quasi-Newton method: the limited-memory update of J. Nocedal,
https://doi.org/10.1090/S0025-5718-1980-0572855-7, over a positive model of the force field's own
second derivatives, as D. Packwood et al., https://doi.org/10.1063/1.4947024, advise. Positions
and a symmetric strain of the cell move together. Everything is deterministic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import cho_factor, cho_solve

from porescope.crystal.bonds import bonds_of
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import symmetrised
from porescope.errors import ConfigError
from porescope.reticular.force_field.bond_graph import bond_rows
from porescope.reticular.force_field.energy import Energies, PairList, energies_of, pair_list
from porescope.reticular.force_field.stiffness import block_stiffness, model_stiffness
from porescope.reticular.force_field.terms import ForceField, force_field_of
from porescope.reticular.single_thread import single_threaded
from porescope.reticular.symmetric_moves import SymmetricMoves

_MEMORY = 10
_REFRESH = 15
"""Steps after which the model of the second derivatives is made anew."""
_LARGE = 600
"""Atoms from which the model is kept for longer, and what couples different atoms is dropped."""
_MAX_MOVE = 0.3
"""Longest movement of an atom in one step [Å]."""
_MAX_STRAIN = 0.03
"""Largest strain of the cell in one step."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Relaxed:
    """A structure after relaxation."""

    crystal: Crystal
    """The structure where the energy is lowest nearby."""
    energy: float
    """Energy of the cell [eV]."""
    energies: Energies | None
    """The same by terms, with gradient and virial; ``None`` from other calculators."""
    stress: Float[np.ndarray, "3 3"]
    """Stress that is left [eV/Å³]."""
    max_force: float
    """Largest force on an atom that is left [eV/Å]."""
    n_steps: int
    """Steps taken."""
    converged: bool
    """Whether forces and stress are below their limits."""
    notes: tuple[str, ...] = ()
    """What the force field had no type for."""

    @property
    def energy_per_atom(self) -> float:
        """Energy over the number of atoms [eV]."""
        return self.energy / max(self.crystal.n_atoms, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaxSettings:
    """When and how a relaxation ends."""

    max_steps: int = 500
    """Largest number of steps."""
    max_force: float = 0.02
    """Largest force on an atom at the end [eV/Å]."""
    max_stress: float = 2e-4
    """Largest component of the stress at the end [eV/Å³]."""
    fixed_symmetry: bool = True
    """Keep the space group that the crystal states."""
    fixed_cell: bool = False
    """Move atoms only."""
    charged: bool = False
    """Count the electrostatic energy of the crystal's charges."""
    measured: bool = True
    """Bond lengths to metals from measured frameworks, not from UFF4MOF."""


def relax(
    crystal: Crystal,
    bonds: Int[np.ndarray, "bonds 5"] | None = None,
    *,
    settings: RelaxSettings | None = None,
) -> Relaxed:
    """Move atoms and cell to the nearest minimum of the force field's energy.

    Parameters
    ----------
    crystal:
        The start; assembled structures may clash slightly.
    bonds:
        The bond graph in the crystal's unfolded coordinates: atom, other atom, cell of the other
        atom. Found from distances where it is left out.
    settings:
        When and how the relaxation ends.

    Raises
    ------
    ConfigError
        Where there is no atom, or the force field has no parameters for an element.
    """
    settings = settings or RelaxSettings()
    if crystal.n_atoms == 0:
        raise ConfigError("a crystal without atoms cannot be relaxed")
    if bonds is None:
        bonds = bond_rows(bonds_of(crystal))
    field = force_field_of(crystal, bonds, charged=settings.charged, measured=settings.measured)
    return relax_in(field, crystal, settings=settings)


@single_threaded
def relax_in(field: ForceField, crystal: Crystal, *, settings: RelaxSettings) -> Relaxed:
    """The same as :func:`relax` with terms that are made already.

    Parameters
    ----------
    field:
        The terms of this crystal's bond graph.
    crystal:
        The start.
    settings:
        When and how the relaxation ends.
    """
    keep = settings.fixed_symmetry and crystal.space_group.n_ops > 1 and crystal.orbit is not None
    start = symmetrised(crystal) if keep else crystal
    moves = SymmetricMoves.of(start) if keep else None
    state = _State(field, start, moves, settings)
    n_steps, converged = 0, state.is_done()
    while n_steps < settings.max_steps and not converged:
        if not state.advance():
            break
        n_steps += 1
        converged = state.is_done()
    end = replace(
        start, lattice=state.lattice, frac=state.cart @ np.linalg.inv(state.lattice), u_aniso=None
    )
    stress = state.now.virial / end.volume
    return Relaxed(
        crystal=end if keep else end.without_symmetry(),
        energy=state.now.total,
        energies=state.now,
        stress=0.5 * (stress + stress.T),
        max_force=state.max_force(),
        n_steps=n_steps,
        converged=converged,
        notes=field.notes,
    )


def settle(crystal: Crystal, bonds: Int[np.ndarray, "bonds 5"], *, n_steps: int = 100) -> Relaxed:
    """A short relaxation for ranking many candidates.

    Parameters
    ----------
    crystal:
        The start; its symmetry is not used.
    bonds:
        The bond graph in the crystal's unfolded coordinates.
    n_steps:
        Largest number of steps; fewer where the structure is at rest before.
    """
    loose = RelaxSettings(max_steps=n_steps, max_force=0.05, max_stress=1e-3, fixed_symmetry=False)
    return relax(crystal, bonds, settings=loose)


def energy_per_atom(crystal: Crystal, bonds: Int[np.ndarray, "bonds 5"]) -> float:
    """Energy of a structure as it stands, over the number of its atoms [eV].

    Parameters
    ----------
    crystal:
        A structure.
    bonds:
        The bond graph in the crystal's unfolded coordinates.
    """
    field = force_field_of(crystal, bonds)
    found = energies_of(field, cart=crystal.cart, lattice=crystal.lattice)
    return found.total / max(crystal.n_atoms, 1)


class _State:
    """Where the relaxation stands. Moves are movements of atoms, then a strain in six parts."""

    def __init__(
        self,
        field: ForceField,
        crystal: Crystal,
        moves: SymmetricMoves | None,
        settings: RelaxSettings,
    ) -> None:
        self.field, self.moves, self.settings = field, moves, settings
        self.cart, self.lattice = crystal.cart.copy(), crystal.lattice.copy()
        self.pairs: PairList = pair_list(field, cart=self.cart, lattice=self.lattice)
        self.now = self._evaluate(self.cart, self.lattice)
        self.slope = self._slope(self.now)
        self.memory: list[tuple[np.ndarray, np.ndarray, float]] = []
        self.age = 0
        self._refresh()

    def _evaluate(self, cart: np.ndarray, lattice: np.ndarray) -> Energies:
        if not self.pairs.serves(cart, lattice):
            self.pairs = pair_list(self.field, cart=cart, lattice=lattice)
        return energies_of(self.field, cart=cart, lattice=lattice, pairs=self.pairs)

    def _slope(self, found: Energies) -> np.ndarray:
        """Derivative by movements and strain, as the symmetry allows."""
        gradient, virial = found.gradient, 0.5 * (found.virial + found.virial.T)
        if self.settings.fixed_cell:
            virial = np.zeros((3, 3))
        if self.moves is not None:
            gradient, virial = self.moves.projected(gradient, virial, lattice=self.lattice)
        w = virial
        six = [w[0, 0], w[1, 1], w[2, 2], 2.0 * w[1, 2], 2.0 * w[0, 2], 2.0 * w[0, 1]]
        return np.concatenate([gradient.ravel(), six])

    def max_force(self) -> float:
        """Largest force that the symmetry leaves [eV/Å]."""
        forces = self.slope[:-6].reshape(-1, 3)
        return float(np.sqrt((forces**2).sum(axis=1)).max())

    def is_done(self) -> bool:
        volume = abs(float(np.linalg.det(self.lattice)))
        stress = np.abs(self.slope[-6:] * [1, 1, 1, 0.5, 0.5, 0.5]).max() / volume
        return self.max_force() < self.settings.max_force and (
            self.settings.fixed_cell or bool(stress < self.settings.max_stress)
        )

    def _refresh(self) -> None:
        """Make the model of the second derivatives, and forget the steps before."""
        where = {"cart": self.cart, "lattice": self.lattice, "pairs": self.pairs}
        if self.field.n_atoms > _LARGE:
            self.blocks = np.linalg.inv(block_stiffness(self.field, **where))
        else:
            model = model_stiffness(self.field, **where)
            if self.settings.fixed_cell:
                model[-6:, :-6] = model[:-6, -6:] = 0.0
            self.factor = cho_factor(model, lower=True, check_finite=False, overwrite_a=True)
        self.memory, self.age = [], 0

    def _direction(self) -> np.ndarray:
        """The quasi-Newton step, by the two loops over the remembered steps."""
        q = self.slope.copy()
        weights = []
        for s, y, rho in reversed(self.memory):
            a = rho * float(s @ q)
            weights.append(a)
            q -= a * y
        if self.field.n_atoms > _LARGE:
            q = np.einsum("bij,bj->bi", self.blocks, q.reshape(-1, 3)).ravel()
        else:
            q = cho_solve(self.factor, q, check_finite=False)
        for (s, y, rho), a in zip(self.memory, reversed(weights), strict=True):
            q += (a - rho * float(y @ q)) * s
        if self.settings.fixed_cell:
            q[-6:] = 0.0
        return -q

    def _moved(self, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        e = step[-6:]
        strain = np.array([[e[0], e[5], e[4]], [e[5], e[1], e[3]], [e[4], e[3], e[2]]])
        deformation = np.eye(3) + strain
        return (self.cart + step[:-6].reshape(-1, 3)) @ deformation, self.lattice @ deformation

    def advance(self) -> bool:
        """One step; False where no step lowers the energy any more."""
        if self.age >= _REFRESH * (4 if self.field.n_atoms > _LARGE else 1):
            self._refresh()
        for attempt in range(2):
            step = self._direction()
            if float(step @ self.slope) < 0.0 and self._search(step):
                return True
            if attempt == 0:
                self._refresh()
        return False

    def _search(self, step: np.ndarray) -> bool:
        """Go along a step, less far where the energy does not fall enough."""
        longest = float(np.sqrt((step[:-6].reshape(-1, 3) ** 2).sum(axis=1)).max())
        share = min(1.0, _MAX_MOVE / max(longest, 1e-12))
        share = min(share, _MAX_STRAIN / max(float(np.abs(step[-6:]).max()), 1e-12))
        falling = float(step @ self.slope)
        for _ in range(12):
            cart, lattice = self._moved(share * step)
            found = self._evaluate(cart, lattice)
            if found.total <= self.now.total + 1e-4 * share * falling + 1e-10:
                break
            share *= 0.4
        else:
            return False
        self.cart, self.lattice, self.now = cart, lattice, found
        slope = self._slope(found)
        s, y = share * step, slope - self.slope
        if float(s @ y) > 1e-10:
            self.memory = [*self.memory[1 - _MEMORY :], (s, y, 1.0 / float(s @ y))]
        self.slope = slope
        self.age += 1
        return True
