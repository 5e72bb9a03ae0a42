"""The force field as a calculator of ASE, and relaxation with any calculator of ASE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
from ase.constraints import FixSymmetry
from ase.filters import FrechetCellFilter
from ase.optimize import LBFGS
from jaxtyping import Int

from porescope.crystal.bonds import bonds_of
from porescope.crystal.interop import ase_from_crystal
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.reticular.force_field.bond_graph import bond_rows
from porescope.reticular.force_field.energy import energies_of
from porescope.reticular.force_field.terms import ForceField, force_field_of
from porescope.reticular.relax import Relaxed, RelaxSettings

_VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


class ForceFieldCalculator(Calculator):
    """UFF and UFF4MOF for ASE: energy [eV], forces [eV/Å] and stress [eV/Å³].

    The bond graph is found at the first call and kept, so that bonds neither break nor form; the
    atoms must not be wrapped into the cell in between.

    Parameters
    ----------
    bonds:
        The bond graph: atom, other atom, cell of the other atom. Found from distances where it is
        left out.
    """

    implemented_properties: ClassVar[list[str]] = [  # pyright: ignore[reportIncompatibleVariableOverride]
        "energy",
        "free_energy",
        "forces",
        "stress",
    ]

    def __init__(self, bonds: Int[np.ndarray, "bonds 5"] | None = None) -> None:
        super().__init__()
        self.bonds = bonds
        self.field: ForceField | None = None
        self.numbers = np.zeros(0, dtype=np.int64)

    def calculate(
        self,
        atoms: Any = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Energy, forces and stress of the atoms, as ASE calls for them."""
        super().calculate(atoms, list(properties), list(system_changes))
        crystal = _unfolded(self.atoms)
        if self.field is None or not np.array_equal(self.numbers, crystal.numbers):
            bonds = self.bonds if self.bonds is not None else bond_rows(bonds_of(crystal))
            self.field, self.numbers = force_field_of(crystal, bonds), crystal.numbers
        found = energies_of(self.field, cart=crystal.cart, lattice=crystal.lattice)
        stress = 0.5 * (found.virial + found.virial.T) / crystal.volume
        self.results = {
            "energy": found.total,
            "free_energy": found.total,
            "forces": -found.gradient,
            "stress": np.array([stress[i, j] for i, j in _VOIGT]),
        }


def _unfolded(atoms: Any) -> Crystal:
    """The atoms in P1 where they are, not folded into the cell."""
    n_atoms = len(atoms)
    lattice = np.array(atoms.cell.array, dtype=np.float64)
    if abs(np.linalg.det(lattice)) < 1e-6:
        raise ConfigError("the atoms have no unit cell; set atoms.cell to three vectors in Å")
    return Crystal(
        lattice=lattice,
        frac=np.asarray(atoms.get_positions(), dtype=np.float64) @ np.linalg.inv(lattice),
        numbers=np.array(atoms.numbers, dtype=np.int64),
        occupancy=np.ones(n_atoms),
        u_iso=np.full(n_atoms, np.nan),
    )


def relax_with(crystal: Crystal, calculator: Any, *, settings: RelaxSettings) -> Relaxed:
    """Relax atoms and cell with a calculator of ASE.

    Parameters
    ----------
    crystal:
        The start.
    calculator:
        Anything that gives ASE energies, forces and stress.
    settings:
        When and how the relaxation ends; charges and bond lengths are the calculator's own.

    Raises
    ------
    ConfigError
        Where there is no atom, or the calculator has no stress though the cell is to move.
    """
    if crystal.n_atoms == 0:
        raise ConfigError("a crystal without atoms cannot be relaxed")
    atoms = ase_from_crystal(crystal)
    atoms.calc = calculator
    keep = settings.fixed_symmetry and crystal.space_group.n_ops > 1
    if keep:
        atoms.set_constraint(FixSymmetry(atoms, symprec=0.05, verbose=False))
    target: Any = atoms if settings.fixed_cell else FrechetCellFilter(atoms)
    no_log: Any = None
    steps = 0
    try:
        with LBFGS(target, logfile=no_log) as optimiser:
            while steps < settings.max_steps and not _at_rest(atoms, settings):
                optimiser.run(fmax=0.0, steps=optimiser.nsteps + 1)
                steps += 1
    except PropertyNotImplementedError as error:
        raise ConfigError(
            "the calculator gives no stress, which a moving cell needs; "
            "choose another calculator, or keep the cell fixed"
        ) from error
    forces = atoms.get_forces()
    stress = np.zeros((3, 3)) if settings.fixed_cell else atoms.get_stress(voigt=False)
    moved = replace(
        crystal,
        lattice=np.asarray(atoms.cell.array, dtype=np.float64),
        frac=np.asarray(atoms.get_scaled_positions(wrap=False), dtype=np.float64),
        u_aniso=None,
    )
    energy = float(atoms.get_potential_energy())
    return Relaxed(
        crystal=moved if keep else moved.without_symmetry(),
        energy=energy,
        energies=None,
        stress=stress,
        max_force=float(np.sqrt((forces**2).sum(axis=1)).max()),
        n_steps=steps,
        converged=_at_rest(atoms, settings),
    )


def _at_rest(atoms: Any, settings: RelaxSettings) -> bool:
    """Whether forces and stress are below their limits."""
    forces = np.sqrt((atoms.get_forces() ** 2).sum(axis=1)).max()
    if settings.fixed_cell:
        return bool(forces < settings.max_force)
    stress = np.abs(atoms.get_stress()).max()
    return bool(forces < settings.max_force and stress < settings.max_stress)
